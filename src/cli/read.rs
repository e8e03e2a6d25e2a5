//! `tollgate __read`: reads reports for another process of ours, with nothing in hand that is worth taking.

use super::{ExitStatus, output};
use crate::formats::{self, Folder, Source};
use crate::gate::{self, Ground, Keep, ReportSource};
use crate::io::isolated;
use crate::paths::{GoModule, PathRule, Tree};
use crate::wire;
use crate::wire::reading::{self, Reading};
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Reads the question and the files from standard input, and writes the snapshot to standard output.
pub(super) fn run() -> anyhow::Result<ExitStatus> {
    isolated::confine().map_err(anyhow::Error::msg)?;
    let snapshot = answer(&mut std::io::stdin().lock())?;
    output::print_bytes(&snapshot)?;
    Ok(ExitStatus::Passed)
}

fn answer(input: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let asked = question(input)?;
    let mut files = Vec::new();
    for file in &asked.files {
        files.push(taken(input, file.bytes)?);
    }
    let mut folders: BTreeMap<usize, BTreeMap<String, Arc<[u8]>>> = BTreeMap::new();
    for other in &asked.others {
        let bytes = taken(input, other.bytes)?;
        folders.entry(other.of).or_default().insert(other.name.clone(), bytes.into());
    }
    let ground = Ground {
        tree: asked.tree.map(Tree::new),
        modules: asked.modules.into_iter().map(|(folder, name)| GoModule { folder, name }).collect(),
        workspaces: asked.workspaces,
        // A process that reads a stranger's reports has no repository.
        texts: None,
        path_rules: asked.path_rules.iter().map(|rule| PathRule::new(rule)).collect::<Result<_, _>>()?,
    };
    let mut sources = Vec::new();
    for (place, (file, bytes)) in asked.files.iter().zip(&files).enumerate() {
        let format = match &file.format {
            Some(id) => Some(formats::by_id(id).context("a format has no such id")?),
            None => None,
        };
        sources.push(ReportSource {
            file: file.shown.clone(),
            entry: file.entry.clone(),
            kind: file.kind,
            format,
            classes: file.classes,
            source: Ok(Source::from_bytes(bytes).within(folder(folders.remove(&place).unwrap_or_default()))),
        });
    }
    let snapshot = gate::read(sources, &ground, asked.commit, None, gate::Reading::keeping(Keep::Everything));
    Ok(wire::snapshot::write_plain(&snapshot))
}

fn taken(input: &mut impl Read, count: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        bail!("the input ends before its files do");
    }
    Ok(bytes)
}

/// Opens the other files of a report's folder, as far as they were sent.
fn folder(files: BTreeMap<String, Arc<[u8]>>) -> Box<Folder> {
    Box::new(move |name| {
        let bytes = files.get(name).ok_or("there is no such file in the artifact")?;
        Ok(Source::new(Cursor::new(Arc::clone(bytes)), bytes.len() as u64))
    })
}

fn question(input: &mut impl Read) -> anyhow::Result<Reading> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_be_bytes(length);
    if length > reading::MOST_BYTES as u64 {
        bail!("the question is too long");
    }
    let mut json = Vec::new();
    input.take(length).read_to_end(&mut json)?;
    let asked: Reading = serde_json::from_slice(&json)?;
    if asked.schema != reading::SCHEMA {
        bail!("the question is of another version");
    }
    Ok(asked)
}
