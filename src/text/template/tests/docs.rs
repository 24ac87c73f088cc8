//! Checks docs/templates.md: its examples are run, and its limits are those of the constants.

use super::*;
use crate::syntax::diag::Faults;
use crate::syntax::limits::{
    MAX_ARGUMENTS, MAX_NESTED_CALLS, MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_STEPS,
    MAX_TEMPLATE_TAGS,
};

const PAGE: &str = include_str!("../../../../docs/templates.md");

/// The YAML block of the page.
fn data() -> Data {
    let yaml = PAGE.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of data");
    let source = Source::new(ProjectPath::new("docs/templates.md").unwrap(), yaml);
    let node = crate::syntax::yaml::parse(&source, &mut Faults::new()).expect("YAML");
    let Json::Object(mut top) = node.to_json() else { panic!("a map") };
    let inputs = top.remove("inputs").unwrap();
    let inputs =
        inputs.as_array().unwrap().iter().map(|name| (name.as_str().unwrap().to_owned(), Json::Null)).collect();
    Data { vars: map(top.remove("vars").unwrap()), inputs, ..Data::default() }
}

#[test]
fn the_examples_write_what_the_page_says() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `{{")?.strip_suffix("` |")?.split_once("` | `"));
    let mut count = 0;
    for (template, written) in rows {
        let template = format!("{{{{{template}");
        let stage = Stage { data: data(), ..Stage::new(&template) };
        let stage = stage.fragment("policies/refunds.md", "Refunds {{take}} 14 days.\n");
        assert_eq!(stage.text().replace('\n', "\\n"), written, "{template}");
        count += 1;
    }
    assert_eq!(count, 28, "rows of the page that are examples");
}

#[test]
fn the_limits_are_those_of_the_code() {
    let table = PAGE.split("## Limits").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).expect("a table");
    let values: Vec<&str> = table.lines().skip(2).filter_map(|row| row.split(" | ").nth(1)).collect();
    let mebibytes = |bytes: usize| format!("{} MiB |", bytes >> 20);
    let expected = [
        format!("{} KiB |", MAX_TEMPLATE_BYTES >> 10),
        format!("{},{:03} |", MAX_TEMPLATE_TAGS / 1000, MAX_TEMPLATE_TAGS % 1000),
        format!("{MAX_TEMPLATE_DEPTH} |"),
        format!("{MAX_NESTED_CALLS} |"),
        format!("{MAX_ARGUMENTS} |"),
        format!(
            "{},{:03},{:03} |",
            MAX_TEMPLATE_STEPS / 1_000_000,
            MAX_TEMPLATE_STEPS / 1000 % 1000,
            MAX_TEMPLATE_STEPS % 1000
        ),
        mebibytes(MAX_RENDERED_BYTES),
    ];
    assert_eq!(values, expected);
}
