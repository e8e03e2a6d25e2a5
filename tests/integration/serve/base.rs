//! The evidence of the base, which the service looks for where the policy says.

use super::*;
use crate::base_evidence::Home;

#[test]
fn a_failure_of_the_base_is_not_counted_where_the_policy_says_that_its_evidence_is() {
    for (from, conclusion, says) in
        [("reference", "success", "is 1 commit older"), ("none", "failure", "no evidence of the base")]
    {
        let home = Home::new(&format!("base-snapshot: {{ from: {from}, keep: 1 }}\n"));
        home.github.app(APP, &public_key(), INSTALLATION);
        home.keeps_below_the_reference();
        home.moves_on();
        let head = home.change_ran();
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(&home.github, &Keeps::Folder(folder.path().join("data")));
        assert_eq!(service.deliver("d1", "workflow_run", &run_completed(&head)), 202);
        service.until("the verdict", || concludes(&home.github, &head, conclusion));
        let summary = &home.github.checks(&head)[0].summary;
        assert!(summary.contains(says), "{from}: {summary}");
    }
}
