use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn value(json: &mut Json<'_, '_>) -> Result<Value, ParseError> {
    match json.kind()? {
        JsonKind::Object => {
            let mut map = serde_json::Map::new();
            json.entries(|json, key| {
                map.insert(key.to_owned(), value(json)?);
                Ok(())
            })?;
            Ok(Value::Object(map))
        }
        JsonKind::Array => {
            let mut array = Vec::new();
            json.array(|json| {
                array.push(value(json)?);
                Ok(())
            })?;
            Ok(Value::Array(array))
        }
        _ => Ok(match json.scalar()?.unwrap() {
            Scalar::Null => Value::Null,
            Scalar::Bool(bool) => Value::Bool(bool),
            Scalar::Text(text) => Value::String(text.to_owned()),
            Scalar::Number(number) => serde_json::from_str(number).unwrap_or(Value::Null),
        }),
    }
}

fn whole(bytes: &[u8]) -> Result<Value, ParseError> {
    let mut source = Source::from_bytes(bytes);
    let mut json = Json::new(&mut source);
    let read = value(&mut json)?;
    json.end()?;
    Ok(read)
}

fn skipped(bytes: &[u8]) -> Result<(), ParseError> {
    let mut source = Source::from_bytes(bytes);
    let mut json = Json::new(&mut source);
    json.skip()?;
    json.end()
}

fn code(bytes: &[u8]) -> Code {
    let (read, skip) = (whole(bytes).unwrap_err(), skipped(bytes).unwrap_err());
    assert_eq!(read.code, skip.code, "reading and skipping differ");
    read.code
}

#[test]
fn what_ends_too_early_is_cut_off_and_what_goes_on_is_malformed() {
    for text in [
        "",
        " ",
        "{",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "[",
        "[1",
        "[1,",
        "tru",
        "\"x\\",
        "\"\\u12",
        "1.",
        "1e",
        "-",
    ] {
        assert_eq!(code(text.as_bytes()), Code::CutOff, "{text}");
    }
    for text in [
        "{} {}",
        "[] x",
        "1 2",
        "{,}",
        "[,]",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "[1}",
        "{\"a\":1]",
        "01",
        "+1",
        ".5",
        "1.x",
        "\"\\x\"",
        "\"\n\"",
        "\"\\u12x4\"",
        "'a'",
        "nul!",
        "truex",
    ] {
        assert_eq!(code(text.as_bytes()), Code::Malformed, "{text}");
    }
}

#[test]
fn an_error_has_its_line_and_column() {
    let error = whole(b"{\n  \"a\": 1,\n  \"b\" 2\n}").unwrap_err();
    assert_eq!((error.position.line, error.position.column), (3, 7));
    assert_eq!(error.message, "expected `:`, found `2`");
}

#[test]
fn nul_bytes_are_named() {
    assert_eq!(code(b"{\"a\": \0}"), Code::NulByte);
    assert_eq!(code(b"{\"a\": \"\0\"}"), Code::NulByte);
    assert_eq!(code(b"{}\0"), Code::NulByte);
}

#[test]
fn nesting_stops_at_128() {
    let deep = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
    assert!(skipped(&deep(128)).is_ok());
    assert!(whole(&deep(128)).is_ok());
    assert_eq!(code(&deep(129)), Code::TooDeep);
    assert_eq!(code(&b"{\"a\":[".repeat(5_000_000)), Code::TooDeep);
}

#[test]
fn a_key_that_stands_twice_in_a_record_is_an_error() {
    for extra in [0, 20] {
        let many: String = (0..extra).map(|n| format!("\"k{n}\": 0,")).collect();
        let text = format!("{{\"results\": [1], {many} \"results\": []}}");
        let mut source = Source::from_bytes(text.as_bytes());
        let error = Json::new(&mut source).object(|_, _| Ok(())).unwrap_err();
        assert_eq!(error.code, Code::Malformed);
        assert!(error.message.contains("`results` stands twice"), "{}", error.message);
    }
}

