//! Contradictions of an organisation's policy that no single repository needs to show.

use super::layers::{Layers, resolve_layers};
use super::{Group, OrgLayer, OrgPolicy, RepoFacts, Select};
use crate::diagnostic::Diagnostic;

/// What contradicts among the layers: a lock below a floor, two locks with two values, groups that ask for values of
/// which none is stricter.
///
/// Layers contradict in pairs, so it is enough to lay each two of them over what holds for all. A repository may be
/// in any groups at once; a group that selects by name counts for a repository's file only if it selects that name.
pub fn contradictions(policy: &OrgPolicy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut lay = |groups: &[&Group], own: Option<&OrgLayer>| {
        const NAME: &str = "a-repository";
        let all_of_them =
            groups.iter().map(|group| Group { select: Select::default(), layer: group.layer.clone() });
        let alone = OrgPolicy {
            all: policy.all.clone(),
            groups: all_of_them.collect(),
            repositories: own.map(|layer| (NAME.to_owned(), layer.clone())).into_iter().collect(),
            ..OrgPolicy::default()
        };
        let facts = RepoFacts { name: Some(NAME.to_owned()), ..RepoFacts::default() };
        let layers = Layers { organisation: Some(&alone), facts, ..Layers::default() };
        if let Err(errors) = resolve_layers(&layers) {
            found.extend(errors);
        }
    };
    lay(&[], None);
    for (index, group) in policy.groups.iter().enumerate() {
        lay(&[group], None);
        for other in policy.groups.iter().skip(index + 1) {
            lay(&[group, other], None);
        }
    }
    for (name, own) in &policy.repositories {
        lay(&[], Some(own));
        for group in policy.groups.iter().filter(|group| group.select.may_select(name)) {
            lay(&[group], Some(own));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{OrgText, parse_org};

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let texts: Vec<String> = files.iter().map(|(_, text)| format!("version: 1\n{text}\n")).collect();
        let files: Vec<OrgText<'_>> = files
            .iter()
            .zip(&texts)
            .map(|((path, _), text)| OrgText { path, name: path, commit: "", text })
            .collect();
        let policy = parse_org(&files, "acme").unwrap();
        let place = |error: &Diagnostic| format!("{}:{}", error.origin.file.raw(), error.origin.line);
        contradictions(&policy)
            .iter()
            .map(|error| format!("{} {}", place(error), error.message.raw()))
            .collect()
    }

    #[test]
    fn a_floor_of_one_group_contradicts_a_lock_of_another() {
        let floor = ("groups/a.yml", "select: { topic: a }\nfloor: { coverage.total: { min: 80 } }");
        let lock = ("groups/b.yml", "select: { topic: b }\nlocked: { coverage.total: { min: 70 } }");
        assert_eq!(
            found(&[("org.yml", ""), floor, lock]),
            ["groups/b.yml:3 `coverage.total.min` is locked to 70%, and the floor asks for 80%"]
        );
        assert!(found(&[("org.yml", ""), floor]).is_empty());
    }

    #[test]
    fn a_file_for_a_repository_is_held_against_the_groups_that_it_may_be_in() {
        let org = ("org.yml", "locked: { tests.failed: { max: 0 } }");
        let group =
            ("groups/a.yml", "select: { name: 'web-*' }\nlocked: { coverage.total: { metric: line } }");
        let own = "locked: { coverage.total: { metric: branch } }";
        assert_eq!(found(&[org, group, ("repos/web-shop.yml", own)]).len(), 1);
        assert!(found(&[org, group, ("repos/api.yml", own)]).is_empty());
    }

    #[test]
    fn entries_that_wait_for_their_day_contradict_already() {
        let org = "floor: { coverage.total: { min: 80, enforce-from: 2099-01-01 } }\nlocked: { coverage.total: { min: 70 } }";
        assert_eq!(found(&[("org.yml", org)]).len(), 1);
    }
}
