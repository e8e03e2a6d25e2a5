//! One entry of `repos.json`, as SAP's project portal for innersource reads it.
//!
//! <https://github.com/SAP/project-portal-for-innersource>: items of GitHub's API with `_InnerSourceMetadata`. Two
//! traps of its code are kept in mind: it sorts by `_InnerSourceMetadata.score` of every entry, so each gets one; and it
//! joins `topics`, `skills` and `contributions`, so each is a list.

use super::{Activity, Attempt, Companions, Share, activity_score, companions};
use crate::model::{AuthorClass, Moment, VerdictKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const METADATA: &str = "_InnerSourceMetadata";

/// What is exported of one repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// GitHub's `GET /repos/{owner}/{repo}`, or an item of a search.
    pub repository: Map<String, Value>,
    /// `innersource.json` of the repository.
    pub innersource: Option<Map<String, Value>>,
    /// GitHub's `GET /repos/{owner}/{repo}/stats/participation`, or its list `all`.
    pub participation: Option<Value>,
    /// The name of its contribution guide.
    pub guidelines: Option<String>,
}

/// What the newest verdict of a repository says of its gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// When it was decided, in seconds since 1970.
    pub decided_at: u64,
    /// The strictest mode of a rule.
    pub mode: String,
    /// What the enforced rules require, in words.
    pub requires: Vec<String>,
    /// False if a failure of the base was found.
    pub base_healthy: bool,
}

/// An entry, or what it lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The entry.
    pub value: Value,
    /// What was not known and is taken as stated.
    pub doubts: Vec<String>,
}

/// Makes the entry.
///
/// # Errors
/// What the formula or the portal needs and the facts lack, in words.
pub fn portal_entry(facts: &Facts, health: Option<Value>, now: Moment) -> Result<Entry, Vec<String>> {
    let (mut lacks, mut doubts) = (Vec::new(), Vec::new());
    let mut entry = facts.repository.clone();
    let mut metadata = match entry.remove(METADATA) {
        Some(Value::Object(metadata)) => metadata,
        None | Some(Value::Null) => Map::new(),
        Some(_) => {
            lacks.push(format!("`{METADATA}` is no object"));
            Map::new()
        }
    };
    metadata.extend(facts.innersource.clone().unwrap_or_default());
    for key in ["name", "full_name", "html_url"] {
        if !entry.get(key).is_some_and(Value::is_string) {
            lacks.push(format!("`{key}` is no text"));
        }
    }
    if !entry.get("id").is_some_and(Value::is_number) {
        lacks.push("`id` is no number".to_owned());
    }
    if let Some(topics) = entry.get("topics").filter(|topics| !topics.is_null()) {
        metadata.insert("topics".to_owned(), topics.clone());
    }
    metadata.entry("topics").or_insert_with(|| json!([]));
    for key in ["topics", "skills", "contributions"] {
        if let Some(value) = metadata.remove(key) {
            match list_of_texts(value) {
                Some(list) => drop(metadata.insert(key.to_owned(), list)),
                None => lacks.push(format!("`{key}` is no list of texts")),
            }
        }
    }
    if let Some(guidelines) = &facts.guidelines {
        metadata.insert("guidelines".to_owned(), json!(guidelines));
    }
    let participation = match &facts.participation {
        Some(value) => Some(value.get("all").unwrap_or(value).clone()),
        None => metadata.get("participation").cloned(),
    };
    let weeks = match participation.filter(|value| !value.is_null()).map(|value| (weeks_of(&value), value)) {
        None => None,
        Some((Some(weeks), value)) => {
            metadata.insert("participation".to_owned(), value);
            Some(weeks)
        }
        Some((None, _)) => {
            lacks.push("`participation` is no list of numbers".to_owned());
            None
        }
    };
    let mut count = |key: &str| {
        let number = entry.get(key).and_then(Value::as_f64).filter(|number| *number >= 0.0);
        number.unwrap_or_else(|| {
            lacks.push(format!("`{key}` is no number"));
            0.0
        })
    };
    let (forks, stars) = (count("forks_count"), count("stargazers_count"));
    let open_issues = count("open_issues_count");
    let subscribers = match entry.get("subscribers_count") {
        None => {
            doubts.push(
                "`subscribers_count` is not in the facts (searches leave it out) and counts as 0: export `GET /repos/{owner}/{repo}`"
                    .to_owned(),
            );
            0.0
        }
        Some(_) => count("subscribers_count"),
    };
    let mut days_since = |key: &str| {
        let moment = entry.get(key).and_then(Value::as_str).and_then(Moment::parse);
        let days = moment.and_then(|moment| days_between(moment, now));
        days.unwrap_or_else(|| {
            lacks.push(format!("`{key}` is no moment such as 2026-01-09T00:00:00Z"));
            0.0
        })
    };
    let (days_since_update, days_since_creation) = (days_since("updated_at"), days_since("created_at"));
    let is_long = |value: Option<&Value>| {
        // JavaScript counts units of UTF-16.
        value.and_then(Value::as_str).is_some_and(|text| text.encode_utf16().count() > 30)
    };
    let score = activity_score(&Activity {
        forks,
        subscribers,
        stars,
        open_issues,
        days_since_update,
        days_since_creation,
        participation: weeks,
        is_described: is_long(entry.get("description")) || is_long(metadata.get("motivation")),
        has_guidelines: metadata.get("guidelines").is_some_and(is_truthy),
    });
    match format!("{score:.0}").parse::<i64>() {
        Ok(score) => drop(metadata.insert("score".to_owned(), json!(score))),
        Err(_) => lacks.push("the numbers are too large for a score".to_owned()),
    }
    if !lacks.is_empty() {
        return Err(lacks);
    }
    metadata.remove("tollgate");
    if let Some(health) = health {
        metadata.insert("tollgate".to_owned(), health);
    }
    entry.insert(METADATA.to_owned(), Value::Object(metadata));
    Ok(Entry { value: Value::Object(entry), doubts })
}

