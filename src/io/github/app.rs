//! The App itself: what it may do, and where it is installed.

use super::client::{Client, RequestError};
use super::repository::Repository;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many installations are listed.
const MAX_INSTALLATIONS: usize = 20_000;

/// How many repositories of one installation are listed.
const MAX_REPOSITORIES: usize = 20_000;

/// A GitHub App.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct App {
    /// Its number.
    pub id: u64,
    /// Its name in addresses.
    #[serde(default)]
    pub slug: Option<String>,
    /// What it may do where it is installed: `checks` → `write`.
    pub permissions: BTreeMap<String, String>,
    /// The events that its hook gets.
    pub events: Vec<String>,
}

/// Where the App is installed: an account and those of its repositories that it may see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Installation {
    /// Its number.
    pub id: u64,
}

#[derive(Deserialize)]
struct Page {
    total_count: usize,
    repositories: Vec<Repository>,
}

impl Client {
    /// The App. Asked as the App.
    ///
    /// # Errors
    /// As every request; 401 for a key that is not the App's.
    pub async fn app(&self) -> Result<App, RequestError> {
        self.json("/app").await
    }

    /// The installations of the App. Asked as the App.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn installations(&self) -> Result<Vec<Installation>, RequestError> {
        self.list("/app/installations", MAX_INSTALLATIONS, |page: Vec<Installation>| (page, None)).await
    }

    /// The repositories that the installation sees. Asked as the installation.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn installation_repositories(&self) -> Result<Vec<Repository>, RequestError> {
        let items = |page: Page| (page.repositories, Some(page.total_count));
        self.list("/installation/repositories", MAX_REPOSITORIES, items).await
    }
}
