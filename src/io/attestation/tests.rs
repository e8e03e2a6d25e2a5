use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use signing::{Attested, Authority, Like, SIGNED_AT};

#[path = "../../../tests/signing/mod.rs"]
mod signing;

const COMMIT: &str = "8d1e0b6c1f3f4a5b6c7d8e9f0a1b2c3d4e5f6071";
const DIGEST: [u8; 32] = [7; 32];

fn attested() -> Attested {
    Attested::new("acme/payments", 42, 1001, 2, COMMIT)
}

fn read(authority: &Authority) -> Authorities {
    Authorities::read(authority.trusted_root().as_bytes()).unwrap()
}

fn verified(bundle: &Value, authorities: &Authorities) -> Result<Claims, String> {
    verify(bundle.to_string().as_bytes(), &DIGEST, authorities).map_err(|error| error.to_string())
}

/// Why the bundle of this is refused.
fn refused(like: Like, of: &Attested, change: impl FnOnce(&mut Value)) -> String {
    let authority = Authority::new(like);
    let mut bundle = authority.attest(of, &DIGEST);
    change(&mut bundle);
    verified(&bundle, &read(&authority)).unwrap_err()
}

#[test]
fn a_provenance_of_either_instance_says_where_the_artifact_is_from() {
    for like in [Like::Public, Like::Private] {
        let authority = Authority::new(like);
        let claims = verified(&authority.attest(&attested(), &DIGEST), &read(&authority));
        let expected = Claims {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            repository_id: "42".to_owned(),
            commit: COMMIT.to_owned(),
            workflow: "https://github.com/acme/payments/.github/workflows/ci.yml@refs/pull/1/merge"
                .to_owned(),
            run: "https://github.com/acme/payments/actions/runs/1001/attempts/2".to_owned(),
            trigger: "pull_request".to_owned(),
            predicate_type: PROVENANCE.to_owned(),
        };
        assert_eq!(claims, Ok(expected));
    }
}

#[test]
fn any_of_the_authorities_of_a_file_will_do() {
    let (public, private) = (Authority::new(Like::Public), Authority::new(Like::Private));
    let both = format!("{}\n{}\n", public.trusted_root(), private.trusted_root());
    let both = Authorities::read(both.as_bytes()).unwrap();
    assert!(verified(&public.attest(&attested(), &DIGEST), &both).is_ok());
    assert!(verified(&private.attest(&attested(), &DIGEST), &both).is_ok());
}

#[test]
fn the_authorities_of_this_release_can_be_used_and_believe_nobody_else() {
    let built_in = Authorities::built_in().unwrap();
    assert_eq!(format!("{built_in:?}"), "Authorities { count: 2 }");
    for like in [Like::Public, Like::Private] {
        let bundle = Authority::new(like).attest(&attested(), &DIGEST);
        assert!(verified(&bundle, &built_in).unwrap_err().starts_with("the provenance is not verified: "));
    }
}

#[test]
fn what_has_to_be_shown_follows_from_the_authority_and_not_from_the_bundle() {
    // The keys of an instance with logs, and a bundle that leaves them out.
    for part in ["tlogEntries", "nothing"] {
        let why = refused(Like::Public, &attested(), |bundle| {
            let material = bundle["verificationMaterial"].as_object_mut().unwrap();
            match part {
                "tlogEntries" => drop(material.remove("tlogEntries")),
                _ => material["tlogEntries"][0]
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| key != "inclusionProof"),
            }
        });
        assert!(why.contains("inclusion proof"), "{why}");
    }
    // Nobody vouches for the time.
    let why = refused(Like::Private, &attested(), |bundle| {
        drop(bundle["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData"));
    });
    assert!(why.contains("at least one tlog entry or timestamp"), "{why}");
    let why = refused(Like::Public, &attested(), |bundle| {
        let entry = bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap();
        entry.retain(|key, _| key != "inclusionPromise");
    });
    assert!(why.contains("No verified timestamp"), "{why}");
}

#[test]
fn a_certificate_that_no_log_has_seen_is_refused() {
    // The same root, once with logs of certificates and once without.
    let authority = Authority::new(Like::Public);
    let mut root: Value = serde_json::from_str(&authority.trusted_root()).unwrap();
    root["ctlogs"] = json!([]);
    let lax = Authorities::read(root.to_string().as_bytes()).unwrap();
    let bundle = authority.attest(&attested(), &DIGEST);
    assert!(verified(&bundle, &lax).is_ok());
    let mut root: Value = serde_json::from_str(&authority.trusted_root()).unwrap();
    let other: Value = serde_json::from_str(&Authority::new(Like::Public).trusted_root()).unwrap();
    root["ctlogs"] = other["ctlogs"].clone();
    let strict = Authorities::read(root.to_string().as_bytes()).unwrap();
    let why = verified(&bundle, &strict).unwrap_err();
    assert!(why.contains("SCT") || why.contains("log"), "{why}");
}

