//! The figures as CSV: a row for the whole window of each repository, then one a month.

use crate::metrics::{Group, RepositoryFigures, Share};
use crate::render::escape::csv_field;

const HEADER: &str = "repository,unit,period,external,owners,external_percent,classed_on_the_day,bots,\
unknown_identity,no_owners,direct_commits,external_pull_requests,external_passed_at_first,\
external_median_seconds_to_pass,external_reds,external_reds_not_authors,external_stopped_most_by,\
owner_pull_requests,owner_passed_at_first,owner_median_seconds_to_pass,owner_reds,owner_reds_not_authors,\
owner_stopped_most_by\n";

/// The rows. A field that is not known, or that too few contributions stand behind, is empty.
pub fn csv(repositories: &[RepositoryFigures]) -> String {
    let mut out = HEADER.to_owned();
    for figures in repositories {
        let left_out = figures.left_out;
        let mut fields =
            beginning(figures, &format!("{}/{}", figures.window.from, figures.window.until), figures.share);
        fields.extend([
            figures.on_the_day.to_string(),
            left_out.bots.to_string(),
            left_out.unknown_identity.to_string(),
            left_out.no_owners.to_string(),
            left_out.direct_commits.to_string(),
        ]);
        for group in
            [figures.gate.as_ref().map(|gate| &gate.external), figures.gate.as_ref().map(|gate| &gate.owners)]
        {
            fields.extend(gate(group));
        }
        row(&mut out, &fields);
        for period in &figures.months {
            let mut fields = beginning(figures, &period.month, period.share);
            fields.resize(HEADER.split(',').count(), String::new());
            row(&mut out, &fields);
        }
    }
    out
}

fn beginning(figures: &RepositoryFigures, period: &str, share: Share) -> Vec<String> {
    let percent = share.ratio().and_then(|ratio| ratio.percent());
    vec![
        csv_field(&figures.name),
        figures.unit.word().to_owned(),
        period.to_owned(),
        share.external.to_string(),
        share.owners.to_string(),
        percent.map_or(String::new(), |percent| percent.to_string().trim_end_matches('%').to_owned()),
    ]
}

fn gate(group: Option<&Group>) -> [String; 6] {
    let Some(group) = group else { return Default::default() };
    let count = group.pull_requests.to_string();
    if group.is_too_few() {
        return [count, String::new(), String::new(), String::new(), String::new(), String::new()];
    }
    [
        count,
        group.passed_at_first.to_string(),
        group.median_seconds_to_pass.map_or(String::new(), |seconds| seconds.to_string()),
        group.reds.to_string(),
        group.reds_not_authors.to_string(),
        group.most_stopping.as_ref().map_or(String::new(), |(rule, _)| csv_field(&rule.as_str().into())),
    ]
}

fn row(out: &mut String, fields: &[String]) {
    out.push_str(&fields.join(","));
    out.push('\n');
}
