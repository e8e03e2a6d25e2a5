//! Package URLs, and the escapes of URLs.

/// Type, name with its namespace, and version of a package URL as they are written there, with their escapes:
/// `pkg:npm/%40acme/web@1.0?…`. Of a distribution's package the namespace says whose it is, which is no part of its
/// name.
pub fn purl_parts(text: &str) -> Option<(&str, &str, &str)> {
    let purl = text.strip_prefix("pkg:")?.split(['?', '#']).next()?;
    let (kind, rest) = purl.trim_start_matches('/').split_once('/')?;
    // An `@` at the beginning is that of a scope.
    let versioned = rest.rsplit_once('@').filter(|(name, _)| !name.is_empty() && !name.ends_with('/'));
    let (name, version) = versioned.unwrap_or((rest, ""));
    let name = match kind {
        "deb" | "rpm" | "apk" | "alpm" => name.rsplit('/').next().unwrap_or(name),
        _ => name,
    };
    (!name.is_empty()).then_some((kind, name, version))
}

/// The same, with the escapes of URLs decoded.
pub fn purl_package(text: &str) -> Option<[String; 3]> {
    let (kind, name, version) = purl_parts(text)?;
    Some([kind.to_owned(), decode_escapes(name), decode_escapes(version)])
}

/// Decodes `%20`; what is no valid escape or would be no valid text stays as it is.
pub fn decode_escapes(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        let (byte, tail) = escaped.unwrap_or((byte, tail));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_url_is_taken_apart() {
        for (purl, wanted) in [
            ("pkg:npm/%40acme/web@1.0?a=b#c", Some(["npm", "@acme/web", "1.0"])),
            ("pkg:npm/@acme/web", Some(["npm", "@acme/web", ""])),
            ("pkg:maven/org.x/core@1.0-rc%2B1", Some(["maven", "org.x/core", "1.0-rc+1"])),
            ("pkg:deb/debian/openssl@1.1.1n-0?arch=amd64", Some(["deb", "openssl", "1.1.1n-0"])),
            ("pkg:golang/github.com/x/y@v1.2.3", Some(["golang", "github.com/x/y", "v1.2.3"])),
            ("pkg:npm", None),
            ("pkg:npm/", None),
            ("cpe:2.3:a:x", None),
        ] {
            let wanted = wanted.map(|parts| parts.map(str::to_owned));
            assert_eq!(purl_package(purl), wanted, "{purl}");
        }
    }
}
