//! Small pictures of how a repository's figures went: one bar a verdict, oldest first. A table beside them says the
//! same numbers.

use super::moment;
use crate::records::Point;
use crate::render::metrics::gridlines;
use crate::render::words::grouped;
use std::fmt::Write as _;

/// Units of the drawing.
const WIDTH: u64 = 360;
const HEIGHT: u64 = 130;
const LEFT: u64 = 46;
const TOP: u64 = 10;
const BOTTOM: u64 = 10;

/// One series: its name, its value in a point, and how a value is said.
type Series = (&'static str, fn(&Point) -> Option<u64>, fn(u64) -> String);

const SERIES: [Series; 3] = [
    ("Coverage in total", |point| point.coverage, percent),
    ("Tests that ran", |point| point.tests, grouped),
    ("Findings", |point| point.findings, grouped),
];

fn percent(hundredths: u64) -> String {
    format!("{}.{}%", hundredths / 100, hundredths % 100 / 10)
}

/// The trends and their numbers; `points` are oldest first. Nothing if nothing was measured.
pub(super) fn trends(out: &mut String, points: &[Point]) {
    let is_measured = |(_, value, _): &&Series| points.iter().any(|point| value(point).is_some());
    let measured: Vec<&Series> = SERIES.iter().filter(is_measured).collect();
    out.push_str("<h2>Trends</h2>\n");
    if measured.is_empty() {
        out.push_str("<p>No verdict has measured coverage, tests or findings yet.</p>\n");
        return;
    }
    out.push_str("<div class=\"trends\">\n");
    for (index, (name, value, said)) in measured.iter().enumerate() {
        let values: Vec<Option<u64>> = points.iter().map(value).collect();
        picture(out, index, name, &values, *said);
    }
    out.push_str("</div>\n");
    numbers(out, points, &measured);
}

fn picture(out: &mut String, index: usize, name: &str, values: &[Option<u64>], said: fn(u64) -> String) {
    let last = values.iter().rev().flatten().next().copied().unwrap_or_default();
    // A share is drawn up to its whole.
    let most = values.iter().flatten().copied().max().unwrap_or_default().max(1);
    let most = if name.starts_with("Coverage") { 10_000 } else { most };
    let (plot, base) = (HEIGHT - TOP - BOTTOM, HEIGHT - BOTTOM);
    let height = |value: u64| {
        let scaled = u128::from(value.min(most)) * u128::from(plot) / u128::from(most);
        u64::try_from(scaled).unwrap_or(plot)
    };
    let slot = ((WIDTH - LEFT) * 100 / (values.len() as u64).max(1)).min(2_400);
    let _infallible = write!(
        out,
        "<figure>\n<figcaption>{name}: {}</figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"trend{index}\">\n\
         <title id=\"trend{index}\">{name}, one bar a verdict, oldest first; the last is {}</title>\n",
        said(last),
        said(last)
    );
    for line in gridlines(most) {
        let y = base - height(line);
        let _infallible = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 6,
            y + 4,
            short(line, said)
        );
    }
    for (place, value) in (0_u64..).zip(values) {
        let Some(value) = value else { continue };
        let tall = height(*value).max(u64::from(*value > 0));
        let x = LEFT * 100 + place * slot;
        let wide = (slot * 7 / 10).max(60);
        let _infallible = writeln!(
            out,
            "<rect class=\"bar\" x=\"{}.{:02}\" y=\"{}\" width=\"{}.{:02}\" height=\"{tall}\"/>",
            x / 100,
            x % 100,
            base - tall,
            wide / 100,
            wide % 100
        );
    }
    let _infallible = writeln!(
        out,
        "<line class=\"base\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{base}\" y2=\"{base}\"/>\n</svg>\n</figure>"
    );
}

/// A number at an axis: `12k` for large ones, so that it has room.
fn short(value: u64, said: fn(u64) -> String) -> String {
    let text = said(value);
    match value {
        _ if text.ends_with('%') => text.replace(".0%", "%"),
        1_000_000.. => format!("{}M", value / 1_000_000),
        10_000.. => format!("{}k", value / 1_000),
        _ => text,
    }
}

fn numbers(out: &mut String, points: &[Point], measured: &[&Series]) {
    out.push_str(
        "<details>\n<summary>The numbers of the pictures</summary>\n<table>\n<caption class=\"hidden\">Figures of each \
         verdict, newest first</caption>\n<thead><tr><th scope=\"col\">Decided</th>",
    );
    for (name, ..) in measured {
        let _infallible = write!(out, "<th scope=\"col\" class=\"number\">{name}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for point in points.iter().rev() {
        let _infallible = write!(out, "<tr><th scope=\"row\">{}</th>", moment(point.decided));
        for (_, value, said) in measured {
            let text = value(point).map_or("not measured".to_owned(), said);
            let _infallible = write!(out, "<td class=\"number\">{text}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</details>\n");
}
