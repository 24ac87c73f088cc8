//! The order of the house: who may use whom, and which outside library lives in which room.
//!
//! The law is written in docs/architecture.md, for people; this test reads it there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One line of the tables.
#[derive(Debug)]
struct Room {
    name: String,
    floor: String,
    libraries: BTreeSet<String>,
}

/// The tables of docs/architecture.md.
struct House {
    rooms: Vec<Room>,
    /// Libraries of every room.
    everywhere: BTreeSet<String>,
}

impl House {
    fn read() -> Self {
        let page = fs::read_to_string(at("docs/architecture.md")).expect("docs/architecture.md");
        let (_, rooms) = page.split_once("\n## Rooms\n").expect("a section `Rooms`");
        let (rooms, _) = rooms.split_once("\n## ").expect("a section behind it");
        let mut floor = String::new();
        let mut house = Self { rooms: Vec::new(), everywhere: BTreeSet::new() };
        for line in rooms.lines() {
            if let Some(name) = line.strip_prefix("### ") {
                floor = name.to_owned();
            }
            if let Some((name, rest)) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |")) {
                let libraries = rest.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
                let libraries = words(libraries);
                house.rooms.push(Room { name: name.to_owned(), floor: floor.clone(), libraries });
            }
            if let Some((_, list)) = line.split_once("may be used in every room: ") {
                house.everywhere = words(list.split('.').next().unwrap_or_default());
            }
        }
        assert!(
            house.rooms.len() > 20 && house.everywhere.len() > 2,
            "the tables of docs/architecture.md are not read"
        );
        house
    }

    fn place(&self, room: &str) -> Option<usize> {
        self.rooms.iter().position(|other| other.name == room)
    }

    /// Why `user` may not use `used`.
    fn forbids(&self, user: &Room, used: &str) -> Option<String> {
        let law = "docs/architecture.md";
        let Some(place) = self.place(used) else { return Some(format!("`{used}` has no line in {law}")) };
        let own = self.place(&user.name)?;
        let floors = [&*user.floor, &*self.rooms[place].floor];
        if place > own {
            return Some(format!("{law}: a room may use only rooms above its own line, and `{used}` stands below"));
        }
        let wings = floors.contains(&"Text wing") && floors.contains(&"Cost wing");
        wings.then(|| format!("{law}: the text wing and the cost wing do not use each other"))
    }
}