/// What JavaScript takes for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number.abs() > 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn list_of_texts(value: Value) -> Option<Value> {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string).then_some(Value::Array(items)),
        Value::String(text) => Some(json!([text])),
        Value::Null => Some(json!([])),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn weeks_of(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(|week| week.as_f64().filter(|commits| *commits >= 0.0)).collect()
}

/// Days with their fraction, negative for a moment still to come; `None` beyond thousands of years.
fn days_between(moment: Moment, now: Moment) -> Option<f64> {
    let (earlier, later) = (moment.seconds().min(now.seconds()), moment.seconds().max(now.seconds()));
    let seconds = later - earlier;
    let whole = f64::from(u32::try_from(seconds / 86_400).ok()?);
    let rest = f64::from(u32::try_from(seconds % 86_400).ok()?);
    let days = whole + rest / 86_400.0;
    Some(if moment > now { -days } else { days })
}

/// How the gate of a repository does: `_InnerSourceMetadata.tollgate`, beside the score and apart from it.
pub fn gate_health(attempts: &[&Attempt], newest: &Newest, window_days: u64) -> Value {
    let Companions { external, owners, .. } = companions(attempts.iter().copied());
    let share = Share { external: external.passed, owners: owners.passed };
    let all = attempts.len() as u64;
    let no_verdicts = attempts.iter().filter(|one| one.verdict == VerdictKind::NoVerdict).count() as u64;
    let of_enough = |part: u64, whole: u64| hundredths(part, whole).filter(|_| !external.is_too_few());
    json!({
        "mode": newest.mode,
        "external_share": share.ratio().and_then(|ratio| hundredths(ratio.part, ratio.whole)),
        "external_prs": external.pull_requests,
        "window_days": window_days,
        "external_first_attempt_pass": of_enough(external.passed_at_first, external.pull_requests),
        "external_median_hours_to_pass": external
            .median_seconds_to_pass
            .filter(|_| !external.is_too_few())
            .and_then(|seconds| number(seconds / 360, 10)),
        "no_verdict_share": hundredths(no_verdicts, all),
        "base_healthy": newest.base_healthy,
        "requires": newest.requires,
    })
}

/// A share as a number from 0 to 1, rounded down to hundredths.
fn hundredths(part: u64, whole: u64) -> Option<Value> {
    number(part.saturating_mul(100).checked_div(whole)?, 100)
}

fn number(units: u64, of_one: u32) -> Option<Value> {
    let units = f64::from(u32::try_from(units).ok()?);
    serde_json::Number::from_f64(units / f64::from(of_one)).map(Value::Number)
}

