//! Whether an author owns what a change touches, by the sources that were in force.

use super::{CodeOwners, Handle, Person, Teams};
use crate::model::AuthorClass;
use std::rc::Rc;

/// The owners at one moment of the history.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// `owners:` of the policy: they own the whole repository.
    pub policy: Vec<Handle>,
    /// CODEOWNERS, if there was one.
    pub code_owners: Option<Rc<CodeOwners>>,
}

/// What can be said of an author without looking at the changed paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This, whatever the paths are.
    Decided(AuthorClass),
    /// The changed paths decide.
    ByPaths,
}

impl Owners {
    /// What can be said without paths. With no source at all nobody can be told from an owner.
    pub fn standing(&self, person: &Person, teams: &Teams) -> Standing {
        if person.is_bot {
            return Standing::Decided(AuthorClass::Bot);
        }
        match &self.code_owners {
            None if self.policy.is_empty() => Standing::Decided(AuthorClass::NoOwners),
            None => Standing::Decided(class_among(self.policy.iter(), person, teams)),
            Some(file) => match file.same_for_all() {
                Some(owners) => {
                    let all = self.policy.iter().chain(owners);
                    Standing::Decided(class_among(all, person, teams))
                }
                None if class_among(self.policy.iter(), person, teams) == AuthorClass::Owner => {
                    Standing::Decided(AuthorClass::Owner)
                }
                None => Standing::ByPaths,
            },
        }
    }

    /// The class of the author of a change to these paths: an owner owns at least one of them.
    pub fn class_by_paths<'p>(
        &self,
        person: &Person,
        teams: &Teams,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> AuthorClass {
        let mut class = class_among(self.policy.iter(), person, teams);
        for path in paths {
            if class == AuthorClass::Owner {
                break;
            }
            let owners = self.code_owners.iter().flat_map(|file| file.owners_of(path));
            class = match class_among(owners, person, teams) {
                AuthorClass::External => class,
                other => other,
            };
        }
        class
    }
}

/// `Owner` if one of the handles is the person, `UnknownIdentity` if one may be, else `External`.
fn class_among<'h>(handles: impl Iterator<Item = &'h Handle>, person: &Person, teams: &Teams) -> AuthorClass {
    let mut class = AuthorClass::External;
    for handle in handles {
        match is_person(handle, person, teams, 0) {
            Some(true) => return AuthorClass::Owner,
            Some(false) => {}
            None => class = AuthorClass::UnknownIdentity,
        }
    }
    class
}

/// Teams of teams are followed so far.
const MOST_DEPTH: usize = 8;

/// True or false where it is known; `None` where a login stands against an address, or a team's members are not
/// known.
fn is_person(handle: &Handle, person: &Person, teams: &Teams, depth: usize) -> Option<bool> {
    match handle {
        Handle::Login(login) if person.logins.contains(login) => Some(true),
        Handle::Login(login) => {
            let comparable =
                !person.logins.is_empty() || (teams.knows_email_of(login) && !person.emails.is_empty());
            comparable.then_some(false)
        }
        Handle::Email(email) if person.emails.contains(email) => Some(true),
        Handle::Email(_) => (!person.emails.is_empty()).then_some(false),
        Handle::Team(_) if depth == MOST_DEPTH => None,
        Handle::Team(team) => {
            let mut known = Some(false);
            for member in teams.members(team)? {
                match is_person(member, person, teams, depth + 1) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => known = None,
                }
            }
            known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Mailbox, People};

    fn person(name: &str, email: &str) -> Person {
        let mut people = People::new::<&str>([]);
        let place = people.learn(Mailbox { name, email, written_email: email });
        people.get(place).unwrap().clone()
    }

    fn owners(policy: &[&str], code_owners: Option<&str>) -> Owners {
        Owners {
            policy: policy.iter().filter_map(|text| Handle::parse(text)).collect(),
            code_owners: code_owners.map(|text| Rc::new(CodeOwners::parse(text).unwrap())),
        }
    }

    fn standing(owners: &Owners, person: &Person, teams: &str) -> Standing {
        owners.standing(person, &Teams::parse(teams, "teams.json").unwrap())
    }

    #[test]
    fn an_owner_is_found_through_a_team_a_login_or_an_address() {
        let by_login = person("Alice A", "1+alice@users.noreply.github.com");
        let by_email = person("Alice A", "alice@example.com");
        let team = r#"{"acme/core": ["alice"], "acme/all": ["@acme/core"]}"#;
        let owner = Standing::Decided(AuthorClass::Owner);
        assert_eq!(standing(&owners(&["@alice"], None), &by_login, "{}"), owner);
        assert_eq!(standing(&owners(&["@acme/core"], None), &by_login, team), owner);
        assert_eq!(standing(&owners(&["@acme/all"], None), &by_login, team), owner);
        assert_eq!(standing(&owners(&["alice@example.com"], None), &by_email, "{}"), owner);
    }

    #[test]
    fn a_login_against_an_address_proves_nothing() {
        let carol = person("Carol C", "carol@example.com");
        let unknown = Standing::Decided(AuthorClass::UnknownIdentity);
        assert_eq!(standing(&owners(&["@alice"], None), &carol, "{}"), unknown);
        assert_eq!(standing(&owners(&["@acme/core"], None), &carol, "{}"), unknown, "members are not known");
        let teams = r#"{"acme/core": [{"login": "alice", "emails": ["alice@example.com"]}]}"#;
        assert_eq!(
            standing(&owners(&["@acme/core"], None), &carol, teams),
            Standing::Decided(AuthorClass::External)
        );
        let login = person("carol", "carol@example.com");
        assert_eq!(
            standing(&owners(&["@alice"], None), &login, "{}"),
            Standing::Decided(AuthorClass::External)
        );
    }

    #[test]
    fn without_any_source_nobody_is_external() {
        let carol = person("carol", "carol@example.com");
        assert_eq!(standing(&owners(&[], None), &carol, "{}"), Standing::Decided(AuthorClass::NoOwners));
    }

    #[test]
    fn in_a_monorepo_the_changed_paths_decide() {
        let owners = owners(&[], Some("/pay/ @acme/pay\n/web/ @acme/web\n"));
        let teams = Teams::parse(r#"{"acme/pay": ["alice"], "acme/web": ["bob"]}"#, "t").unwrap();
        let alice = person("alice", "alice@example.com");
        assert_eq!(owners.standing(&alice, &teams), Standing::ByPaths);
        assert_eq!(owners.class_by_paths(&alice, &teams, ["web/a", "pay/b"]), AuthorClass::Owner);
        assert_eq!(owners.class_by_paths(&alice, &teams, ["web/a"]), AuthorClass::External);
        assert_eq!(owners.class_by_paths(&alice, &teams, ["LICENSE"]), AuthorClass::External);
    }
}
