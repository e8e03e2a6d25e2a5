//! Signing in with GitHub (the App's own OAuth), and what the account may read.

use super::client::{Client, RequestError, part};
use super::{Api, Identity, Network};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The longest lists that are taken.
const MAX_INSTALLATIONS: usize = 1_000;
const MAX_REPOSITORIES: usize = 50_000;

/// The App as somebody who signs in sees it.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// GitHub's API.
    pub api: Api,
    /// How GitHub is reached.
    pub network: Network,
    /// The App's client id.
    pub client_id: String,
    /// The App's client secret.
    pub client_secret: SecretString,
    /// Where GitHub sends people back to.
    pub redirect: String,
}

#[derive(Serialize)]
struct Exchange<'e> {
    client_id: &'e str,
    client_secret: &'e str,
    code: &'e str,
    redirect_uri: &'e str,
    code_verifier: &'e str,
}

#[derive(Deserialize)]
struct Exchanged {
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Serialize)]
struct Revoked<'r> {
    access_token: &'r str,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Installations {
    total_count: usize,
    installations: Vec<Installation>,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct Repositories {
    total_count: usize,
    repositories: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

impl SignIn {
    /// Where people sign in: the web address that belongs to the API's.
    fn web(&self) -> String {
        let base = self.api.base();
        match base.strip_prefix("https://api.") {
            Some(host) => format!("https://{host}"),
            None => base.strip_suffix("/api/v3").unwrap_or(base).to_owned(),
        }
    }

    /// Where somebody is sent to sign in. `challenge` is the SHA-256 of a secret of this attempt (RFC 7636).
    pub fn address(&self, state: &str, challenge: &str) -> String {
        format!(
            "{}/login/oauth/authorize?client_id={}&redirect_uri={}&state={}&code_challenge={}&code_challenge_method=S256",
            self.web(),
            part(&self.client_id),
            part(&self.redirect),
            part(state),
            part(challenge)
        )
    }

    /// The account's token for the code with which GitHub sent it back; `None` if the code is not, or no longer, good.
    ///
    /// # Errors
    /// As every request.
    pub async fn exchange(&self, code: &str, verifier: &str) -> Result<Option<SecretString>, RequestError> {
        let web = Api::new(&self.web()).ok_or(RequestError::Malformed("its address cannot be read"))?;
        let client = Client::new(web, Identity::nobody(), &self.network)?;
        let said = Exchange {
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
            code,
            redirect_uri: &self.redirect,
            code_verifier: verifier,
        };
        let exchanged: Exchanged = client.write_plain("/login/oauth/access_token", &said).await?;
        Ok(exchanged.access_token.map(SecretString::from))
    }

    /// Takes a token back, so that nobody can use it any more. A token that has ended already is taken back, too.
    ///
    /// # Errors
    /// As every request; the token may then still be good.
    pub async fn revoke(&self, token: &SecretString) -> Result<(), RequestError> {
        let client = Client::new(self.api.clone(), Identity::nobody(), &self.network)?;
        let path = format!("/applications/{}/token", part(&self.client_id));
        let said = Revoked { access_token: token.expose_secret() };
        match client.delete_as_owner(&path, (&self.client_id, &self.client_secret), &said).await {
            // GitHub does not know the token any more.
            Ok(()) | Err(RequestError::Status(404)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The account of a token.
    ///
    /// # Errors
    /// As every request.
    pub async fn login(&self, token: &SecretString) -> Result<String, RequestError> {
        let account: Account = self.as_account(token)?.json("/user").await?;
        Ok(account.login)
    }

    /// The repositories that the account may read and the App is installed in, in lower case.
    ///
    /// # Errors
    /// As every request: a list that is not whole is none.
    pub async fn readable(&self, token: &SecretString) -> Result<BTreeSet<String>, RequestError> {
        let client = self.as_account(token)?;
        let page = |page: Installations| (page.installations, Some(page.total_count));
        let installations = client.list("/user/installations", MAX_INSTALLATIONS, page).await?;
        let mut readable = BTreeSet::new();
        for Installation { id } in installations {
            let path = format!("/user/installations/{id}/repositories");
            let page = |page: Repositories| (page.repositories, Some(page.total_count));
            let repositories = client.list(&path, MAX_REPOSITORIES, page).await?;
            readable.extend(repositories.into_iter().map(|named: Named| named.full_name.to_lowercase()));
        }
        Ok(readable)
    }

    fn as_account(&self, token: &SecretString) -> Result<Client, RequestError> {
        // Whoever waits for a page does not wait for a rate limit.
        let client = Client::new(self.api.clone(), token, &self.network)?;
        Ok(client.with_patience(std::time::Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_sign_in_at_the_web_address_of_their_github() {
        for (api, web) in [
            ("https://api.github.com", "https://github.com"),
            ("https://api.acme.ghe.com", "https://acme.ghe.com"),
            ("https://ghe.example.com/api/v3", "https://ghe.example.com"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ] {
            let sign_in = SignIn {
                api: Api::new(api).unwrap(),
                network: Network::direct(),
                client_id: "Iv1.a b".to_owned(),
                client_secret: SecretString::from("secret"),
                redirect: "https://gate.example.com/signed-in".to_owned(),
            };
            let address = sign_in.address("s&t", "c");
            assert_eq!(
                address,
                format!(
                    "{web}/login/oauth/authorize?client_id=Iv1.a%20b&redirect_uri=https%3A%2F%2Fgate.example.com%2Fsigned-in\
                     &state=s%26t&code_challenge=c&code_challenge_method=S256"
                )
            );
            assert!(!format!("{sign_in:?}").contains("secret\""));
        }
    }
}
