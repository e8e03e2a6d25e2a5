//! The values of rules: kinds, directions, settings.

use crate::diagnostic::Origin;
use crate::model::Percent;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// What a field of a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number from 0.
    Count,
    /// A percentage from 0 to 100 with at most two decimals.
    Percent,
    /// One of these words, from laxest to strictest.
    Word(&'static [&'static str]),
    /// Some of these words. `all` counts all of them; each that is named must also have been looked for.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A list of globs.
    Globs,
}

impl FieldKind {
    /// Reads a value from the text of a scalar; lists of globs are read elsewhere.
    ///
    /// # Errors
    /// Says what is expected instead.
    pub fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Count => count(text).map(Value::Count),
            Self::Percent => Percent::parse(text).map(Value::Percent).map_err(|error| error.to_string()),
            Self::Word(words) => {
                let found = words.iter().find(|word| **word == text);
                found.map(|word| Value::Word(word)).ok_or_else(|| format!("expected {}", one_of(words)))
            }
            Self::Words(words) => some_of(words, text.split(',').map(str::trim)),
            Self::Flag => match text {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err("expected `true` or `false`".to_owned()),
            },
            Self::Globs => Err("expected a list of globs".to_owned()),
        }
    }

    /// What a value looks like, in words: `a whole number from 0`.
    pub fn expected(self) -> String {
        match self {
            Self::Count => "a whole number from 0".to_owned(),
            Self::Percent => "a percentage from 0 to 100, such as 80 or 72.5%".to_owned(),
            Self::Word(words) => one_of(words),
            Self::Words(words) => format!("`all`, or a list of {}", one_of(words)),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Globs => "a glob or a list of globs".to_owned(),
        }
    }
}

/// Digits alone: `0x10`, `1_000`, `1e3` and `010` mean different numbers to different readers of YAML.
fn count(text: &str) -> Result<u64, String> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !plain || (text.len() > 1 && text.starts_with('0')) {
        return Err("expected a whole number from 0".to_owned());
    }
    text.parse().map_err(|_| "the number is too large".to_owned())
}

/// The words of a list that are named, in the order of the list. `all` stands for all of them and names none.
///
/// # Errors
/// Says what is expected instead of the first word that the list does not have.
pub(crate) fn some_of<'t>(
    words: &'static [&'static str],
    named: impl IntoIterator<Item = &'t str>,
) -> Result<Value, String> {
    let mut found = vec![false; words.len()];
    let mut all = false;
    for word in named {
        match words.iter().zip(&mut found).find(|(known, _)| **known == word) {
            Some((_, found)) => *found = true,
            None if word == "all" => all = true,
            None => return Err(format!("expected `all` or {}", one_of(words))),
        }
    }
    let chosen: Vec<&str> =
        words.iter().zip(&found).filter(|(_, found)| **found).map(|(word, _)| *word).collect();
    Ok(Value::Words(Words { counted: if all { words.to_vec() } else { chosen.clone() }, named: chosen }))
}

/// Some words of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Those that count, in the order of the field.
    pub counted: Vec<&'static str>,
    /// Those that are named, beside or instead of `all`; what they stand for must have been looked for.
    pub named: Vec<&'static str>,
}

impl Words {
    /// True if it counts all that the other counts.
    fn counts_all_of(&self, other: &Self) -> bool {
        other.counted.iter().all(|word| self.counted.contains(word))
    }

    fn names_all_of(&self, other: &Self) -> bool {
        other.named.iter().all(|word| self.named.contains(word))
    }

    /// Stricter is what counts more or asks for more; what counts more and asks for less has no order.
    fn order(&self, other: &Self) -> Option<Ordering> {
        let is_at_least = self.counts_all_of(other) && self.names_all_of(other);
        let is_at_most = other.counts_all_of(self) && other.names_all_of(self);
        match (is_at_most, is_at_least) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }

    /// The words that a test wants of either, in the order of the field.
    fn some(words: &[&'static str], wanted: impl Fn(&&'static str) -> bool) -> Vec<&'static str> {
        words.iter().copied().filter(wanted).collect()
    }
}

/// `a`, `b` or `c`.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}

