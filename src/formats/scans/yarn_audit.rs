//! `yarn audit --json` of yarn classic and `yarn npm audit --json` of berry: JSON lines (security.md b8).

use super::findings::{Draft, Reading, finish, read_npm_advisory, sentence, short, take_scalar, text_hash};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};
use std::collections::HashSet;

pub(super) const FORMAT: Format = Format {
    id: "yarn-audit",
    kind: Kind::Scan,
    name: "yarn audit",
    default_globs: &["yarn-audit*.json", "yarn-audit*.ndjson", "yarn-audit*.jsonl"],
    spec_url: "https://classic.yarnpkg.com/en/docs/cli/audit",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let word = json.scalar("type").is_some_and(|word| {
        ["auditAdvisory", "auditSummary", "auditAction", "info", "warning", "error"].contains(&word)
    });
    let classic = json.has("type") && json.has("data") && word && head.text().contains("audit");
    let berry =
        json.has("value") && json.has_inner("children", "ID") && json.has_inner("children", "Severity");
    classic || berry
}

/// What the lines say together.
#[derive(Debug, Default)]
struct Lines {
    summary: bool,
    berry: bool,
    bad: u64,
    seen: HashSet<u64>,
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading::new("yarn audit", ScanClass::Dependency);
    let mut json = Json::new(source);
    let read = read_lines(&mut json, context, &mut reading);
    let read = read.and_then(|()| json.finish(context));
    finish(read, context, reading)
}

fn read_lines(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut lines = Lines::default();
    while let Some(first) = json.line_start()? {
        if first != b'{' {
            // Yarn's own words around the report.
            json.skip_line()?;
            continue;
        }
        let line = read_line(json, context, reading, &mut lines).and_then(|()| json.line_end());
        if let Err(error) = line {
            if matches!(error.code, Code::CutOff | Code::ReportTooLarge | Code::UnreadableFile) {
                return Err(error);
            }
            lines.bad += 1;
            context.warn(error.code, Weight::Error, error.message, error.position);
            json.skip_line()?;
        }
    }
    if lines.bad > 0 {
        let reason = format!("{} lines of the report cannot be read", lines.bad);
        reading.health.worsen(context, json, Health::Degraded, Code::Malformed, reason);
    }
    if !lines.summary && !lines.berry {
        let reason = "the report has no summary: yarn did not finish";
        reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
    }
    Ok(())
}

