//! What the operator decides: a file of settings, and the environment above it. Secrets come from files or from the
//! environment, and are never printed.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::actions::trusted_root_file;
use crate::io::attestation::Authorities;
use crate::io::beneath::read_named;
use crate::io::ci::Environment;
use crate::io::github::{Api, AppKey};
use crate::policy::{Globs, flat_settings};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Every setting, its default and what it means, in the order of the documentation. In the environment `app-id` is
/// `TOLLGATE_APP_ID`.
pub const SETTINGS: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:8080", "address and port; TLS is the business of a proxy before it"),
    ("public-url", "", "where people reach the pages: https://tollgate.example.com"),
    ("data", "", "folder of the embedded store (SQLite)"),
    ("database", "", "postgres://user@host/name, for more than one replica; instead of `data`"),
    ("database-password-file", "", "file with the password of the database"),
    ("github-api-url", "https://api.github.com", "https://HOST/api/v3 for GitHub Enterprise Server"),
    ("app-id", "", "the App's number"),
    ("private-key-file", "", "file with the App's private key"),
    ("webhook-secret-file", "", "file with the hook's secret; a list of two while one replaces the other"),
    ("artifacts", "tollgate-reports-*", "names of the artifacts that hold reports"),
    ("workers", "4", "commits that are judged at once"),
    ("per-repository", "2", "of these, commits of one repository"),
    ("deadline-hours", "6", "how long a check waits for reports"),
    (
        "policy-copy-hours",
        "24",
        "how old a copy of the organisation's policy may be that judges while GitHub does not answer; 0 uses none",
    ),
    ("keep-evidence-days", "7", "how long what was judged is kept for `--replay`; 0 keeps nothing"),
    ("keep-records-days", "", "how long verdicts are kept, 30 or more; without it they are kept without end"),
    (
        "trusted-root",
        "",
        "file with whose signatures make evidence attested (grade A), as `gh attestation trusted-root` prints it; without \
         it Sigstore's public instance and GitHub's own",
    ),
    ("log", "json", "`json` or `text`"),
    ("public-read", "false", "`true` shows the pages to everybody"),
    ("client-id", "", "the App's client id, for signing in to the pages"),
    ("client-secret-file", "", "file with the App's client secret"),
];

/// Secrets that may stand in the environment themselves, where a platform hands them over so.
const SECRETS: [(&str, &str); 4] = [
    ("private-key-file", "TOLLGATE_PRIVATE_KEY"),
    ("webhook-secret-file", "TOLLGATE_WEBHOOK_SECRET"),
    ("client-secret-file", "TOLLGATE_CLIENT_SECRET"),
    ("database-password-file", "TOLLGATE_DATABASE_PASSWORD"),
];

/// Settings that take several values; in the environment commas stand between them.
const LISTS: [&str; 2] = ["webhook-secret-file", "artifacts"];

/// A shorter secret of the hook can be guessed.
const MIN_SECRET: usize = 16;

/// The largest file of a secret.
const MAX_SECRET: u64 = 64 << 10;

/// Where the store is.
#[derive(Clone)]
pub enum StorePlace {
    /// SQLite in a folder.
    Folder(PathBuf),
    /// PostgreSQL, with the password if it stands apart.
    Database(String, Option<SecretString>),
}

// An address may hold a password.
impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Database(..) => f.write_str("a database"),
        }
    }
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// All settings.
#[derive(Debug)]
pub struct Configuration {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where people reach the pages, without a slash at its end.
    pub public_url: Option<String>,
    /// Where the store is.
    pub store: StorePlace,
    /// GitHub's API.
    pub api: Api,
    /// The App.
    pub app: Arc<AppKey>,
    /// What signs webhooks, newest first.
    pub webhook_secrets: Vec<SecretString>,
    /// Names of the artifacts that hold reports.
    pub artifacts: Globs,
    /// Commits that are judged at once.
    pub workers: u32,
    /// Of these, commits of one repository.
    pub per_repository: u32,
    /// How long a check waits for reports.
    pub deadline: Duration,
    /// How old a copy of the organisation's policy may be; zero uses none.
    pub oldest_policy: Duration,
    /// How long evidence is kept.
    pub keep_evidence: Duration,
    /// For how many days verdicts are kept; `None` keeps them without end.
    pub keep_records: Option<u32>,
    /// Whose signatures make evidence attested; `None` for those that are built in.
    pub authorities: Option<Arc<Authorities>>,
    /// How the log looks.
    pub log: LogStyle,
    /// Whether everybody may read the pages.
    pub public_read: bool,
    /// The App's client id and secret, for signing in.
    pub sign_in: Option<(String, SecretString)>,
}

