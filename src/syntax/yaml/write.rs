//! Values as YAML text. The same value always gives the same text.

use serde_json::Value as Json;

/// YAML 1.2 in block style, keys in the order they were written, no line break at the end.
pub fn written(value: &Json) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes a value whose first line is already indented, the others by `indent` blanks.
fn block(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (number, (key, item)) in map.iter().enumerate() {
                line_break(number, indent, out);
                out.push_str(&text(key, None));
                out.push(':');
                entry(item, indent, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                line_break(number, indent, out);
                out.push_str("- ");
                block(item, indent + 2, out);
            }
        }
        Json::Object(_) => out.push_str("{}"),
        Json::Array(_) => out.push_str("[]"),
        Json::String(written) => out.push_str(&text(written, Some(indent))),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Writes a value after `key:`.
fn entry(item: &Json, indent: usize, out: &mut String) {
    let nested = match item {
        Json::Object(map) => !map.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::String(written) => {
            out.push(' ');
            out.push_str(&text(written, Some(indent + 2)));
            return;
        }
        _ => false,
    };
    if nested {
        line_break(1, indent + 2, out);
    } else {
        out.push(' ');
    }
    block(item, indent + 2, out);
}

fn line_break(number: usize, indent: usize, out: &mut String) {
    if number > 0 {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// Text as a YAML scalar: plain where it stays text, several lines as a literal block (indented by
/// `indent`; `None` where no block is allowed), else in double quotes.
fn text(written: &str, indent: Option<usize>) -> String {
    if is_plain(written) {
        return written.to_owned();
    }
    match indent {
        Some(indent) if is_literal(written) => {
            let (mark, body) = written.strip_suffix('\n').map_or(("|-", written), |body| ("|", body));
            let indent = " ".repeat(indent.max(2));
            let lines =
                body.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
            format!("{mark}\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
        _ => quoted(written),
    }
}

/// Whether a parser of YAML 1.1 or 1.2 reads it as the same text without quotes.
fn is_plain(written: &str) -> bool {
    let starts_well = written.starts_with(|c: char| c.is_alphabetic() || matches!(c, '(' | '/' | '$' | '_'));
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    starts_well
        && written.chars().all(is_printable)
        && !written.ends_with([' ', ':'])
        && !written.contains(": ")
        && !written.contains(" #")
        && !words.contains(&written.to_lowercase().as_str())
}

fn is_literal(written: &str) -> bool {
    let body = written.strip_suffix('\n').unwrap_or(written);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| line.chars().all(is_printable) && (line.is_empty() || !line.trim().is_empty()))
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// In double quotes, with the escapes of JSON, which are YAML's too.
fn quoted(written: &str) -> String {
    let json = Json::String(written.to_owned()).to_string();
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        if is_printable(c) {
            out.push(c);
        } else {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::syntax::diag::Faults;
    use crate::syntax::source::{ProjectPath, Source};

    #[test]
    fn yaml_is_what_a_person_would_write() {
        let value = json!({"name": "Acme", "none": {}, "on": "no", "steps": [{"do": "ask", "n": 1}, ["x"], "a: b"],
            "text": "one\n two\n", "deep": {"er": [1, "2"]}});
        let expected = "name: Acme\nnone: {}\n\"on\": \"no\"\nsteps:\n  - do: ask\n    \"n\": 1\n  - - x\n  - \"a: b\"\n\
                        text: |\n  one\n   two\ndeep:\n  er:\n    - 1\n    - \"2\"";
        assert_eq!(written(&value), expected);
    }

    fn values() -> impl Strategy<Value = Json> {
        let text = prop_oneof![
            "[ -~\\n\\té\u{85}\u{2028}\u{feff}]{0,12}",
            "[a-c: #\\n-]{0,8}",
            proptest::sample::select(vec![
                "~", "null", "1_000", "0x1f", "1:30", "---", "<<", "=", "|", "a\n\nb", "- a"
            ])
            .prop_map(str::to_owned),
        ];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e12..1e12_f64).prop_map(Json::from),
            text.clone().prop_map(Json::String),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                prop::collection::vec((text.clone(), inner), 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The oracle is the YAML parser, which knows nothing of this writer.
        #[test]
        fn yaml_reads_back_as_the_same_value(value in values()) {
            let source = Source::new(ProjectPath::new("a.yaml").unwrap(), format!("{}\n", super::written(&value)));
            let mut faults = Faults::new();
            let read = crate::syntax::yaml::parse(&source, &mut faults).map(|node| node.to_json());
            prop_assert_eq!(read, Some(value), "{} {:?}", source.text(), faults.into_vec());
        }
    }
}
