//! The merged coverage as Cobertura XML (`coverage-04.dtd`): a package for each folder, a class for each file.

use crate::model::{Coverage, FileCoverage, Ratio, RepoPath};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::collections::BTreeMap;
use std::io;

type Xml = Writer<Vec<u8>>;

/// The document. Without coverage it holds no package. A path with a control character cannot be written in XML; such
/// a file is left out, and its lines are in the totals.
pub fn document(coverage: Option<&Coverage>) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let nothing = Coverage::default();
    // A vector takes every byte: writing to it cannot fail, and what is cut off is no report.
    match write(&mut writer, coverage.unwrap_or(&nothing)) {
        Ok(()) => String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n",
        Err(_) => String::new(),
    }
}

fn write(writer: &mut Xml, coverage: &Coverage) -> io::Result<()> {
    let mut packages: BTreeMap<&str, Vec<(&RepoPath, &FileCoverage)>> = BTreeMap::new();
    for (path, file) in &coverage.files {
        if !path.as_str().chars().any(char::is_control) {
            packages.entry(folder(path)).or_default().push((path, file));
        }
    }
    let (lines, branches) = sums(coverage.files.values());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = [
        ("line-rate", rate(lines)),
        ("branch-rate", rate(branches)),
        ("lines-covered", lines.part.to_string()),
        ("lines-valid", lines.whole.to_string()),
        ("branches-covered", branches.part.to_string()),
        ("branches-valid", branches.whole.to_string()),
        ("complexity", "0".to_owned()),
        ("version", concat!("tollgate ", env!("CARGO_PKG_VERSION")).to_owned()),
        // The same evidence gives the same bytes, at any time.
        ("timestamp", "0".to_owned()),
    ];
    let root = writer.create_element("coverage").with_attributes(pairs(&attributes));
    root.write_inner_content(|writer| {
        writer.create_element("sources").write_inner_content(|writer| {
            writer.create_element("source").write_text_content(BytesText::new("."))?;
            Ok(())
        })?;
        writer.create_element("packages").write_inner_content(|writer| {
            packages.iter().try_for_each(|(name, files)| package(writer, name, files))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn package(writer: &mut Xml, name: &str, files: &[(&RepoPath, &FileCoverage)]) -> io::Result<()> {
    let (lines, branches) = sums(files.iter().map(|(_, file)| *file));
    let name = if name.is_empty() { "." } else { name };
    let attributes = [
        ("name", name.to_owned()),
        ("line-rate", rate(lines)),
        ("branch-rate", rate(branches)),
        ("complexity", "0".to_owned()),
    ];
    let element = writer.create_element("package").with_attributes(pairs(&attributes));
    element.write_inner_content(|writer| {
        writer.create_element("classes").write_inner_content(|writer| {
            files.iter().try_for_each(|(path, file)| class(writer, path, file))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn class(writer: &mut Xml, path: &RepoPath, file: &FileCoverage) -> io::Result<()> {
    let attributes = [
        ("name", path.file_name().to_owned()),
        ("filename", path.as_str().to_owned()),
        ("line-rate", rate(file.lines.ratio())),
        ("branch-rate", rate(file.branches.ratio())),
        ("complexity", "0".to_owned()),
    ];
    let branches: BTreeMap<u32, (u32, u32)> =
        file.branches.per_line().map(|line| (line.line, (line.taken, line.total))).collect();
    let element = writer.create_element("class").with_attributes(pairs(&attributes));
    element.write_inner_content(|writer| {
        writer.create_element("methods").write_empty()?;
        writer.create_element("lines").write_inner_content(|writer| {
            file.lines.iter().try_for_each(|line| {
                let mut attributes = vec![("number", line.line.to_string()), ("hits", line.hits.to_string())];
                match branches.get(&line.line.get()) {
                    Some((taken, total)) => {
                        let percent = u64::from(*taken) * 100 / u64::from(*total).max(1);
                        attributes.push(("branch", "true".to_owned()));
                        attributes.push(("condition-coverage", format!("{percent}% ({taken}/{total})")));
                    }
                    None => attributes.push(("branch", "false".to_owned())),
                }
                writer.create_element("line").with_attributes(pairs(&attributes)).write_empty()?;
                Ok::<(), io::Error>(())
            })
        })?;
        Ok(())
    })?;
    Ok(())
}

fn folder(path: &RepoPath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn sums<'c>(files: impl Iterator<Item = &'c FileCoverage>) -> (Ratio, Ratio) {
    let nothing = || Ratio { part: 0, whole: 0 };
    files.fold((nothing(), nothing()), |(lines, branches), file| {
        let plus = |sum: Ratio, more: Ratio| Ratio {
            part: sum.part.saturating_add(more.part),
            whole: sum.whole.saturating_add(more.whole),
        };
        (plus(lines, file.lines.ratio()), plus(branches, file.branches.ratio()))
    })
}

/// A share as Cobertura writes it, rounded down to four decimals; 0 of nothing.
fn rate(ratio: Ratio) -> String {
    let scaled = u128::from(ratio.part) * 10_000 / u128::from(ratio.whole.max(1));
    format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
}

fn pairs<'a>(attributes: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(key, value)| (*key, value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn coverage() -> Coverage {
        let mut coverage = Coverage::default();
        let mut file = FileCoverage::default();
        for (line, hits) in [(1, 3), (2, 0), (4, 1)] {
            file.lines.add(NonZeroU32::new(line).unwrap(), hits);
        }
        file.branches.count_at_least(4, 1, 2);
        coverage.files.insert(RepoPath::new("src/a<b>.py").unwrap(), file.clone());
        coverage.files.insert(RepoPath::new("top.py").unwrap(), file);
        coverage
    }

    #[test]
    fn a_folder_is_a_package_and_a_file_is_a_class() {
        insta::assert_snapshot!(document(Some(&coverage())).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    #[test]
    fn rates_are_rounded_down() {
        assert_eq!(rate(Ratio { part: 2, whole: 3 }), "0.6666");
        assert_eq!(rate(Ratio { part: 3, whole: 3 }), "1.0000");
        assert_eq!(rate(Ratio { part: 0, whole: 0 }), "0.0000");
    }
}
