//! The one comment that may stand beside the check.

use super::{FAILS, PASSES, github, publish, ran, with_comment};
use crate::github::TOKEN;

#[test]
fn no_comment_is_written_unless_the_policy_asks_for_one() {
    let github = github();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    assert_eq!(github.comments(7), [""; 0]);
}

#[test]
fn one_comment_is_edited_in_place() {
    let github = with_comment();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("Needs changes") && !comments[0].contains("halves"), "{}", comments[0]);
    github.forget_calls();
    publish(&github).exits(0);
    assert!(!github.calls().iter().any(|call| call.starts_with("PATCH") || call.starts_with("POST")));
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    ran(&github, PASSES, "success");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("Passed"), "{}", comments[0]);
}

#[test]
fn a_comment_with_our_mark_by_somebody_else_is_not_ours() {
    let github = with_comment();
    github.comments_as(7, 66, "<!-- tollgate: verdict -->\n### Passed: all is well");
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 2);
    assert!(comments[0].contains("all is well") && comments[1].contains("Needs changes"));
}

#[test]
fn t24_a_comment_is_not_written_when_the_head_has_moved_on() {
    let github = with_comment();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let at = github
        .calls()
        .iter()
        .position(|call| call.ends_with("/comments") && call.starts_with("GET"))
        .unwrap();
    // The same once more, and somebody pushes while the comments are read.
    let github = with_comment();
    ran(&github, FAILS, "failure");
    github.pushes_at(at + 1, 7);
    publish(&github).exits(0);
    assert_eq!(github.comments(7), [""; 0]);
}

#[test]
fn a_comment_that_may_not_be_written_is_said_and_the_check_stands() {
    let github = with_comment();
    let head = ran(&github, PASSES, "success");
    let rights = [("actions", "read"), ("checks", "write"), ("contents", "read"), ("metadata", "read")];
    github.token(TOKEN, &[&rights[..], &[("pull-requests", "read")]].concat());
    publish(&github).exits(4).says("pull-requests: write");
    assert_eq!(github.checks(&head).len(), 1);
}
