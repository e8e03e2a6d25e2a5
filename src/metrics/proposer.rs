//! The class of who proposes one change, on the day of its verdict (gate.md b9). It changes words, never the bar.

use super::{Owners, Person, Standing, Teams};
use crate::model::{Author, AuthorClass};

/// Classes the author of a change to these paths. `permission` is what GitHub says that the person may do in the
/// repository, or why it does not say it.
///
/// Owners are named by the policy and by CODEOWNERS. Where nobody is named, who may write is an owner; where it stays
/// open whether somebody belongs to a team of owners, who may not write does not.
pub fn proposer<'p>(
    person: &Person,
    owners: &Owners,
    teams: &Teams,
    paths: impl IntoIterator<Item = &'p str>,
    permission: Result<&str, &str>,
) -> Author {
    let author = |class, why: &str| Author { class, why: why.to_owned() };
    let said = match permission {
        Ok(word) => format!("permission={word}"),
        Err(why) => format!("permission unknown: {why}"),
    };
    let may_write = permission.ok().map(|word| matches!(word, "admin" | "write"));
    let class = match owners.standing(person, teams) {
        Standing::Decided(class) => class,
        Standing::ByPaths => owners.class_by_paths(person, teams, paths),
    };
    match (class, may_write) {
        (AuthorClass::Bot, _) => author(class, "a bot"),
        (AuthorClass::Owner, _) => author(class, "in owners, or owns a changed path"),
        (AuthorClass::External, _) => author(class, &format!("{said}; not in owners, owns no changed path")),
        (AuthorClass::NoOwners, Some(true)) => {
            author(AuthorClass::Owner, &format!("{said}; no owners are named"))
        }
        (AuthorClass::NoOwners, Some(false)) => {
            author(AuthorClass::External, &format!("{said}; no owners are named"))
        }
        (AuthorClass::UnknownIdentity, Some(false)) => {
            author(AuthorClass::External, &format!("{said}; the members of a team of owners are not known"))
        }
        (AuthorClass::UnknownIdentity, _) => {
            author(class, &format!("{said}; the members of a team of owners are not known"))
        }
        (AuthorClass::NoOwners, None) => author(class, &format!("{said}; no owners are named")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{CodeOwners, Handle};
    use std::rc::Rc;

    fn class(
        login: &str,
        policy: &[&str],
        code_owners: Option<&str>,
        teams: &str,
        permission: Result<&str, &str>,
    ) -> (AuthorClass, String) {
        let person = Person {
            logins: [login.to_owned()].into(),
            is_bot: login.ends_with("[bot]"),
            ..Person::default()
        };
        let owners = Owners {
            policy: policy.iter().filter_map(|text| Handle::parse(text)).collect(),
            code_owners: code_owners.map(|text| Rc::new(CodeOwners::parse(text).unwrap())),
        };
        let teams = Teams::parse(teams, "teams.json").unwrap();
        let author = proposer(&person, &owners, &teams, ["src/a.py"], permission);
        (author.class, author.why)
    }

    #[test]
    fn owners_are_known_by_the_policy_by_code_owners_and_by_exported_teams() {
        let team = r#"{"acme/core": ["alice"]}"#;
        for (policy, code_owners, teams) in [
            (vec!["@alice"], None, "{}"),
            (vec![], Some("src/ @alice\n"), "{}"),
            (vec!["@acme/core"], None, team),
            (vec![], Some("* @acme/other\nsrc/ @acme/core\n"), team),
        ] {
            let found = class("alice", &policy, code_owners, teams, Ok("read"));
            assert_eq!(found.0, AuthorClass::Owner, "{policy:?} {code_owners:?}");
        }
        // Who may write and is no owner is external: a permission is not a team.
        assert_eq!(class("bob", &["@alice"], None, "{}", Ok("write")).0, AuthorClass::External);
        let (found, why) = class("bob", &["@acme/core"], Some("docs/ @bob\n"), team, Ok("read"));
        assert_eq!(
            (found, why.as_str()),
            (AuthorClass::External, "permission=read; not in owners, owns no changed path")
        );
    }

    #[test]
    fn without_owners_the_permission_decides_and_without_both_nobody_knows() {
        assert_eq!(class("bob", &[], None, "{}", Ok("write")).0, AuthorClass::Owner);
        assert_eq!(class("bob", &[], None, "{}", Ok("read")).0, AuthorClass::External);
        let (found, why) = class("bob", &[], None, "{}", Err("GitHub answered 403"));
        assert_eq!(found, AuthorClass::NoOwners);
        assert_eq!(why, "permission unknown: GitHub answered 403; no owners are named");
        assert_eq!(class("ci[bot]", &["@alice"], None, "{}", Ok("write")).0, AuthorClass::Bot);
    }

    #[test]
    fn a_team_that_nobody_exported_leaves_open_who_may_write_alone() {
        assert_eq!(class("bob", &["@acme/core"], None, "{}", Ok("write")).0, AuthorClass::UnknownIdentity);
        assert_eq!(class("bob", &["@acme/core"], None, "{}", Ok("none")).0, AuthorClass::External);
        assert_eq!(class("bob", &["@acme/core"], None, "{}", Err("x")).0, AuthorClass::UnknownIdentity);
    }
}