/// Which change of a value makes the rule stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A larger value is stricter (a minimum).
    Min,
    /// A smaller value is stricter (a maximum).
    Max,
    /// A later word of the list is stricter; for flags, `true`.
    Ordered,
    /// A later word of the list is stricter, but for these two, of which neither is.
    OrderedBut([&'static str; 2]),
    /// There is no order: a floor on the rule locks the field (DECISIONS 19).
    Unordered,
}

/// One field of a rule.
#[derive(Debug)]
pub struct Field {
    /// Its key in the policy.
    pub key: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Which way is stricter.
    pub direction: Direction,
    /// The value without any policy, as it would be written there; `None` if the field is then not in force.
    pub default: Option<&'static str>,
    /// What it means, with unit and range.
    pub doc: &'static str,
}

impl Field {
    /// How strict `left` is beside `right`: `Greater` is stricter. A field that is not in force is the laxest.
    /// `None` if the two have no order.
    pub fn strictness(&self, left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
        let (left, right) = match (left, right) {
            (Some(left), Some(right)) => (left, right),
            (None, None) => return Some(Ordering::Equal),
            _ if self.direction == Direction::Unordered => return None,
            (Some(_), None) => return Some(Ordering::Greater),
            (None, Some(_)) => return Some(Ordering::Less),
        };
        if left == right {
            return Some(Ordering::Equal);
        }
        match self.direction {
            Direction::Unordered => None,
            Direction::OrderedBut(pair) if [left, right].iter().all(|value| value.is_one_of(pair)) => None,
            Direction::Min | Direction::Ordered | Direction::OrderedBut(_) => self.order(left, right),
            Direction::Max => self.order(right, left),
        }
    }

    /// True if `value` lets pass what `other` does not: it is less strict, or counts fewer things.
    pub fn is_laxer(&self, value: Option<&Value>, other: Option<&Value>) -> bool {
        match (value, other) {
            (Some(Value::Words(value)), Some(Value::Words(other))) => !value.counts_all_of(other),
            _ => self.strictness(value, other) == Some(Ordering::Less),
        }
    }

    /// The laxer of two values; the first where there is no order. Of words, those that both count; what the first
    /// names must be looked for all the same.
    pub fn laxest(&self, value: Option<&Value>, other: Option<&Value>) -> Option<Value> {
        match (value, other) {
            (Some(Value::Words(value)), Some(Value::Words(other))) => Some(Value::Words(Words {
                counted: Words::some(&value.counted, |word| other.counted.contains(word)),
                named: value.named.clone(),
            })),
            _ if self.is_laxer(other, value) => other.cloned(),
            _ => value.cloned(),
        }
    }

    /// What holds where `bound` is asked for and `value` is not as strict: the bound, but for values of which
    /// neither is stricter what asks for no less than either.
    pub fn both(&self, value: &Value, bound: &Value) -> Value {
        if let (FieldKind::Words(words), Value::Words(value), Value::Words(bound)) = (self.kind, value, bound)
        {
            let of_either = |value: &[&str], bound: &[&str]| {
                Words::some(words, |word| value.contains(word) || bound.contains(word))
            };
            return Value::Words(Words {
                counted: of_either(&value.counted, &bound.counted),
                named: of_either(&value.named, &bound.named),
            });
        }
        let strictest = match (self.direction, self.kind) {
            (Direction::OrderedBut(_), FieldKind::Word(words))
                if self.strictness(Some(value), Some(bound)).is_none() =>
            {
                words.last().map(|word| Value::Word(word))
            }
            _ => None,
        };
        strictest.unwrap_or_else(|| bound.clone())
    }

    fn order(&self, left: &Value, right: &Value) -> Option<Ordering> {
        match (left, right) {
            (Value::Count(left), Value::Count(right)) => Some(left.cmp(right)),
            (Value::Percent(left), Value::Percent(right)) => Some(left.cmp(right)),
            (Value::Flag(left), Value::Flag(right)) => Some(left.cmp(right)),
            (Value::Word(left), Value::Word(right)) => {
                let FieldKind::Word(words) = self.kind else { return None };
                let place = |word: &str| words.iter().position(|known| *known == word);
                Some(place(left)?.cmp(&place(right)?))
            }
            (Value::Words(left), Value::Words(right)) => left.order(right),
            _ => None,
        }
    }
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Count(u64),
    /// A percentage.
    Percent(Percent),
    /// One of the field's words, by its place in the list.
    Word(&'static str),
    /// Some of the field's words.
    Words(Words),
    /// Yes or no.
    Flag(bool),
    /// Globs, as written.
    Globs(Vec<String>),
}

impl Value {
    fn is_one_of(&self, words: [&str; 2]) -> bool {
        matches!(self, Self::Word(word) if words.contains(word))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}"),
            Self::Word(word) => f.write_str(word),
            Self::Words(words) if words.counted == words.named => f.write_str(&words.named.join(", ")),
            Self::Words(words) if words.named.is_empty() => f.write_str("all"),
            Self::Words(words) => write!(f, "all, {}", words.named.join(", ")),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Globs(globs) => f.write_str(&globs.join(", ")),
        }
    }
}

/// A value and where it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// The file and line that set it.
    pub origin: Origin,
}

/// The fields of a rule that are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Settings {
    /// Sets a field; a later layer replaces an earlier one.
    pub fn set(&mut self, key: &'static str, setting: Setting) {
        self.0.insert(key, setting);
    }

    /// Takes a field out of force.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// The field's setting.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// All fields in force, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.0.iter().map(|(&key, setting)| (key, setting))
    }

    /// The field as a number, if it is in force.
    pub fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)?.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// The field as a percentage, if it is in force.
    pub fn percent(&self, key: &str) -> Option<Percent> {
        match self.get(key)?.value {
            Value::Percent(percent) => Some(percent),
            _ => None,
        }
    }

    /// The field as a word, if it is in force.
    pub fn word(&self, key: &str) -> Option<&'static str> {
        match self.get(key)?.value {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The field as some of its words, if it is in force.
    pub fn words(&self, key: &str) -> Option<&Words> {
        match &self.get(key)?.value {
            Value::Words(words) => Some(words),
            _ => None,
        }
    }

    /// The field as yes or no; `false` if it is not in force.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key).map(|setting| &setting.value), Some(Value::Flag(true)))
    }

    /// The field as globs; empty if it is not in force.
    pub fn globs(&self, key: &str) -> &[String] {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Globs(globs)) => globs,
            _ => &[],
        }
    }
}
