//! What owners are called, and the members of their teams.

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

    /// True if a team holds a login, itself or through a team that is a member of it.
    pub fn holds(&self, team: &str, login: &str) -> bool {
        let mut open = vec![team.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(team) = open.pop() {
            if !seen.insert(team.clone()) {
                continue;
            }
            for member in self.members(&team).unwrap_or_default() {
                match member {
                    Handle::Login(known) if known == login => return true,
                    Handle::Team(team) => open.push(team.clone()),
                    Handle::Login(_) | Handle::Email(_) => {}
                }
            }
        }
        false
    }

    /// The login that the export gives for an address.
    pub fn login_of(&self, email: &str) -> Option<&str> {
        self.logins.get(email).map(String::as_str)
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

    #[test]
    fn an_owner_is_a_login_an_address_or_a_team() {
        assert_eq!(Handle::parse("@Alice"), Some(Handle::Login("alice".into())));
        assert_eq!(Handle::parse("alice"), Some(Handle::Login("alice".into())));
        assert_eq!(Handle::parse("A@Example.com"), Some(Handle::Email("a@example.com".into())));
        assert_eq!(Handle::parse("@acme/Core"), Some(Handle::Team("acme/core".into())));
        assert_eq!(Handle::parse("@"), None);
    }

    #[test]
    fn a_team_holds_the_members_of_its_teams_and_goes_round_in_no_circle() {
        let text = r#"{"acme/all": ["@acme/sec"], "acme/sec": ["alice", "@acme/all"]}"#;
        let teams = Teams::parse(text, "teams.json").unwrap();
        assert!(teams.holds("acme/all", "alice") && !teams.holds("acme/all", "bob"));
        assert!(!teams.holds("acme/other", "alice"));
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