fn read_line(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    lines: &mut Lines,
) -> Result<(), ParseError> {
    let (mut kind, mut text, mut stated) = (String::new(), String::new(), 0);
    let (mut value, mut advisory) = (String::new(), None);
    json.object(|json, key| {
        match key {
            "type" => kind = short(json)?,
            "value" => value = short(json)?,
            "data" if json.kind()? == crate::formats::json::JsonKind::Text => text = sentence(json)?,
            "data" => {
                json.object(|json, key| {
                    match key {
                        "advisory" => advisory = read_npm_advisory(json)?,
                        "vulnerabilities" => stated = read_counts(json, context, reading)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "children" => {
                lines.berry = true;
                advisory = Some(read_children(json)?);
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    match kind.as_str() {
        "error" => {
            let reason = format!("yarn reports an error: {text}");
            reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
        }
        "auditSummary" => {
            lines.summary = true;
            if (stated > 0) != (reading.count() > 0) {
                let reason =
                    format!("its summary names {stated} vulnerabilities and it lists {}", reading.count());
                reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
            }
        }
        "auditAdvisory" if advisory.is_none() => reading.add_unknown(),
        // Information, warnings and actions say nothing of what was found.
        _ => {}
    }
    if let Some(mut draft) = advisory {
        if draft.package.is_empty() {
            draft.package = value;
        }
        // Repeated for each path that leads to the package.
        const MOST_SEEN: usize = 50_000;
        let key = text_hash(&format!("{}\u{1} {}@{}", draft.rule, draft.package, draft.version));
        if lines.seen.len() >= MOST_SEEN || lines.seen.insert(key) {
            reading.add(context, &draft);
        }
    }
    Ok(())
}

/// Berry: the advisory of one package.
fn read_children(json: &mut Json<'_, '_>) -> Result<Draft, ParseError> {
    let mut draft = Draft { ecosystem: "npm".to_owned(), ..Draft::default() };
    let mut url = String::new();
    json.object(|json, key| {
        match key {
            "ID" => take_scalar(json, &mut draft.rule)?,
            "Issue" => draft.message = sentence(json)?,
            "URL" => url = short(json)?,
            "Severity" => {
                let word = short(json)?;
                draft.say("npm", &word);
            }
            "Tree Versions" => {
                json.array(|json| {
                    let version = short(json)?;
                    if draft.version.is_empty() {
                        draft.version = version;
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if let Some(ghsa) = url.rsplit('/').next().filter(|last| last.starts_with("GHSA-")) {
        let number = std::mem::replace(&mut draft.rule, ghsa.to_owned());
        draft.alias(&number);
    }
    Ok(draft)
}

fn read_counts(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<u64, ParseError> {
    let mut sum = 0_u64;
    json.entries(|json, _| {
        if let Some(count) = reading.health.stated(context, json, "the number of vulnerabilities")? {
            sum = sum.saturating_add(count);
        }
        Ok(())
    })?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    const ADVISORY: &str = r#"{"type":"auditAdvisory","data":{"resolution":{"id":7,"path":"a>b"},"advisory":{"id":7,"module_name":"b","severity":"high","findings":[{"version":"1.0"}],"title":"t"}}}"#;
    const SUMMARY: &str = r#"{"type":"auditSummary","data":{"vulnerabilities":{"info":0,"low":0,"moderate":0,"high":2,"critical":0},"dependencies":4}}"#;

    #[test]
    fn an_advisory_that_is_repeated_for_each_path_is_one_finding() {
        let read = read(
            &FORMAT,
            &format!("yarn audit v1.22\n{ADVISORY}\n{ADVISORY}\n{SUMMARY}\n").replacen(
                "yarn audit v1.22\n",
                "",
                1,
            ),
        );
        assert_eq!((read.severities(), read.health()), (vec![Severity::High], Health::Complete));
    }

    #[test]
    fn without_a_summary_or_with_an_error_the_audit_failed() {
        assert_eq!(read(&FORMAT, ADVISORY).health(), Health::Failed);
        let error = format!("{}\n{SUMMARY}", r#"{"type":"error","data":"audit: no network"}"#);
        let read = read(&FORMAT, &error);
        assert_eq!(read.health(), Health::Failed);
        assert!(read.scan().health_reason.raw().contains("no network"));
    }

    #[test]
    fn a_summary_that_contradicts_the_lines_is_not_trusted() {
        assert_eq!(read(&FORMAT, SUMMARY).health(), Health::Degraded);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_lost_silently() {
        let read = read(&FORMAT, &format!("{ADVISORY}\n{{\"type\": broken audit\n{SUMMARY}"));
        assert_eq!((read.health(), read.severities().len()), (Health::Degraded, 1));
        assert!(read.says(Code::Malformed));
    }

    #[test]
    fn berry_is_read() {
        let read = read(
            &FORMAT,
            r#"{"value":"minimist","children":{"ID":1097678,"Issue":"Prototype Pollution","URL":"https://github.com/advisories/GHSA-1","Severity":"critical","Tree Versions":["1.2.0"],"Dependents":["a"]}}"#,
        );
        let finding = &read.findings()[0];
        assert_eq!((finding.severity, finding.rule.raw()), (Severity::Critical, "GHSA-1"));
        assert_eq!(finding.package.as_ref().unwrap().name.raw(), "minimist");
        assert_eq!(read.health(), Health::Complete);
    }
}
