//! How a file begins: what formats decide by.

use std::ops::Range;
use std::sync::OnceLock;

/// The first 64 KiB of a file as text, with lenient looks at its XML or JSON shape.
#[derive(Debug)]
pub struct Head {
    text: String,
    xml: OnceLock<Vec<XmlElement>>,
    json: OnceLock<Option<JsonHead>>,
    /// Where the lines begin and end that hold a JSON object.
    objects: OnceLock<Vec<Range<usize>>>,
}

/// One start tag near the beginning of an XML file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlElement {
    /// How many elements are open around it; 0 for the root.
    pub depth: usize,
    /// Name without a namespace prefix.
    pub name: String,
    /// Attribute names and raw values, in the order of the file, names without prefix.
    pub attributes: Vec<(String, String)>,
}

impl XmlElement {
    /// The raw value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the beginning of a JSON file shows of its top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonHead {
    /// True if the top level is an array; the keys are then those of its first element.
    pub array: bool,
    /// Keys of the top-level object that lie within the head, in order.
    pub keys: Vec<String>,
    /// Keys whose value is a string, number, true, false or null, with that value as written (strings unquoted).
    pub scalars: Vec<(String, String)>,
    /// Keys of the first object found directly inside the value of each top-level key: (key, inner keys).
    pub inner: Vec<(String, Vec<String>)>,
}

impl JsonHead {
    /// True if the top level has this key.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|have| have == key)
    }

    /// The scalar value of a top-level key.
    pub fn scalar(&self, key: &str) -> Option<&str> {
        self.scalars.iter().find(|(have, _)| have == key).map(|(_, value)| value.as_str())
    }

    /// True if the first object inside the value of `key` has the key `inner`.
    pub fn has_inner(&self, key: &str, inner: &str) -> bool {
        self.inner.iter().any(|(have, keys)| have == key && keys.iter().any(|k| k == inner))
    }
}

impl Head {
    pub(super) fn new(bytes: &[u8]) -> Self {
        // The second takes many times as long, also for what is plain ASCII.
        let text =
            str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned);
        Self { text, xml: OnceLock::new(), json: OnceLock::new(), objects: OnceLock::new() }
    }

    /// The text of the head; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines of the head, without line ends; the last one may be cut.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Those lines that begin with `{`, behind white space or without. Several formats ask for them, so they are
    /// looked for once.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        let found = self.objects.get_or_init(|| objects_in(&self.text));
        found.iter().filter_map(|place| self.text.get(place.clone())?.lines().next())
    }

    /// The first start tags of an XML file; empty if the file is no XML.
    pub fn xml(&self) -> &[XmlElement] {
        self.xml.get_or_init(|| scan_xml(&self.text))
    }

    /// The root element of an XML file.
    pub fn xml_root(&self) -> Option<&XmlElement> {
        self.xml().first()
    }

    /// The shape of a JSON file (for JSON lines: of its first value); `None` if the file is no JSON.
    pub fn json(&self) -> Option<&JsonHead> {
        self.json.get_or_init(|| scan_json(&self.text)).as_ref()
    }
}

/// Where the lines stand that begin with `{`.
fn objects_in(text: &str) -> Vec<Range<usize>> {
    let mut begin = 0;
    let places = text.split_inclusive('\n').map(|line| {
        let place = begin..begin + line.len();
        begin = place.end;
        (place, line)
    });
    places.filter(|(_, line)| line.trim_start().starts_with('{')).map(|(place, _)| place).collect()
}

/// Start tags up to the end of the head, at most 200 of them. Comments, CDATA, declarations are skipped.
fn scan_xml(text: &str) -> Vec<XmlElement> {
    const MOST: usize = 200;
    let mut elements = Vec::new();
    let mut depth = 0_usize;
    let mut rest = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if !rest.starts_with('<') {
        return elements;
    }
    while let Some(open) = rest.find('<') {
        rest = rest.get(open..).unwrap_or_default();
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")]
            .into_iter()
            .find(|(start, _)| rest.starts_with(start));
        if let Some((start, end)) = skipped {
            let body = rest.get(start.len()..).unwrap_or_default();
            let Some(at) = body.find(end) else { break };
            rest = body.get(at + end.len()..).unwrap_or_default();
            continue;
        }
        if let Some(tail) = rest.strip_prefix("</") {
            depth = depth.saturating_sub(1);
            let Some(at) = tail.find('>') else { break };
            rest = tail.get(at + 1..).unwrap_or_default();
            continue;
        }
        let Some((element, empty, tail)) = scan_tag(rest, depth) else { break };
        elements.push(element);
        if elements.len() == MOST {
            break;
        }
        depth += usize::from(!empty);
        rest = tail;
    }
    elements
}

/// One start tag: the element, whether it is empty, and the text behind it.
fn scan_tag(text: &str, depth: usize) -> Option<(XmlElement, bool, &str)> {
    let local = |name: &str| name.rsplit(':').next().unwrap_or(name).to_owned();
    let body = text.strip_prefix('<')?;
    let end = body.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let name = local(body.get(..end)?);
    if name.is_empty() {
        return None;
    }
    let mut attributes = Vec::new();
    let mut rest = body.get(end..)?;
    loop {
        rest = rest.trim_start();
        if let Some(tail) = rest.strip_prefix("/>") {
            return Some((XmlElement { depth, name, attributes }, true, tail));
        }
        if let Some(tail) = rest.strip_prefix('>') {
            return Some((XmlElement { depth, name, attributes }, false, tail));
        }
        let equals = rest.find(['=', '>'])?;
        let (key, tail) = rest.split_at_checked(equals)?;
        let Some(value) = tail.strip_prefix('=').map(str::trim_start) else {
            rest = tail;
            continue;
        };
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = value.get(1..)?;
        let close = value.find(quote)?;
        attributes.push((local(key.trim()), value.get(..close)?.to_owned()));
        rest = value.get(close + 1..)?;
    }
}