#[test]
fn another_artifact_another_authority_and_a_late_signature_are_refused() {
    for like in [Like::Public, Like::Private] {
        let authority = Authority::new(like);
        let bundle = authority.attest(&attested(), &[8; 32]);
        let why = verified(&bundle, &read(&authority)).unwrap_err();
        assert_eq!(
            why,
            "the provenance is not verified: artifact mismatch: artifact hash does not match any subject in attestation"
        );
        let bundle = authority.attest(&attested(), &DIGEST);
        assert!(verified(&bundle, &read(&Authority::new(like))).is_err());
        for stamped_at in [SIGNED_AT - 1, SIGNED_AT + 601] {
            let late = Attested { stamped_at, ..attested() };
            let why = refused(like, &late, |_| {});
            assert!(why.contains("certificate"), "{why}");
        }
    }
}

#[test]
fn a_signature_of_other_bytes_is_refused() {
    let authority = Authority::new(Like::Private);
    let mut bundle = authority.attest(&attested(), &DIGEST);
    let other = authority.attest(&attested(), &DIGEST);
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone();
    let why = verified(&bundle, &read(&authority)).unwrap_err();
    assert!(why.starts_with("the provenance is not verified: "), "{why}");
    // With its time stamp too: then only the signature itself is wrong.
    bundle["verificationMaterial"]["timestampVerificationData"] =
        other["verificationMaterial"]["timestampVerificationData"].clone();
    let why = verified(&bundle, &read(&authority)).unwrap_err();
    assert!(why.contains("DSSE signature verification failed"), "{why}");
}

#[test]
fn a_bare_signature_and_another_statement_are_refused() {
    let why = refused(Like::Private, &attested(), |bundle| {
        let object = bundle.as_object_mut().unwrap();
        object.remove("dsseEnvelope");
        object.insert("messageSignature".to_owned(), json!({ "signature": "AAAA" }));
    });
    assert_eq!(why, "the provenance cannot be read: it holds a bare signature instead of a statement");
    let authority = Authority::new(Like::Private);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": PROVENANCE,
        "subject": [{ "digest": { "sha256": "07".repeat(32) } }],
    });
    let why = verified(&authority.sign(&attested(), &statement), &read(&authority)).unwrap_err();
    assert_eq!(why, "the provenance does not say that it is an in-toto statement, version 1");
}

#[test]
fn a_certificate_that_lacks_a_claim_is_refused() {
    for what in [
        "which repository it is from",
        "which commit it is of",
        "which workflow made it",
        "which run made it",
        "which event began the run",
    ] {
        let mut of = attested();
        let claim = match what {
            "which repository it is from" => &mut of.repository_id,
            "which commit it is of" => &mut of.commit,
            "which workflow made it" => &mut of.workflow,
            "which run made it" => &mut of.run,
            _ => &mut of.trigger,
        };
        claim.clear();
        let why = refused(Like::Private, &of, |_| {});
        assert_eq!(why, format!("the provenance does not say {what}"));
    }
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_says_why() {
    let why = |text: &str| Authorities::read(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(why(""), "the file of trusted roots cannot be used: it is empty");
    assert!(why("{").starts_with("the file of trusted roots cannot be used: EOF while parsing"));
    assert!(why(&" ".repeat(MAX_AUTHORITIES + 1)).contains("more than"));
    let mut root: Value = serde_json::from_str(&Authority::new(Like::Private).trusted_root()).unwrap();
    root["timestampAuthorities"] = json!([]);
    assert!(why(&root.to_string()).contains("neither a log nor a timestamp authority"));
    root["certificateAuthorities"] = json!([]);
    assert!(why(&root.to_string()).contains("no certificate authority"));
    let mut root: Value = serde_json::from_str(&Authority::new(Like::Public).trusted_root()).unwrap();
    root["tlogs"][0]["publicKey"]["rawBytes"] = json!("AAAA");
    assert!(why(&root.to_string()).starts_with("the file of trusted roots cannot be used: "));
}

#[test]
fn hostile_bundles_are_refused_in_words() {
    let authorities = read(&Authority::new(Like::Private));
    let why = |bundle: &[u8]| verify(bundle, &DIGEST, &authorities).unwrap_err().to_string();
    for bundle in [&b""[..], b"{}", b"[", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        assert!(why(bundle).starts_with("the provenance cannot be read: "));
    }
    assert!(why(&vec![b' '; MAX_BUNDLE + 1]).contains("more than"));
}

proptest! {
    /// Whatever is changed in a bundle: it is refused, or claims what it claimed.
    #[test]
    fn a_changed_bundle_never_claims_anything_else(
        public in any::<bool>(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let authority = Authority::new(if public { Like::Public } else { Like::Private });
        let mut text = authority.attest(&attested(), &DIGEST).to_string().into_bytes();
        let place = place.index(text.len());
        if cut { text.truncate(place) } else if let Some(old) = text.get_mut(place) { *old = byte }
        let authorities = read(&authority);
        let whole = verified(&authority.attest(&attested(), &DIGEST), &authorities).unwrap();
        if let Ok(claims) = verify(&text, &DIGEST, &authorities) {
            prop_assert_eq!(claims, whole);
        }
    }
}
