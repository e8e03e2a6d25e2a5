//! Skipping a value, checked to be JSON, without a call per level.

use super::Json;
use crate::formats::ParseError;

impl Json<'_, '_> {
    /// Skips one value of any kind, checked to be JSON.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn skip(&mut self) -> Result<(), ParseError> {
        // One bit for each open bracket: 1 is an object.
        let mut open = 0_u128;
        let mut count = 0_u32;
        'value: loop {
            match self.window.token_inside()? {
                b'"' => {
                    self.window.bump();
                    self.window.skip_string()?;
                }
                bracket @ (b'{' | b'[') => {
                    if self.depth + count >= Self::MAX_DEPTH {
                        return Err(self.too_deep());
                    }
                    self.window.bump();
                    open = open << 1 | u128::from(bracket == b'{');
                    count += 1;
                    let close = if bracket == b'{' { b'}' } else { b']' };
                    if self.window.token_inside()? != close {
                        if bracket == b'{' {
                            self.skip_key()?;
                        }
                        continue 'value;
                    }
                }
                b'-' | b'0'..=b'9' | b'N' | b'I' => self.window.number(None)?,
                b't' => self.window.literal("true")?,
                b'f' => self.window.literal("false")?,
                b'n' => self.window.literal("null")?,
                _ => return Err(self.window.wrong("a value")),
            }
            loop {
                if count == 0 {
                    self.due = false;
                    return Ok(());
                }
                let in_object = open & 1 == 1;
                match self.window.token_inside()? {
                    b',' => {
                        self.window.bump();
                        if in_object {
                            self.skip_key()?;
                        }
                        continue 'value;
                    }
                    b'}' if in_object => self.window.bump(),
                    b']' if !in_object => self.window.bump(),
                    // An empty object or array closes here too.
                    _ => return Err(self.window.wrong(if in_object { "`,` or `}`" } else { "`,` or `]`" })),
                }
                open >>= 1;
                count -= 1;
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), ParseError> {
        self.window.expect(b'"', "a key")?;
        self.window.skip_string()?;
        self.window.expect(b':', "`:`")
    }
}
