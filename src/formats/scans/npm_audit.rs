//! `npm audit --json` of both versions, and pnpm's and yarn berry's reports in the form of the first
//! (security.md b8). One advisory is one finding.

use super::findings::{
    Draft, Reading, name_npm_advisory, read_npm_advisory, read_scan, sentence, short, take_scalar, text_hash,
};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};
use std::collections::HashSet;

pub(super) const FORMAT: Format = Format {
    id: "npm-audit",
    kind: Kind::Scan,
    name: "npm and pnpm audit",
    default_globs: &["npm-audit*.json", "pnpm-audit*.json"],
    spec_url: "https://docs.npmjs.com/cli/commands/npm-audit",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let version_1 =
        json.has("advisories") && ["metadata", "actions", "muted"].iter().any(|key| json.has(key));
    let version_2 = json.has("auditReportVersion") || json.has_inner("audit", "auditReportVersion");
    let error = json.has_inner("error", "summary") && json.has_inner("error", "detail")
        || json.has("error") && head.text().contains("ERR_PNPM_AUDIT");
    (version_1 || version_2 || error) && !json.has("abandoned")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("npm audit", ScanClass::Dependency), |json, context, reading| {
        let mut report = Audit::default();
        json.object(|json, key| report.read_key(json, key, context, reading))?;
        report.check(json, context, reading);
        Ok(())
    })
}

/// What is known of the report as a whole.
#[derive(Debug, Default)]
struct Audit {
    audited: bool,
    stated_total: u64,
    seen: HashSet<u64>,
}

