//! Random repositories: every tree's bytes, ids and lists against git's own.

use std::collections::HashMap;

use contexture::syntax::source::ProjectPath;
use contexture::tree::{ReadError, Tree};

use super::chance::Chance;
use crate::support::{Repo, names, path, texts};

const FILES: [&str; 12] = [
    "a.md",
    "b.txt",
    "docs/a.md",
    "docs/b.bat",
    "docs/deep/c.md",
    "docs/deep/er/d.txt",
    "x.sh",
    "x.png",
    "lone",
    "docs/plain",
    "z/a.md",
    "z/y/x.md",
];
const LINES: [&str; 11] = [
    "line\n",
    "line\r\n",
    "\n",
    "\r\n",
    "lone\rreturn\n",
    "nul\0\n",
    "$Id: old$\n",
    "$Id$\r\n",
    "$Id: no end\r\n",
    "\x01\x02\x03\n",
    "\r\r\n",
];
const RULES: [&str; 16] = [
    "* text=auto\n",
    "*.md text\n",
    "*.txt text eol=crlf\n",
    "*.bat eol=crlf\n",
    "*.sh eol=lf\n",
    "*.png binary\n",
    "docs/** -text\n",
    "*.md crlf=input\n",
    "lone -crlf\n",
    "* text=auto eol=lf\n",
    "* text=auto eol=crlf\n",
    "*.txt ident\n",
    "* ident\n",
    "*.md filter=canary diff=canary\n",
    "[attr]prose text eol=crlf\n*.md prose\n",
    "*.md working-tree-encoding=UTF-8\n",
];

fn content(chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => (0..chance.below(6)).map(|_| "plain\r\n").collect(),
        1 => (0..chance.below(6)).map(|_| "plain\n").collect(),
        // Around the length from which one odd byte does not make it binary.
        2 => format!("{}{}\x1a", "text ".repeat(chance.below(60)), chance.string(4, &LINES[..4])),
        _ => chance.string(5, &LINES),
    }
}

fn fill(chance: &mut Chance, repo: &Repo, share: usize) {
    for file in FILES {
        if chance.once_in(share) {
            continue;
        }
        repo.file(file, content(chance));
    }
    for file in [".gitattributes", "docs/.gitattributes", "z/.gitattributes"] {
        if chance.once_in(2) {
            repo.file(file, chance.string(3, &RULES));
        }
    }
}

fn links(chance: &mut Chance, repo: &Repo) {
    for name in ["l1", "docs/l2", "z/l3", "docs/deep/l4"] {
        let text = chance.pick(&[
            "a.md",
            "../a.md",
            "docs",
            "../docs/deep",
            "l2/../a.md",
            "nowhere",
            "../../x",
            "/etc/passwd",
            "l3",
            "./deep/c.md",
            "../l1",
            ".git/config",
        ]);
        if chance.once_in(2) {
            repo.link(name, text);
        }
    }
}

/// The files that git names, apart from links.
fn stored(repo: &Repo, arguments: &[&str]) -> Vec<(String, String)> {
    let output = String::from_utf8(repo.git_bytes(arguments)).unwrap();
    let entries = output.split('\0').filter(|line| !line.is_empty()).map(|line| {
        let (meta, name) = line.split_once('\t').unwrap();
        (meta, name.to_owned())
    });
    // `mode type id` of a tree, `mode id stage` of the index.
    let id = |meta: &str| meta.split(' ').find(|word| word.len() >= 40).unwrap().to_owned();
    entries.filter(|(meta, _)| meta.starts_with("100")).map(|(meta, name)| (name, id(meta))).collect()
}

