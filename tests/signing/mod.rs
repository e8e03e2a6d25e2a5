//! A Sigstore of the tests' own: authorities that give out certificates for runs of GitHub Actions, and bundles that are
//! signed with them. Everything is made here, as DER and JSON, and none of it by the code that verifies it.
//!
//! - certificates: RFC 5280, with the extensions of Fulcio (`oid-info.md` of sigstore/fulcio), and RFC 6962 3.2 for what
//!   their log signs;
//! - time stamps: RFC 3161, in the signed data of RFC 5652;
//! - the log of signatures: an entry of Rekor's type `dsse` 0.0.1, its promise, and a checkpoint of a tree with one leaf
//!   (RFC 6962 2.1; C2SP `signed-note`).

mod der;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{
    EC_PUBLIC_KEY, P256, bits, boolean, context, generalized_time, integer, name, object, octets, sequence,
    set, utc_time, utf8, wrapped,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// 2026-03-01T12:00:00Z: when everything is signed, unless a test says otherwise.
pub(crate) const SIGNED_AT: u64 = 1_772_366_400;

/// A certificate is valid for ten minutes, as Fulcio's.
const VALID_FOR: u64 = 600;

/// What a run of GitHub Actions gets into its certificate, and what it states.
#[derive(Clone)]
pub(crate) struct Attested {
    pub(crate) issuer: String,
    pub(crate) repository_id: String,
    pub(crate) commit: String,
    pub(crate) workflow: String,
    pub(crate) run: String,
    pub(crate) trigger: String,
    pub(crate) predicate_type: String,
    /// When the time stamp says that it was signed; the certificate is always of [`SIGNED_AT`].
    pub(crate) stamped_at: u64,
}

impl Attested {
    /// Of a pull request's run of `.github/workflows/ci.yml` on github.com.
    pub(crate) fn new(repository: &str, id: u64, run: u64, attempt: u64, commit: &str) -> Self {
        let at = format!("https://github.com/{repository}");
        Self {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            repository_id: id.to_string(),
            commit: commit.to_owned(),
            workflow: format!("{at}/.github/workflows/ci.yml@refs/pull/1/merge"),
            run: format!("{at}/actions/runs/{run}/attempts/{attempt}"),
            trigger: "pull_request".to_owned(),
            predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
            stamped_at: SIGNED_AT + 60,
        }
    }
}

/// Which of the two instances it is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Like {
    /// Sigstore's public one: every certificate and every signature is in a log, which also vouches for the time.
    Public,
    /// GitHub's own: no log, and a timestamp authority.
    Private,
}

/// Its keys, which are new each time.
pub(crate) struct Authority {
    like: Like,
    root: Key,
    stamper: Key,
    certificates: Key,
    signatures: Key,
}

impl Authority {
    pub(crate) fn new(like: Like) -> Self {
        Self { like, root: Key::new(), stamper: Key::new(), certificates: Key::new(), signatures: Key::new() }
    }

