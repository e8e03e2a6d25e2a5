//! What `tollgate inspect --format json` prints.

use super::report::ReportRecord;
use crate::model::ReportRead;
use serde::Serialize;

#[derive(Serialize)]
struct Inspection {
    reports: Vec<ReportRecord>,
}

/// `{"reports": [{"file", "format", "kind", "health", "totals", "warnings": […]}]}`
pub fn write(reports: &[ReportRead]) -> Vec<u8> {
    super::pretty(&Inspection { reports: reports.iter().map(ReportRecord::from).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
    use crate::model::{Health, ReportTotals, fixtures};

    #[test]
    fn every_kind_has_its_totals() {
        let mut reports = fixtures::failing().reports;
        let mut broken = reports[0].clone();
        broken.file = "broken.xml".into();
        broken.health = Health::Invalid;
        broken.totals = ReportTotals::None;
        broken.warnings = vec![Diagnostic::new(
            Code::CutOff,
            Weight::Error,
            "the file ends inside of a tag",
            Origin::at("", 7, 12),
        )];
        reports.push(broken);
        insta::assert_snapshot!(String::from_utf8(write(&reports)).unwrap());
    }
}