#[test]
fn every_tree_holds_what_git_holds() {
    for seed in 0..30 {
        let mut chance = Chance::new(seed);
        let format = if chance.once_in(4) { "--object-format=sha256" } else { "--object-format=sha1" };
        let repo = Repo::with(&[format]);
        fill(&mut chance, &repo, 4);
        links(&mut chance, &repo);
        repo.commit("base");
        repo.git(["config", "core.autocrlf", chance.pick(&["true", "false", "input", "TRUE", "yes", "0", "Input"])]);
        if chance.once_in(3) {
            repo.git(["config", "core.eol", chance.pick(&["lf", "crlf", "native"])]);
        }
        fill(&mut chance, &repo, 2);
        if chance.once_in(2) {
            repo.git(["add", "docs", "z"].iter().filter(|name| repo.at(name).exists() || **name == "add"));
        }
        fill(&mut chance, &repo, 2);

        let place = repo.place();
        let (commit, index, disk) = (place.commit("HEAD").unwrap(), place.index().unwrap(), place.worktree().unwrap());
        for (file, id) in stored(&repo, &["ls-tree", "-rz", "HEAD"]) {
            let own = commit.read(&path(&file)).unwrap();
            assert_eq!(own.id.as_str(), id, "seed {seed}: {file} in HEAD");
            assert_eq!(
                *own.bytes,
                *repo.git_bytes(["cat-file", "blob", &format!("HEAD:{file}")]),
                "seed {seed}: {file}"
            );
            assert_eq!(commit.id(&path(&file)).unwrap(), Some(own.id));
        }
        for (file, id) in stored(&repo, &["ls-files", "-sz"]) {
            let own = index.read(&path(&file)).unwrap();
            assert_eq!(own.id.as_str(), id, "seed {seed}: {file} in the index");
            assert_eq!(*own.bytes, *repo.git_bytes(["show", &format!(":{file}")]), "seed {seed}: {file}");
        }
        // What git would store is what it does store once everything is added, looked at afresh; but a
        // file whose very bytes are in the index is unchanged, whatever its attributes would make of it.
        let staged: HashMap<_, _> = stored(&repo, &["ls-files", "-sz"]).into_iter().collect();
        let raw = |file: &str| repo.git(["hash-object", "--no-filters", file]).trim().to_owned();
        let unchanged: HashMap<_, _> = staged.into_iter().filter(|(file, id)| raw(file) == *id).collect();
        let afresh = std::fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
        for file in names(&repo.git_bytes(["ls-files", "-coz"])).iter().filter(|file| !repo.at(file).is_symlink()) {
            std::fs::File::options().write(true).open(repo.at(file)).unwrap().set_times(afresh).unwrap();
        }
        let setting = repo.git(["config", "--get", "core.autocrlf"]);
        repo.git(["add", "--all"]);
        for (file, id) in stored(&repo, &["ls-files", "-sz"]) {
            let own = disk.read(&path(&file)).unwrap();
            let id = unchanged.get(&file).unwrap_or(&id);
            assert_eq!(own.id.as_str(), id, "seed {seed}: {file} on the disk, autocrlf={setting}");
            assert_eq!(*own.bytes, *repo.git_bytes(["cat-file", "blob", id]), "seed {seed}: {file}");
        }
    }
}

#[test]
fn a_clean_checkout_reads_as_its_commit() {
    for seed in 0..30 {
        let mut chance = Chance::new(seed);
        let origin = Repo::new();
        fill(&mut chance, &origin, 4);
        links(&mut chance, &origin);
        origin.git(["config", "core.autocrlf", chance.pick(&["input", "false"])]);
        origin.commit("base");
        let setting = chance.pick(&["true", "false", "input"]);
        let repo = Repo::clone_of(&origin, &["--config", &format!("core.autocrlf={setting}")]);
        repo.git(["config", "core.autocrlf", setting]);

        let place = repo.place();
        let (commit, index, disk) = (place.commit("HEAD").unwrap(), place.index().unwrap(), place.worktree().unwrap());
        let root = ProjectPath::root();
        let listed = commit.list(&root).unwrap();
        assert_eq!(index.list(&root).unwrap(), listed, "seed {seed}");
        assert_eq!(disk.list(&root).unwrap(), listed, "seed {seed}");
        // Files that git would store otherwise were never in keeping with their own attributes; what
        // a checkout made of those, only git's record of times could undo.
        repo.git(["add", "--renormalize", "."]);
        let changed = names(&repo.git_bytes(["diff", "--cached", "--name-only", "-z"]));
        for file in listed.iter() {
            let target = repo.at(file.as_str()).canonicalize().unwrap_or_default();
            let in_keeping = !changed.iter().any(|name| target == repo.at(name));
            let blob = commit.read(file).map(|blob| blob.bytes.to_vec()).ok();
            if !in_keeping && std::fs::read(&target).ok() != blob {
                continue;
            }
            let answers = [commit.read(file), index.read(file), disk.read(file)].map(|answer| match answer {
                Ok(blob) => Ok((blob.id, blob.bytes)),
                Err(error) => Err(error.to_string()),
            });
            assert_eq!(answers[0], answers[1], "seed {seed}: {file}");
            assert_eq!(answers[0], answers[2], "seed {seed}: {file}, autocrlf={setting}");
        }
    }
}

