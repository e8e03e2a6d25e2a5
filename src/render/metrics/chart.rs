//! The share over time as an SVG picture: a column a month, its external part below. Words say what colours show.

use crate::metrics::{Period, RepositoryFigures, Share};
use crate::render::escape::html;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How pictures look.
pub(in crate::render) const STYLE: &str = include_str!("chart.css");

/// Pixels of the drawing.
const WIDTH: u64 = 760;
const HEIGHT: u64 = 300;
const LEFT: u64 = 48;
const RIGHT: u64 = 24;
const TOP: u64 = 56;
const BOTTOM: u64 = 44;

/// The picture of all repositories together.
pub fn picture(repositories: &[RepositoryFigures]) -> String {
    let title = match repositories {
        [one] => format!("Contributions to {} over time", html(&one.name, 80)),
        many => format!("Contributions to {} repositories over time", many.len()),
    };
    draw(&title, &months_of(repositories), "")
}

/// The months of several repositories, added.
pub(super) fn months_of(repositories: &[RepositoryFigures]) -> Vec<Period> {
    let mut sums: BTreeMap<&str, Share> = BTreeMap::new();
    for period in repositories.iter().flat_map(|figures| &figures.months) {
        let sum = sums.entry(&period.month).or_default();
        sum.external = sum.external.saturating_add(period.share.external);
        sum.owners = sum.owners.saturating_add(period.share.owners);
    }
    sums.into_iter().map(|(month, share)| Period { month: month.to_owned(), share }).collect()
}

/// `title` is HTML already; `id` tells several pictures of one page apart.
pub(super) fn draw(title: &str, months: &[Period], id: &str) -> String {
    let most = months.iter().map(|period| period.share.total()).max().unwrap_or_default().max(1);
    let plot = HEIGHT - TOP - BOTTOM;
    let base = HEIGHT - BOTTOM;
    let slot = (WIDTH - LEFT - RIGHT) / (months.len() as u64).max(1);
    let bar = (slot * 7 / 10).clamp(1, 48);
    let mut described = String::new();
    let mut body = String::new();
    for line in gridlines(most) {
        let y = base - line * plot / most;
        let _infallible = write!(
            body,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>\n\
             <text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{line}</text>\n",
            WIDTH - RIGHT,
            LEFT - 8,
            y + 4
        );
    }
    // As many labels as there is room for.
    let every = (months.len() as u64).div_ceil(12).max(1);
    for (index, period) in (0_u64..).zip(months) {
        let share = period.share;
        let x = LEFT + index * slot + (slot.saturating_sub(bar)) / 2;
        let (external, all) = (share.external * plot / most, share.total() * plot / most);
        let _infallible = write!(
            body,
            "<rect class=\"owners\" x=\"{x}\" y=\"{}\" width=\"{bar}\" height=\"{}\"/>\n\
             <rect class=\"external\" x=\"{x}\" y=\"{}\" width=\"{bar}\" height=\"{external}\"/>\n",
            base - all,
            all - external,
            base - external
        );
        if index % every == 0 {
            let middle = x + bar / 2;
            let _infallible = writeln!(
                body,
                "<text class=\"axis\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                base + 18,
                period.month
            );
            if let Some(percent) = share.ratio().and_then(|ratio| ratio.percent()) {
                let _infallible = writeln!(
                    body,
                    "<text class=\"percent\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}%</text>",
                    base + 34,
                    percent.hundredths() / 100
                );
            }
        }
        let _infallible = write!(described, "{}: {} of {}; ", period.month, share.external, share.total());
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title{id} desc{id}\">\n<title id=\"title{id}\">{title}</title>\n\
         <desc id=\"desc{id}\">External contributions of all, by month: {}</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"heading\" x=\"{LEFT}\" y=\"20\">{title}</text>\n\
         <rect class=\"external\" x=\"{LEFT}\" y=\"31\" width=\"11\" height=\"11\"/>\n\
         <text class=\"axis\" x=\"{}\" y=\"41\">external (with its share of the month, from 5 contributions up)</text>\n\
         <rect class=\"owners\" x=\"{}\" y=\"31\" width=\"11\" height=\"11\"/>\n\
         <text class=\"axis\" x=\"{}\" y=\"41\">owners</text>\n\
         {body}<line class=\"base\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{base}\" y2=\"{base}\"/>\n</svg>\n",
        described.trim_end_matches("; "),
        LEFT + 17,
        LEFT + 430,
        LEFT + 447,
        WIDTH - RIGHT
    )
}

/// At most five round numbers up to the largest value.
pub(in crate::render) fn gridlines(most: u64) -> Vec<u64> {
    let mut step = 1;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut decade = 1_u64;
    while most / step > 5 {
        let factor = factors.next().unwrap_or(10);
        step = decade.saturating_mul(factor);
        if factor == 10 {
            decade = decade.saturating_mul(10);
        }
    }
    (1..=most / step).map(|index| index * step).collect()
}
