use super::{Event, Reader};
use crate::diagnostic::Code;
use crate::formats::{Context, ParseError, Source};
use proptest::prelude::*;
use std::io::Read;

/// Events as text: `<name a="v"`, `>name`, and text joined over its pieces.
fn events_of(source: &mut Source<'_>, context: &mut Context) -> Result<Vec<String>, ParseError> {
    let mut reader = Reader::new(source);
    let mut events: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        let event = reader.next()?;
        if let Event::Text(piece) = event {
            piece.append_to(&mut text, usize::MAX, context);
            continue;
        }
        if !text.is_empty() {
            events.push(std::mem::take(&mut text));
        }
        match event {
            Event::Start(tag) => {
                let mut shown = format!("<{}", String::from_utf8_lossy(tag.full_name()));
                for attribute in tag.attributes() {
                    let name = String::from_utf8_lossy(attribute.full_name()).into_owned();
                    shown.push_str(&format!(" {name}={:?}", attribute.value(context)));
                }
                events.push(shown);
            }
            Event::End(name) => events.push(format!(">{}", String::from_utf8_lossy(name))),
            Event::Text(_) => {}
            Event::Eof => return Ok(events),
        }
    }
}

fn read(text: &str) -> Vec<String> {
    events_of(&mut Source::from_bytes(text.as_bytes()), &mut Context::default()).unwrap()
}

fn error(text: &[u8]) -> ParseError {
    events_of(&mut Source::from_bytes(text), &mut Context::default()).unwrap_err()
}

