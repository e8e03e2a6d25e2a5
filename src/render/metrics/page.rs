//! The figures as one HTML file without scripts: the picture, and every number of it as a table.

use super::chart::{draw, months_of};
use super::{GATE_ROWS, advice, gate_cells, left_out_words, share_words, unit_words};
use crate::metrics::{Period, RepositoryFigures, share_of};
use crate::model::Untrusted;
use crate::render::escape::html;
use crate::render::html::document;
use std::fmt::Write as _;

/// Pictures of single repositories are drawn for so many; all are in the table.
const MOST_PICTURES: usize = 40;

/// The page.
pub fn page(repositories: &[RepositoryFigures]) -> String {
    let mut body = String::new();
    let window = repositories.first().map_or(String::new(), |one| {
        format!("{} to {}, {}", one.window.from, one.window.until, unit_words(one.unit))
    });
    let _infallible = write!(
        body,
        "<h1>Innersource: {}</h1>\n<p>{window}. External: by people outside of the owning team. A low share can be fine: some \
         software is meant to be used, not changed.</p>\n",
        own(&share_words(share_of(repositories)))
    );
    if repositories.len() != 1 {
        let months = months_of(repositories);
        figure(&mut body, &format!("{} repositories", repositories.len()), &months, "all");
    }
    if repositories.len() > 1 {
        table(&mut body, repositories);
    }
    for (index, figures) in repositories.iter().enumerate().take(MOST_PICTURES) {
        repository(&mut body, figures, index);
    }
    if repositories.len() > MOST_PICTURES {
        let _infallible = writeln!(
            body,
            "<p>The other {} repositories are in the table above; `tollgate metrics` draws each alone.</p>",
            repositories.len() - MOST_PICTURES
        );
    }
    document("Innersource figures", &body)
}

fn table(body: &mut String, repositories: &[RepositoryFigures]) {
    body.push_str(
        "<table class=\"list\">\n<caption>Repositories, by name</caption>\n<thead><tr><th scope=\"col\">Repository</th>\
         <th scope=\"col\">External share</th><th scope=\"col\">Left out</th></tr></thead>\n<tbody>\n",
    );
    for figures in repositories {
        let _infallible = writeln!(
            body,
            "<tr><th scope=\"row\">{}</th><td data-label=\"External share\">{}</td><td data-label=\"Left out\">{}</td></tr>",
            html(&figures.name, 100),
            share_words(figures.share),
            left_out_words(figures).join(", ")
        );
    }
    body.push_str("</tbody>\n</table>\n");
}

fn repository(body: &mut String, figures: &RepositoryFigures, index: usize) {
    let name = html(&figures.name, 100);
    let estimated = figures.share.total().saturating_sub(figures.on_the_day);
    let left_out = left_out_words(figures);
    let _infallible = write!(
        body,
        "<h2>{name}</h2>\n<dl>\n<dt>External share</dt><dd>{}</dd>\n<dt>Classed</dt><dd>{} by the gate on the day, \
         {estimated} estimated from the history</dd>\n<dt>Left out</dt><dd>{}</dd>\n",
        share_words(figures.share),
        figures.on_the_day,
        if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") }
    );
    for words in advice(figures) {
        let _infallible = writeln!(body, "<dt>Help</dt><dd>{}</dd>", own(words));
    }
    body.push_str("</dl>\n");
    figure(body, &name, &figures.months, &index.to_string());
    if let Some(gate) = &figures.gate {
        let _infallible = write!(
            body,
            "<table>\n<caption>{name} at the gate</caption>\n<tr><td></td><th scope=\"col\">External</th><th scope=\"col\">Owners</th></tr>\n"
        );
        let (external, owners) = (gate_cells(&gate.external), gate_cells(&gate.owners));
        for ((row, external), owners) in GATE_ROWS.iter().zip(&external).zip(&owners) {
            let _infallible = writeln!(
                body,
                "<tr><th scope=\"row\">{row}</th><td>{}</td><td>{}</td></tr>",
                own(external),
                own(owners)
            );
        }
        body.push_str("</table>\n");
    }
}

/// The picture, and its numbers folded below it. `name` is HTML already.
fn figure(body: &mut String, name: &str, months: &[Period], id: &str) {
    if months.is_empty() {
        return;
    }
    let title = format!("Contributions to {name} over time");
    let _infallible = write!(
        body,
        "<figure>\n{}</figure>\n<details>\n<summary>The numbers of the picture: {name}</summary>\n<table>\n\
         <tr><th scope=\"col\">Month</th><th scope=\"col\">External</th><th scope=\"col\">Owners</th><th scope=\"col\">External share</th></tr>\n",
        draw(&title, months, id)
    );
    for period in months {
        let share = period.share;
        let _infallible = writeln!(
            body,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            period.month,
            share.external,
            share.owners,
            share_words(share)
        );
    }
    body.push_str("</table>\n</details>\n");
}

fn own(text: &str) -> String {
    html(&Untrusted::new(text), usize::MAX)
}