    /// Its keys as `gh attestation trusted-root` would print them: one line.
    pub(crate) fn trusted_root(&self) -> String {
        let root = self.root_certificate();
        let chain = |certificates: &[Vec<u8>]| {
            let certificates: Vec<Value> =
                certificates.iter().map(|der| json!({ "rawBytes": STANDARD.encode(der) })).collect();
            json!({ "certificates": certificates })
        };
        let valid = json!({ "start": "2026-01-01T00:00:00Z" });
        let log = |key: &Key, at: &str| {
            json!([{
                "baseUrl": at,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(key.public()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid.clone(),
                },
                "logId": { "keyId": STANDARD.encode(Sha256::digest(key.public())) },
            }])
        };
        let mut all = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "certificateAuthorities": [{
                "subject": { "organization": "Tollgate", "commonName": "root" },
                "uri": "https://fulcio.example",
                "certChain": chain(std::slice::from_ref(&root)),
                "validFor": valid.clone(),
            }],
        });
        match self.like {
            Like::Public => {
                all["tlogs"] = log(&self.signatures, "https://rekor.example");
                all["ctlogs"] = log(&self.certificates, "https://ctfe.example");
            }
            Like::Private => {
                let stamper = self.stamper_certificate();
                all["timestampAuthorities"] = json!([{
                    "subject": { "organization": "Tollgate", "commonName": "stamper" },
                    "certChain": chain(&[stamper, root]),
                    "validFor": valid,
                }]);
            }
        }
        all.to_string()
    }

    /// A bundle for an artifact with this SHA-256.
    pub(crate) fn attest(&self, of: &Attested, digest: &[u8]) -> Value {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "reports.zip", "digest": { "sha256": hex } }],
            "predicateType": of.predicate_type,
            "predicate": { "buildDefinition": { "buildType": "https://actions.github.io/buildtypes/workflow/v1" } },
        });
        self.sign(of, &statement)
    }

    /// A bundle for any statement.
    pub(crate) fn sign(&self, of: &Attested, statement: &Value) -> Value {
        const TYPE: &str = "application/vnd.in-toto+json";
        let key = Key::new();
        let certificate = self.leaf(of, &key);
        let payload = statement.to_string();
        let signed = format!("DSSEv1 {} {TYPE} {} {payload}", TYPE.len(), payload.len());
        let signature = key.sign(signed.as_bytes());
        let mut material = json!({ "certificate": { "rawBytes": STANDARD.encode(&certificate) } });
        match self.like {
            Like::Public => {
                material["tlogEntries"] =
                    json!([self.log_entry(of, payload.as_bytes(), &signature, &certificate)]);
            }
            Like::Private => {
                let stamp = self.stamp(&signature, of.stamped_at);
                material["timestampVerificationData"] =
                    json!({ "rfc3161Timestamps": [{ "signedTimestamp": STANDARD.encode(stamp) }] });
            }
        }
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": STANDARD.encode(&payload),
                "payloadType": TYPE,
                "signatures": [{ "sig": STANDARD.encode(&signature) }],
            },
        })
    }

    fn root_certificate(&self) -> Vec<u8> {
        let extensions = [
            extension("2.5.29.19", true, sequence(&[boolean(true)])),
            // keyCertSign
            extension("2.5.29.15", true, bits(2, &[0b0000_0100])),
        ];
        let times = (SIGNED_AT - 86_400, SIGNED_AT + 10 * 86_400);
        self.certificate(&tbs(1, "root", times, "root", &self.root, &extensions))
    }

    fn stamper_certificate(&self) -> Vec<u8> {
        let usage = sequence(&[object("1.3.6.1.5.5.7.3.8")]);
        let extensions = [extension("2.5.29.37", true, usage)];
        let times = (SIGNED_AT - 86_400, SIGNED_AT + 10 * 86_400);
        self.certificate(&tbs(2, "root", times, "stamper", &self.stamper, &extensions))
    }

    /// The certificate of a run.
    fn leaf(&self, of: &Attested, key: &Key) -> Vec<u8> {
        let claim =
            |number: u32, text: &str| extension(&format!("1.3.6.1.4.1.57264.1.{number}"), false, utf8(text));
        let mut extensions = vec![
            extension("2.5.29.37", false, sequence(&[object("1.3.6.1.5.5.7.3.3")])),
            extension("2.5.29.17", true, sequence(&[wrapped(0x86, of.workflow.as_bytes())])),
            claim(8, &of.issuer),
            claim(13, &of.commit),
            claim(15, &of.repository_id),
            claim(18, &of.workflow),
            claim(20, &of.trigger),
            claim(21, &of.run),
        ];
        let times = (SIGNED_AT, SIGNED_AT + VALID_FOR);
        let of_log = tbs(3, "root", times, "", key, &extensions);
        if self.like == Like::Public {
            extensions.push(extension("1.3.6.1.4.1.11129.2.4.2", false, octets(&self.logged(&of_log))));
        }
        self.certificate(&tbs(3, "root", times, "", key, &extensions))
    }

    fn certificate(&self, tbs: &[u8]) -> Vec<u8> {
        sequence(&[tbs.to_vec(), der::ecdsa_with_sha256(), bits(0, &self.root.sign(tbs))])
    }

    /// The list of one signed certificate timestamp.
    fn logged(&self, tbs: &[u8]) -> Vec<u8> {
        let time = (SIGNED_AT * 1_000).to_be_bytes();
        let length = u32::try_from(tbs.len()).unwrap().to_be_bytes();
        let signed =
            [&[0, 0][..], &time, &[0, 1], &Sha256::digest(self.root.public()), &length[1..], tbs, &[0, 0]];
        let signature = self.certificates.sign(&signed.concat());
        let log = Sha256::digest(self.certificates.public());
        let timestamp = [&[0][..], &log, &time, &[0, 0], &[4, 3], &counted(&signature)].concat();
        counted(&counted(&timestamp))
    }

    fn stamp(&self, signature: &[u8], at: u64) -> Vec<u8> {
        let sha256 = || sequence(&[object("2.16.840.1.101.3.4.2.1")]);
        let information = sequence(&[
            integer(1),
            object("1.3.6.1.4.1.57264.2"),
            sequence(&[sha256(), octets(&Sha256::digest(signature))]),
            integer(7),
            generalized_time(at),
        ]);
        let what = object("1.2.840.113549.1.9.16.1.4");
        let attributes = [
            sequence(&[object("1.2.840.113549.1.9.3"), set(std::slice::from_ref(&what))]),
            sequence(&[object("1.2.840.113549.1.9.4"), set(&[octets(&Sha256::digest(&information))])]),
        ];
        let signed = set(&attributes);
        let attributes = [&[0xa0], &signed[1..]].concat();
        let signer = sequence(&[
            integer(1),
            sequence(&[name("root"), integer(2)]),
            sha256(),
            attributes,
            der::ecdsa_with_sha256(),
            octets(&self.stamper.sign(&signed)),
        ]);
        let data = sequence(&[
            integer(3),
            set(&[sha256()]),
            sequence(&[what, context(0, &octets(&information))]),
            set(&[signer]),
        ]);
        sequence(&[object("1.2.840.113549.1.7.2"), context(0, &data)])
    }

    fn log_entry(&self, of: &Attested, payload: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(certificate)
        );
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": { "algorithm": "sha256", "value": hex(&Sha256::digest(payload)) },
                "payloadHash": { "algorithm": "sha256", "value": hex(&Sha256::digest(payload)) },
                "signatures": [{
                    "signature": STANDARD.encode(signature),
                    "verifier": STANDARD.encode(pem),
                }],
            },
        })
        .to_string();
        let id = Sha256::digest(self.signatures.public());
        // Keys in the order of RFC 8785.
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":0}}"#,
            STANDARD.encode(&body),
            of.stamped_at,
            hex(&id)
        );
        let root = Sha256::digest([&[0], body.as_bytes()].concat());
        let note = format!("rekor.example\n1\n{}\n", STANDARD.encode(root));
        let line = STANDARD.encode([&id[..4], &self.signatures.sign(note.as_bytes())].concat());
        json!({
            "logIndex": "0",
            "logId": { "keyId": STANDARD.encode(id) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": of.stamped_at.to_string(),
            "inclusionPromise": {
                "signedEntryTimestamp": STANDARD.encode(self.signatures.sign(promised.as_bytes())),
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": STANDARD.encode(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": { "envelope": format!("{note}\n\u{2014} rekor.example {line}\n") },
            },
            "canonicalizedBody": STANDARD.encode(&body),
        })
    }
}

/// Everything of a certificate but its signature.
fn tbs(
    serial: u8,
    issuer: &str,
    times: (u64, u64),
    subject: &str,
    key: &Key,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let subject = if subject.is_empty() { sequence(&[]) } else { name(subject) };
    sequence(&[
        context(0, &integer(2)),
        integer(serial),
        der::ecdsa_with_sha256(),
        name(issuer),
        sequence(&[utc_time(times.0), utc_time(times.1)]),
        subject,
        key.public(),
        context(3, &sequence(extensions)),
    ])
}

fn extension(of: &str, critical: bool, value: Vec<u8>) -> Vec<u8> {
    let mut parts = vec![object(of)];
    if critical {
        parts.push(boolean(true));
    }
    parts.push(octets(&value));
    sequence(&parts)
}

/// TLS's vector: its length in two bytes first.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

/// A key pair on P-256.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap())
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
    }

    /// Its `SubjectPublicKeyInfo`.
    fn public(&self) -> Vec<u8> {
        let point = self.0.public_key().as_ref();
        sequence(&[sequence(&[object(EC_PUBLIC_KEY), object(P256)]), bits(0, point)])
    }
}