impl Configuration {
    /// Reads the file, if there is one, the environment above it, and what stands `above` both.
    ///
    /// # Errors
    /// Everything that is wrong with it. No secret stands in an error.
    pub fn read(
        file: Option<&Path>,
        environment: &Environment,
        above: &[(&str, &str)],
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut said = Said::read(file, environment, above)?;
        let store = said.store();
        let app = said.app();
        let webhook_secrets = said.webhook_secrets();
        let configuration = (|| {
            Some(Self {
                listen: said.parsed("listen", "an address with a port, such as 127.0.0.1:8080")?,
                public_url: said.public_url()?,
                api: said.api()?,
                artifacts: said.artifacts()?,
                workers: said.number("workers", 1..=64)?,
                per_repository: said.number("per-repository", 1..=64)?,
                deadline: Duration::from_secs(u64::from(said.number("deadline-hours", 1..=72)?) * 3_600),
                oldest_policy: Duration::from_secs(
                    u64::from(said.number("policy-copy-hours", 0..=720)?) * 3_600,
                ),
                keep_evidence: days(said.number("keep-evidence-days", 0..=400)?),
                keep_records: said.keep_records()?,
                authorities: said.authorities()?,
                log: said.choice("log", &[("json", LogStyle::Json), ("text", LogStyle::Text)])?,
                public_read: said.choice("public-read", &[("false", false), ("true", true)])?,
                sign_in: said.sign_in()?,
                store: store?,
                app: app?,
                webhook_secrets: webhook_secrets?,
            })
        })();
        configuration.filter(|_| said.errors.is_empty()).ok_or(said.errors)
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3_600)
}

/// What the file and the environment say, and what is wrong with it.
struct Said {
    values: BTreeMap<&'static str, (Vec<String>, Origin)>,
    secrets: BTreeMap<&'static str, SecretString>,
    errors: Vec<Diagnostic>,
}

impl Said {
    fn read(
        file: Option<&Path>,
        environment: &Environment,
        above: &[(&str, &str)],
    ) -> Result<Self, Vec<Diagnostic>> {
        let keys: Vec<&str> = SETTINGS.iter().map(|(key, ..)| *key).collect();
        let mut from_file = BTreeMap::new();
        if let Some(file) = file {
            let shown = file.display().to_string();
            let text = text_of(file).map_err(|why| vec![wrong(why, Origin::file(shown.as_str()))])?;
            for setting in flat_settings(&text, &shown, &keys)? {
                from_file.insert(setting.key, (setting.values, setting.origin));
            }
        }
        let mut values = BTreeMap::new();
        for (key, ..) in SETTINGS {
            let variable = format!("TOLLGATE_{}", key.to_uppercase().replace('-', "_"));
            let argument = above.iter().find(|(name, _)| name == key);
            let said = match argument.map(|(_, value)| *value).or_else(|| environment.get(&variable)) {
                Some(value) if LISTS.contains(key) => {
                    let values = value.split(',').map(|part| part.trim().to_owned()).collect();
                    Some((values, Origin::file(variable.as_str())))
                }
                Some(value) => Some((vec![value.to_owned()], Origin::file(variable.as_str()))),
                None => from_file.remove(*key),
            };
            if let Some(said) = said {
                values.insert(*key, said);
            }
        }
        let secrets = SECRETS
            .into_iter()
            .filter_map(|(key, variable)| Some((key, environment.get(variable)?)))
            .map(|(key, value)| (key, SecretString::from(value)))
            .collect();
        Ok(Self { values, secrets, errors: Vec::new() })
    }

    /// The text of a setting, or its default.
    fn text(&mut self, key: &'static str) -> Option<(String, Origin)> {
        match self.values.get(key) {
            Some((values, origin)) => match values.as_slice() {
                [one] => Some((one.clone(), origin.clone())),
                _ => self.refuse(format!("`{key}` wants one value"), origin.clone()),
            },
            None => {
                let default =
                    SETTINGS.iter().find(|(name, ..)| *name == key).map_or("", |(_, default, _)| *default);
                Some((default.to_owned(), Origin::file("default")))
            }
        }
    }

    fn refuse<T>(&mut self, message: String, origin: Origin) -> Option<T> {
        self.errors.push(wrong(message, origin));
        None
    }