#[test]
fn a_value_of_another_type_is_skipped_and_told() {
    let mut source = Source::from_bytes(br#"[{"a": []}, 5, "x", null, 7.0, 7.5, 1e2, "7"]"#);
    let mut json = Json::new(&mut source);
    let mut seen = Vec::new();
    let was_array = json.array(|json| {
        seen.push(json.integer()?);
        Ok(())
    });
    assert!(was_array.unwrap());
    assert_eq!(seen, [None, Some(5), None, None, Some(7), None, None, None]);
    let mut source = Source::from_bytes(b"[[1], {\"a\": 1}]");
    let mut json = Json::new(&mut source);
    let mut objects = Vec::new();
    json.array(|json| {
        objects.push(json.object(|_, _| Ok(()))?);
        Ok(())
    })
    .unwrap();
    json.end().unwrap();
    assert_eq!(objects, [false, true]);
}

#[test]
fn text_is_cut_on_a_characters_border_and_the_rest_is_still_read() {
    let text = format!("[\"{}\", 1]", "\u{e9}".repeat(100_000));
    let mut source = Source::from_bytes(text.as_bytes());
    let mut json = Json::new(&mut source);
    let mut lengths = Vec::new();
    json.array(|json| {
        lengths.push(json.text_up_to(9)?.map(|(text, cut)| (text.to_owned(), cut)));
        Ok(())
    })
    .unwrap();
    json.end().unwrap();
    assert_eq!(lengths, [Some(("\u{e9}".repeat(4), true)), None]);
    let mut source = Source::from_bytes(b"\"abc\"");
    assert_eq!(Json::new(&mut source).text_up_to(3).unwrap(), Some(("abc", false)));
}

#[test]
fn an_endless_string_is_refused_where_it_would_be_kept_and_passes_where_not() {
    let text = format!("\"{}\"", "x".repeat(Json::MAX_TEXT + 1));
    assert!(skipped(text.as_bytes()).is_ok());
    assert_eq!(whole(text.as_bytes()).unwrap_err().code, Code::TokenTooLong);
}

#[test]
fn escapes_are_decoded_and_half_a_character_is_replaced() {
    let read = |text: &str| whole(text.as_bytes()).unwrap();
    assert_eq!(read(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#), "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}");
    for (text, wanted) in [
        (r#""a\ud83d""#, "a\u{fffd}"),
        (r#""\ud83dx""#, "\u{fffd}x"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""\ude00\u0041""#, "\u{fffd}A"),
    ] {
        assert_eq!(read(text), wanted, "{text}");
    }
    assert_eq!(whole(b"\"a\xff\"").unwrap(), "a\u{fffd}");
}

#[test]
fn what_python_writes_for_no_number_is_read() {
    assert!(whole(b"[NaN, Infinity, -Infinity]").is_ok());
    assert!(skipped(b"[NaN, Infinity, -Infinity]").is_ok());
}

#[test]
fn lines_of_json_may_stand_between_other_output_and_survive_a_bad_line() {
    let text = b"starting\n{\"n\": 1}\n{\"n\": \n\n{\"n\": 2}\n{\"n\" oops}\n{\"n\": 4} x\n{\"n\": 3}";
    let mut source = Source::from_bytes(text);
    let mut json = Json::new(&mut source);
    let (mut seen, mut bad) = (Vec::new(), 0);
    while let Some(first) = json.line_start().unwrap() {
        let read = first == b'{'
            && json
                .object(|json, _| {
                    seen.extend(json.integer()?);
                    Ok(())
                })
                .and_then(|_| json.line_end())
                .is_ok();
        bad += u32::from(!read);
        json.skip_line().unwrap();
    }
    assert_eq!((seen, bad), (vec![1, 2, 4, 3], 4));
}

#[test]
fn values_behind_each_other_are_read_one_by_one() {
    let mut source = Source::from_bytes(b"{\"a\": 1}{\"a\":\n2} 3 ");
    let mut json = Json::new(&mut source);
    let mut count = 0;
    while json.more().unwrap() {
        json.skip().unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn a_text_larger_than_the_window_is_read_in_pieces() {
    let element = "{\"k\": \"v\\u00e9\u{e9}\", \"n\": [1.5, true]},";
    let text = format!("[{}null]", element.repeat(20_000));
    let ours = whole(text.as_bytes()).unwrap();
    assert_eq!(ours, serde_json::from_str::<Value>(&text).unwrap());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_as_the_same_value(written in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&written) } else { serde_json::to_vec(&written) }.unwrap();
        let again: Value = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(whole(&text).unwrap(), again);
        prop_assert!(skipped(&text).is_ok());
    }

    #[test]
    fn both_accept_the_same_texts(
        written in any_json(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"{}[]\",:\\ntfu019.-eE+ \n\tx"[..]), 0..3_u8), 1..4),
    ) {
        let mut text = serde_json::to_vec(&written).unwrap();
        for (place, byte, what) in edits {
            let at = place.index(text.len() + 1);
            match what {
                0 => text.insert(at, byte),
                1 if at < text.len() => { text.remove(at); }
                _ => text.truncate(at),
            }
        }
        // serde_json also refuses a lone surrogate and a number beyond f64, which we pass on purpose.
        let theirs = serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(skipped(&text).is_ok(), theirs, "{}", String::from_utf8_lossy(&text));
        prop_assert_eq!(whole(&text).is_ok(), theirs, "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let read = whole(&bytes).is_ok();
        prop_assert_eq!(read, skipped(&bytes).is_ok());
    }
}
