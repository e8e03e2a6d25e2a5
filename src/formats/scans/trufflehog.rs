//! TruffleHog's JSON lines, version 3 and 2 (security.md b8). Of a secret only a hash leaves this reader.

use super::findings::{Draft, Reading, finish, line, secret_hash, short};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "trufflehog",
    kind: Kind::Scan,
    name: "TruffleHog JSON",
    default_globs: &["trufflehog*.json", "trufflehog*.jsonl", "trufflehog*.ndjson"],
    spec_url: "https://github.com/trufflesecurity/trufflehog",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    let version_3 = json.has("SourceMetadata") && (json.has("DetectorName") || json.has("DetectorType"));
    let version_2 = json.has("stringsFound") && json.has("reason");
    version_3 || version_2
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading::new("trufflehog", ScanClass::Secret);
    let mut json = Json::new(source);
    let read = read_values(&mut json, context, &mut reading);
    let read = read.and_then(|()| json.finish(context));
    finish(read, context, reading)
}

/// One object per line; some wrap them into an array.
fn read_values(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut any, mut logged, mut finished) = (false, false, false);
    let mut take = |json: &mut Json<'_, '_>| -> Result<(), ParseError> {
        match read_secret(json, context, reading)? {
            Line::Secret => {}
            Line::Log => logged = true,
            Line::End => finished = true,
        }
        Ok(())
    };
    while json.more()? {
        any = true;
        if json.kind()? == JsonKind::Array {
            json.array(&mut take)?;
        } else {
            take(json)?;
        }
    }
    if !any {
        let reason = "TruffleHog writes nothing when it finds nothing, and nothing when it fails";
        reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
    } else if logged && !finished {
        let reason = "the file holds TruffleHog's log, and the log does not say that the scan finished";
        let health = if reading.count() == 0 { Health::Failed } else { Health::Degraded };
        reading.health.worsen(context, json, health, Code::ToolFailed, reason);
    }
    Ok(())
}

/// What stands on a line.
enum Line {
    Secret,
    /// A line of the log, which people write into the same file.
    Log,
    /// The one that says that the scan finished.
    End,
}

fn read_secret(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<Line, ParseError> {
    let mut draft = Draft::default();
    let (mut verified, mut failed, mut found) = (None, false, false);
    let (mut level, mut message) = (String::new(), String::new());
    json.object(|json, key| {
        match key {
            "DetectorName" | "reason" => {
                found = true;
                draft.rule = short(json)?;
            }
            "SourceMetadata" => {
                found = true;
                read_metadata(json, &mut draft)?;
            }
            "path" => draft.file = short(json)?,
            "Verified" => verified = json.boolean()?,
            "VerificationError" => failed = !short(json)?.is_empty(),
            "Raw" => draft.fingerprint = secret_hash(json)?,
            "level" => level = short(json)?,
            "msg" => message = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !found {
        if level.is_empty() {
            reading.add_unknown();
            return Ok(Line::Secret);
        }
        if ["error", "dpanic", "panic", "fatal"].iter().any(|word| level.starts_with(word)) {
            let reason = format!("TruffleHog reports an error: {message}");
            reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
        }
        return Ok(if message == "finished scanning" { Line::End } else { Line::Log });
    }
    // `false` says that the secret does not work only if it could be tried out.
    draft.traits.verified = verified.filter(|works| *works || !failed);
    draft.source = match (verified, failed) {
        (Some(true), _) => "trufflehog, verified".to_owned(),
        (Some(false), true) => "trufflehog, the verification failed".to_owned(),
        (Some(false), false) => "trufflehog, not verified".to_owned(),
        (None, _) => "trufflehog, no severity".to_owned(),
    };
    draft.message = if verified == Some(true) { "a secret that works" } else { "a secret" }.to_owned();
    reading.add(context, &draft);
    Ok(Line::Secret)
}

/// `Data`: kind of source → where in it.
fn read_metadata(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "Data" => {
                json.entries(|json, _| {
                    json.object(|json, key| {
                        match key {
                            "file" => draft.file = short(json)?,
                            "line" => draft.line = line(json)?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, read_as};
    use super::*;
    use crate::model::Severity;

    const LINE: &str = r#"{"SourceMetadata":{"Data":{"Git":{"commit":"c","file":"k.env","email":"Ada <ada@example.com>","line":4}}},"DetectorName":"AWS","Verified":true,"Raw":"AKIAHUNTER2","Redacted":"AKIAHUNTER2","ExtraData":{"account":"1"}}"#;

    #[test]
    fn each_line_is_a_secret_and_nothing_of_it_is_kept() {
        let read = read(&FORMAT, &format!("{LINE}\n{}\n", LINE.replace("true", "false")));
        assert_eq!((read.severities().len(), read.health()), (2, Health::Complete));
        let sources: Vec<_> = read.findings().iter().map(|finding| finding.severity_source.raw()).collect();
        assert_eq!(sources, ["trufflehog, not verified", "trufflehog, verified"]);
        let kept = serde_json::to_string(read.scan()).unwrap();
        assert!(!kept.contains("HUNTER2") && !kept.contains("ada@"), "{kept}");
        assert_eq!(read.findings()[0].place.as_ref().unwrap().line.unwrap().get(), 4);
    }

    #[test]
    fn arrays_and_version_2_are_read() {
        assert_eq!(read(&FORMAT, &format!("[{LINE}]")).severities(), [Severity::Unknown]);
        let old = read(
            &FORMAT,
            r#"{"branch": "b", "path": "x.py", "reason": "High Entropy", "stringsFound": ["AKIAHUNTER2"], "diff": "AKIAHUNTER2"}"#,
        );
        assert_eq!(old.findings()[0].rule.raw(), "High Entropy");
        assert!(!serde_json::to_string(old.scan()).unwrap().contains("HUNTER2"));
    }

    #[test]
    fn a_log_is_that_of_a_whole_scan_only_if_it_says_that_the_scan_finished() {
        let started = r#"{"level":"info-0","ts":"t","logger":"trufflehog","msg":"running source"}"#;
        assert_eq!(read_as(&FORMAT, started.as_bytes()).health(), Health::Failed);
        let finished = format!("{started}\n{}", started.replace("running source", "finished scanning"));
        let read_finished = read_as(&FORMAT, finished.as_bytes());
        assert_eq!((read_finished.severities().len(), read_finished.health()), (0, Health::Complete));
        assert_eq!(read_as(&FORMAT, format!("[{started}]").as_bytes()).health(), Health::Failed);
        // One that stopped behind a secret has not looked at the rest.
        let with_a_secret = |log: &str| read(&FORMAT, &format!("{LINE}\n{log}")).health();
        assert_eq!(with_a_secret(started), Health::Degraded);
        assert_eq!(with_a_secret(&finished), Health::Complete);
    }

    #[test]
    fn an_error_in_the_log_and_an_empty_file_are_not_clean() {
        let log = format!("{LINE}\n{}", r#"{"level":"error-0","msg":"cannot clone"}"#);
        assert_eq!(read(&FORMAT, &log).health(), Health::Degraded);
        assert_eq!(read(&FORMAT, &log.replace("error-0", "fatal")).health(), Health::Degraded);
        assert_eq!(read_as(&FORMAT, b"\n").health(), Health::Empty);
        assert_eq!(read_as(&FORMAT, b"{}").severities(), [Severity::Unknown]);
    }
}