/// Names between commas.
fn words(list: &str) -> BTreeSet<String> {
    list.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A source file below src/.
struct File {
    /// Its path below the repository.
    path: String,
    /// The room that it belongs to.
    room: String,
    /// Its code: comments blanked out, unit tests cut off.
    code: String,
}

/// Every file of src/ that is not a test.
fn files() -> Vec<File> {
    let mut files = Vec::new();
    let mut open = vec![at("src")];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_test = name == "tests" || name == "tests.rs";
            match (path.is_dir(), is_test) {
                (_, true) => {}
                (true, _) => open.push(path),
                (false, _) if name.ends_with(".rs") => files.push(read(&path)),
                (false, _) => {}
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn read(path: &Path) -> File {
    let own = path.strip_prefix(at("")).expect("a path of the repository").to_string_lossy().into_owned();
    let below = own.strip_prefix("src/").expect("a path below src/");
    let room = below.split('/').next().unwrap_or(below).trim_end_matches(".rs").to_owned();
    let text = fs::read_to_string(path).expect("a source file");
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
    let code = code.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
    File { path: own, room, code }
}

/// The rooms that a file uses, each with the 1-based line: what follows `crate::`, one name or a list.
fn uses(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, prefix) in file.code.match_indices("crate::") {
        let rest = &file.code[start + prefix.len()..];
        let line = file.code[..start].matches('\n').count() + 1;
        match rest.strip_prefix('{') {
            None => found.extend(name(rest).map(|name| (line, name))),
            Some(list) => found.extend(top_names(list).into_iter().map(|name| (line, name))),
        }
    }
    found
}

/// The identifier that a text begins with.
fn name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first names of a braced list's entries, nested lists left out.
fn top_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut fresh) = (0, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && depth == 0 && !c.is_whitespace() => {
                names.extend(name(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn every_file_belongs_to_a_room_and_every_room_has_a_file() {
    let house = House::read();
    let files = files();
    for file in &files {
        assert!(
            house.place(&file.room).is_some(),
            "{}: `{}` has no line in docs/architecture.md",
            file.path,
            file.room
        );
    }
    for room in &house.rooms {
        assert!(
            files.iter().any(|file| file.room == room.name),
            "docs/architecture.md: there is no room `{}`",
            room.name
        );
    }
}

#[test]
fn the_library_lists_its_rooms_from_the_ground_up() {
    let listed = fs::read_to_string(at("src/lib.rs")).expect("src/lib.rs");
    let listed: Vec<&str> =
        listed.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let house = House::read();
    let floors = house.rooms.iter().map(|room| &*room.name).filter(|name| !matches!(*name, "lib" | "main"));
    assert_eq!(listed, floors.collect::<Vec<_>>(), "src/lib.rs is in another order than docs/architecture.md");
}

#[test]
fn a_room_uses_only_rooms_above_its_own_line() {
    let house = House::read();
    let mut broken = Vec::new();
    for file in files() {
        let room = &house.rooms[house.place(&file.room).unwrap_or_else(|| panic!("{} has no room", file.path))];
        for (line, used) in uses(&file).into_iter().filter(|(_, used)| *used != file.room) {
            if let Some(law) = house.forbids(room, &used) {
                broken.push(format!("{}:{line} uses `crate::{used}`. {law}", file.path));
            }
        }
        let at_the_root = file.path.matches('/').count() == 1
            || file.path.ends_with("/mod.rs") && file.path.matches('/').count() == 2;
        if at_the_root && let Some(at) = file.code.find("super::") {
            let line = file.code[..at].matches('\n').count() + 1;
            broken.push(format!("{}:{line} reaches another room by `super::`; write `crate::`", file.path));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What Cargo.toml says of a dependency: its name, and the comment behind it.
fn dependencies() -> BTreeMap<String, String> {
    let manifest = fs::read_to_string(at("Cargo.toml")).expect("Cargo.toml");
    let (_, section) = manifest.split_once("\n[dependencies]\n").expect("[dependencies]");
    let section = section.split("\n[").next().unwrap_or(section);
    let lines = section.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(" = ").expect("a dependency on one line");
            let comment = rest.rsplit_once('#').map_or("", |(_, comment)| comment.trim());
            (name.to_owned(), comment.to_owned())
        })
        .collect()
}

#[test]
fn each_outside_library_lives_in_its_rooms() {
    let house = House::read();
    let (files, dependencies) = (files(), dependencies());
    let linked_only = "libz-sys";
    let mut broken = Vec::new();
    for (library, comment) in &dependencies {
        if house.everywhere.contains(library) || library == linked_only {
            continue;
        }
        let homes: BTreeSet<&str> =
            house.rooms.iter().filter(|room| room.libraries.contains(library)).map(|room| &*room.name).collect();
        let path = format!("{}::", library.replace('-', "_"));
        let mut used_in = BTreeSet::new();
        for file in &files {
            let starts = file.code.match_indices(&path).filter(|(at, _)| {
                let before = file.code[..*at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))
            });
            for (at, _) in starts {
                used_in.insert(&*file.room);
                if !homes.contains(&*file.room) {
                    let line = file.code[..at].matches('\n').count() + 1;
                    let homes: Vec<&str> = homes.iter().copied().collect();
                    broken.push(format!(
                        "{}:{line} uses {library}. docs/architecture.md: it lives in {}",
                        file.path,
                        if homes.is_empty() { "no room".to_owned() } else { homes.join(", ") }
                    ));
                }
            }
        }
        for home in homes.difference(&used_in) {
            broken.push(format!("docs/architecture.md says that {library} lives in `{home}`, which does not use it"));
        }
        for home in &used_in {
            let named = comment.contains(&format!("src/{home}"));
            if !named {
                broken.push(format!("Cargo.toml: the comment of {library} does not name src/{home}, which uses it"));
            }
        }
        if used_in.is_empty() {
            broken.push(format!("Cargo.toml: nothing uses {library}"));
        }
    }
    for library in house.rooms.iter().flat_map(|room| &room.libraries).chain(&house.everywhere) {
        if !dependencies.contains_key(library) {
            broken.push(format!("docs/architecture.md names {library}, which Cargo.toml does not have"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// deny.toml by cargo's own account of what is linked; `tests/dependencies.py` reads both.
#[test]
fn dependencies_are_what_deny_toml_allows() {
    let cargo = |words: &[&str]| Command::new(env!("CARGO")).args(words).current_dir(at("")).output().expect("cargo");
    let metadata = cargo(&["metadata", "--locked", "--format-version", "1"]);
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let judge = |rules: &Path| {
        let mut child = Command::new(&python)
            .arg(at("tests/dependencies.py"))
            .arg(rules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        child.stdin.take().expect("its input").write_all(&metadata.stdout).expect("it reads");
        let judged = child.wait_with_output().expect("it ends");
        (judged.status.success(), String::from_utf8_lossy(&judged.stdout).into_owned())
    };
    let (holds, said) = judge(&at("deny.toml"));
    assert!(holds, "{said}");
    // The judge can fail.
    let folder = tempfile::tempdir().expect("a folder");
    let strict = folder.path().join("deny.toml");
    let rules = fs::read_to_string(at("deny.toml")).expect("deny.toml");
    for (rule, stricter, fault) in [
        ("\"ISC\",", "", "the licence ISC is not allowed"),
        ("\"openssl-sys\"", "\"serde\"", "serde is banned"),
        ("\"base64@0.13.1\"", "\"x@1.0.0\"", "base64 is there in 0.13.1, 0.22.1"),
    ] {
        assert!(rules.contains(rule));
        fs::write(&strict, rules.replace(rule, stricter)).expect("rules");
        let (holds, said) = judge(&strict);
        assert!(!holds && said.contains(fault), "{said}");
    }
}