    fn parsed<T: FromStr>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        let (text, origin) = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => self.refuse(format!("`{key}` wants {expected}, not `{text}`"), origin),
        }
    }

    fn number(&mut self, key: &'static str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let (text, origin) = self.text(key)?;
        match text.parse().ok().filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let expected = format!("a number from {} to {}", range.start(), range.end());
                self.refuse(format!("`{key}` wants {expected}, not `{text}`"), origin)
            }
        }
    }

    #[expect(clippy::option_option, reason = "the outer `None` is an error that was said")]
    fn keep_records(&mut self) -> Option<Option<u32>> {
        let (text, _) = self.text("keep-records-days")?;
        if text.is_empty() {
            return Some(None);
        }
        // The pages show thirty days.
        self.number("keep-records-days", 30..=36_500).map(Some)
    }

    #[expect(clippy::option_option, reason = "the outer `None` is an error that was said")]
    fn authorities(&mut self) -> Option<Option<Arc<Authorities>>> {
        let (file, origin) = self.text("trusted-root")?;
        if file.is_empty() {
            return Some(None);
        }
        match trusted_root_file(Path::new(&file)) {
            Ok(authorities) => Some(Some(authorities)),
            Err(error) => self.refuse(format!("`trusted-root`: {}", error.message.raw()), origin),
        }
    }

    fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let (text, origin) = self.text(key)?;
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, choice)) => Some(*choice),
            None => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                self.refuse(format!("`{key}` wants {}, not `{text}`", words.join(" or ")), origin)
            }
        }
    }

    #[expect(clippy::option_option, reason = "the outer `None` is an error that was said")]
    fn public_url(&mut self) -> Option<Option<String>> {
        let (text, origin) = self.text("public-url")?;
        if text.is_empty() {
            return Some(None);
        }
        let is_address = Api::new(&text).is_some();
        if is_address {
            return Some(Some(text.trim_end_matches('/').to_owned()));
        }
        self.refuse(format!("`public-url` wants an https:// address, not `{text}`"), origin)
    }

    fn api(&mut self) -> Option<Api> {
        let (text, origin) = self.text("github-api-url")?;
        match Api::new(&text) {
            Some(api) => Some(api),
            None => self.refuse(format!("`github-api-url` wants an https:// address, not `{text}`"), origin),
        }
    }

    fn artifacts(&mut self) -> Option<Globs> {
        let (values, origin) = match self.values.get("artifacts") {
            Some((values, origin)) => (values.clone(), origin.clone()),
            None => (vec!["tollgate-reports-*".to_owned()], Origin::default()),
        };
        match Globs::new(values.iter().map(String::as_str)) {
            Ok(globs) => Some(globs),
            Err(_) => self.refuse("`artifacts` holds what is no glob".to_owned(), origin),
        }
    }

    fn store(&mut self) -> Option<StorePlace> {
        let (data, at_data) = self.text("data")?;
        let (database, at_database) = self.text("database")?;
        match (data.is_empty(), database.is_empty()) {
            (false, true) => Some(StorePlace::Folder(PathBuf::from(data))),
            (true, false) if database.starts_with("postgres://") || database.starts_with("postgresql://") => {
                let password = self.secrets_of("database-password-file")?.into_iter().next();
                Some(StorePlace::Database(database, password))
            }
            (true, false) => self.refuse("`database` wants a postgres:// address".to_owned(), at_database),
            (true, true) => {
                self.refuse("neither `data` nor `database` says where the store is".to_owned(), at_data)
            }
            (false, false) => self.refuse("`data` and `database` exclude each other".to_owned(), at_database),
        }
    }

    fn app(&mut self) -> Option<Arc<AppKey>> {
        let (id, origin) = self.text("app-id")?;
        let Ok(id) = id.parse() else {
            return self.refuse(format!("`app-id` wants the App's number, not `{id}`"), origin);
        };
        let Some(key) = self.secrets_of("private-key-file")?.into_iter().next() else {
            return self.refuse("`private-key-file` is not set".to_owned(), Origin::default());
        };
        match AppKey::new(id, &key) {
            Ok(key) => Some(Arc::new(key)),
            Err(error) => self.refuse(error.to_string(), Origin::file("private-key-file")),
        }
    }

    fn webhook_secrets(&mut self) -> Option<Vec<SecretString>> {
        let secrets = self.secrets_of("webhook-secret-file")?;
        let short = |secret: &SecretString| secrecy::ExposeSecret::expose_secret(secret).len() < MIN_SECRET;
        if secrets.is_empty() {
            return self.refuse("`webhook-secret-file` is not set".to_owned(), Origin::default());
        }
        if secrets.len() > 2 || secrets.iter().any(short) {
            let message =
                format!("`webhook-secret-file` wants one or two secrets of at least {MIN_SECRET} characters");
            return self.refuse(message, Origin::file("webhook-secret-file"));
        }
        Some(secrets)
    }

    #[expect(clippy::option_option, reason = "the outer `None` is an error that was said")]
    fn sign_in(&mut self) -> Option<Option<(String, SecretString)>> {
        let (id, origin) = self.text("client-id")?;
        let secret = self.secrets_of("client-secret-file")?.into_iter().next();
        match (id.is_empty(), secret) {
            (true, None) => Some(None),
            (false, Some(secret)) => Some(Some((id, secret))),
            _ => self.refuse("`client-id` and `client-secret-file` belong together".to_owned(), origin),
        }
    }

    /// The secrets that the files of a setting hold; before them the one of the environment.
    fn secrets_of(&mut self, key: &'static str) -> Option<Vec<SecretString>> {
        let mut secrets: Vec<SecretString> = self.secrets.get(key).cloned().into_iter().collect();
        let (files, origin) = self.values.get(key).cloned().unwrap_or_default();
        for file in files {
            match text_of(Path::new(&file)) {
                Ok(text) => secrets.push(SecretString::from(text.trim_end_matches(['\n', '\r']))),
                Err(why) => return self.refuse(format!("the file of `{key}` {why}"), origin),
            }
        }
        Some(secrets)
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let bytes = read_named(file, MAX_SECRET).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "is no text".to_owned())
}

fn wrong(message: String, origin: Origin) -> Diagnostic {
    Diagnostic::new(Code::BadSetting, Weight::Error, message, origin)
}
