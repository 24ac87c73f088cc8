//! `contexture count`.

use serde_json::json;
use snapbox::str;

use crate::support::Repo;

#[test]
fn standard_input_is_counted_when_no_file_is_named() {
    let repo = Repo::none();
    let report =
        repo.contexture(["count", "--by", "o200k_base", "--format", "json"]).input("Hello, world\n").run().json();
    assert_eq!(
        report["files"][0],
        json!({"path": "-", "bytes": 13, "tokens": {"o200k_base": 4}, "estimates": {}, "bands": {}})
    );
}

#[test]
fn a_file_that_is_not_there_leaves_the_others_counted() {
    let repo = Repo::none();
    repo.file("a.md", "Hello, world\n");
    repo.run("count a.md b.md --by o200k_base").is(str![[r#"
exit 2
--- stdout
a.md  13 bytes
  tokenizer   tokens  basis  band
  o200k_base       4  exact
--- stderr
error: cannot read b.md: No such file or directory (os error 2)

"#]]);
}

#[test]
fn a_file_is_counted_by_the_named_encodings() {
    let repo = Repo::none();
    repo.file("a.md", "Hello, world\n");
    repo.run("count a.md --by o200k_base,cl100k_base").is(str![[r#"
exit 0
--- stdout
a.md  13 bytes
  tokenizer    tokens  basis  band
  cl100k_base       4  exact
  o200k_base        4  exact

"#]]);
}

#[test]
fn an_unknown_encoding_is_told_with_a_near_one() {
    Repo::none().run("count --by o200k_bas").is(str![[r#"
exit 2
--- stderr
error: there is no tokenizer `o200k_bas`
 |
 = help: did you mean `o200k_base`?

"#]]);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let repo = Repo::none();
    repo.file("a.bin", b"ab\xff");
    repo.run("count a.bin").is(str![[r#"
exit 2
--- stderr
error: a.bin is not UTF-8 text (byte 3)
 |
 = help: name text files only

"#]]);
}

#[test]
fn a_tokenizer_file_that_is_none_is_told() {
    let repo = Repo::none();
    repo.file("a.md", "Hello\n").file("tokenizer.json", "{}\n");
    let outcome = repo.run("count a.md --tokenizer tokenizer.json").exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error: tokenizer.json: "), "{outcome}");
}

#[test]
fn the_json_report_is_valid_by_its_schema() {
    let repo = Repo::none();
    repo.file("a.md", "Hello, world\n");
    let report = repo.run("count a.md --format json").exits(0).json();
    let schema = repo.run("schema count").exits(0).json();
    assert!(jsonschema::is_valid(&schema, &report), "{report:#}");
}