/// Gives its bytes in pieces of a given size, as a pipe does.
struct Drip<'b>(&'b [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn elements_attributes_text_and_cdata_come_in_order() {
    let text =
        "<?xml version='1.0'?><!-- c --><a:r x='1' b:y = \"2&amp;3\"><e/>t&lt;<![CDATA[<&]]>&#x41;</a:r >\n";
    assert_eq!(read(text), ["<a:r x=\"1\" b:y=\"2&3\"", "<e", ">e", "t<<&A", ">r"]);
}

#[test]
fn names_lose_their_prefix() {
    let mut source = Source::from_bytes(b"<p:a q:n='v' n='w'/>");
    let mut reader = Reader::new(&mut source);
    let Event::Start(tag) = reader.next().unwrap() else { panic!("no start") };
    assert_eq!(tag.name(), b"a");
    assert_eq!(tag.full_name(), b"p:a");
    assert_eq!(tag.attribute("n").unwrap().raw(), b"v");
    assert!(tag.is_empty());
}

#[test]
fn line_ends_become_newlines_in_text_and_spaces_in_attributes() {
    assert_eq!(read("<a n='1\r\n2\t3'>x\r\ny\rz</a>"), ["<a n=\"1 2 3\"", "x\ny\nz", ">a"]);
}

#[test]
fn an_unknown_reference_and_a_dangling_ampersand_stay_as_written() {
    let mut context = Context::default();
    let text = "<a n='Q&A &nbsp; &'>R&D & &;&toolongtobeareferencetoolongtobeareferencetoolongtobeareferencetoolong;</a>";
    let events = events_of(&mut Source::from_bytes(text.as_bytes()), &mut context).unwrap();
    assert_eq!(events[0], "<a n=\"Q&A &nbsp; &\"");
    assert!(events[1].starts_with("R&D & &;&toolong"));
    assert!(context.warned(Code::UnknownEntity));
}

#[test]
fn control_characters_are_replaced_and_said() {
    let mut context = Context::default();
    let events = events_of(&mut Source::from_bytes(b"<a>\x1b&#27;&#0;&#xD800;&#x1F600;\t</a>"), &mut context);
    assert_eq!(events.unwrap()[1], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{1f600}\t");
    assert!(context.warned(Code::IllegalCharacter));
}

#[test]
fn bytes_that_are_no_utf_8_are_replaced_and_said_only_where_they_are_kept() {
    let mut context = Context::default();
    let events = events_of(&mut Source::from_bytes(b"<a n='\xe9'/>"), &mut context).unwrap();
    assert_eq!(events[0], "<a n=\"\u{fffd}\"");
    let warnings = context.take_warnings();
    assert_eq!((warnings[0].code, warnings[0].origin.column), (Code::BadEncoding, 7));
}

#[test]
fn what_decides_well_formedness_is_an_error_with_its_place() {
    for (text, code, line, column) in [
        ("<a><b></a></b>", Code::Malformed, 1, 7),
        ("<a/>\n<b/>", Code::Malformed, 2, 1),
        ("<a/> x", Code::Malformed, 1, 6),
        ("x<a/>", Code::Malformed, 1, 1),
        ("</a>", Code::Malformed, 1, 1),
        ("<a n=v/>", Code::Malformed, 1, 6),
        ("<a n='<'/>", Code::Malformed, 1, 7),
        ("<a n='1' n='2'/>", Code::Malformed, 1, 10),
        ("<a n='1'm='2'/>", Code::Malformed, 1, 9),
        ("<a n/>", Code::Malformed, 1, 4),
        ("<a>< b/></a>", Code::Malformed, 1, 4),
        ("<a><![CDATAX]]></a>", Code::Malformed, 1, 4),
        ("<a/><!DOCTYPE a>", Code::Malformed, 1, 5),
        ("<a>\n<b>", Code::CutOff, 2, 4),
        ("<a><b n='1", Code::CutOff, 1, 11),
        ("<a><![CDATA[x]]", Code::CutOff, 1, 16),
        ("<a><!-- x", Code::CutOff, 1, 10),
        ("<?xml version='1.0'?>\n", Code::CutOff, 2, 1),
        ("", Code::EmptyFile, 1, 1),
        (" \n", Code::EmptyFile, 2, 1),
        ("<a>\0</a>", Code::NulByte, 1, 4),
    ] {
        let error = error(text.as_bytes());
        let seen = (error.code, error.position.line, error.position.column);
        assert_eq!(seen, (code, line, column), "{text:?}: {error}");
    }
}

#[test]
fn a_doctype_is_ignored_unless_it_declares_an_entity() {
    let harmless = "<!DOCTYPE a PUBLIC \"-//x>\" 'y' [<!-- <!ENTITY --><?p <!ENTITY ?><!ELEMENT a (#PCDATA)>\
                    <!ATTLIST a n CDATA \"<!ENTITY>]>\">]><a/>";
    assert_eq!(read(harmless), ["<a", ">a"]);
    assert_eq!(read("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), ["<a", ">a"]);
    for hostile in ["<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "<!DOCTYPE a [ <!ENTITY % x SYSTEM 'y'> ]><a/>"] {
        assert_eq!(error(hostile.as_bytes()).code, Code::EntityDeclaration);
    }
}

#[test]
fn limits_refuse_depth_tag_length_and_attribute_count() {
    assert_eq!(error("<a>".repeat(257).as_bytes()).code, Code::TooDeep);
    let deepest = "<a>".repeat(256) + &"</a>".repeat(256);
    assert_eq!(read(&deepest).len(), 512);
    assert_eq!(error(format!("<a n='{}'/>", "x".repeat(1 << 20)).as_bytes()).code, Code::TokenTooLong);
    assert_eq!(read(&format!("<a n='{}'/>", "x".repeat(1 << 19))).len(), 2);
    let many: String = (0..300).map(|index| format!(" n{index}='1'")).collect();
    assert_eq!(error(format!("<a{many}/>").as_bytes()).code, Code::TokenTooLong);
}

#[test]
fn an_element_is_skipped_with_all_that_is_in_it() {
    let mut source = Source::from_bytes(b"<a><s x='1'>t<s><![CDATA[</s>]]></s></s><b/><e/><c></c></a>");
    let mut reader = Reader::new(&mut source);
    let mut seen = Vec::new();
    loop {
        match reader.next_tag().unwrap() {
            Event::Start(tag) => {
                seen.push(String::from_utf8_lossy(tag.name()).into_owned());
                if matches!(tag.name(), b"s" | b"e") {
                    reader.skip_element().unwrap();
                }
            }
            Event::End(name) => seen.push(format!(">{}", String::from_utf8_lossy(name))),
            Event::Text(_) => panic!("text was not asked for"),
            Event::Eof => break,
        }
    }
    assert_eq!(seen, ["a", "s", "b", ">b", "e", "c", ">c", ">a"]);
}

#[test]
fn kept_text_stops_at_the_cap_on_a_character() {
    let mut source = Source::from_bytes("<a>ab\u{e9}\u{e9}&lt;&lt;</a>".as_bytes());
    let mut reader = Reader::new(&mut source);
    reader.next().unwrap();
    let Event::Text(piece) = reader.next().unwrap() else { panic!("no text") };
    let mut context = Context::default();
    for (cap, want, cut) in
        [(0, "", true), (3, "ab", true), (4, "ab\u{e9}", true), (8, "ab\u{e9}\u{e9}<<", false)]
    {
        let mut out = String::new();
        assert_eq!(piece.append_to(&mut out, cap, &mut context), cut);
        assert_eq!(out, want);
    }
}

#[test]
fn pieces_of_a_slow_pipe_give_the_same_events() {
    let body = "x&lt;\u{20ac}\r\n]]&gt;<![CDATA[]]\u{e9}]]]]><!-- - -- --><b k=\"v&amp;\"/>".repeat(40);
    let text = format!("<?xml version='1.0'?><!DOCTYPE a [<!ELEMENT a ANY>]><a>{body}</a>\r");
    let whole = read(&text);
    for step in [1, 2, 3, 7, 64] {
        let mut source = Source::new(Drip(text.as_bytes(), step), u64::MAX);
        assert_eq!(events_of(&mut source, &mut Context::default()).unwrap(), whole);
    }
}

#[test]
fn a_large_document_passes_through_the_window() {
    let text = format!("<a>{}</a>", "<t n='1'>text &amp; more</t>\n".repeat(40_000));
    let events = read(&text);
    assert_eq!(events.iter().filter(|event| *event == "text & more").count(), 40_000);
}

/// Well-formed documents, small.
fn document() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "",
        " ",
        "x",
        "a\nb",
        "&lt;",
        "&amp;&quot;",
        "&#65;",
        "&#x1F600;",
        "<![CDATA[<&]]>",
        "<![CDATA[]]]]>",
        "<!-- c -->",
        "<?p q?>",
        "\u{e9}\u{20ac}",
        "]]",
        "\r\n",
    ]);
    let tag = prop::sample::select(vec!["a", "b", "n:c", "testcase"]);
    let attributes = prop::sample::select(vec![
        "",
        " k='v'",
        " k=\"a&amp;b\"",
        " n:k='1' k='2'",
        " k = '\n'",
        " k='\u{e9}>'  ",
        " k='' j=\"'\"",
    ]);
    let leaf = (tag.clone(), attributes.clone(), text.clone()).prop_map(|(tag, attributes, text)| {
        if text.is_empty() {
            format!("<{tag}{attributes}/>")
        } else {
            format!("<{tag}{attributes}>{text}</{tag}>")
        }
    });
    leaf.prop_recursive(4, 32, 5, move |inner| {
        (tag.clone(), attributes.clone(), prop::collection::vec((text.clone(), inner), 0..5)).prop_map(
            |(tag, attributes, children)| {
                let body: String =
                    children.into_iter().map(|(text, child)| text.to_owned() + &child).collect();
                format!("<{tag}{attributes}>{body}</{tag}>")
            },
        )
    })
}

/// The same document by quick-xml, in the form of [`events_of`].
fn by_quick_xml(text: &str) -> Vec<String> {
    use quick_xml::events::Event as Quick;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = Vec::new();
    let mut pending = String::new();
    let start = |tag: &quick_xml::events::BytesStart<'_>| {
        let mut shown = format!("<{}", String::from_utf8_lossy(tag.name().as_ref().as_ref()));
        for attribute in tag.attributes() {
            let attribute = attribute.unwrap();
            let name = String::from_utf8_lossy(attribute.key.as_ref().as_ref()).into_owned();
            let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap();
            shown.push_str(&format!(" {name}={value:?}"));
        }
        shown
    };
    let local = |name: &[u8]| format!(">{}", String::from_utf8_lossy(super::tag::local(name)));
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Quick::Text(text) => {
                pending.push_str(&text.xml10_content());
                continue;
            }
            Quick::CData(text) => {
                pending.push_str(&text.xml10_content());
                continue;
            }
            Quick::GeneralRef(reference) => {
                match reference.resolve_char_ref().unwrap() {
                    Some(value) => pending.push(value),
                    None => pending.push_str(quick_xml::escape::resolve_xml_entity(reference).unwrap()),
                }
                continue;
            }
            Quick::Comment(_) | Quick::PI(_) | Quick::Decl(_) | Quick::DocType(_) => continue,
            _ => {}
        }
        if !pending.is_empty() {
            events.push(std::mem::take(&mut pending));
        }
        match event {
            Quick::Start(tag) => events.push(start(&tag)),
            Quick::Empty(tag) => {
                events.push(start(&tag));
                events.push(local(tag.name().as_ref().as_ref()));
            }
            Quick::End(tag) => events.push(local(tag.name().as_ref().as_ref())),
            Quick::Eof => return events,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn well_formed_documents_read_as_quick_xml_reads_them(text in document(), step in 1_usize..40) {
        let mut source = Source::new(Drip(text.as_bytes(), step), u64::MAX);
        let ours = events_of(&mut source, &mut Context::default()).unwrap();
        prop_assert_eq!(ours, by_quick_xml(&text));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(
        b"<>/='\"&;#x![]-?aA: \n\r\0\x80\xc3\xe2DOCTYPE".to_vec()), 0..200), step in 1_usize..40) {
        let mut source = Source::new(Drip(&bytes, step), u64::MAX);
        let _ = events_of(&mut source, &mut Context::default());
    }

    #[test]
    fn a_cut_document_is_never_whole(text in document(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(text.len());
        prop_assert!(events_of(&mut Source::from_bytes(&text.as_bytes()[..cut]), &mut Context::default()).is_err());
    }
}