/// Attempts by repository, those within the days before `now`.
pub fn by_repository(attempts: &[Attempt], now: Moment, window_days: u64) -> BTreeMap<&str, Vec<&Attempt>> {
    let from = now.seconds().saturating_sub(window_days.saturating_mul(86_400));
    let mut by_repository: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts {
        let is_person = matches!(
            attempt.class,
            AuthorClass::Owner | AuthorClass::External | AuthorClass::UnknownIdentity
        );
        if is_person && (from..=now.seconds()).contains(&attempt.decided_at) {
            by_repository.entry(&attempt.repo).or_default().push(attempt);
        }
    }
    by_repository
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment::parse("2026-01-10T00:00:00Z").unwrap()
    }

    fn facts(changes: &Value) -> Facts {
        let mut repository = json!({
            "id": 2342, "name": "payments-client", "full_name": "acme/payments-client", "html_url": "https://x.example",
            "description": "short", "created_at": "2025-11-10T00:00:00Z", "updated_at": "2026-01-09T00:00:00Z",
            "stargazers_count": 9, "forks_count": 2, "open_issues_count": 10, "subscribers_count": 9
        });
        for (key, value) in changes.as_object().unwrap() {
            repository[key] = value.clone();
        }
        let Value::Object(repository) = repository else { panic!() };
        Facts { repository, ..Facts::default() }
    }

    fn score(facts: &Facts) -> i64 {
        portal_entry(facts, None, now()).unwrap().value[METADATA]["score"].as_i64().unwrap()
    }

    #[test]
    fn the_score_of_a_young_busy_repository_by_hand() {
        // 50 + 5·2 + 9 + 9/3 + 10/5 = 74; · 1.99 = 147.26 (one day since the update)
        // + (1000 − 2.74) · 304/365 = 830.59 (61 days old); − 50: 927.85
        assert_eq!(score(&facts(&json!({}))), 928);
        // 107 commits in 13 weeks are 8.23 a week: 147.26 · (1 + 5.23/7) = 257.30; and 100 for the guide: 1137.9
        let mut weeks = vec![500; 39];
        weeks.extend([107, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut busy = facts(&json!({}));
        busy.participation = Some(json!({"all": weeks, "owner": []}));
        busy.guidelines = Some("CONTRIBUTING.md".to_owned());
        assert_eq!(score(&busy), 1138);
    }

    #[test]
    fn thirty_one_characters_describe_a_repository_and_thirty_do_not() {
        let with = |text: String| score(&facts(&json!({"description": text})));
        assert_eq!(with("x".repeat(31)) - with("x".repeat(30)), 50);
        let mut motivated = facts(&json!({"description": null}));
        motivated.innersource = json!({"motivation": "😀".repeat(16)}).as_object().cloned();
        assert_eq!(score(&motivated), 978, "sixteen faces are thirty-two units of UTF-16");
    }

    #[test]
    fn an_empty_repository_made_now_scores_1050() {
        let fresh =
            facts(&json!({"created_at": "2026-01-10T00:00:00Z", "updated_at": "2026-01-10T00:00:00Z",
            "stargazers_count": 0, "forks_count": 0, "open_issues_count": 0, "subscribers_count": 0}));
        assert_eq!(score(&fresh), 1050);
    }

    #[test]
    fn every_entry_has_a_score_and_lists_where_the_portal_joins() {
        let mut odd = facts(
            &json!({"topics": ["inner-source"], "_InnerSourceMetadata": {"score": 1, "skills": "Rust"}}),
        );
        odd.innersource = json!({"contributions": ["code"], "logo": "l.svg"}).as_object().cloned();
        let entry = portal_entry(&odd, Some(json!({"mode": "enforce"})), now()).unwrap();
        let metadata = &entry.value[METADATA];
        assert_eq!(metadata["score"], 928);
        assert_eq!(metadata["skills"], json!(["Rust"]));
        assert_eq!(metadata["topics"], json!(["inner-source"]));
        assert_eq!(metadata["contributions"], json!(["code"]));
        assert_eq!(metadata["tollgate"]["mode"], "enforce");
        assert_eq!(
            portal_entry(&facts(&json!({})), None, now()).unwrap().value[METADATA]["topics"],
            json!([])
        );
    }

    #[test]
    fn what_is_missing_is_said_and_never_guessed() {
        let lacks = |changes: Value| portal_entry(&facts(&changes), None, now()).unwrap_err().join("; ");
        assert!(lacks(json!({"forks_count": null})).contains("`forks_count`"));
        assert!(lacks(json!({"updated_at": "yesterday"})).contains("`updated_at`"));
        assert!(lacks(json!({"topics": [1]})).contains("`topics`"));
        assert!(lacks(json!({"id": "x", "name": 1})).contains("`name`"));
        let mut searched = facts(&json!({}));
        searched.repository.remove("subscribers_count");
        assert_eq!(portal_entry(&searched, None, now()).unwrap().doubts.len(), 1);
    }

    #[test]
    fn a_repository_updated_after_the_clock_counts_as_the_formula_says() {
        let later = facts(&json!({"updated_at": "2026-01-11T12:00:00Z"}));
        // 74 · (1 + 101.5/100) + (1000 + 1.5·2.74) · 304/365 − 50 = 935.4
        assert_eq!(score(&later), 935);
    }
}
