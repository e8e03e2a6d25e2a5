//! How GitHub is reached: the address of its API, a proxy on the way, and whom to trust.

use super::client::RequestError;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_named;
use crate::io::ci::Environment;
use http::Uri;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo};
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

/// The longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The largest file of certificates, in bytes; what systems ship has a quarter of it.
const MAX_CERTIFICATES: u64 = 1 << 20;

/// The address of an API that a token may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Api {
    base: String,
    is_loopback: bool,
}

impl Api {
    /// `https://api.github.com`, `https://ghe.example.com/api/v3`, `https://api.acme.ghe.com`; without TLS only
    /// on this machine. `None` for any other address.
    pub fn new(url: &str) -> Option<Self> {
        let is_loopback = is_loopback(url)?;
        let plain = url.chars().all(|c| c.is_ascii_graphic()) && !url.contains(['@', '?', '#', '\\']);
        plain.then(|| Self { base: url.trim_end_matches('/').to_owned(), is_loopback })
    }

    /// The address as it was given, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The server's pages, and who gives its runs an identity to sign with; `None` where runs have none: GitHub
    /// Enterprise Server has no artifact attestations.
    pub fn runs_identity(&self) -> Option<RunsIdentity> {
        let of = |pages: &str, issuer: String| Some(RunsIdentity { pages: pages.to_owned(), issuer });
        // What stands on this machine without the path of an Enterprise Server passes on to github.com, or is a test's.
        let passes_on = self.is_loopback && self.base.matches('/').count() == 2;
        if passes_on || self.base == "https://api.github.com" {
            return of("https://github.com", "https://token.actions.githubusercontent.com".to_owned());
        }
        let host = self.base.strip_prefix("https://api.").filter(|host| !host.contains(['/', ':']));
        let tenant = host.filter(|host| host.ends_with(".ghe.com"))?;
        of(&format!("https://{tenant}"), format!("https://token.actions.{tenant}"))
    }

    /// True if the address is this machine's.
    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The path of an address below the base; `None` for any other, which gets no token of ours.
    pub(super) fn relative<'u>(&self, url: &'u str) -> Option<&'u str> {
        url.strip_prefix(self.base.as_str()).filter(|path| path.starts_with('/'))
    }
}

/// What the runs of a server sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsIdentity {
    /// Where the server shows its pages: `https://github.com`.
    pub pages: String,
    /// Who says which run is which: `https://token.actions.githubusercontent.com`.
    pub issuer: String,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// True for this machine, false for an address with TLS, `None` for one without that is not on this machine.
pub(super) fn is_loopback(url: &str) -> Option<bool> {
    if url.starts_with("https://") {
        return Some(false);
    }
    let host = url.strip_prefix("http://")?.split(['/', ':', '?']).next()?;
    matches!(host, "localhost" | "127.0.0.1").then_some(true)
}

/// A proxy on the way to GitHub, and certificates to trust beside those of the web.
#[derive(Clone)]
pub struct Network {
    proxies: Arc<Matcher>,
    roots: Arc<RootCertStore>,
}

// An address of a proxy may hold a password.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    /// No proxy, and the roots of the web's PKI.
    pub fn direct() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self { proxies: Arc::new(Matcher::builder().build()), roots: Arc::new(roots) }
    }

    /// What the variables `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (in either case) and `SSL_CERT_FILE` say, as
    /// curl reads them. The certificates of the file are trusted beside the web's.
    ///
    /// # Errors
    /// `bad-input` for a proxy that is no `http://` address, and for a file without a certificate. The proxy's
    /// address is not shown.
    pub fn new(environment: &Environment) -> Result<Self, Box<Diagnostic>> {
        let mut network = Self::direct();
        let variable =
            |names: &[&str]| names.iter().find_map(|name| environment.get(name)).map(str::to_owned);
        if let Some(proxy) = variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
            let (scheme, _) = proxy.split_once("://").unwrap_or(("http", &proxy));
            if scheme != "http" {
                let message =
                    format!("HTTPS_PROXY begins with `{scheme}://`, and only `http://` is spoken to a proxy");
                return Err(bad(message, "HTTPS_PROXY"));
            }
            let not = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
            network.proxies = Arc::new(Matcher::builder().https(proxy).no(not).build());
        }
        if let Some(file) = variable(&["SSL_CERT_FILE"]) {
            network.roots = Arc::new(with_certificates(&network.roots, &file)?);
        }
        Ok(network)
    }

    /// TLS with the certificates that are trusted here.
    ///
    /// # Errors
    /// Never in practice: the versions of TLS are those of the library itself.
    pub fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(versions.with_root_certificates(Arc::clone(&self.roots)).with_no_client_auth())
    }

    /// A client for an address. Neither follows redirects nor repeats anything.
    pub(super) fn octocrab(&self, base: &str) -> Result<Octocrab, RequestError> {
        let unusable = |_| RequestError::Unreachable("the client cannot be made");
        let base: Uri = base.parse().map_err(|_| RequestError::Malformed("its address cannot be read"))?;
        let tls = self.tls().map_err(unusable)?;
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector { direct, proxies: Arc::clone(&self.proxies) });
        let pool: Pool<_, OctoBody> = Pool::builder(TokioExecutor::new()).build(connector);
        let agent = (USER_AGENT, HeaderValue::from_static(concat!("tollgate/", env!("CARGO_PKG_VERSION"))));
        let version =
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
        let built = OctocrabBuilder::new_empty()
            .with_service(pool)
            .with_layer(&BaseUriLayer::new(base))
            .with_layer(&ExtraHeadersLayer::new(Arc::new(vec![agent, version])))
            .with_auth(AuthState::None)
            .build();
        match built {
            Ok(octocrab) => Ok(octocrab),
            Err(never) => match never {},
        }
    }
}

fn with_certificates(roots: &RootCertStore, file: &str) -> Result<RootCertStore, Box<Diagnostic>> {
    let unusable = |why: String| bad(format!("the file of certificates cannot be used: {why}"), file);
    let bytes = read_named(Path::new(file), MAX_CERTIFICATES).map_err(|error| unusable(error.to_string()))?;
    let mut roots = roots.clone();
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(unusable("no certificate stands in it".to_owned()));
    }
    Ok(roots)
}

fn bad(message: String, place: &str) -> Box<Diagnostic> {
    let help = "correct the variable of the environment, or take it away";
    Box::new(Diagnostic::new(Code::BadInput, Weight::Error, message, Origin::file(place)).with_help(help))
}

/// Connects straight, or through the proxy.
#[derive(Clone)]
struct Connector {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Uri>::poll_ready(&mut self.direct, context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.intercept(&to) else {
            let connecting = self.direct.call(to);
            return Box::pin(async { connecting.await.map_err(Into::into) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}
