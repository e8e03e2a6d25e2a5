//! Checkov's own JSON: one object, an array of one per kind of check, or a bare summary (security.md b8).

use super::findings::{Draft, Reading, inside, line, read_failures, read_scan, sentence, short, text_hash};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "checkov",
    kind: Kind::Scan,
    name: "Checkov JSON",
    default_globs: &["checkov*.json", "results_json.json"],
    spec_url: "https://www.checkov.io/2.Basics/Reviewing%20Scan%20Results.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    json.has("check_type") && (json.has("results") || json.has("summary"))
        || json.has("checkov_version") && json.has("passed") && json.has("failed")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::of_many("checkov", ScanClass::Infrastructure),
        |json, context, reading| {
            let mut with_results = 0_u64;
            if json.kind()? == JsonKind::Array {
                json.array(|json| read_report(json, context, reading, &mut with_results))?;
            } else {
                read_report(json, context, reading, &mut with_results)?;
            }
            if with_results == 0 {
                let reason = "Checkov found nothing that it can check (no `results`)";
                reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
            }
            Ok(())
        },
    )
}

fn read_report(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    with_results: &mut u64,
) -> Result<(), ParseError> {
    let mut kind = String::new();
    let mark = reading.mark();
    let mut checked = false;
    let (mut stated_errors, mut stated_failed, mut failed) = (None, None, None);
    json.object(|json, key| {
        match key {
            "check_type" => kind = short(json)?,
            "results" => {
                let is_object = json.object(|json, key| {
                    match key {
                        "failed_checks" => {
                            let mut count = 0_u64;
                            let is_list = json.array(|json| {
                                count += 1;
                                read_check(json, context, reading, false)
                            })?;
                            failed = is_list.then_some(count);
                        }
                        "skipped_checks" => {
                            json.array(|json| read_check(json, context, reading, true))?;
                        }
                        "parsing_errors" => read_failures(json, context, reading, read_parsing_error)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
                *with_results += u64::from(is_object);
                checked = is_object;
                if failed.is_none() {
                    let reason = "the report has no list of failed checks";
                    reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
                }
            }
            "summary" => {
                json.object(|json, key| {
                    match key {
                        "parsing_errors" => {
                            let what = "the number of files that could not be parsed";
                            stated_errors = reading.health.stated(context, json, what)?;
                        }
                        "failed" => {
                            let what = "the number of failed checks";
                            stated_failed = reading.health.stated(context, json, what)?;
                        }
                        "checkov_version" => reading.version = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "checkov_version" => reading.version = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if let Some(stated_errors) =
        stated_errors.filter(|errors| *errors > 0 && reading.health.health == Health::Complete)
    {
        let reason = format!("Checkov could not parse {stated_errors} files");
        reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
    }
    if let (Some(stated), Some(listed)) = (stated_failed, failed)
        && stated > 0
        && stated != listed
    {
        let reason = format!("it states {stated} failed checks and lists {listed}");
        reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
    }
    let class = match kind.as_str() {
        "secrets" => ScanClass::Secret,
        "sca_package" | "sca_image" => ScanClass::Dependency,
        _ => ScanClass::Infrastructure,
    };
    reading.class_since(mark, class);
    if checked && !kind.is_empty() {
        reading.looked_for(class);
    }
    Ok(())
}

fn read_parsing_error(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let reason = format!("Checkov could not parse {}", short(json)?);
    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
    Ok(())
}

fn read_check(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    skipped: bool,
) -> Result<(), ParseError> {
    let mut draft = Draft::default();
    let (mut severity, mut comment) = (String::new(), String::new());
    let is_object = json.object(|json, key| {
        match key {
            "check_id" => draft.rule = short(json)?,
            "check_name" => draft.message = sentence(json)?,
            // From the root, with a slash before it.
            "file_path" => short(json)?.trim_start_matches('/').clone_into(&mut draft.file),
            "file_line_range" => {
                json.array(|json| {
                    let number = line(json)?;
                    if draft.line == 0 {
                        draft.line = number;
                    }
                    Ok(())
                })?;
            }
            // The name of the resource survives moved lines.
            "resource" => draft.snippet = text_hash(&short(json)?),
            "severity" => severity = short(json)?,
            "check_result" => {
                inside(json, "suppress_comment", |json| {
                    comment = sentence(json)?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
        return Ok(());
    }
    // Without an API key of its maker Checkov writes null.
    match severity.as_str() {
        "" => draft.source = "checkov, no severity".to_owned(),
        word => draft.say("checkov", word),
    }
    if skipped {
        draft.suppressed = Some(("in-source", comment));
    }
    reading.add(context, &draft);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn report(kind: &str, failed: &str, rest: &str) -> String {
        format!(
            r#"{{"results": {{"passed_checks": [], "failed_checks": [{failed}], {rest} "x": 1}}, "check_type": "{kind}", "summary": {{"checkov_version": "3.2"}}}}"#
        )
    }

    fn check(severity: &str) -> String {
        format!(
            r#"{{"check_id": "CKV_1", "check_name": "n", "file_path": "/main.tf", "file_line_range": [3, 9], "resource": "a.b", "severity": {severity}}}"#
        )
    }

    #[test]
    fn without_an_api_key_the_severity_is_unknown() {
        let read =
            read(&FORMAT, &report("terraform", &format!("{}, {}", check("null"), check("\"HIGH\"")), ""));
        assert_eq!(read.severities(), [Severity::High, Severity::Unknown]);
        let place = read.findings()[0].place.as_ref().unwrap();
        assert_eq!((place.file.raw(), place.line.unwrap().get()), ("main.tf", 3));
        assert_eq!(read.health(), Health::Complete);
    }

    #[test]
    fn an_array_has_one_report_per_kind() {
        let text = format!(
            "[{}, {}]",
            report("terraform", &check("\"LOW\""), ""),
            report("secrets", &check("\"LOW\""), "")
        );
        let classes: Vec<_> = read(&FORMAT, &text).findings().iter().map(|finding| finding.class).collect();
        assert!(classes.contains(&ScanClass::Secret) && classes.contains(&ScanClass::Infrastructure));
    }

    #[test]
    fn a_bare_summary_is_empty_and_parsing_errors_degrade() {
        assert_eq!(
            read(&FORMAT, r#"{"passed": 0, "failed": 0, "skipped": 0, "checkov_version": "3"}"#).health(),
            Health::Empty
        );
        assert_eq!(
            read(&FORMAT, &report("terraform", "", r#""parsing_errors": ["/x.tf"],"#)).health(),
            Health::Degraded
        );
        let stated = report("terraform", "", "")
            .replace("\"checkov_version\"", "\"parsing_errors\": 1, \"checkov_version\"");
        assert_eq!(read(&FORMAT, &stated).health(), Health::Degraded);
    }

    #[test]
    fn skipped_checks_are_suppressed_with_their_comment() {
        let skipped = check("null").replace(
            "\"resource\"",
            r#""check_result": {"result": "SKIPPED", "suppress_comment": "why"}, "resource""#,
        );
        let read = read(&FORMAT, &report("terraform", "", &format!(r#""skipped_checks": [{skipped}],"#)));
        assert_eq!(read.scan().suppressed, 1);
        assert_eq!(read.findings()[0].suppression.as_ref().unwrap().reason.raw(), "why");
    }
}