impl Audit {
    fn read_key(
        &mut self,
        json: &mut Json<'_, '_>,
        key: &str,
        context: &mut Context,
        reading: &mut Reading,
    ) -> Result<(), ParseError> {
        match key {
            // Some actions wrap the report.
            "audit" => {
                json.object(|json, key| match key {
                    "audit" => json.skip(),
                    key => self.read_key(json, key, context, reading),
                })?;
            }
            "auditReportVersion" => {
                if json.integer()? != Some(2) {
                    let reason = "the version of the report is not 2";
                    reading.health.worsen(context, json, Health::Degraded, Code::UnsupportedVersion, reason);
                }
            }
            "advisories" => {
                self.audited = json.entries(|json, _| {
                    match read_npm_advisory(json)? {
                        Some(draft) => reading.add(context, &draft),
                        None => reading.add_unknown(),
                    }
                    Ok(())
                })?;
            }
            "vulnerabilities" => {
                self.audited =
                    json.entries(|json, package| self.read_package(json, package, context, reading))?;
            }
            "metadata" => self.read_metadata(json, context, reading)?,
            "error" => {
                if json.kind()? != JsonKind::Null {
                    let reason = read_error(json)?;
                    reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    }

    /// Version 2: a package, with advisories and names of other packages (which are no findings) in `via`.
    fn read_package(
        &mut self,
        json: &mut Json<'_, '_>,
        package: &str,
        context: &mut Context,
        reading: &mut Reading,
    ) -> Result<(), ParseError> {
        let mark = reading.mark();
        let mut fix = None;
        let is_object = json.object(|json, key| {
            match key {
                // `true`, `false`, or the upgrade that repairs it.
                "fixAvailable" => {
                    fix = match json.kind()? {
                        JsonKind::Object => Some(true),
                        _ => json.boolean()?,
                    };
                }
                "via" => {
                    json.array(|json| {
                        match json.kind()? {
                            JsonKind::Text => json.skip()?,
                            JsonKind::Object => self.read_via(json, package, context, reading)?,
                            _ => {
                                reading.add_unknown();
                                json.skip()?;
                            }
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        reading.fix_since(mark, fix);
        if !is_object {
            reading.add_unknown();
        }
        Ok(())
    }

    fn read_via(
        &mut self,
        json: &mut Json<'_, '_>,
        package: &str,
        context: &mut Context,
        reading: &mut Reading,
    ) -> Result<(), ParseError> {
        let mut draft =
            Draft { package: package.to_owned(), ecosystem: "npm".to_owned(), ..Draft::default() };
        let (mut source, mut url) = (String::new(), String::new());
        json.object(|json, key| {
            match key {
                "source" => take_scalar(json, &mut source)?,
                "name" => draft.package = short(json)?,
                "title" => draft.message = sentence(json)?,
                "url" => url = short(json)?,
                "severity" => {
                    let word = short(json)?;
                    draft.say("npm", &word);
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        name_npm_advisory(&mut draft, &url, &source);
        // An advisory may be listed under each package that it reaches.
        const MOST_SEEN: usize = 50_000;
        let is_new = self.seen.len() >= MOST_SEEN
            || self.seen.insert(text_hash(&format!("{}\u{1} {}", draft.rule, draft.package)));
        if is_new {
            reading.add(context, &draft);
        }
        Ok(())
    }

    fn read_metadata(
        &mut self,
        json: &mut Json<'_, '_>,
        context: &mut Context,
        reading: &mut Reading,
    ) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "vulnerabilities" => {
                    let (mut total, mut sum) = (None, 0_u64);
                    json.entries(|json, key| {
                        let what = "a number of vulnerabilities";
                        match (key, reading.health.stated(context, json, what)?) {
                            ("total", count) => total = count,
                            (_, Some(count)) => sum = sum.saturating_add(count),
                            (_, None) => {}
                        }
                        Ok(())
                    })?;
                    self.stated_total = total.unwrap_or(sum);
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(())
    }

    fn check(&self, json: &Json<'_, '_>, context: &mut Context, reading: &mut Reading) {
        if !self.audited && reading.health.health == Health::Complete {
            let reason = "the report has neither vulnerabilities nor advisories: nothing was audited";
            reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
        }
        // Its totals count packages or paths, not advisories; only "none or some" can be compared.
        if (self.stated_total > 0) != (reading.count() > 0) && self.audited {
            let reason = format!(
                "its totals name {} vulnerabilities and it lists {}",
                self.stated_total,
                reading.count()
            );
            reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
        }
    }
}

/// `error`: npm's is an object with a summary, pnpm's one with a message.
fn read_error(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    let mut words = Vec::new();
    if json.kind()? == JsonKind::Text {
        words.push(sentence(json)?);
    } else {
        json.object(|json, key| {
            match key {
                "code" | "summary" | "message" => words.push(sentence(json)?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
    }
    words.retain(|word| !word.is_empty());
    Ok(format!("nothing was audited: {}", words.join(": ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    #[test]
    fn version_2_counts_advisories_and_not_packages() {
        let read = read(
            &FORMAT,
            r#"{"auditReportVersion": 2, "vulnerabilities": {
            "a": {"name": "a", "severity": "high", "via": ["debug"]},
            "debug": {"name": "debug", "severity": "high", "via": [
                {"source": 1, "name": "debug", "title": "t", "url": "https://github.com/advisories/GHSA-1", "severity": "moderate"},
                {"source": 2, "name": "debug", "url": "https://npmjs.com/advisories/2", "severity": "high"}, "a"]},
            "copy": {"via": [{"source": 1, "name": "debug", "url": "https://github.com/advisories/GHSA-1", "severity": "moderate"}]}},
            "metadata": {"vulnerabilities": {"high": 2, "total": 3}}}"#,
        );
        assert_eq!(read.severities(), [Severity::High, Severity::Medium]);
        assert_eq!((read.findings()[0].rule.raw(), read.findings()[1].rule.raw()), ("2", "GHSA-1"));
        assert_eq!(read.health(), Health::Complete);
    }

    #[test]
    fn version_1_and_pnpm_are_read() {
        let read = read(
            &FORMAT,
            r#"{"advisories": {"7": {"id": 7, "module_name": "m", "severity": "critical", "title": "t", "cves": ["CVE-1"], "github_advisory_id": "GHSA-1", "findings": [{"version": "1.0", "paths": ["a>b"]}, {"version": "2.0"}]}}, "metadata": {"vulnerabilities": {"critical": 1}}}"#,
        );
        let finding = &read.findings()[0];
        assert_eq!((finding.severity, finding.rule.raw()), (Severity::Critical, "GHSA-1"));
        assert_eq!(finding.package.as_ref().unwrap().version.raw(), "1.0");
        let aliases: Vec<_> = finding.aliases.iter().map(|alias| alias.raw()).collect();
        assert_eq!(aliases, ["7", "CVE-1"]);
    }

    #[test]
    fn an_error_means_that_nothing_was_audited() {
        for text in [
            r#"{"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile.", "detail": "d"}}"#,
            r#"{"message": "request failed", "error": {"summary": "", "detail": ""}}"#,
            r#"{"error": {"code": "ERR_PNPM_AUDIT_BAD_RESPONSE", "message": "m"}}"#,
            r#"{"auditReportVersion": 2, "metadata": {}}"#,
            r#"{"auditReportVersion": 2, "vulnerabilities": null}"#,
            r#"{"auditReportVersion": 2, "vulnerabilities": {}, "error": {"code": "E"}}"#,
        ] {
            assert_eq!(read(&FORMAT, text).health(), Health::Failed, "{text}");
        }
    }

    #[test]
    fn totals_that_contradict_the_list_are_not_trusted() {
        let read = read(
            &FORMAT,
            r#"{"auditReportVersion": 2, "vulnerabilities": {"a": {"via": ["b"]}}, "metadata": {"vulnerabilities": {"total": 1}}}"#,
        );
        assert_eq!(read.health(), Health::Degraded);
    }

    #[test]
    fn a_report_that_an_action_wraps_is_read() {
        let read = read(
            &FORMAT,
            r#"{"audit": {"auditReportVersion": 2, "vulnerabilities": {"p": {"via": [{"source": 1, "name": "p", "severity": "low"}]}}}}"#,
        );
        assert_eq!(read.severities(), [Severity::Low]);
        assert!(
            super::super::testing::read_as(
                &FORMAT,
                br#"{"auditReportVersion": 2, "vulnerabilities": {"p": 7}}"#
            )
            .says(Code::UnknownSeverity)
        );
    }

    #[test]
    fn a_clean_report_is_complete() {
        let read = read(
            &FORMAT,
            r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 0}}}"#,
        );
        assert_eq!((read.health(), read.severities().len()), (Health::Complete, 0));
    }
}
