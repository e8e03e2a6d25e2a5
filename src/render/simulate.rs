//! The pages of `tollgate simulate`: what another policy would have made of the verdicts of the past.

use super::escape::{SHORT, markdown_code, markdown_own};
use super::terminal::{Page, Style};
use super::words::grouped;
use crate::model::{Date, Untrusted, VerdictKind};
use crate::records::{Flip, RuleEffect, Simulation, unit};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// So many pull requests are named behind a number.
const MOST_NAMED: usize = 12;
/// So many repositories stand in the table of a summary.
const MOST_ROWS: usize = 500;
/// Rates of fewer pull requests are not given.
const FEWEST: u64 = 5;

/// The text for a terminal.
pub fn text(simulation: &Simulation, style: Style) -> String {
    let mut page = Page::new(style);
    page.wrapped("", 2, &replayed(simulation));
    left_out(&mut page, simulation);
    page.blank();
    page.line(&format!("  {:15}{:>9}{:>14}", "", "today", "with change"));
    let kinds = [
        ("passed", VerdictKind::Passed, simulation.today.passed, simulation.then.passed),
        (
            "needs changes",
            VerdictKind::NeedsChanges,
            simulation.today.needs_changes,
            simulation.then.needs_changes,
        ),
        ("no verdict", VerdictKind::NoVerdict, simulation.today.no_verdict, simulation.then.no_verdict),
    ];
    for (word, kind, today, then) in kinds {
        let row = format!("  {word:15}{:>9}{:>14}", grouped(today), grouped(then));
        let named = named(&page, simulation.flips.iter().filter(|flip| flip.to == kind).collect());
        if named.is_empty() {
            page.line(&row);
        } else {
            page.wrapped(&format!("{row}   "), 43, &named);
        }
    }
    page.blank();
    for (rule, effect) in &simulation.rules {
        let changes = page.own(&changes(rule, effect, "->"));
        page.wrapped("  ", 4, &changes);
        let flips = flips_text(rule, effect);
        page.wrapped("      ", 8, &flips);
    }
    if simulation.rules.is_empty() {
        page.line("  Nothing in the records differs from the change.");
    }
    page.section("Nothing was posted and nothing was changed.");
    page.finish()
}

fn replayed(simulation: &Simulation) -> String {
    let verdicts = count(simulation.replayed, "recorded verdict", "recorded verdicts");
    let days = simulation.days.map_or(String::new(), |(first, last)| format!(", {first} to {last}"));
    let mut asides = Vec::new();
    if simulation.left_out_records() > 0 {
        asides.push(format!("{} left out: no data", grouped(simulation.left_out_records())));
    }
    if simulation.earlier > 0 {
        let earlier = count(simulation.earlier, "earlier one", "earlier ones");
        asides.push(format!("{earlier} of the same pull requests not counted"));
    }
    let asides = if asides.is_empty() { String::new() } else { format!(" ({})", asides.join("; ")) };
    format!("Replayed {verdicts}{days}{asides}")
}

fn left_out(page: &mut Page, simulation: &Simulation) {
    for left in &simulation.left_out {
        let why = match left.rule.as_str() {
            "" => "their verdict is not the one that their outcomes give".to_owned(),
            "policy" => "the policy forbids what the repository's own file says".to_owned(),
            rule => format!("they say too little about `{rule}`"),
        };
        let text = page.own(&format!("left out: {}: {why}", count(left.records, "record", "records")));
        page.wrapped("  ", 4, &text);
    }
}

fn named(page: &Page, flips: Vec<&Flip>) -> String {
    let all = flips.len();
    let names: Vec<String> = flips
        .iter()
        .take(MOST_NAMED)
        .map(|flip| match flip.pull_request {
            Some(number) => format!("#{number}"),
            None => page.text(&flip.file, SHORT),
        })
        .collect();
    if names.is_empty() {
        return String::new();
    }
    let more = if all > MOST_NAMED { format!(" and {} more", all - MOST_NAMED) } else { String::new() };
    format!("+{all}: {}{more}", names.join(" "))
}

