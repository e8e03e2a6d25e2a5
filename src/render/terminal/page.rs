//! Lines of a page: wrapped with hanging indents, safe for a log, coloured last.

use super::Style;
use crate::model::Untrusted;
use crate::render::escape::{log_line, terminal_line};

/// Colours only repeat what a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    /// As it is.
    None,
    /// Well.
    Green,
    /// Not well.
    Red,
    /// Unknown, or only a warning.
    Yellow,
    /// Lifted.
    Cyan,
}

impl Color {
    const fn code(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Green => "32",
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Cyan => "36",
        }
    }
}

/// A page in the making.
pub(crate) struct Page {
    style: Style,
    lines: Vec<String>,
    has_sections: bool,
}

impl Page {
    pub(crate) const fn new(style: Style) -> Self {
        Self { style, lines: Vec::new(), has_sections: false }
    }

    /// Columns that are used.
    pub(super) fn width(&self) -> usize {
        self.style.width.clamp(40, 80)
    }

    /// Text of a report.
    pub(crate) fn text(&self, text: &Untrusted, max: usize) -> String {
        super::shown(text, max, self.style.charset)
    }

    /// Text of ours that may hold something of a policy.
    pub(crate) fn own(&self, text: &str) -> String {
        super::own(text, self.style.charset)
    }

    /// A line of a file or a diff of ours, with its spaces.
    pub(crate) fn verbatim(&mut self, indent: &str, text: &str) {
        let text = terminal_line(text, self.style.charset);
        self.line(&format!("{indent}{text}"));
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// A section with a blank line before it and a heading, if it has one.
    pub(crate) fn section(&mut self, heading: &str) {
        self.has_sections = true;
        self.blank();
        if !heading.is_empty() {
            self.wrapped("", 2, heading);
        }
    }

    pub(super) const fn has_sections(&self) -> bool {
        self.has_sections
    }

    /// One line, never wrapped.
    pub(crate) fn line(&mut self, text: &str) {
        self.lines.push(log_line(text.trim_end()));
    }

    /// `prefix` and `text`, wrapped; later lines are indented by `hang`. Nothing if there is no text.
    pub(crate) fn wrapped(&mut self, prefix: &str, hang: usize, text: &str) {
        if !text.is_empty() {
            self.lay(prefix, hang, text);
        }
    }

    /// `text` indented by `indent`, wrapped.
    pub(crate) fn wrapped_at(&mut self, indent: usize, text: &str) {
        self.wrapped(&" ".repeat(indent), indent, text);
    }

    /// A label in its colour, and what follows it.
    pub(crate) fn labelled(&mut self, indent: &str, label: &str, color: Color, rest: &str, hang: usize) {
        let first = self.lines.len();
        self.lay("", hang, &format!("{indent}{label}{rest}"));
        self.paint(first, indent.len(), label, color);
    }

    /// Two columns: `left` padded to `column`, or on a line of its own if it is longer.
    pub(crate) fn pair(&mut self, left: &str, column: usize, right: &str) {
        let hang = column + 4;
        if width_of(left) > column {
            self.wrapped_at(2, left);
            self.wrapped_at(hang, right);
        } else {
            let pad = " ".repeat(column - width_of(left));
            self.wrapped(&format!("  {left}{pad}  "), hang, right);
        }
    }

    /// Colours `label` in line `index`, where it begins at `column`.
    pub(super) fn paint(&mut self, index: usize, column: usize, label: &str, color: Color) {
        if !self.style.color || color == Color::None {
            return;
        }
        if let Some(line) = self.lines.get_mut(index)
            && let Some((indent, rest)) = line.split_at_checked(column)
            && let Some(after) = rest.strip_prefix(label)
        {
            *line = format!("{indent}\u{1b}[{}m{label}\u{1b}[0m{after}", color.code());
        }
    }

    /// How many lines there are.
    pub(super) const fn count(&self) -> usize {
        self.lines.len()
    }

    /// The page, with a line feed behind every line.
    pub(crate) fn finish(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }

    fn lay(&mut self, prefix: &str, hang: usize, text: &str) {
        let limit = self.width();
        let mut line = prefix.to_owned();
        let mut is_fresh = true;
        // Runs of spaces are columns of ours and stay; a line is only broken at a space.
        for word in text.split(' ') {
            let fits = width_of(&line) + usize::from(!is_fresh) + width_of(word) <= limit;
            if is_fresh {
                line.push_str(word);
                is_fresh = false;
            } else if fits || word.is_empty() {
                line.push(' ');
                line.push_str(word);
            } else {
                self.line(&line);
                line = " ".repeat(hang);
                line.push_str(word);
            }
        }
        self.line(&line);
    }
}

/// Columns that a text takes: two for the wide characters of East Asia and for pictures, none for accents.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => 0,
            '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
            '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' => 2,
            '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
            _ => 1,
        })
        .sum()
}
