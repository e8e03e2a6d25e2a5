//! How the client reaches a server: through a proxy, past it, and with an authority of the server's own.

use super::REPOSITORY;
use super::tests::wait;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tollgate::io::ci::Environment;
use tollgate::io::github::{Api, Client, Network, RequestError};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

/// Takes one connection after the other, says what came first on each, and hangs up.
fn proxy() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut bytes = [0; 2_000];
            let count = stream.unwrap().read(&mut bytes).unwrap_or(0);
            if say.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    (port, heard)
}

/// Sends a write, which is tried once, to a server that does not exist.
fn send(variables: &[(&str, &str)]) -> RequestError {
    let network = Network::new(&environment(variables)).unwrap();
    wait(async {
        let api = Api::new("https://api.github.invalid").unwrap();
        let client = Client::new(api, "ghs_secret", &network).unwrap();
        client.create_comment(REPOSITORY, 7, "hello").await.unwrap_err()
    })
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_and_hears_no_token() {
    let (port, heard) = proxy();
    let error = send(&[("HTTPS_PROXY", &format!("http://user:pw@127.0.0.1:{port}"))]);
    assert!(matches!(error, RequestError::Unreachable(_)), "{error}");
    let said = heard.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(said.starts_with("CONNECT api.github.invalid:443 HTTP/1.1"), "{said}");
    assert!(said.to_lowercase().contains("proxy-authorization: basic dxnlcjpwdw=="), "{said}");
    assert!(!said.contains("ghs_secret"), "{said}");
}

#[test]
fn a_host_that_no_proxy_names_is_reached_without_it() {
    let (port, heard) = proxy();
    let proxy = format!("http://127.0.0.1:{port}");
    send(&[("https_proxy", &proxy), ("no_proxy", "localhost,.github.invalid")]);
    assert!(heard.recv_timeout(Duration::from_millis(100)).is_err());
}

#[test]
fn a_proxy_or_file_of_certificates_that_cannot_be_used_is_a_coded_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for (name, value) in [
        ("HTTPS_PROXY", "socks5://user:s3cr3t@127.0.0.1:1"),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem"),
        ("SSL_CERT_FILE", empty.to_str().unwrap()),
    ] {
        let error = Network::new(&environment(&[(name, value)])).unwrap_err();
        assert_eq!(error.code.id(), "bad-input");
        assert!(!error.message.raw().contains("s3cr3t"), "{}", error.message.raw());
    }
}

/// A server with a certificate for `localhost`; it answers every request with a branch.
fn server() -> u16 {
    let pem = include_bytes!("keys/server.pem");
    let certificate = CertificateDer::from_pem_slice(pem).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut bytes = [0; 4_000];
            // A client that does not trust the certificate goes away.
            if stream.read(&mut bytes).is_ok_and(|count| count > 0) {
                let body = r#"{"name": "main", "commit": {"sha": "abc"}}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                drop(stream.write_all(format!("{head}{body}").as_bytes()).and_then(|()| stream.flush()));
            }
        }
    });
    port
}

#[test]
fn a_server_with_its_own_authority_is_trusted_by_a_file_of_certificates_and_not_without() {
    let api = Api::new(&format!("https://localhost:{}/api/v3", server())).unwrap();
    let tip = |network: Network| {
        let api = api.clone();
        wait(
            async move { Client::new(api, "ghs_secret", &network).unwrap().branch_tip(REPOSITORY, "main").await },
        )
    };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/github/keys/authority.pem");
    let trusting = Network::new(&environment(&[("SSL_CERT_FILE", file)])).unwrap();
    assert_eq!(tip(trusting), Ok(Some("abc".to_owned())));
    assert!(matches!(tip(Network::direct()), Err(RequestError::Unreachable(_))));
}

#[test]
fn the_program_goes_where_it_is_told_also_for_data_residency_and_enterprise_server() {
    for (address, host) in [
        ("https://api.acme.ghe.com", "api.acme.ghe.com"),
        ("https://ghe.example.invalid/api/v3", "ghe.example.invalid"),
    ] {
        let (port, heard) = proxy();
        let proxy = format!("http://127.0.0.1:{port}");
        let environment =
            [("HTTPS_PROXY", proxy.as_str()), ("GITHUB_API_URL", address), ("GITHUB_TOKEN", "ghs_secret")];
        let run = crate::program::Place::new()
            .tollgate_with(&["publish", "--repository", REPOSITORY, "--run", "7"], &environment);
        let run = run.exits(4).says("GitHub could not be reached");
        assert!(!run.all().contains("ghs_secret"));
        let said = heard.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(said.starts_with(&format!("CONNECT {host}:443 HTTP/1.1")), "{said}");
    }
}