/// `coverage.changed min 80% -> 90%, mode warn -> enforce`
fn changes(rule: &str, effect: &RuleEffect, arrow: &str) -> String {
    let fields: Vec<String> = effect
        .fields
        .iter()
        .map(|(field, (from, to))| format!("{field} {} {arrow} {}", span(from), span(to)))
        .collect();
    format!("{rule} {}", fields.join(", ")).trim_end().to_owned()
}

/// One value, or how many different ones.
fn span(values: &BTreeSet<String>) -> String {
    match values.len() {
        0 => "any".to_owned(),
        1..=3 => values.iter().map(String::as_str).collect::<Vec<_>>().join("/"),
        many => format!("({many} values)"),
    }
}

fn flips_text(rule: &str, effect: &RuleEffect) -> String {
    let mut asides = Vec::new();
    if let Some(short) = effect.short.filter(|short| *short > 0) {
        let (one, many) = unit(rule);
        asides.push(format!("median short by {}", count(short, one, many)));
    }
    if effect.flips > 0 {
        asides.push(format!("{} external", grouped(effect.external)));
    }
    let asides = if asides.is_empty() { String::new() } else { format!("  ({})", asides.join("; ")) };
    format!("flips {}{asides}", grouped(effect.flips))
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// The summary of a change to the organisation's policy, as Markdown: the records of many repositories.
pub fn fleet_summary(simulation: &Simulation, repositories: usize, days: Option<(Date, Date)>) -> String {
    let newly = simulation.newly_failing().count() as u64;
    let mut page = String::new();
    let of = grouped(simulation.replayed);
    let _infallible = match newly {
        0 => writeln!(page, "### ✅ This policy change would flip none of {of} pull requests\n"),
        _ => writeln!(
            page,
            "### ⚠️ Review needed: this policy change would flip {} of {of} pull requests\n",
            grouped(newly)
        ),
    };
    let span = days.map_or(String::new(), |(first, last)| format!(" of {first} to {last}"));
    let _infallible = writeln!(
        page,
        "Replayed the last verdict of each pull request{span}; {} of {} repositories have records. Nothing is \
         enforced by this check.\n",
        grouped(simulation.repositories.len() as u64),
        grouped(repositories as u64)
    );
    if simulation.left_out_records() > 0 {
        let reasons: Vec<String> = simulation
            .left_out
            .iter()
            .map(|left| match left.rule.as_str() {
                "" => format!("{} contradict themselves", grouped(left.records)),
                "policy" => format!(
                    "for {} the policy forbids what the repository's own file says",
                    grouped(left.records)
                ),
                rule => format!("{} say too little about {}", grouped(left.records), code(rule)),
            })
            .collect();
        let _infallible = writeln!(
            page,
            "{} records were left out rather than guessed: {}.\n",
            grouped(simulation.left_out_records()),
            reasons.join("; ")
        );
    }
    page.push_str(
        "| Change | Repositories affected | Pull requests that would newly fail | Of those, external |\n",
    );
    page.push_str("|:--|--:|--:|--:|\n");
    for (rule, effect) in &simulation.rules {
        let share = match (effect.external * 100).checked_div(effect.flips) {
            Some(share) if effect.flips >= FEWEST => format!(" ({share}%)"),
            _ => String::new(),
        };
        let _infallible = writeln!(
            page,
            "| {} | {} | {} | {}{share} |",
            markdown_own(&changes(rule, effect, "to")),
            grouped(effect.repositories.len() as u64),
            grouped(effect.flips),
            grouped(effect.external)
        );
    }
    page.push('\n');
    carriers(&mut page, simulation, newly);
    affected(&mut page, simulation);
    page
}

fn code(text: &str) -> String {
    markdown_code(&Untrusted::new(text), SHORT)
}

/// The few repositories that cause most of it.
fn carriers(page: &mut String, simulation: &Simulation, newly: u64) {
    let mut most: Vec<(&String, u64)> =
        simulation.repositories.iter().map(|(name, effect)| (name, effect.flips)).collect();
    most.retain(|(_, flips)| *flips > 0);
    if newly == 0 || most.len() < 4 {
        return;
    }
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    most.truncate(3);
    let sum: u64 = most.iter().map(|(_, flips)| flips).sum();
    // Three that carry little of it are no news.
    if sum.saturating_mul(4) < newly {
        return;
    }
    let names: Vec<String> = most.iter().map(|(name, flips)| format!("{} ({flips})", code(name))).collect();
    let _infallible =
        writeln!(page, "Three repositories carry {}% of it: {}.\n", sum * 100 / newly, names.join(", "));
}

fn affected(page: &mut String, simulation: &Simulation) {
    let mut affected: Vec<_> = simulation
        .repositories
        .iter()
        .filter(|(_, effect)| effect.replayed > 0 && effect.passed != effect.would_pass)
        .collect();
    if affected.is_empty() {
        return;
    }
    affected.sort_by(|a, b| b.1.flips.cmp(&a.1.flips).then_with(|| a.0.cmp(b.0)));
    let all = affected.len();
    let _infallible =
        writeln!(page, "<details>\n<summary>All {} affected repositories</summary>\n", grouped(all as u64));
    page.push_str("| Repository | Now | Then | Short by (median) | Owner |\n|:--|--:|--:|--:|:--|\n");
    for (name, effect) in affected.into_iter().take(MOST_ROWS) {
        let share = |passed: u64| match effect.replayed {
            // Fewer pull requests would speak of persons.
            few if few < FEWEST => "–".to_owned(),
            all => format!("{}% pass", passed * 100 / all),
        };
        let short = match (effect.by, effect.short.filter(|short| *short > 0)) {
            (Some(rule), Some(short)) => {
                let (one, many) = unit(rule);
                count(short, one, many)
            }
            _ => String::new(),
        };
        let owners =
            if effect.owners.is_empty() { String::new() } else { markdown_code(&effect.owners, SHORT) };
        let _infallible = writeln!(
            page,
            "| {} | {} | {} | {short} | {owners} |",
            code(name),
            share(effect.passed),
            share(effect.would_pass)
        );
    }
    if all > MOST_ROWS {
        let _infallible = writeln!(page, "\nand {} more.", grouped((all - MOST_ROWS) as u64));
    }
    page.push_str("\n</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AuthorClass;
    use crate::records::tests::verdict;
    use crate::records::{Change, FieldChange, Recorded, simulate};

    fn changes() -> Change {
        let changes = ["coverage.changed.min=85", "scan.new.medium=0"];
        Change::Fields(changes.iter().map(|text| FieldChange::parse(text).unwrap()).collect())
    }

    fn records(repository: &str, numbers: std::ops::RangeInclusive<u64>) -> Vec<Recorded> {
        numbers
            .map(|number| {
                let class = if number % 2 == 0 { AuthorClass::External } else { AuthorClass::Owner };
                verdict(repository, number, "2026-11-20T08:00:00Z", class, (80 + number % 10, 100))
            })
            .collect()
    }

    #[test]
    fn the_page_says_what_would_flip_and_why() {
        let mut records = records("", 412..=433);
        records[0].outcomes[0].replay = None;
        insta::assert_snapshot!(text(&simulate(&records, &changes()), Style::PLAIN));
    }

    #[test]
    fn the_summary_of_a_policy_pull_request_shows_the_repositories_that_it_hits() {
        let mut all = records("web-shell", 1..=40);
        all.extend(records("mobile-core", 1..=20));
        all.extend(records("data-lake-etl", 1..=10));
        all.extend(records("small|`x`", 1..=3));
        let simulation = simulate(&all, &changes());
        insta::assert_snapshot!(fleet_summary(&simulation, 6, simulation.days));
    }

    #[test]
    fn a_change_that_flips_nothing_says_so() {
        let change = Change::Fields(vec![FieldChange::parse("coverage.changed.min=80").unwrap()]);
        let simulation = simulate(&records("web", 1..=5), &change);
        assert!(
            fleet_summary(&simulation, 1, None).starts_with("### ✅ This policy change would flip none of 5")
        );
    }
}