/// A lenient walk over the beginning of a JSON text.
fn scan_json(text: &str) -> Option<JsonHead> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut head = JsonHead { array: text.starts_with('['), ..JsonHead::default() };
    let base = usize::from(head.array);
    let mut depth = 0_usize;
    // For each open bracket: true if it is an object.
    let mut open: Vec<bool> = Vec::new();
    let mut key_at_top: Option<String> = None;
    let mut inner_done = true;
    let mut chars = text.char_indices().peekable();
    let mut expect_key = false;
    while let Some((index, c)) = chars.next() {
        match c {
            '{' | '[' => {
                open.push(c == '{');
                depth += 1;
                expect_key = c == '{';
                if c == '{' && depth > base + 1 && !inner_done {
                    if let Some(key) = &key_at_top {
                        head.inner.push((key.clone(), Vec::new()));
                    }
                    inner_done = true;
                }
            }
            '}' | ']' => {
                open.pop();
                depth = depth.saturating_sub(1);
                expect_key = false;
                if depth <= base && head.array || depth == 0 {
                    break;
                }
            }
            ',' => expect_key = open.last() == Some(&true),
            '"' => {
                let start = index + 1;
                let mut escaped = false;
                let mut end = None;
                for (at, c) in chars.by_ref() {
                    if escaped {
                        escaped = false;
                    } else if c == '\\' {
                        escaped = true;
                    } else if c == '"' {
                        end = Some(at);
                        break;
                    }
                }
                let Some(end) = end else { break };
                let string = text.get(start..end).unwrap_or_default();
                if expect_key {
                    expect_key = false;
                    if depth == base + 1 {
                        head.keys.push(string.to_owned());
                        key_at_top = Some(string.to_owned());
                        inner_done = false;
                    } else if let Some((key, keys)) = head.inner.last_mut() {
                        let direct = Some(&*key) == key_at_top.as_ref() && keys.len() < 64;
                        if direct && !keys.iter().any(|have| have == string) {
                            keys.push(string.to_owned());
                        }
                    }
                } else if depth == base + 1
                    && let Some(key) = &key_at_top
                {
                    head.scalars.push((key.clone(), string.to_owned()));
                }
            }
            ':' if depth == base + 1 => {
                let rest = text.get(index + 1..).unwrap_or_default().trim_start();
                let end = rest.find([',', '}', ']', '\n', ' ']).unwrap_or(rest.len());
                let scalar = rest.get(..end).unwrap_or_default().trim();
                if let (Some(key), false) =
                    (&key_at_top, scalar.is_empty() || scalar.starts_with(['"', '{', '[']))
                {
                    head.scalars.push((key.clone(), scalar.to_owned()));
                }
            }
            _ => {}
        }
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tags_of_an_xml_file_are_seen_past_comments_and_a_doctype() {
        let head = Head::new(b"<?xml version=\"1.0\"?>\n<!DOCTYPE x SYSTEM \"y\">\n<!-- <no/> --><a:r x='1' xmlns:b=\"u\"><c/><d>");
        let seen: Vec<_> = head.xml().iter().map(|e| (e.depth, e.name.as_str())).collect();
        assert_eq!(seen, [(0, "r"), (1, "c"), (1, "d")]);
        assert_eq!(head.xml_root().and_then(|root| root.attribute("x")), Some("1"));
        assert!(Head::new(b"plain <text>").xml().is_empty());
    }

    #[test]
    fn the_top_level_of_a_json_file_is_seen_though_it_is_cut() {
        let head = Head::new(b"{\"$schema\": \"s\", \"version\": \"2.1.0\", \"n\": 3, \"runs\": [{\"tool\": {\"driver\": {}}, \"resu");
        let json = head.json().unwrap();
        assert_eq!(json.keys, ["$schema", "version", "n", "runs"]);
        assert_eq!(json.scalar("version"), Some("2.1.0"));
        assert_eq!(json.scalar("n"), Some("3"));
        assert!(json.has_inner("runs", "tool"));
        assert!(Head::new(b"x").json().is_none());
    }

    #[test]
    fn lines_that_hold_an_object_are_found_behind_white_space_and_other_lines() {
        let head = Head::new(b"plain\n{\"a\":1}\r\n\n \t{\"b\":2}\nx {\n{\"cut");
        assert_eq!(head.objects().collect::<Vec<_>>(), ["{\"a\":1}", " \t{\"b\":2}", "{\"cut"]);
        assert_eq!(Head::new(b"<a>\n</a>").objects().count(), 0);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(Head::new(b"a\xffb").text(), "a\u{fffd}b");
        assert_eq!(Head::new("aä".as_bytes()).text(), "aä");
    }

    #[test]
    fn of_an_array_the_first_element_counts() {
        let head = Head::new(b"[{\"a\": 1, \"b\": {\"c\": 2}}, {\"z\": 1}]");
        let json = head.json().unwrap();
        assert!(json.array);
        assert_eq!(json.keys, ["a", "b"]);
    }
}
