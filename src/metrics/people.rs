//! Who is the same person, and what owners are called.
//!
//! History knows names and e-mail addresses; policies and CODEOWNERS know logins and teams. Between the two
//! stand `.mailmap`, the addresses that GitHub and GitLab give out (`123+login@users.noreply.github.com`), and an
//! exported `teams.json`. What they leave open stays open: such an author is *unknown*, not external.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One owner, as a policy, CODEOWNERS or `teams.json` names it; in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handle {
    /// `@alice`, without the `@`.
    Login(String),
    /// `alice@example.com`.
    Email(String),
    /// `@acme/payments-core`, without the `@`.
    Team(String),
}

impl Handle {
    /// Reads `@alice`, `@acme/team`, `alice@example.com`, or a bare login; `None` of nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let bare = text.strip_prefix('@').unwrap_or(&text);
        if bare.is_empty() {
            return None;
        }
        Some(if bare.contains('/') {
            Self::Team(bare.to_owned())
        } else if bare.contains('@') {
            Self::Email(bare.to_owned())
        } else {
            Self::Login(bare.to_owned())
        })
    }
}

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
            let known = person.emails.iter().filter_map(|email| teams.logins.get(email));
            person.logins.extend(known.cloned().collect::<Vec<_>>());
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

/// Members of teams, exported from the organisation: no token is needed where the figures are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teams {
    members: BTreeMap<String, Vec<Handle>>,
    /// Address → login, where a member has both.
    logins: BTreeMap<String, String>,
}

impl Teams {
    /// Reads `{"acme/payments": ["alice", "bob@example.com", {"login": "carol", "emails": ["c@example.com"]}]}`.
    /// A team may be named with or without its organisation, and may be a member of another (`@acme/other`).
    ///
    /// # Errors
    /// `bad-export` when the text is no JSON or has another form. The fault is that of who made the file.
    pub fn parse(text: &str, file: &str) -> Result<Self, Box<Diagnostic>> {
        let wrong = |message: String| {
            let help = "write team → members: `{\"acme/payments\": [\"alice\", \"bob\"]}`";
            Box::new(
                Diagnostic::new(Code::BadExport, Weight::Error, message, Origin::file(file)).with_help(help),
            )
        };
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
        let Value::Object(map) = value else {
            return Err(wrong("the teams are no JSON object".to_owned()));
        };
        let mut teams = Self::default();
        for (name, members) in map {
            let Value::Array(members) = members else {
                return Err(wrong(format!("the members of `{name}` are no list")));
            };
            let mut handles = Vec::new();
            for member in &members {
                let found = teams.member(member);
                let found = found.ok_or_else(|| {
                    wrong(format!(
                        "a member of `{name}` is neither a login, an address nor an object with `login`"
                    ))
                })?;
                handles.extend(found);
            }
            teams.members.insert(team_key(&name), handles);
        }
        Ok(teams)
    }

    fn member(&mut self, value: &Value) -> Option<Vec<Handle>> {
        if let Value::String(text) = value {
            return Handle::parse(text).map(|handle| vec![handle]);
        }
        let login = value.get("login")?.as_str()?.to_lowercase();
        let mut handles = vec![Handle::Login(login.clone())];
        let one = value.get("email").filter(|email| !email.is_null());
        let many = match value.get("emails") {
            Some(Value::Array(emails)) => emails.as_slice(),
            Some(Value::Null) | None => &[],
            Some(_) => return None,
        };
        for email in one.into_iter().chain(many) {
            let email = email.as_str()?.trim().to_lowercase();
            self.logins.insert(email.clone(), login.clone());
            handles.push(Handle::Email(email));
        }
        Some(handles)
    }

    /// The members of a team; `None` if the export does not know it.
    pub fn members(&self, team: &str) -> Option<&[Handle]> {
        let slug = team.rsplit('/').next().unwrap_or(team);
        self.members.get(team).or_else(|| self.members.get(slug)).map(Vec::as_slice)
    }

    /// True if an address of this login is known.
    pub fn knows_email_of(&self, login: &str) -> bool {
        self.logins.values().any(|known| known == login)
    }
}

fn team_key(name: &str) -> String {
    name.trim().trim_start_matches('@').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox<'a>(name: &'a str, email: &'a str, written_email: &'a str) -> Mailbox<'a> {
        Mailbox { name, email, written_email }
    }

    #[test]
    fn an_owner_is_a_login_an_address_or_a_team() {
        assert_eq!(Handle::parse("@Alice"), Some(Handle::Login("alice".into())));
        assert_eq!(Handle::parse("alice"), Some(Handle::Login("alice".into())));
        assert_eq!(Handle::parse("A@Example.com"), Some(Handle::Email("a@example.com".into())));
        assert_eq!(Handle::parse("@acme/Core"), Some(Handle::Team("acme/core".into())));
        assert_eq!(Handle::parse("@"), None);
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

    #[test]
    fn teams_are_read_with_logins_addresses_and_both() {
        let text =
            r#"{"@acme/Pay": ["Alice", {"login": "bob", "emails": ["B@x.example"]}], "core": ["@acme/pay"]}"#;
        let teams = Teams::parse(text, "teams.json").unwrap();
        let members = teams.members("acme/pay").unwrap();
        assert_eq!(members.len(), 3);
        assert!(teams.members("acme/core").is_some(), "a team may be written without its organisation");
        assert_eq!(teams.members("acme/other"), None);
        assert!(teams.knows_email_of("bob") && !teams.knows_email_of("alice"));
    }

    #[test]
    fn teams_of_another_form_are_an_error() {
        for text in
            ["", "[]", r#"{"a": "b"}"#, r#"{"a": [1]}"#, r#"{"a": [{"name": "x"}]}"#, r#"{"a": [""]}"#]
        {
            let error = Teams::parse(text, "teams.json").unwrap_err();
            assert_eq!(error.code, Code::BadExport, "{text}");
        }
    }
}