#[test]
fn links_lead_where_the_system_leads_and_never_out() {
    for seed in 0..30 {
        let mut chance = Chance::new(seed);
        let repo = Repo::new();
        for file in FILES {
            repo.file(file, file);
        }
        links(&mut chance, &repo);
        repo.commit("base");
        let place = repo.place();
        let trees: [Box<dyn Tree>; 3] = [
            Box::new(place.commit("HEAD").unwrap()),
            Box::new(place.index().unwrap()),
            Box::new(place.worktree().unwrap()),
        ];
        for name in [
            "l1",
            "docs/l2",
            "z/l3",
            "docs/deep/l4",
            "l1/a.md",
            "docs/l2/c.md",
            "z/l3/deep/c.md",
            "l1/l2",
            "docs/deep/l4/a.md",
        ] {
            let target = repo.at(name).canonicalize();
            for tree in &trees {
                match tree.read(&path(name)) {
                    Ok(blob) => {
                        let there = target.as_ref().unwrap_or_else(|_| panic!("seed {seed}: {name} leads nowhere"));
                        assert!(
                            there.starts_with(repo.root()) && !there.starts_with(repo.at(".git")),
                            "seed {seed}: {name}"
                        );
                        assert_eq!(*blob.bytes, *std::fs::read(there).unwrap(), "seed {seed}: {name}");
                    }
                    Err(ReadError::Outside(_)) => {}
                    Err(ReadError::Folder) => assert!(target.as_ref().unwrap().is_dir(), "seed {seed}: {name}"),
                    Err(ReadError::Absent | ReadError::Circle) => assert!(target.is_err(), "seed {seed}: {name}"),
                    Err(error) => panic!("seed {seed}: {name}: {error}"),
                }
            }
        }
        let root = ProjectPath::root();
        let listed = trees[0].list(&root).unwrap();
        for name in texts(&listed) {
            assert!(
                !repo.at(name).is_dir() || matches!(trees[0].read(&path(name)), Err(ReadError::Outside(_))),
                "{name}"
            );
        }
        for tree in &trees {
            assert_eq!(tree.list(&root).unwrap(), listed, "seed {seed}");
        }
    }
}

#[test]
fn the_last_change_is_the_one_that_git_log_names() {
    for seed in 0..15 {
        let mut chance = Chance::new(seed);
        let repo = Repo::new();
        let files = ["a", "b", "d/a", "d/b", "d/e/a"];
        repo.file("a", "0").commit("base");
        for step in 0..14 {
            match chance.below(5) {
                0 => drop(repo.git(["checkout", "--quiet", "-B", chance.pick(&["one", "two"]), "HEAD"])),
                1 => drop(repo.try_git(["checkout", "--quiet", chance.pick(&["one", "two", "main"])])),
                2 => {
                    let other = chance.pick(&["one", "two", "main"]);
                    if !repo.try_git(["merge", "--quiet", "--no-edit", other]).status.success() {
                        repo.commit("merge with what stands");
                    }
                }
                _ => {
                    repo.file(chance.pick(&files), format!("{}\n", chance.below(3)));
                    if chance.once_in(6) {
                        let _ = std::fs::remove_file(repo.at(chance.pick(&files)));
                    }
                    repo.commit(&format!("step {step}"));
                }
            }
        }
        let paths: Vec<ProjectPath> = files.iter().map(|file| path(file)).collect();
        let changes = repo.place().commit("HEAD").unwrap().last_changes(&paths).unwrap();
        for file in &paths {
            let wanted = repo.git(["log", "-1", "--format=%H", "HEAD", "--", file.as_str()]);
            let there = repo.try_git(["cat-file", "-e", &format!("HEAD:{file}")]).status.success();
            let own = changes.get(file).map(|commit| commit.id.as_str());
            assert_eq!(
                own,
                there.then_some(wanted.trim()),
                "seed {seed}: {file}\n{}",
                repo.git(["log", "--graph", "--stat", "--oneline"])
            );
        }
    }
}
