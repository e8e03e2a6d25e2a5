//! Who proposes a change, as a class and without a name.

use super::Untrusted;

/// Who an author is to the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthorClass {
    /// Of the owning team, or owner of a changed path.
    Owner,
    /// Known not to be.
    External,
    /// A program.
    Bot,
    /// May be an owner: nothing links what is known of the author to the owners.
    UnknownIdentity,
    /// Nobody was named as owner at that time.
    NoOwners,
}

impl AuthorClass {
    /// The word in a record. Both reasons not to know are `unknown`; which of them it is stands in [`Author::why`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::External => "external",
            Self::Bot => "bot",
            Self::UnknownIdentity | Self::NoOwners => "unknown",
        }
    }

    /// The class that a record names; `None` for another word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Owner, Self::External, Self::Bot, Self::UnknownIdentity]
            .into_iter()
            .find(|class| class.word() == word)
    }
}

/// Who proposes a change, as the forge tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposer {
    /// The account.
    pub login: Untrusted,
    /// True for a program.
    pub is_bot: bool,
    /// Whether the head lies in another repository, where it is known.
    pub from_fork: Option<bool>,
    /// What the account may do in the repository (`admin`, `write`, `read`, `none`), or why that is not known.
    pub permission: Result<String, String>,
}

/// Class of the author of a change, and the signals that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The class.
    pub class: AuthorClass,
    /// The signals, without a name: `permission=read; not in owners`.
    pub why: String,
}
