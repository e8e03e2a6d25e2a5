//! Who is the same person, and what owners are called.
//!
//! History knows names and e-mail addresses; policies and CODEOWNERS know logins and teams. Between the two
//! stand `.mailmap`, the addresses that GitHub and GitLab give out (`123+login@users.noreply.github.com`), and an
//! exported `teams.json`. What they leave open stays open: such an author is *unknown*, not external.

use crate::model::Teams;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one author, under all names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Addresses at which a person can be reached, in lower case; not those that a forge gives out.
    pub emails: BTreeSet<String>,
    /// Logins, in lower case.
    pub logins: BTreeSet<String>,
    /// True for a program.
    pub is_bot: bool,
}

/// One name and address of a commit, after `.mailmap` and before it.
#[derive(Clone, Copy, Debug)]
pub struct Mailbox<'a> {
    /// The name that `.mailmap` gives.
    pub name: &'a str,
    /// The address that `.mailmap` gives.
    pub email: &'a str,
    /// The address in the commit.
    pub written_email: &'a str,
}

/// All authors of a history. Two addresses belong to one person where `.mailmap` says so.
#[derive(Clone, Debug, Default)]
pub struct People {
    people: Vec<Person>,
    by_email: BTreeMap<String, usize>,
    bots: BTreeSet<String>,
}

impl People {
    /// Nobody yet; `bots` are logins, names or addresses of programs beside those that call themselves `[bot]`.
    pub fn new<S: AsRef<str>>(bots: impl IntoIterator<Item = S>) -> Self {
        let bots = bots.into_iter().map(|bot| bot.as_ref().trim_start_matches('@').to_lowercase());
        Self { bots: bots.collect(), ..Self::default() }
    }

    /// The place of the author with this mailbox, which is learned from.
    pub fn learn(&mut self, mailbox: Mailbox<'_>) -> usize {
        let key = mailbox.email.trim().to_lowercase();
        let place = *self.by_email.entry(key).or_insert_with(|| {
            self.people.push(Person::default());
            self.people.len() - 1
        });
        let Some(person) = self.people.get_mut(place) else { return place };
        let name = mailbox.name.trim();
        let mut called = vec![name.to_lowercase()];
        for email in [mailbox.email, mailbox.written_email] {
            let email = email.trim().to_lowercase();
            called.push(email.clone());
            match forge_login(&email) {
                Some(login) => {
                    called.push(login.clone());
                    person.logins.insert(login);
                }
                None if email.contains('@') => {
                    person.emails.insert(email);
                }
                None => {}
            }
        }
        if is_login(name) {
            person.logins.insert(name.to_owned());
        }
        person.is_bot |= called.iter().any(|name| name.ends_with("[bot]") || self.bots.contains(name));
        place
    }

    /// Takes the addresses of one line of `.mailmap`, of which the first is the proper one.
    pub fn link(&mut self, emails: &[&str]) {
        let Some((proper, others)) = emails.split_first() else { return };
        for other in others {
            self.learn(Mailbox { name: "", email: proper, written_email: other });
        }
    }

    /// Adds the logins that `teams.json` gives for addresses.
    pub fn learn_logins(&mut self, teams: &Teams) {
        for person in &mut self.people {
            let known = person.emails.iter().filter_map(|email| teams.login_of(email));
            person.logins.extend(known.map(str::to_owned).collect::<Vec<_>>());
        }
    }

    /// True if the login is one of a program.
    pub fn is_bot_login(&self, login: &str) -> bool {
        let login = login.to_lowercase();
        login.ends_with("[bot]") || self.bots.contains(&login)
    }

    /// The person at a place that [`People::learn`] gave.
    pub fn get(&self, place: usize) -> Option<&Person> {
        self.people.get(place)
    }
}

/// The login in an address that a forge gives out (docs.github.com, "Setting your commit email address";
/// GitLab's "private commit email").
fn forge_login(email: &str) -> Option<String> {
    let (local, domain) = email.rsplit_once('@')?;
    if !domain.starts_with("users.noreply.") {
        return None;
    }
    // GitHub: 123+login; GitLab: 123-login; both: login alone on old accounts.
    let number_end = local.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let login = match local.get(number_end..) {
        Some(rest) if number_end > 0 && rest.starts_with(['+', '-']) => rest.get(1..).unwrap_or_default(),
        _ => local,
    };
    (!login.is_empty()).then(|| login.to_owned())
}

/// True for a name that is a login and no name of a person: lower case, without spaces.
fn is_login(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.len() <= 39 && !name.starts_with('-') && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox<'a>(name: &'a str, email: &'a str, written_email: &'a str) -> Mailbox<'a> {
        Mailbox { name, email, written_email }
    }

    #[test]
    fn an_address_of_the_forge_is_a_login() {
        for (email, login) in [
            ("123+Alice@users.noreply.github.com", Some("alice")),
            ("alice@users.noreply.github.com", Some("alice")),
            ("7-bob@users.noreply.gitlab.com", Some("bob")),
            ("1+dependabot[bot]@users.noreply.github.com", Some("dependabot[bot]")),
            ("alice@example.com", None),
            ("noreply@github.com", None),
        ] {
            assert_eq!(forge_login(&email.to_lowercase()).as_deref(), login, "{email}");
        }
    }

    #[test]
    fn two_addresses_are_one_person_where_mailmap_says_so() {
        let mut people = People::new(["ci-helper"]);
        let one = people.learn(mailbox("Alice A", "alice@new.example", "alice@old.example"));
        let two = people.learn(mailbox("Alice A", "alice@new.example", "1+alice@users.noreply.github.com"));
        assert_eq!(one, two);
        let person = people.get(one).unwrap();
        assert_eq!(person.logins, ["alice".to_owned()].into());
        assert_eq!(person.emails.len(), 2);
        let other = people.learn(mailbox("Alice A", "alice@elsewhere.example", "alice@elsewhere.example"));
        assert_ne!(other, one, "the same name is not the same person");
        let bot = people.learn(mailbox("ci-helper", "ci@example.com", "ci@example.com"));
        assert!(people.get(bot).unwrap().is_bot && !person_is_bot(&people, one));
    }

    fn person_is_bot(people: &People, place: usize) -> bool {
        people.get(place).unwrap().is_bot
    }
}
