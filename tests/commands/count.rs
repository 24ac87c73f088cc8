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
