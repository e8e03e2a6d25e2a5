//! Evidence that was stored is judged as it was judged before it was stored: byte for byte.

use crate::mutations::reports;
use tollgate::compare::{BaseSide, Occasion};
use tollgate::formats::Source;
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource};
use tollgate::model::{DiffState, Snapshot, Untrusted};
use tollgate::policy::{self, Policy};
use tollgate::wire::verdict::VerdictRecord;
use tollgate::wire::{chain, snapshot};

/// The built-in policy, and one in which every kind of rule has something to say.
const POLICIES: [&str; 2] = [
    "version: 1\n",
    "version: 1\nrules:\n  tests.failed: { max: 0 }\n  tests.skipped: { max: 0 }\n  tests.removed: { max: 0 }\n  \
     tests.flaky: { max: 0 }\n  tests.duration: { max-seconds: 1 }\n  coverage.total: { min: 80, mode: enforce }\n  \
     coverage.drop: { max: 0.5 }\n  scan.all: { critical: 0, high: 0, medium: 0, low: 0, info: 0 }\n  scan.new: { high: 0 }\n",
];

fn read(name: &str, bytes: &[u8]) -> Snapshot {
    let source = ReportSource {
        file: Untrusted::new(name),
        entry: String::new(),
        kind: None,
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
        source: Ok(Source::from_bytes(bytes)),
    };
    gate::read([source], &Ground::default(), None, None, Reading::keeping(Keep::Everything))
}

/// The bytes that the chain of verdicts seals.
fn judged(policy: &Policy, head: &Snapshot, base: Option<&Snapshot>, occasion: Occasion) -> Vec<u8> {
    let verdict = gate::judge(gate::Case {
        head,
        base: BaseSide::of(base),
        diff: &DiffState::NoBase,
        occasion,
        policy,
        provenance: None,
        header: Vec::new(),
        diagnostics: Vec::new(),
    });
    chain::canonical(&VerdictRecord::from(&verdict))
}

#[test]
fn stored_evidence_is_judged_again_to_the_same_bytes() {
    let policies: Vec<Policy> = POLICIES
        .iter()
        .map(|text| {
            let file = policy::parse(text, "tollgate.yml").unwrap_or_else(|errors| panic!("{errors:?}"));
            policy::resolve(Some(&file), "tollgate.yml")
        })
        .collect();
    let (mut last, mut compared) = (None, 0);
    for (name, bytes) in reports() {
        let head = read(&name, &bytes);
        let stored = snapshot::write(&head);
        let again = snapshot::read(&stored).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(snapshot::write(&again) == stored, "{name} is stored otherwise the second time");
        let base: Option<&(Snapshot, Snapshot)> = last.as_ref();
        for (number, policy) in policies.iter().enumerate() {
            for occasion in [Occasion::Absolute, Occasion::Change] {
                let before = judged(policy, &head, base.map(|(read, _)| read), occasion);
                let after = judged(policy, &again, base.map(|(_, stored)| stored), occasion);
                assert!(
                    before == after,
                    "{name} under policy {number}:\n{}\n---\n{}",
                    String::from_utf8_lossy(&before),
                    String::from_utf8_lossy(&after)
                );
                compared += 1;
            }
        }
        last = Some((head, again));
    }
    assert!(compared > 1_000, "{compared} verdicts");
}
