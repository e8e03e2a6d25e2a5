use crate::diagnostic::Code;
use crate::formats::Report;
use crate::formats::tests::support::{read, try_read};
use crate::model::Health;

/// Events from short forms: `action package [test] [output]`.
fn events(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let mut words = line.splitn(4, ' ');
        let (action, package) = (words.next().unwrap(), words.next().unwrap());
        let mut event = serde_json::json!({"Action": action, "Package": package});
        if let Some(test) = words.next().filter(|test| *test != "-") {
            event["Test"] = test.into();
        }
        if let Some(output) = words.next() {
            event["Output"] = output.into();
        }
        text.push_str(&event.to_string());
        text.push('\n');
    }
    text
}

#[test]
fn parents_and_subtests_count_and_the_package_names_them() {
    let seen = read(
        "go-test",
        &events(&[
            "start p",
            "run p A",
            "run p A/b",
            "output p A/b x_test.go:3: boom",
            "fail p A/b",
            "fail p A",
            "run p C",
            "skip p C",
            "fail p",
        ]),
    );
    assert_eq!((seen.figures(), seen.health), ([3, 0, 2, 0, 1], Health::Complete));
    assert_eq!(seen.run.totals.container_failures, 0);
    let case = seen.case("A/b");
    assert_eq!((case.id.display().raw(), case.message.raw()), ("p::A/b", "x_test.go:3: boom"));
    let place = case.place.as_ref().unwrap();
    assert_eq!((place.file.raw(), place.line.unwrap().get()), ("p/x_test.go", 3));
}

#[test]
fn a_package_that_fails_without_a_test_is_a_container_failure() {
    let seen = read("go-test", &events(&["run p A", "pass p A", "output p - panic: in init", "fail p"]));
    assert_eq!(seen.containers(), [("p", "panic: in init")]);
    assert_eq!(seen.figures(), [1, 1, 0, 0, 0]);
}

#[test]
fn a_build_that_fails_is_one_container_failure() {
    let text = "{\"ImportPath\":\"p [p.test]\",\"Action\":\"build-output\",\"Output\":\"x.go:1: undefined\\n\"}\n\
                {\"ImportPath\":\"p [p.test]\",\"Action\":\"build-fail\"}\n\
                {\"Action\":\"start\",\"Package\":\"p\"}\n\
                {\"Action\":\"fail\",\"Package\":\"p\",\"FailedBuild\":\"p [p.test]\"}\n";
    let seen = read("go-test", text);
    assert_eq!(seen.containers(), [("build of p [p.test]", "x.go:1: undefined")]);
    assert_eq!(seen.health, Health::Empty);
}

#[test]
fn a_plain_line_about_a_failed_build_counts_unless_something_explains_it() {
    let plain = "# p\n./x.go:1:1: undefined: y\nFAIL\tp [build failed]\n";
    let passed = events(&["run q A", "pass q A", "pass q"]);
    let seen = read("go-test", &format!("{plain}{passed}"));
    assert_eq!(seen.containers(), [("go test", "FAIL\tp [build failed]")]);
    let failed = events(&["run q A", "fail q A", "fail q"]);
    assert_eq!(read("go-test", &format!("{plain}{failed}")).run.totals.container_failures, 0);
    let chatter = read("go-test", &format!("go: downloading x\n{passed}"));
    assert_eq!((chatter.health, chatter.codes()), (Health::Complete, vec![Code::BadLine]));
}

#[test]
fn a_test_that_never_ends_is_errored() {
    let seen =
        read("go-test", &events(&["run p A", "output p A panic: oh", "output p - exit status 2", "fail p"]));
    assert_eq!((seen.figures(), seen.run.totals.container_failures), ([1, 0, 0, 1, 0], 0));
    assert_eq!(seen.only_case().message.raw(), "panic: oh");
}

#[test]
fn a_stream_that_stops_before_its_package_ends_is_cut_off() {
    for lines in [&["start p"] as &[&str], &["run p A"], &["run p A", "pass p A"], &["run p A", "fail p A"]] {
        let error = try_read("go-test", events(lines).as_bytes()).err().unwrap();
        assert_eq!(error.code, Code::CutOff, "{lines:?}");
    }
    let error = try_read("go-test", events(&["run p A", "fail p A", "run p B"]).as_bytes()).err().unwrap();
    let Some(Report::Tests(run)) = error.partial.map(|report| *report) else { panic!("nothing was kept") };
    assert_eq!((run.totals.failed, run.totals.errored), (1, 1));
}

#[test]
fn repeats_are_cases_of_their_own() {
    let seen = read("go-test", &events(&["run p A", "fail p A", "run p A", "pass p A", "fail p"]));
    assert_eq!(seen.figures(), [2, 1, 1, 0, 0]);
}

#[test]
fn an_event_that_cannot_be_read_degrades_and_unknown_actions_do_not() {
    let good = events(&["run p A", "attr p A", "artifacts p A", "pass p A", "pass p"]);
    assert_eq!(read("go-test", &good).health, Health::Complete);
    let garbled = format!("{{\"Action\":\"pa{good}");
    let seen = read("go-test", &garbled);
    assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::BadLine]));
}

#[test]
fn events_of_a_binary_have_no_package() {
    let text = "{\"Action\":\"run\",\"Test\":\"A\"}\n{\"Action\":\"pass\",\"Test\":\"A\",\"Elapsed\":0.5}\n{\"Action\":\"pass\",\"Elapsed\":1}\n";
    let seen = read("go-test", text);
    assert_eq!((seen.figures(), seen.health), ([1, 1, 0, 0, 0], Health::Complete));
    assert_eq!(seen.run.duration.unwrap().as_millis(), 500);
}

#[test]
fn too_many_open_tests_are_refused() {
    let text: String = (0..50_010)
        .map(|n| format!("{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T{n}\"}}\n"))
        .collect();
    assert_eq!(try_read("go-test", text.as_bytes()).err().unwrap().code, Code::Malformed);
}

#[test]
fn too_many_packages_are_refused() {
    let text: String =
        (0..50_010).map(|n| format!("{{\"Action\":\"start\",\"Package\":\"p{n}\"}}\n")).collect();
    assert_eq!(try_read("go-test", text.as_bytes()).err().unwrap().code, Code::Malformed);
}
