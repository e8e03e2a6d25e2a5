use super::FORMAT;
use crate::diagnostic::Code;
use crate::formats::coverage::testing::{self, Read, claims, ratio, read_error};
use crate::formats::{Context, Report, Source};
use crate::model::Health;
use proptest::prelude::*;

fn read(text: impl AsRef<[u8]>) -> Read {
    testing::read(&FORMAT, text)
}

/// One record of the file `a.c` with these lines.
fn record(lines: &str) -> Read {
    read(format!("TN:\nSF:a.c\n{lines}\nend_of_record\n"))
}

fn hits(read: &Read, line: u32) -> Option<u64> {
    read.hits("a.c", line)
}

#[test]
fn a_line_that_stands_twice_in_a_record_or_in_two_has_the_sum_of_its_counts() {
    let twice = record("DA:3,1\nDA:3,2\nDA:4,0");
    assert_eq!((hits(&twice, 3), hits(&twice, 4), hits(&twice, 5)), (Some(3), Some(0), None));
    let records = read("SF:a.c\nDA:3,0\nend_of_record\nTN:x\nSF:a.c\nDA:3,2\nend_of_record\n");
    assert_eq!(hits(&records, 3), Some(2));
    assert_eq!((twice.health, records.health), (Health::Complete, Health::Complete));
    assert!(twice.codes.is_empty() && records.codes.is_empty());
}

#[test]
fn counts_may_be_huge_negative_scientific_or_followed_by_a_checksum() {
    let read = record(
        "DA:1,18446744073709551615\nDA:1,5\nDA:2,-3\nDA:3,1.5e+3\nDA:4,7,2jmj7l5rSw0yVb/vlWAYkK/YBwk=\nDA:5,99999999999999999999",
    );
    let got: Vec<_> = (1..=5).map(|line| hits(&read, line).unwrap()).collect();
    assert_eq!(got, [u64::MAX, 0, 1500, 7, u64::MAX]);
    assert_eq!((read.health, read.codes), (Health::Complete, vec![Code::BadNumber, Code::BadNumber]));
}

#[test]
fn records_of_no_line_are_skipped_and_said() {
    let read = record("DA:0,1\nDA:-4,1\nDA:undefined,NaN\nDA:undefined,1\nDA:2,1");
    assert_eq!(read.totals().lines, ratio(1, 1));
    assert!(read.codes.contains(&Code::BadLine));
    assert_eq!(record("DA:undefined,1\nDA:2,1").health, Health::Complete);
}

#[test]
fn the_largest_line_number_is_a_line_like_any_other_and_a_larger_one_is_none() {
    assert_eq!(record("DA:4294967295,1").totals().lines, ratio(1, 1));
    let read = record("DA:4294967296,1\nDA:1,1");
    assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Degraded));
}

#[test]
fn a_line_without_a_count_is_lost_and_the_rest_of_the_file_is_kept() {
    for broken in ["DA:901", "DA:901,", "DA:901,x", "DA:,3", "DA:"] {
        let read = record(&format!("DA:1,1\n{broken}\nDA:2,0"));
        assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Degraded), "{broken}");
    }
}

#[test]
fn a_branch_may_be_named_by_any_text_and_carry_flags() {
    let read = record(
        "BRDA:5,0,jump to line 7,1\nBRDA:5,0,a, b,0\nBRDA:5,0,a, b,-\nBRDA:6,e0,0,3\nBRDA:6,f0,1,-\nBRDA:6,U0,2,0\nBRDA:6,eU1,2,0\nDA:5,1\nDA:6,1",
    );
    assert_eq!((read.totals().branches, read.health), (ratio(2, 4), Health::Complete));
    let one_name = record("BRDA:6,e0,0,0\nBRDA:6,0,0,1\nDA:6,1");
    assert_eq!(one_name.totals().branches, ratio(1, 1), "the flag is no part of the branch's identity");
}

#[test]
fn a_branch_on_a_line_without_da_makes_no_line() {
    let read = record("DA:1,1\nBRDA:9,0,0,1\nBRDA:9,0,1,-");
    assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 2)));
}

#[test]
fn branches_of_two_records_are_taken_if_one_takes_them() {
    let text = "SF:a.c\nDA:1,1\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nend_of_record\nSF:a.c\nDA:1,1\nBRDA:1,0,0,0\nBRDA:1,0,1,2\nend_of_record\n";
    assert_eq!(read(text).totals().branches, ratio(2, 2));
}

#[test]
fn branches_without_names_are_counted_per_line() {
    let read = record("DA:1,1\nBA:1,2\nBA:1,1\nBA:2,0");
    assert_eq!(read.totals().branches, ratio(1, 3));
}

