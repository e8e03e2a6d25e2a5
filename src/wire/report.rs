//! One file that was read, and problems, as `inspect` and `verdict/1` show them.

use crate::diagnostic::{Diagnostic, Origin};
use crate::model::{
    CoverageTotals, Health, Kind, Ratio, ReportRead, ReportTotals, SeverityCounts, TestTotals, Untrusted,
};
use serde::{Deserialize, Serialize};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReportRecord {
    /// The file, relative to the root of the check.
    pub file: Untrusted,
    /// The policy's entry that asked for it; absent if it was found by its content.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entry: String,
    /// Id of the format; null if none was recognised.
    pub format: Option<String>,
    /// What it is about; null if unknown.
    pub kind: Option<Kind>,
    /// Whether it is whole.
    pub health: Health,
    /// Its totals, by kind; null if nothing could be read.
    pub totals: Option<Totals>,
    /// Everything odd with it.
    pub warnings: Vec<ProblemRecord>,
}

impl From<&ReportRead> for ReportRecord {
    fn from(report: &ReportRead) -> Self {
        Self {
            file: report.file.clone(),
            entry: report.entry.clone(),
            format: (!report.format.is_empty()).then(|| report.format.clone()),
            kind: report.kind,
            health: report.health,
            totals: Totals::of(&report.totals),
            warnings: report.warnings.iter().map(ProblemRecord::from).collect(),
        }
    }
}

/// Totals of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Totals {
    /// Of test results.
    Tests(TestTotals),
    /// Of coverage.
    Coverage(CoverageRecord),
    /// Of a scan.
    Scan(ScanRecord),
}

impl Totals {
    fn of(totals: &ReportTotals) -> Option<Self> {
        match totals {
            ReportTotals::None => None,
            ReportTotals::Tests(totals) => Some(Self::Tests(*totals)),
            ReportTotals::Coverage(totals) => Some(Self::Coverage(totals.into())),
            ReportTotals::Scan { active, suppressed } => {
                Some(Self::Scan(ScanRecord::new(active, *suppressed)))
            }
        }
    }
}

// By hand: the three shapes share one place in the JSON, and an untagged enum would name none of them in its
// errors. The key that only one of them has tells them apart.
impl Serialize for Totals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tests(totals) => totals.serialize(serializer),
            Self::Coverage(totals) => totals.serialize(serializer),
            Self::Scan(totals) => totals.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Totals {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = serde_json::Value::deserialize(deserializer)?;
        let read = if value.get("tests").is_some() {
            serde_json::from_value(value).map(Self::Tests)
        } else if value.get("suppressed").is_some() {
            serde_json::from_value(value).map(Self::Scan)
        } else {
            serde_json::from_value(value).map(Self::Coverage)
        };
        read.map_err(D::Error::custom)
    }
}

/// Covered parts of all, per metric; null where the report has no record of the metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CoverageRecord {
    /// Lines.
    pub lines: Option<CoveredRecord>,
    /// Branches.
    pub branches: Option<CoveredRecord>,
    /// Functions.
    pub functions: Option<CoveredRecord>,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CoveredRecord {
    /// How many ran.
    pub covered: u64,
    /// How many there are.
    pub total: u64,
}

impl From<&CoverageTotals> for CoverageRecord {
    fn from(totals: &CoverageTotals) -> Self {
        let metric = |ratio: Option<Ratio>| {
            ratio.map(|ratio| CoveredRecord { covered: ratio.part, total: ratio.whole })
        };
        Self {
            lines: metric(totals.lines),
            branches: metric(totals.branches),
            functions: metric(totals.functions),
        }
    }
}

/// Active findings per severity, and the suppressed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is the count of the severity that it is named after")]
pub struct ScanRecord {
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
    pub unknown: u64,
    pub suppressed: u64,
}

impl ScanRecord {
    fn new(active: &SeverityCounts, suppressed: u64) -> Self {
        let &SeverityCounts { critical, high, medium, low, info, unknown } = active;
        Self { critical, high, medium, low, info, unknown, suppressed }
    }
}

/// One problem: code, what, where, how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProblemRecord {
    /// The code as people search for it. Text, so that a code of a later version can still be read.
    pub code: String,
    /// `note`, `warning` or `error`.
    pub weight: crate::diagnostic::Weight,
    /// What is wrong.
    pub message: Untrusted,
    /// The file; null if the problem is about none, or stands with its file.
    pub file: Option<Untrusted>,
    /// 1-based; null if unknown.
    pub line: Option<u32>,
    /// 1-based; null if unknown.
    pub column: Option<u32>,
    /// How to fix it; may be empty.
    pub help: Untrusted,
}

impl From<&Diagnostic> for ProblemRecord {
    fn from(problem: &Diagnostic) -> Self {
        let place = PlaceRecord::from(&problem.origin);
        Self {
            code: problem.code.id().to_owned(),
            weight: problem.weight,
            message: problem.message.clone(),
            file: place.file,
            line: place.line,
            column: place.column,
            help: problem.help.clone(),
        }
    }
}

/// Where something was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlaceRecord {
    /// The file, or `built-in policy`; null if unknown.
    pub file: Option<Untrusted>,
    /// 1-based; null if unknown.
    pub line: Option<u32>,
    /// 1-based; null if unknown.
    pub column: Option<u32>,
    /// The commit that the file was read from; absent if it was read from a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl From<&Origin> for PlaceRecord {
    fn from(origin: &Origin) -> Self {
        Self {
            file: (!origin.file.is_empty()).then(|| origin.file.clone()),
            line: (origin.line > 0).then_some(origin.line),
            column: (origin.column > 0).then_some(origin.column),
            commit: (!origin.commit.is_empty()).then(|| origin.commit.clone()),
        }
    }
}
