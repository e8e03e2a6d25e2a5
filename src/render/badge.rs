//! A badge as an SVG file: for a README or a portal, drawn without an outside service.

use crate::model::{Mode, Verdict, VerdictKind};

/// The badge of a verdict: `tollgate | passing`. The same words stand in its title, for people who hear it.
pub fn render(verdict: &Verdict) -> String {
    let is_enforced = verdict.rows().any(|outcome| outcome.mode == Mode::Enforce);
    let (words, color) = match verdict.kind {
        VerdictKind::Passed if !is_enforced => ("report only", "#57606a"),
        VerdictKind::Passed => ("passing", "#1a7f37"),
        VerdictKind::NeedsChanges => ("needs changes", "#b62324"),
        VerdictKind::NoVerdict => ("no verdict", "#7d4e00"),
    };
    draw("tollgate", words, color)
}

/// Two fields side by side. Both texts are words of ours.
fn draw(name: &str, words: &str, color: &str) -> String {
    let (left, right) = (field_width(name), field_width(words));
    let width = left + right;
    let (left_middle, right_middle) = (left / 2, left + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"{name}: {words}\">\n\
         <title>{name}: {words}</title>\n\
         <rect width=\"{left}\" height=\"20\" fill=\"#24292f\"/>\n\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{color}\"/>\n\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" aria-hidden=\"true\">\n\
         <text x=\"{left_middle}\" y=\"14\">{name}</text>\n\
         <text x=\"{right_middle}\" y=\"14\">{words}</text>\n\
         </g>\n\
         </svg>\n"
    )
}

/// Pixels for a text of 11 pixels' height with room at both ends; 7 for a character is what Verdana needs.
const fn field_width(text: &str) -> usize {
    text.len() * 7 + 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn the_badge_says_in_words_what_it_shows_in_colour() {
        insta::assert_snapshot!(render(&fixtures::passing()));
        assert!(render(&fixtures::failing()).contains("<title>tollgate: needs changes</title>"));
        assert!(render(&fixtures::no_verdict()).contains("aria-label=\"tollgate: no verdict\""));
    }

    #[test]
    fn a_gate_that_enforces_nothing_does_not_call_itself_passing() {
        let mut verdict = fixtures::passing();
        for outcome in &mut verdict.outcomes {
            outcome.mode = Mode::Warn;
        }
        assert!(render(&verdict).contains("<title>tollgate: report only</title>"));
    }

    #[test]
    fn nothing_of_a_report_is_in_it() {
        let text = "</title><script>";
        assert_eq!(render(&fixtures::hostile(text)), render(&fixtures::failing()));
    }
}
