//! Frozen, versioned JSON: `verdict/1`, `snapshot/1`, and what `inspect` prints.
//!
//! Within a version fields are only added. Written bytes depend on the value alone: fields in their order,
//! maps sorted, no time and no machine in them. Reading is strict about the schema's id and never panics.

pub mod chain;
pub mod cobertura;
pub mod context;
pub mod ctrf;
mod decimal;
pub mod doctor;
pub mod fleet;
pub mod inspect;
pub mod lcov;
pub mod listed;
pub mod merged_away;
pub mod metrics;
pub mod policy;
pub mod policy_copy;
pub mod reading;
pub mod recorded;
pub mod report;
pub mod snapshot;
pub mod verdict;

#[cfg(test)]
mod replayed;
#[cfg(test)]
mod schema_check;

pub use decimal::Decimal;

/// Why stored JSON cannot be read. The fault is that of whoever wrote or damaged the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More bytes than any honest file of the kind has.
    #[error("the file has {bytes} bytes, and at most {most} are read")]
    TooLarge {
        /// Size of the file.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// No JSON, JSON of another shape, or nested too deep.
    #[error("the file is no {schema} document")]
    Malformed {
        /// What was expected.
        schema: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// Another schema, or another version of it.
    #[error("the file says that it is `{found}`, and `{schema}` is read", found = found.escape_debug())]
    OtherSchema {
        /// What was expected.
        schema: &'static str,
        /// The beginning of what the file says.
        found: String,
    },
    /// Compressed, and the compressed bytes are damaged, cut off, or grow beyond all measure.
    #[error("the file is compressed and cannot be unpacked: {what}")]
    Packed {
        /// What is wrong.
        what: String,
    },
    /// Well-formed, and its numbers contradict each other or cannot be.
    #[error("the file contradicts itself: {what}")]
    Contradiction {
        /// What is wrong, in words of ours.
        what: &'static str,
    },
}

/// The schema's id, read before anything else so that another version is told apart from damage.
#[derive(serde::Deserialize)]
struct Envelope {
    schema: String,
}

/// Refuses what is too large or of another schema.
fn check_envelope(bytes: &[u8], schema: &'static str, most: usize) -> Result<(), ReadError> {
    if bytes.len() > most {
        return Err(ReadError::TooLarge { bytes: bytes.len(), most });
    }
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|source| ReadError::Malformed { schema, source })?;
    if envelope.schema != schema {
        let found = envelope.schema.chars().take(60).collect();
        return Err(ReadError::OtherSchema { schema, found });
    }
    Ok(())
}

/// JSON for people and diffs: two spaces, a line feed at the end.
fn pretty<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_else(unserializable);
    bytes.push(b'\n');
    bytes
}

/// Our wire types have text keys and no failing `Serialize`: this is never reached, and a reader refuses it.
fn unserializable(error: serde_json::Error) -> Vec<u8> {
    debug_assert!(false, "{error}");
    b"null".to_vec()
}
