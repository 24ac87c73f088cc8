//! The order of the house: which floor and which room may use which, and which outside library lives in which room.
//!
//! The law is written in docs/architecture.md, for people; this test reads it there. A floor is a folder of `src/`, a
//! room is a file or a folder of a floor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LAW: &str = "docs/architecture.md";

/// One line of the tables: `tree/git`, or `tree` for what stands in `tree/mod.rs` itself.
#[derive(Debug)]
struct Room {
    name: String,
    libraries: BTreeSet<String>,
}

/// The tables of docs/architecture.md.
struct House {
    /// The height of each floor. Floors of one height do not use each other.
    floors: BTreeMap<String, usize>,
    /// The rooms; those of one floor in their order, from the ground up.
    rooms: Vec<Room>,
    /// Libraries of every room.
    everywhere: BTreeSet<String>,
    /// What a floor's `mod.rs` hands on from its rooms: floor and name to room.
    handed_on: BTreeMap<(String, String), String>,
}

impl House {
    fn read() -> Self {
        let page = fs::read_to_string(at(LAW)).expect(LAW);
        let (_, section) = page.split_once("\n## Rooms\n").expect("a section `Rooms`");
        let (section, _) = section.split_once("\n## ").expect("a section behind it");
        let order = section.lines().find_map(|line| line.strip_prefix("Floors: `")?.split('`').next());
        let mut house = Self {
            floors: BTreeMap::new(),
            rooms: Vec::new(),
            everywhere: BTreeSet::new(),
            handed_on: BTreeMap::new(),
        };
        for (height, floors) in order.expect("a line `Floors:`").split('<').enumerate() {
            house.floors.extend(floors.split('|').map(|floor| (floor.trim().to_owned(), height)));
        }
        for line in section.lines() {
            if let Some((name, rest)) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |")) {
                let libraries = rest.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
                house.rooms.push(Room { name: name.to_owned(), libraries: words(libraries) });
            }
            if let Some((_, list)) = line.split_once("may be used in every room: ") {
                house.everywhere = words(list.split('.').next().unwrap_or_default());
            }
        }
        assert!(
            house.floors.len() > 7 && house.rooms.len() > 40 && house.everywhere.len() > 2,
            "the tables of {LAW} are not read"
        );
        for floor in house.floors.keys() {
            let Ok(text) = fs::read_to_string(at(&format!("src/{floor}/mod.rs"))) else { continue };
            for line in text.lines().filter_map(|line| line.strip_prefix("pub use ")) {
                let (room, names) = line.trim_end_matches(';').split_once("::").expect("a path");
                let names = names.rsplit("::").next().unwrap_or_default().trim_matches(['{', '}']);
                let room = format!("{floor}/{room}");
                house.handed_on.extend(words(names).into_iter().map(|name| ((floor.clone(), name), room.clone())));
            }
        }
        house
    }

    fn place(&self, room: &str) -> Option<usize> {
        self.rooms.iter().position(|other| other.name == room)
    }

    /// The room that a path below `crate::` leads into.
    fn room_of(&self, floor: &str, name: &str) -> String {
        let room = format!("{floor}/{name}");
        if self.place(&room).is_some() {
            return room;
        }
        self.handed_on.get(&(floor.to_owned(), name.to_owned())).cloned().unwrap_or_else(|| floor.to_owned())
    }

    /// Why a file of room `user` may not use room `used`.
    fn forbids(&self, user: &str, used: &str) -> Option<String> {
        let (own, other) = (self.place(user)?, self.place(used));
        let Some(other) = other else { return Some(format!("{LAW}: `{used}` has no line")) };
        let (own_floor, other_floor) = (floor(user), floor(used));
        if own_floor == other_floor {
            return (other > own).then(|| format!("{LAW}: `{used}` stands below `{user}` in the table of their floor"));
        }
        let height = |floor: &str| self.floors.get(floor).copied().unwrap_or(usize::MAX);
        (height(other_floor) >= height(own_floor))
            .then(|| format!("{LAW}: `{own_floor}` may use lower floors only, and `{other_floor}` is none"))
    }
}

/// The floor of a room.
fn floor(room: &str) -> &str {
    room.split('/').next().unwrap_or(room)
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
    /// The modules that it stands for, from the top: `tree`, `git`, `blame`.
    modules: Vec<String>,
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
    let below = own.strip_prefix("src/").expect("a path below src/").trim_end_matches(".rs");
    let mut modules: Vec<String> = below.split('/').map(str::to_owned).collect();
    modules.pop_if(|last| last == "mod");
    // The commands beside each other are one room: nothing is built on them.
    let depth = if modules[0] == "cli" { 1 } else { 2 };
    let room = modules.iter().take(depth).cloned().collect::<Vec<_>>().join("/");
    let text = fs::read_to_string(path).expect("a source file");
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
    let code = code.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
    File { path: own, modules, room, code }
}

