//! gcov's text: the annotated source of `*.gcov`, and the intermediate form that `gcov -i` wrote before gcc 9
//! (coverage.md b.6).

mod annotated;
mod files;
mod intermediate;

use crate::formats::{Context, Format, ParseError, Parsed, Source};
use crate::model::Kind;

/// gcov.
pub(super) const FORMAT: Format = Format {
    id: "gcov",
    kind: Kind::Coverage,
    name: "gcov text",
    default_globs: &["*.gcov"],
    spec_url: "https://gcc.gnu.org/onlinedocs/gcc/Invoking-Gcov.html",
    sniff: |head| annotated::sniff(head) || intermediate::sniff(head),
    parse,
};

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    match intermediate::sniff(&source.head()?) {
        true => files::parse(intermediate::Intermediate::default(), source, context),
        false => files::parse(annotated::Annotated::default(), source, context),
    }
}