#[test]
fn functions_are_read_in_all_three_forms() {
    let old = record("FN:3,f\nFN:9,std::map<int, char>\nFNDA:2,f\nFNDA:0,std::map<int, char>\nDA:3,2");
    assert_eq!(old.totals().functions, ratio(1, 2));
    let with_end = record("FN:3,7,f\nFN:9,12,g\nFNDA:0,g\nFNDA:2,f\nDA:3,2");
    assert_eq!(with_end.totals().functions, ratio(1, 2));
    let keys: Vec<_> = with_end
        .file("a.c")
        .functions
        .iter()
        .map(|function| (function.line, function.raw_name().to_owned(), function.calls))
        .collect();
    assert_eq!(keys, [(3, "f".to_owned(), 2), (9, "g".to_owned(), 0)]);
    let groups = record("FNL:0,3,7\nFNA:0,0,b\nFNA:0,2,a\nFNL:1,9\nFNA:1,0,c\nDA:3,2");
    assert_eq!(groups.totals().functions, ratio(1, 2), "aliases of one function count once");
    assert_eq!([old.health, with_end.health, groups.health], [Health::Complete; 3]);
}

#[test]
fn calls_without_a_function_record_are_a_function_and_a_function_without_calls_never_ran() {
    let read = record("FNDA:1,f\nFN:-1,g\nFN:4,h\nFNDA:3,h\nDA:1,1");
    assert_eq!(read.totals().functions, ratio(2, 3));
}

#[test]
fn two_functions_of_one_name_stay_two() {
    let read = record("FN:3,f\nFN:9,f\nFNDA:0,f\nFNDA:1,f\nDA:3,1");
    assert_eq!(read.totals().functions, ratio(1, 2));
}

#[test]
fn comments_blank_lines_versions_and_conditions_are_no_trouble() {
    let read = read(
        "# made by hand\n\n  TN:x,diff\nSF: src/a.c\nVER:1\n\nMCDC:1,2,t,0,0,0\nMCF:1\nMCH:0\n#DA:7,7\nDA:1,1\r\nLF:1\r\nLH:1\r\nend_of_record\r\n",
    );
    assert_eq!(read.file("src/a.c").lines.len(), 1);
    assert_eq!((read.health, read.codes.len()), (Health::Complete, 0));
}

#[test]
fn white_space_behind_the_end_of_a_record_is_no_loss() {
    let read = read("SF:a.c\nDA:1,1\nend_of_record \nSF:b.c\nDA:1,0\nend_of_record\t\r\n");
    assert_eq!((read.report.files.len(), read.health), (2, Health::Complete));
}

#[test]
fn stated_totals_are_only_a_hint() {
    let read = record("DA:1,1\nDA:2,0\nLF:3\nLH:1");
    assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Complete));
    assert_eq!(read.codes, [Code::TotalsDisagree]);
}

#[test]
fn a_record_with_totals_alone_has_totals_and_no_lines() {
    let read = record("FNF:2\nFNH:1\nBRF:0\nBRH:0\nLF:14\nLH:12");
    assert_eq!((read.totals().lines, read.totals().branches), (ratio(12, 14), None));
    assert_eq!(read.totals().functions, ratio(1, 2));
    assert!(read.file("a.c").lines.is_empty());
    assert_eq!((read.health, read.codes), (Health::Complete, vec![Code::SummaryOnly]));
}

#[test]
fn a_file_without_line_records_is_empty() {
    for text in ["TN:\n", "TN:\nSF:a.c\nend_of_record\n", "TN:\nSF:a.c\nLF:0\nLH:0\nend_of_record\n"] {
        assert_eq!(read(text).health, Health::Empty, "{text}");
    }
}

#[test]
fn a_file_that_ends_within_a_record_is_degraded_and_its_records_count() {
    for text in ["SF:a.c\nDA:1,1\n", "SF:a.c\nDA:1,1", "SF:a.c\nDA:1,1\nend_of_rec", "SF:a.c\nDA:1,1\nDA:2"] {
        let read = read(text);
        assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Degraded), "{text}");
        assert!(read.codes.contains(&Code::CutOff), "{text}");
    }
    let whole = read("SF:a.c\nDA:1,1\nend_of_record");
    assert_eq!(whole.health, Health::Complete, "only the newline is missing");
    assert_eq!(read("SF:a.c\nDA:1,1\nend_of_record\nTN:\n").codes, [Code::CutOff]);
}

#[test]
fn a_record_that_never_ended_before_the_next_one_is_degraded() {
    let read = read("SF:a.c\nDA:1,1\nSF:b.c\nDA:1,0\nend_of_record\n");
    assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Degraded));
}