/// The rooms that a file uses, each with the 1-based line: every path that begins with `crate::` or `super::`, one
/// name or a list.
fn uses(house: &House, file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for prefix in ["crate::", "super::"] {
        for (start, _) in file.code.match_indices(prefix) {
            let before = file.code[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                continue;
            }
            let line = file.code[..start].matches('\n').count() + 1;
            let mut rest = &file.code[start..];
            let mut base: Vec<String> = Vec::new();
            if prefix == "super::" {
                base.clone_from(&file.modules);
                while let Some(above) = rest.strip_prefix("super::") {
                    rest = above;
                    base.pop();
                }
            } else {
                rest = &rest[prefix.len()..];
            }
            let mut paths = Vec::new();
            expand(&base, rest, &mut paths);
            found.extend(paths.into_iter().filter_map(|path| {
                let (floor, name) = (path.first()?, path.get(1).map_or("", String::as_str));
                Some((line, house.room_of(floor, name)))
            }));
        }
    }
    found
}

/// The paths below `base` that a use tree names, as deep as a room: two names.
fn expand(base: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    if base.len() >= 2 {
        paths.push(base.to_vec());
    } else if let Some(list) = tree.strip_prefix('{') {
        for entry in entries(list) {
            expand(base, entry, paths);
        }
    } else {
        let name: String = tree.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let rest = &tree[name.len()..];
        let path = base.iter().cloned().chain((!name.is_empty() && name != "self").then_some(name)).collect::<Vec<_>>();
        match rest.strip_prefix("::") {
            Some(rest) => expand(&path, rest, paths),
            None => paths.push(path),
        }
    }
}

/// The entries of a braced list whose opening brace is behind us.
fn entries(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut entries) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                entries.push(list[start..at].trim());
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

#[test]
fn every_file_belongs_to_a_room_and_every_room_has_a_file() {
    let house = House::read();
    let files = files();
    for file in &files {
        let only_lists = file.path.ends_with("/mod.rs") && file.modules.len() == 1;
        assert!(
            house.place(&file.room).is_some() || only_lists && !defines(&file.code),
            "{}: `{}` has no line in {LAW}",
            file.path,
            file.room
        );
    }
    for room in &house.rooms {
        assert!(files.iter().any(|file| file.room == room.name), "{LAW}: there is no room `{}`", room.name);
        let is_known = house.floors.contains_key(floor(&room.name));
        assert!(is_known || matches!(&*room.name, "lib" | "main"), "{LAW}: `{}` stands on no floor", room.name);
    }
}

/// Whether a file does more than list its modules.
fn defines(code: &str) -> bool {
    code.lines().any(|line| !(line.is_empty() || line.starts_with("pub mod ") || line.starts_with("mod ")))
}

#[test]
fn modules_are_listed_from_the_ground_up() {
    let house = House::read();
    let modules = |path: &str| -> Vec<String> {
        let text = fs::read_to_string(at(path)).expect(path);
        let lines = text.lines().map(|line| line.strip_prefix("pub ").unwrap_or(line));
        lines.filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())).collect()
    };
    let heights: Vec<usize> = modules("src/lib.rs").iter().map(|floor| house.floors[floor]).collect();
    assert!(heights.is_sorted() && heights.len() == house.floors.len(), "src/lib.rs is in another order than {LAW}");
    for floor in house.floors.keys() {
        let rooms = house.rooms.iter().filter_map(|room| room.name.strip_prefix(&format!("{floor}/")));
        let rooms: Vec<&str> = rooms.collect();
        if rooms.is_empty() {
            continue;
        }
        let path = format!("src/{floor}/mod.rs");
        assert_eq!(modules(&path), rooms, "{path} is in another order than {LAW}");
    }
}

#[test]
fn a_room_uses_only_lower_floors_and_rooms_above_its_own_line() {
    let house = House::read();
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| house.place(&file.room).is_some()) {
        for (line, used) in uses(&house, file).into_iter().filter(|(_, used)| *used != file.room) {
            if let Some(law) = house.forbids(&file.room, &used) {
                broken.push(format!("{}:{line} uses `{used}`. {law}", file.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The paths that a comment names: `name.rs`, `docs/…` and `tests/…`.
fn paths_in(comment: &str) -> impl Iterator<Item = &str> {
    let words = comment.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')));
    let words = words.map(|word| word.trim_end_matches(['.', '/']));
    words.filter(|word| word.ends_with(".rs") || word.starts_with("docs/") || word.starts_with("tests/"))
}

/// Files of other projects are named without `docs/`, or by a web address.
#[test]
fn paths_that_comments_name_exist() {
    assert_eq!(paths_in("see `a/b.rs`, docs/x.md. Not x.py").collect::<Vec<_>>(), ["a/b.rs", "docs/x.md"]);
    let mut missing = Vec::new();
    let (mut open, mut checked) = (vec![at("src")], 0);
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                let comment = match line.trim_start().strip_prefix("//") {
                    Some(comment) => comment,
                    None => line.split_once(" // ").map_or("", |(_, comment)| comment),
                };
                for named in paths_in(comment) {
                    checked += 1;
                    let homes = [folder.clone(), at("src"), at("tests"), at("")];
                    if !homes.iter().any(|home| home.join(named).exists()) {
                        missing.push(format!("{}:{}: there is no {named}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(checked > 20, "only {checked} paths are found in comments");
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
                        "{}:{line} uses {library}. {LAW}: it lives in {}",
                        file.path,
                        if homes.is_empty() { "no room".to_owned() } else { homes.join(", ") }
                    ));
                }
            }
        }
        for home in homes.difference(&used_in) {
            broken.push(format!("{LAW} says that {library} lives in `{home}`, which does not use it"));
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
            broken.push(format!("{LAW} names {library}, which Cargo.toml does not have"));
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
