//! A network that is cut at any call, and the final state when it is back.

use super::{FAILS, github, publish, ran, with_comment};
use crate::github::Fault;

#[test]
fn a_network_that_is_cut_at_any_call_leaves_one_check_when_it_is_back() {
    let count = {
        let github = github();
        ran(&github, FAILS, "failure");
        publish(&github).exits(0);
        github.asked().len()
    };
    assert!(count > 8, "{count}");
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Status(502)] {
        for number in 1..=count {
            let github = github();
            let head = ran(&github, FAILS, "failure");
            github.forget_calls().fails_at(number, fault.clone());
            let first = publish(&github);
            assert!(matches!(first.status, 0 | 4), "{number} {fault:?}: {}", first.all());
            github.recovers();
            publish(&github).exits(0);
            let checks = github.checks(&head);
            assert_eq!(checks.len(), 1, "{number} {fault:?}: {checks:?}");
            assert_eq!(checks[0].conclusion.as_deref(), Some("failure"), "{number} {fault:?}");
            assert_eq!(checks[0].annotations.len(), 1, "{number} {fault:?}");
        }
    }
}

#[test]
fn a_network_that_is_cut_at_the_comment_leaves_one_comment_when_it_is_back() {
    let calls = {
        let github = with_comment();
        ran(&github, FAILS, "failure");
        publish(&github).exits(0);
        github.calls()
    };
    let posted =
        calls.iter().position(|call| call.starts_with("POST") && call.ends_with("/comments")).unwrap() + 1;
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutWithin, Fault::Status(502)] {
        let github = with_comment();
        let head = ran(&github, FAILS, "failure");
        github.forget_calls().fails_at(posted, fault.clone());
        publish(&github).exits(4).says("the check is posted");
        github.recovers();
        publish(&github).exits(0);
        assert_eq!((github.comments(7).len(), github.checks(&head).len()), (1, 1), "{fault:?}");
    }
}
