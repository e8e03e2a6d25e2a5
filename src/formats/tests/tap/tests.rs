use crate::diagnostic::Code;
use crate::formats::tests::support::{detected, read};
use crate::model::Health;

#[test]
fn directives_decide_over_ok_and_not_ok() {
    let seen = read(
        "tap",
        "TAP version 14\n1..7\nok 1 - a\nnot ok 2 - b\nnot ok 3 - c # TODO later\nok 4 - d # skip no network\n\
         ok 5 - e \\# not a directive\nok 6 f # TODO done\nnot ok 7 # SKIPPED\n",
    );
    assert_eq!((seen.figures(), seen.health), ([7, 2, 1, 0, 4], Health::Complete));
    assert_eq!(seen.case("d").message.raw(), "no network");
}

#[test]
fn the_plan_may_stand_anywhere_and_must_fit() {
    for (text, health) in [
        ("1..2\nok 1\nok 2\n", Health::Complete),
        ("ok 1\nok 2\n1..2\n", Health::Complete),
        ("ok 1\n1..2\nok 2\n", Health::Complete),
        ("1..3\nok 1\nok 2\n", Health::Degraded),
        ("1..1\nok 1\nok 2\n", Health::Degraded),
        ("ok 1\nok 2\n", Health::Degraded),
        ("1..2\nok 1\nok 1\n", Health::Degraded),
        ("1..2\nok 1\nok 3\n", Health::Degraded),
        ("1..1\nok 1\n1..1\n", Health::Degraded),
        ("1..0 # SKIP no reason\n", Health::Empty),
    ] {
        assert_eq!(read("tap", text).health, health, "{text}");
    }
}

#[test]
fn a_yaml_block_belongs_to_its_point_and_holds_no_points() {
    let seen = read(
        "tap",
        "1..2\nnot ok 1 - a\n  ---\n  message: boom\n  at:\n    file: x/a.js\n    line: 8\n  duration_ms: 1.5\n  found: |\n    not ok 9\n  ...\nok 2 - b\n",
    );
    assert_eq!((seen.figures(), seen.health), ([2, 1, 1, 0, 0], Health::Complete));
    let case = seen.case("a");
    assert!(case.message.raw().starts_with("message: boom\n"), "{:?}", case.message);
    assert_eq!(case.place.as_ref().unwrap().line.unwrap().get(), 8);
    assert_eq!(case.duration.unwrap().as_micros(), 1_500);
}

#[test]
fn comments_below_a_failed_point_are_its_message() {
    let seen =
        read("tap", "1..1\nnot ok 1 - a\n#   Failed test 'a'\n#          got: '1'\n#     expected: '2'\n");
    let case = seen.only_case();
    assert_eq!(case.message.raw(), "Failed test 'a'\ngot: '1'\nexpected: '2'");
    assert_eq!(case.got.as_ref().unwrap().raw(), "'1'");
}

#[test]
fn points_of_subtests_are_summed_up_by_their_parent() {
    let good = "1..1\n# Subtest: p\n    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - p\n";
    assert_eq!((read("tap", good).figures(), read("tap", good).health), ([1, 0, 1, 0, 0], Health::Complete));
    let lying = good.replace("\nnot ok 1", "\nok 1");
    assert_eq!(
        (read("tap", &lying).health, read("tap", &lying).codes()),
        (Health::Degraded, vec![Code::TotalsDisagree])
    );
    let braces = "1..2\nok 1 - p {\n    not ok 1 - y\n    1..1\n}\nok 2 - q\n";
    assert_eq!(read("tap", braces).health, Health::Degraded);
    assert_eq!(read("tap", &braces.replace("    not ok", "    ok")).health, Health::Complete);
}

#[test]
fn the_plan_of_a_subtest_must_fit_unless_its_parent_fails() {
    let short = "1..1\n# Subtest: p\n    1..2\n    ok 1 - x\nok 1 - p\n";
    assert_eq!(
        (read("tap", short).health, read("tap", short).codes()),
        (Health::Degraded, vec![Code::TotalsDisagree])
    );
    assert_eq!(read("tap", &short.replace("\nok 1 - p", "\nnot ok 1 - p")).health, Health::Complete);
    let nested = "1..1\n    # Subtest: q\n        ok 1\n        ok 2\n        1..2\n    ok 1 - q\n    1..1\nok 1 - p\n";
    assert_eq!(read("tap", nested).health, Health::Complete);
    assert_eq!(read("tap", &nested.replace("        ok 2\n", "")).health, Health::Degraded);
}

#[test]
fn a_stream_that_ends_inside_of_a_block_is_cut_off() {
    let cut = read("tap", "1..1\nok 1\n  ---\n  duration_ms: 1\n");
    assert_eq!((cut.health, cut.codes()), (Health::Degraded, vec![Code::CutOff]));
}

#[test]
fn a_strict_stream_holds_nothing_but_tap() {
    assert_eq!(read("tap", "TAP version 14\n1..1\nnoise\nok 1\n").health, Health::Complete);
    let strict = "TAP version 14\npragma +strict\n1..1\n\n# a comment\nnoise\nok 1\n";
    assert_eq!(read("tap", strict).codes(), [Code::BadLine]);
    assert_eq!(read("tap", &strict.replace("noise\n", "")).health, Health::Complete);
}

#[test]
fn a_bail_out_is_a_container_failure() {
    let seen = read("tap", "1..2\nok 1\nBail out! no database\n");
    assert_eq!(seen.containers(), [("Bail out!", "no database")]);
    assert_eq!(seen.health, Health::Degraded);
}

#[test]
fn only_what_begins_like_a_stream_is_claimed() {
    assert_eq!(detected(b"ok  \texample.com/p\t0.3s\n"), None);
    assert_eq!(detected(b"okay then\n"), None);
    assert_eq!(detected(b"# comment\n\nok 1 - a\n"), Some("tap"));
    assert_eq!(detected(b"not ok 1\n"), Some("tap"));
}
