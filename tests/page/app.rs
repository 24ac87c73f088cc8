//! The modules of the app: small files that stand on each other, and can be joined into one script.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The modules in the order in which they are joined, and their text.
fn modules() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/output/page");
    let list = fs::read_to_string(source.join("assets.rs")).unwrap();
    let names =
        list.lines().filter_map(|line| line.trim().strip_prefix("include_str!(\"app/")?.strip_suffix(".js\"),"));
    let modules: Vec<_> = names
        .map(|name| (name.to_owned(), fs::read_to_string(source.join(format!("app/{name}.js"))).unwrap()))
        .collect();
    let files = fs::read_dir(source.join("app")).unwrap();
    let count = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "js")).count();
    assert!(count > 10 && modules.len() == count, "src/output/page/assets.rs does not join every module");
    modules
}

/// What a line declares at the top of a module.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest =
        ["function* ", "function ", "const ", "let ", "class "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn a_module_imports_what_one_before_it_exports() {
    let mut exported: BTreeMap<String, String> = BTreeMap::new();
    let mut joined: Vec<String> = Vec::new();
    for (name, text) in modules() {
        for line in text.lines().filter(|line| line.starts_with("import")) {
            assert!(line.ends_with(';'), "{name}.js: an import stands on one line: {line}");
            let from = line.rsplit('"').nth(1).unwrap().trim_start_matches("./").trim_end_matches(".js");
            assert!(joined.iter().any(|other| other == from), "{name}.js imports {from}.js, which is joined behind it");
            let Some((_, names)) = line.split_once('{') else { continue };
            for wanted in names.split('}').next().unwrap().split(',').map(str::trim) {
                assert_eq!(exported.get(wanted).map(String::as_str), Some(from), "{name}.js imports {wanted}");
            }
        }
        for line in text.lines().filter(|line| line.starts_with("export ")) {
            let export = declared(line).unwrap_or_else(|| panic!("{name}.js: {line}"));
            exported.insert(export.to_owned(), name.clone());
        }
        joined.push(name);
    }
}

#[test]
fn no_name_at_the_top_of_a_module_is_that_of_another() {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in modules() {
        for own in text.lines().filter(|line| !line.starts_with(' ')).filter_map(declared) {
            let other = owners.insert(own.to_owned(), name.clone());
            assert_eq!(other, None, "{name}.js declares `{own}`, and so does another module");
        }
    }
}

#[test]
fn no_module_makes_mark_up_of_text_or_loads_anything_from_elsewhere() {
    for (name, text) in modules() {
        for word in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "</script"]
        {
            assert!(!text.contains(word), "{name}.js uses {word}");
        }
        let addresses = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("http://") && !addresses.contains("https://"), "{name}.js names an address");
    }
}
