//! Secrets: told apart, never kept.

use super::text_hash;
use crate::formats::ParseError;
use crate::formats::json::Json;

/// Tells two secrets of one rule in one file apart; 0 for one that the tool has masked.
pub(in crate::formats::scans) fn secret_hash(json: &mut Json<'_, '_>) -> Result<u64, ParseError> {
    let Some((secret, _)) = json.text_up_to(4096)? else { return Ok(0) };
    let masked = secret.contains("REDACTED") || secret.bytes().all(|byte| byte == b'*');
    Ok(if masked { 0 } else { text_hash(secret) })
}
