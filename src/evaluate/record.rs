//! What is kept of a judgement so that it can be replayed under another policy.

use super::never_met_on_problems;
use crate::compare::Evidence;
use crate::model::{OutcomeKind, Percent, Replay};
use crate::policy::RuleInForce;
use crate::rules::{Direction, FieldKind, Judgement, Scope, Setting, Settings, Value};

/// Which way the bars of a rule are turned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bars {
    Laxest,
    Strictest,
}

/// What the evidence leaves in doubt is learnt by asking the rule itself under other bars, so that no rule has to
/// say it twice.
pub(super) fn replay(
    rule: &RuleInForce,
    judgement: &Judgement,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
) -> Replay {
    let under = |settings: &Settings, scope: &Scope<'_>| {
        let judgement = (rule.spec.judge)(settings, evidence, scope);
        never_met_on_problems(judgement, rule, evidence, scope).kind
    };
    let is_measured = judgement.figures.as_ref().is_some_and(|figures| !figures.is_empty());
    let doubts = |bars: Bars, unless: OutcomeKind| {
        is_measured
            && judgement.kind != unless
            && under(&with_bars(rule, bars), scope) == OutcomeKind::NotMeasured
    };
    let depends_on_name = matches!(judgement.kind, OutcomeKind::NotJudged | OutcomeKind::NotMeasured);
    let otherwise = Scope { named: !scope.named, ..*scope };
    let if_named_otherwise =
        depends_on_name.then(|| under(&rule.settings, &otherwise)).filter(|kind| *kind != judgement.kind);
    Replay {
        figures: judgement.figures.clone(),
        named: scope.named,
        doubts_met: doubts(Bars::Laxest, OutcomeKind::Met),
        doubts_not_met: doubts(Bars::Strictest, OutcomeKind::NotMet),
        if_named_otherwise,
    }
}

/// The settings with every bar as lax or as strict as it can be; words are the laxest, since they say what counts
/// as measured, and what has no order stays.
fn with_bars(rule: &RuleInForce, bars: Bars) -> Settings {
    let mut settings = Settings::default();
    for field in rule.spec.fields {
        let in_force = rule.settings.get(field.key);
        let origin = in_force.map_or_else(|| rule.origin.clone(), |setting| setting.origin.clone());
        let largest = (bars == Bars::Strictest) == (field.direction == Direction::Min);
        let value = match (field.kind, field.direction) {
            (_, Direction::Unordered) => in_force.map(|setting| setting.value.clone()),
            // A limit that need not be set is laxest where it is not.
            (FieldKind::Count | FieldKind::Percent, _) if bars == Bars::Laxest && field.default.is_none() => {
                None
            }
            (FieldKind::Count, _) => Some(Value::Count(if largest { u64::MAX } else { 0 })),
            (FieldKind::Percent, _) => {
                Some(Value::Percent(Percent::from_hundredths(if largest { 10_000 } else { 0 })))
            }
            (FieldKind::Words(_), _) => in_force.map(|setting| setting.value.clone()),
            (FieldKind::Word(words), _) => words.first().map(|word| Value::Word(word)),
            (FieldKind::Flag, _) => Some(Value::Flag(false)),
            (FieldKind::Globs, _) => in_force.map(|setting| setting.value.clone()),
        };
        if let Some(value) = value {
            settings.set(field.key, Setting { value, origin });
        }
    }
    settings
}
