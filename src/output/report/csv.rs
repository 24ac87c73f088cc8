//! Lines of CSV (RFC 4180), for programs that make tables.

/// A line of fields, those quoted that need it, with a line break.
pub fn line(fields: &[&str]) -> String {
    let quoted = |field: &&str| match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => (*field).to_owned(),
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// Words that somebody chose, made harmless: on one line, and never a formula to a spreadsheet.
pub fn words(text: &str) -> String {
    let text = super::inert::line(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(line(&["a", "b,c", "say \"d\"", ""]), "a,\"b,c\",\"say \"\"d\"\"\",\n");
    }

    #[test]
    fn no_words_are_a_formula() {
        assert_eq!(words("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(words("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(words("Ada-Marie"), "Ada-Marie");
    }
}
