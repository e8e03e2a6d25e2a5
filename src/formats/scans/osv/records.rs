//! Records of the OSV schema: what a vulnerability is called, how bad it is, and whether it is fixed.

use crate::formats::ParseError;
use crate::formats::json::Json;
use crate::formats::scans::findings::{inside, sentence, severity_word, short, shorts, vector_severity};
use crate::model::Severity;

/// What a record says of one package.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) summary: String,
    pub(super) aliases: Vec<String>,
    /// From its vectors, the worst.
    pub(super) scored: Option<(Severity, String)>,
    /// From a database's word.
    pub(super) word: Option<(Severity, String)>,
    /// Whether a version without it exists.
    pub(super) fix: Option<bool>,
}

impl Record {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.summary.len() + bytes_of(&self.aliases)
    }
}

/// The room that texts take.
pub(super) fn bytes_of(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + size_of::<String>()).sum()
}

/// Reads a record, and what it says of this package.
pub(super) fn read_record(
    json: &mut Json<'_, '_>,
    package: &str,
    ecosystem: &str,
) -> Result<(String, Record), ParseError> {
    let (mut id, mut record) = (String::new(), Record::default());
    json.object(|json, key| {
        match key {
            "id" => id = short(json)?,
            "summary" => record.summary = sentence(json)?,
            "aliases" => record.aliases = shorts(json)?,
            "severity" => {
                json.array(|json| read_severity(json, &mut record))?;
            }
            "affected" => {
                json.array(|json| {
                    record.fix = record.fix.max(read_affected(json, package, ecosystem)?);
                    Ok(())
                })?;
            }
            "database_specific" | "databaseSpecific" => {
                json.entries(|json, key| {
                    match key {
                        "severity" => {
                            let word = short(json)?;
                            if let Some(severity) = severity_word(&word) {
                                record.word = Some((severity, format!("osv database {word}")));
                            }
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((id, record))
}

/// One entry of `severity`: a CVSS vector, or a word of Ubuntu. Of several vectors the worst counts.
fn read_severity(json: &mut Json<'_, '_>, record: &mut Record) -> Result<(), ParseError> {
    let mut text = String::new();
    inside(json, "score", |json| {
        text = short(json)?;
        Ok(())
    })?;
    let said = vector_severity(&text).or_else(|| Some((severity_word(&text)?, format!("osv {text}"))));
    if let Some(said) = said
        && record.scored.as_ref().is_none_or(|have| said.0 < have.0)
    {
        record.scored = Some(said);
    }
    Ok(())
}

/// One entry of `affected`: whether it knows a version of this package in which the fault is fixed. `None` if it is
/// about another package, or names the last affected version instead.
fn read_affected(
    json: &mut Json<'_, '_>,
    package: &str,
    ecosystem: &str,
) -> Result<Option<bool>, ParseError> {
    let (mut name, mut of) = (String::new(), String::new());
    let (mut events, mut fixed, mut ended) = (false, false, false);
    json.object(|json, key| {
        match key {
            "package" => {
                json.object(|json, key| {
                    match key {
                        "name" => name = short(json)?,
                        "ecosystem" => of = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "ranges" => {
                json.array(|json| {
                    inside(json, "events", |json| {
                        json.array(|json| {
                            json.object(|json, key| {
                                events = true;
                                fixed |= key == "fixed";
                                ended |= matches!(key, "last_affected" | "lastAffected");
                                json.skip()
                            })?;
                            Ok(())
                        })?;
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let is_it = !package.is_empty() && same_name(&name, package) && same_ecosystem(&of, ecosystem);
    Ok((is_it && events && (fixed || !ended)).then_some(fixed))
}

/// Package registries differ in case, and Python's in dashes too.
fn same_name(left: &str, right: &str) -> bool {
    let folded = |byte: u8| if matches!(byte, b'_' | b'.') { b'-' } else { byte.to_ascii_lowercase() };
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).all(|(left, right)| folded(left) == folded(right))
}

/// `Debian:12` is not `Debian:11`; where one names no release, the distribution decides.
fn same_ecosystem(left: &str, right: &str) -> bool {
    let family = |text: &str| text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let both = left.contains(':') && right.contains(':');
    family(left) == family(right) && (!both || left.eq_ignore_ascii_case(right))
}