#[test]
fn a_record_with_an_empty_path_is_named_and_the_other_files_are_whole() {
    let named = read("SF:\nDA:1,1\nend_of_record\nSF:b\nDA:1,1\nend_of_record\n");
    assert_eq!((named.totals().lines, named.health), (ratio(1, 1), Health::Complete));
    assert_eq!(named.codes, [Code::UnattributedLines]);
    assert!(read("SF:\nend_of_record\nSF:b\nDA:1,1\nend_of_record\n").codes.is_empty());
}

#[test]
fn lines_behind_no_path_at_all_are_lost_and_never_a_pass() {
    let read = read("SF:b\nDA:1,1\nend_of_record\nDA:2,1\n");
    assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Degraded));
    assert_eq!(read.codes, [Code::UnattributedLines]);
}

#[test]
fn what_is_no_record_is_never_a_pass() {
    for text in ["<coverage/>", "DX:2,0", "end_of_record", "EOF"] {
        let read = read(format!("SF:b\nDA:1,1\nend_of_record\n{text}\n"));
        assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Degraded), "{text}");
        assert_eq!(read.codes, [Code::Malformed], "{text}");
    }
}

#[test]
fn a_path_that_is_not_utf_8_is_kept_as_far_as_it_goes() {
    let read = read(b"SF:caf\xe9.c\nDA:1,1\nend_of_record\n");
    assert_eq!(read.file("caf\u{fffd}.c").lines.len(), 1);
    assert_eq!(read.codes, [Code::BadEncoding]);
}

#[test]
fn a_nul_byte_is_an_error_that_keeps_what_was_read() {
    let error = read_error(&FORMAT, b"SF:a\nDA:1,0\nend_of_record\nSF:b\nDA:1,\x001\n");
    assert_eq!((error.code, error.position.line, error.position.column), (Code::NulByte, 5, 6));
    let Some(Report::Coverage(partial)) = error.partial.map(|report| *report) else { panic!("nothing kept") };
    assert_eq!(partial.totals().lines, ratio(0, 1));
}

#[test]
fn a_line_of_a_megabyte_is_lost_and_said() {
    let read = record(&format!("FN:1,{}\nDA:1,1", "x".repeat(1 << 20)));
    assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Degraded));
    assert_eq!(read.codes, [Code::LineTooLong]);
}

#[test]
fn tracefiles_are_recognised_by_their_first_record() {
    for text in ["TN:\nSF:a\n", "SF:a\n", "\u{feff}SF:a\n", "# x\n\n SF:a\n", "TN:\n"] {
        assert_eq!(claims(text.as_bytes()), ["lcov"], "{text}");
    }
    for text in ["", "mode: set\n", "<coverage/>", "{\"SF:\": 1}", "TAP version 13\n"] {
        assert!(!claims(text.as_bytes()).contains(&"lcov"), "{text}");
    }
}

/// A tracefile as the tools write it, for the properties below.
fn tracefiles() -> impl Strategy<Value = String> {
    let lines = proptest::collection::vec((1_u32..50, 0_u64..3), 0..30);
    proptest::collection::vec(("[a-c]", lines), 1..5).prop_map(|records| {
        let mut text = String::new();
        for (path, lines) in records {
            text.push_str(&format!("TN:\nSF:{path}\n"));
            for (line, hits) in &lines {
                text.push_str(&format!(
                    "BRDA:{line},0,{hits},{hits}\nFN:{line},f{line}\nFNDA:{hits},f{line}\n"
                ));
            }
            for (line, hits) in &lines {
                text.push_str(&format!("DA:{line},{hits}\n"));
            }
            text.push_str("end_of_record\n");
        }
        text
    })
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = (FORMAT.parse)(&mut Source::from_bytes(&bytes), &mut Context::default());
    }

    #[test]
    fn any_lines_that_look_like_records_give_an_answer(
        text in "((SF|DA|BRDA|FN|FNDA|FNL|FNA|BA|LF|LH|TN):[0-9,a-]{0,12}\r?\n|end_of_record\n|#|\n){0,40}"
    ) {
        let _ = (FORMAT.parse)(&mut Source::from_bytes(text.as_bytes()), &mut Context::default());
    }

    #[test]
    fn a_cut_is_noticed_wherever_it_falls_within_a_record(text in tracefiles(), cut in any::<usize>()) {
        let kept = text.get(..cut % text.len()).unwrap_or_default();
        let cut_between = kept.ends_with("end_of_record\n") || kept.ends_with("end_of_record");
        if !cut_between {
            prop_assert_ne!(read(kept).health, Health::Complete);
        }
    }
}
