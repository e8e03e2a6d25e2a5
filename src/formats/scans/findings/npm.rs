//! Advisories as the npm registry writes them.

use super::{Draft, sentence, short, shorts, take_scalar};
use crate::formats::ParseError;
use crate::formats::json::Json;

/// Takes an advisory in the form of the npm registry's first interface, which npm, pnpm and yarn share. `None`
/// if it is no object.
pub(in crate::formats::scans) fn read_npm_advisory(
    json: &mut Json<'_, '_>,
) -> Result<Option<Draft>, ParseError> {
    let mut draft = Draft { ecosystem: "npm".to_owned(), ..Draft::default() };
    let (mut id, mut ghsa, mut url, mut cves) = (String::new(), String::new(), String::new(), Vec::new());
    let is_object = json.object(|json, key| {
        match key {
            "id" => take_scalar(json, &mut id)?,
            "github_advisory_id" => ghsa = short(json)?,
            "url" => url = short(json)?,
            "cves" => cves = shorts(json)?,
            "title" => draft.message = sentence(json)?,
            // `<0.0.0` is no version: there is none.
            "patched_versions" => {
                let versions = short(json)?;
                draft.traits.fix = (!versions.is_empty()).then_some(versions != "<0.0.0");
            }
            "module_name" => draft.package = short(json)?,
            "severity" => {
                let word = short(json)?;
                draft.say("npm", &word);
            }
            "findings" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            // Paths are not kept: those of git dependencies hold a random number per run.
                            "version" if draft.version.is_empty() => draft.version = short(json)?,
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
    if ghsa.is_empty() {
        name_npm_advisory(&mut draft, &url, &id);
    } else {
        draft.rule = ghsa;
        draft.alias(&id);
    }
    for cve in &cves {
        draft.alias(cve);
    }
    Ok(is_object.then_some(draft))
}

/// The advisory's name is its GHSA id where the URL ends in one, else the registry's number.
pub(in crate::formats::scans) fn name_npm_advisory(draft: &mut Draft, url: &str, number: &str) {
    match url.rsplit('/').next().filter(|last| last.starts_with("GHSA-")) {
        Some(ghsa) => {
            draft.rule = ghsa.to_owned();
            draft.alias(number);
        }
        None => draft.rule = number.to_owned(),
    }
}
