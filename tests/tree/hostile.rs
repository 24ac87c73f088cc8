//! Repositories made to harm: nothing of theirs runs, hangs, leads out or exhausts.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contexture::syntax::source::ProjectPath;
use contexture::tree::{ReadError, Tree, Workspace};

use super::states::canary;
use crate::support::{Repo, path, texts};

/// Far above what any of these takes, far below a hang.
const DEADLINE: Duration = Duration::from_secs(30);

/// Tells a thread to stop when the test is over, also where it panics: else the scope would wait for ever.
#[derive(Default)]
struct Over(AtomicBool);

/// Ends the thread that looks at it.
struct Ending<'a>(&'a Over);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl Over {
    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn no_command_of_the_configuration_runs() {
    let repo = Repo::new();
    repo.file("a.md", "one\r\n").file("sub/b.md", "b").file(".gitattributes", "* text=auto filter=x diff=x merge=x\n");
    repo.commit("base");
    let command = canary(&repo);
    let mut keys: Vec<(String, &str)> = Vec::new();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "core.hooksPath",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "diff.x.command",
        "diff.external",
        "merge.x.driver",
        "credential.helper",
        "gpg.program",
        "sequence.editor",
        "uploadpack.packObjectsHook",
        "interactive.diffFilter",
        "pager.log",
        "alias.status",
        "trailer.x.command",
        "browser.x.cmd",
        "man.x.cmd",
        "sendemail.smtpServer",
        "receive.procReceiveRefs",
    ] {
        keys.push((key.to_owned(), &command));
    }
    keys.push(("filter.x.required".to_owned(), "true"));
    keys.push(("remote.origin.url".to_owned(), "ext::sh"));
    keys.push(("remote.origin.promisor".to_owned(), "true"));
    keys.push(("include.path".to_owned(), "/nowhere"));
    // Written and not set through git, which would run the first of them.
    let mut config = fs::read_to_string(repo.at(".git/config"))
        .unwrap()
        .replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    for (key, value) in keys {
        let (section, name) = key.rsplit_once('.').unwrap();
        let section = section.split_once('.').map_or(section.to_owned(), |(one, two)| format!("{one} \"{two}\""));
        config.push_str(&format!("[{section}]\n\t{name} = \"{value}\"\n"));
    }
    fs::write(repo.at(".git/config"), config).unwrap();
    for hook in ["post-checkout", "post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"] {
        repo.file(&format!(".git/hooks/{hook}"), format!("#!/bin/sh\ntouch {}\n", repo.outside("canary").display()));
        fs::set_permissions(repo.at(&format!(".git/hooks/{hook}")), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let place = repo.place();
    let trees: [Box<dyn Tree>; 3] = [
        Box::new(place.commit("HEAD").unwrap()),
        Box::new(place.index().unwrap()),
        Box::new(place.worktree().unwrap()),
    ];
    for tree in &trees {
        for file in tree.list(&ProjectPath::root()).unwrap().iter() {
            tree.read(file).unwrap();
        }
    }
    place.commit("HEAD").unwrap().last_changes(&[path("a.md")]).unwrap();
    let _ = place.commit("0123456789012345678901234567890123456789");
    assert!(!repo.outside("canary").exists());
    // The control: git does run it.
    let control = repo.try_git(["status"]);
    assert!(repo.outside("canary").exists(), "the canary is alive: {control:?}");
}

#[test]
fn pipes_devices_and_sockets_are_no_files_and_do_not_block() {
    let repo = Repo::new();
    repo.file("a.md", "a").file("docs/b.md", "b\r\n").commit("base");
    let make_fifo = |name: &str| assert!(Command::new("mkfifo").arg(repo.at(name)).status().unwrap().success());
    for name in ["pipe", "docs/.gitattributes", ".gitignore", ".gitattributes"] {
        make_fifo(name);
    }
    let _socket = std::os::unix::net::UnixListener::bind(repo.at("socket")).unwrap();
    let start = Instant::now();
    let disk = repo.place().worktree().unwrap();
    assert_eq!(texts(&disk.list(&ProjectPath::root()).unwrap()), ["a.md", "docs/b.md"]);
    assert!(matches!(disk.read(&path("pipe")), Err(ReadError::NotAFile("a FIFO"))));
    assert!(matches!(disk.read(&path("socket")), Err(ReadError::NotAFile("a socket"))));
    assert_eq!(&*disk.read(&path("docs/b.md")).unwrap().bytes, b"b\r\n");
    assert!(start.elapsed() < DEADLINE);
}

#[test]
fn rules_that_are_links_are_not_followed() {
    let repo = Repo::new();
    fs::write(repo.outside("rules"), "*.md text\n").unwrap();
    repo.file("a.md", "a\r\n").link(".gitattributes", "../rules").link(".gitignore", "../rules");
    let disk = repo.place().worktree().unwrap();
    assert_eq!(&*disk.read(&path("a.md")).unwrap().bytes, b"a\r\n");
    assert_eq!(texts(&disk.list(&ProjectPath::root()).unwrap()), [".gitattributes", ".gitignore", "a.md"]);
}

#[test]
fn links_out_of_the_project_are_refused_with_their_text() {
    let repo = Repo::new();
    repo.file("docs/a.md", "a");
    for (name, text) in [
        ("passwd", "/etc/passwd"),
        ("proc", "/proc/self/environ"),
        ("up", "../x"),
        ("docs/up", "../../x"),
        ("config", ".git/config"),
        ("docs/config", "../.git/config"),
        ("odd", "./.GIT/config"),
        ("self", "/proc/self/cwd/docs/a.md"),
        ("round", "docs/round"),
        ("docs/round", "../round"),
        ("output", "dist/x"),
        ("back", "docs/../../work/docs/a.md"),
        ("here", "."),
        ("slash", "docs/a.md/"),
    ] {
        repo.link(name, text);
    }
    repo.file("dist/x", "x").commit("base");
    let place = repo.place();
    let trees: [Box<dyn Tree>; 3] = [
        Box::new(place.commit("HEAD").unwrap()),
        Box::new(place.index().unwrap()),
        Box::new(place.worktree().unwrap()),
    ];
    for tree in &trees {
        for name in ["passwd", "proc", "up", "docs/up", "config", "docs/config", "odd", "self", "back"] {
            let text = fs::read_link(repo.at(name)).unwrap();
            let Err(ReadError::Outside(said)) = tree.read(&path(name)) else { panic!("{name} was followed") };
            assert_eq!(said, text.to_str().unwrap());
        }
        assert!(matches!(tree.read(&path("round")), Err(ReadError::Circle)));
        assert!(matches!(tree.read(&path("output")), Err(ReadError::NotAFile("build output"))));
        assert!(matches!(tree.read(&path("here")), Err(ReadError::Folder)));
        assert!(matches!(tree.read(&path("slash")), Err(ReadError::Absent)));
    }
}

#[test]
fn a_chain_of_forty_links_holds_and_one_more_does_not() {
    let repo = Repo::new();
    repo.file("l0", "end");
    for n in 1..=41 {
        repo.link(&format!("l{n}"), &format!("l{}", n - 1));
    }
    repo.commit("base");
    let place = repo.place();
    for tree in [&place.commit("HEAD").unwrap() as &dyn Tree, &place.worktree().unwrap()] {
        assert_eq!(&*tree.read(&path("l40")).unwrap().bytes, b"end");
        assert!(matches!(tree.read(&path("l41")), Err(ReadError::Circle)));
    }
}

#[test]
fn a_working_tree_claimed_elsewhere_is_refused() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    for claimed in ["../..", "/etc"] {
        repo.git(["config", "core.worktree", claimed]);
        let error = Workspace::find(repo.root()).err().unwrap_or_else(|| panic!("{claimed} was taken"));
        assert!(error.cure().is_some_and(|cure| cure.contains("core.worktree")), "{claimed}: {error}");
    }
    repo.git(["config", "--file", ".git/config", "--unset", "core.worktree"]);
    assert!(Workspace::find(&repo.at(".git")).is_err(), "git's own folder is no project");
    // A repository hidden in a folder of the checkout.
    repo.git(["init", "--quiet", "--bare", "assets"]);
    repo.git(["config", "--file", "assets/config", "core.bare", "false"]);
    repo.git(["config", "--file", "assets/config", "core.worktree", "/etc"]);
    assert!(Workspace::find(&repo.at("assets")).is_err());
}

#[test]
fn a_repository_of_another_user_is_refused_with_gits_hint() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    // The owner can only be changed by root; for others the repository is their own and opens.
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        for folder in [repo.root().to_owned(), repo.at(".git")] {
            chown(folder, Some(12345), Some(12345)).unwrap();
        }
    }
    match Workspace::find(repo.root()) {
        Ok(_) => assert!(!is_root, "it belongs to user 12345"),
        Err(error) => {
            let cure = error.cure().unwrap();
            assert!(
                cure.contains(&format!("git config --global --add safe.directory {}", repo.root().display())),
                "{cure}"
            );
        }
    }
}

/// Writes a tree object of raw entries; returns its id.
fn tree_object(repo: &Repo, entries: &[(&str, &str, &str)]) -> String {
    let mut object = Vec::new();
    for (mode, name, id) in entries {
        object.extend(format!("{mode} {name}\0").into_bytes());
        object.extend((0..id.len() / 2).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()));
    }
    let id = repo.git_with_input(&["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], &object);
    String::from_utf8(id).unwrap().trim().to_owned()
}

fn commit_of(repo: &Repo, tree: &str) -> String {
    repo.git(["commit-tree", "-m", "made", tree]).trim().to_owned()
}

fn blob_of(repo: &Repo, text: &str) -> String {
    String::from_utf8(repo.git_with_input(&["hash-object", "-w", "--stdin"], text.as_bytes()))
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn odd_names_in_a_tree_are_not_there() {
    let repo = Repo::new();
    let blob = blob_of(&repo, "x");
    let inner = tree_object(&repo, &[("100644", "config", &blob), ("100644", "ok.md", &blob)]);
    let root = tree_object(
        &repo,
        &[
            ("40000", ".git", &inner),
            ("40000", "..", &inner),
            ("40000", ".", &inner),
            ("40000", ".GIT", &inner),
            ("40000", "git~1", &inner),
            ("100644", "a/b", &blob),
            ("100644", "C:x", &blob),
            ("100644", "a\\b", &blob),
            ("100644", "a\nb", &blob),
            ("100644", "", &blob),
            ("40000", "fine", &inner),
            ("100644", "fine.md", &blob),
            ("100644", "fine.md", &blob),
            ("100644", "~x", &blob),
            ("777", "mode", &blob),
        ],
    );
    let tree = repo.place().commit(&commit_of(&repo, &root)).unwrap();
    assert_eq!(texts(&tree.list(&ProjectPath::root()).unwrap()), ["fine.md", "fine/config", "fine/ok.md"]);
}

#[test]
fn a_tree_of_ten_billion_paths_is_refused_in_time() {
    let repo = Repo::new();
    let mut id = blob_of(&repo, "x");
    let names: Vec<String> = (0..10).map(|n| format!("d{n}")).collect();
    for level in 0..10 {
        let mode = if level == 0 { "100644" } else { "40000" };
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_str(), id.as_str())).collect();
        id = tree_object(&repo, &entries);
    }
    let tree = repo.place().commit(&commit_of(&repo, &id)).unwrap();
    let start = Instant::now();
    let error = tree.list(&ProjectPath::root()).unwrap_err();
    assert!(error.to_string().contains("too large to list: more than 1000000 files and folders"), "{error}");
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
    let deep = ["d3"; 10].join("/");
    assert_eq!(&*tree.read(&path(&deep)).unwrap().bytes, b"x");
}

#[test]
fn a_tree_a_hundred_thousand_deep_is_refused() {
    let repo = Repo::new();
    // In memory first and then as one pack, object by object: git and libgit2 would recurse.
    let store = git2::Repository::open(repo.root()).unwrap();
    let objects = store.odb().unwrap();
    objects.add_new_mempack_backend(1000).unwrap();
    let mut pack = store.packbuilder().unwrap();
    let mut id = objects.write(git2::ObjectType::Blob, b"x").unwrap();
    pack.insert_object(id, None).unwrap();
    for level in 0..100_000 {
        let mode: &[u8] = if level == 0 { b"100644 a\0" } else { b"40000 a\0" };
        id = objects.write(git2::ObjectType::Tree, &[mode, id.as_bytes()].concat()).unwrap();
        pack.insert_object(id, None).unwrap();
    }
    let author = git2::Signature::new("Ada", "ada@example.com", &git2::Time::new(0, 0)).unwrap();
    let commit = store.commit(None, &author, &author, "deep", &store.find_tree(id).unwrap(), &[]).unwrap();
    pack.insert_object(commit, None).unwrap();
    let mut packed = git2::Buf::new();
    pack.write_buf(&mut packed).unwrap();
    repo.git_with_input(&["index-pack", "--stdin"], &packed);
    let tree = repo.place().commit(&commit.to_string()).unwrap();
    let start = Instant::now();
    assert!(tree.list(&ProjectPath::root()).unwrap_err().to_string().contains("4096 bytes in one path"));
    let long = vec!["a"; 100_000].join("/");
    assert!(matches!(tree.read(&path(&long)), Err(ReadError::Absent)));
    assert!(matches!(tree.read(&path(&vec!["a"; 2000].join("/"))), Err(ReadError::Folder)));
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
}

#[test]
fn damaged_objects_are_named() {
    let repo = Repo::new();
    repo.file("a.md", "a true text\n").commit("base");
    let id = repo.git(["rev-parse", "HEAD:a.md"]).trim().to_owned();
    let other = blob_of(&repo, "a false text\n");
    let file = |id: &str| repo.at(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    fs::set_permissions(file(&id), fs::Permissions::from_mode(0o644)).unwrap();
    fs::copy(file(&other), file(&id)).unwrap();
    let commit = repo.place().commit("HEAD").unwrap();
    let Err(ReadError::World(error)) = commit.read(&path("a.md")) else { panic!("a false text was read") };
    assert!(error.to_string().contains(&id), "{error}");
    fs::write(file(&id), "rubbish").unwrap();
    let commit = repo.place().commit("HEAD").unwrap();
    assert!(matches!(commit.read(&path("a.md")), Err(ReadError::World(_))));
    // A tree that names a tree as a file.
    let tree = repo.git(["rev-parse", "HEAD^{tree}"]).trim().to_owned();
    let root = tree_object(&repo, &[("100644", "f", &tree), ("40000", "g", &other)]);
    let commit = repo.place().commit(&commit_of(&repo, &root)).unwrap();
    assert!(matches!(commit.read(&path("f")), Err(ReadError::World(_))));
    assert!(matches!(commit.read(&path("g/x")), Err(ReadError::World(_))));
}

/// The index of a pack gives the places of two objects the wrong way round.
#[test]
fn an_object_of_a_pack_under_the_id_of_another_is_named() {
    let repo = Repo::new();
    repo.file("a.md", "a true text\n").file("b.md", "a false text\n").commit("base");
    repo.git(["gc", "--quiet"]);
    let index = fs::read_dir(repo.at(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let index = index.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "idx")).unwrap();
    let mut bytes = fs::read(&index).unwrap();
    // gitformat-pack(5), version 2: a head of 8 bytes, 256 counts, ids of 20 bytes, checksums and places of 4 each.
    let count = u32::from_be_bytes(bytes[8 + 255 * 4..8 + 256 * 4].try_into().unwrap()) as usize;
    let ids = 8 + 256 * 4;
    let id_at = |number: usize| &bytes[ids + number * 20..][..20];
    let place = |name: &str| {
        let id = repo.git(["rev-parse", name]);
        let is_it =
            |number: &usize| id_at(*number).iter().map(|byte| format!("{byte:02x}")).collect::<String>() == id.trim();
        ids + count * 24 + (0..count).find(is_it).unwrap() * 4
    };
    let (one, other) = (place("HEAD:a.md"), place("HEAD:b.md"));
    (0..4).for_each(|byte| bytes.swap(one + byte, other + byte));
    fs::set_permissions(&index, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&index, bytes).unwrap();
    let commit = repo.place().commit("HEAD").unwrap();
    let Err(ReadError::World(error)) = commit.read(&path("a.md")) else { panic!("a false text was read") };
    assert!(error.to_string().contains(repo.git(["rev-parse", "HEAD:a.md"]).trim()), "{error}");
}

#[test]
fn a_file_that_changes_is_never_read_torn() {
    let repo = Repo::new();
    // So large that a read and a write meet.
    let versions = [vec![b'a'; 3_000_000], vec![b'b'; 2_000_000]];
    repo.file("busy.md", &versions[0]);
    let over = Over::default();
    std::thread::scope(|scope| {
        let _ending = Ending(&over);
        scope.spawn(|| {
            let mut turn = 0;
            while !over.is_so() {
                turn = 1 - turn;
                fs::write(repo.at("busy.md"), &versions[turn]).unwrap();
                // Long enough for a quiet read now and then.
                for _ in 0..200_000 {
                    std::hint::spin_loop();
                }
            }
        });
        let mut whole = 0;
        let deadline = Instant::now() + DEADLINE;
        while whole < 50 && Instant::now() < deadline {
            let disk = repo.place().worktree().unwrap();
            match disk.read(&path("busy.md")) {
                // The beginning of one version is what the file held while it was written; parts of two it
                // never held.
                Ok(blob) => {
                    let is_of_one = versions.iter().any(|version| version.starts_with(&blob.bytes));
                    assert!(is_of_one, "{} bytes of two versions", blob.bytes.len());
                    assert_eq!(disk.read(&path("busy.md")).unwrap().id, blob.id, "one tree, one answer");
                    whole += 1;
                }
                Err(ReadError::World(error)) => {
                    assert!(std::error::Error::source(&error).unwrap().to_string().contains("kept changing"))
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(whole >= 50, "{whole} reads came through");
    });
}

#[test]
fn a_folder_swapped_for_a_link_while_it_is_read_leads_nowhere() {
    let repo = Repo::new();
    repo.file("docs/a.md", "inside");
    fs::create_dir(repo.outside("secrets")).unwrap();
    fs::write(repo.outside("secrets").join("a.md"), "SECRET").unwrap();
    let over = Over::default();
    std::thread::scope(|scope| {
        let _ending = Ending(&over);
        scope.spawn(|| {
            while !over.is_so() {
                fs::rename(repo.at("docs"), repo.at("kept")).unwrap();
                std::os::unix::fs::symlink("../secrets", repo.at("docs")).unwrap();
                fs::remove_file(repo.at("docs")).unwrap();
                fs::rename(repo.at("kept"), repo.at("docs")).unwrap();
            }
        });
        for _ in 0..300 {
            if let Ok(blob) = repo.place().worktree().unwrap().read(&path("docs/a.md")) {
                assert_eq!(&*blob.bytes, b"inside");
            }
        }
    });
}

#[test]
fn patterns_made_to_be_slow_are_not() {
    let repo = Repo::new();
    let stars = format!("{}b\n", "*a".repeat(1000));
    let folders = format!("{}b\n", "**/a*".repeat(500));
    repo.file(".gitignore", format!("{stars}{folders}"))
        .file(".gitattributes", format!("{stars}{folders}").replace('\n', " text\n"));
    let long = vec!["a".repeat(200); 18].join("/");
    repo.file(&long, "x\r\n");
    let start = Instant::now();
    let disk = repo.place().worktree().unwrap();
    assert_eq!(disk.list(&ProjectPath::root()).unwrap().len(), 3);
    disk.read(&path(&long)).unwrap();
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
}

#[test]
fn too_large_a_file_of_rules_is_named() {
    let repo = Repo::new();
    repo.file("docs/a.md", "a\r\n").file("docs/.gitignore", "x\n".repeat(600_000));
    let error = repo.place().worktree().unwrap().list(&ProjectPath::root()).unwrap_err();
    assert!(error.to_string().contains("docs/.gitignore holds 1200000 bytes"), "{error}");
}

#[test]
fn too_large_a_file_is_refused_unread() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    fs::File::create(repo.at("large.bin")).unwrap().set_len(contexture::syntax::limits::MAX_FILE_BYTES + 1).unwrap();
    let disk = repo.place().worktree().unwrap();
    assert!(
        matches!(disk.read(&path("large.bin")), Err(ReadError::TooLarge(bytes)) if bytes == contexture::syntax::limits::MAX_FILE_BYTES + 1)
    );
}

#[test]
fn an_unreadable_folder_stops_only_what_git_tracks_in_it() {
    let repo = Repo::new();
    repo.file("a.md", "a").file("data/x", "x");
    fs::set_permissions(repo.at("data"), fs::Permissions::from_mode(0o000)).unwrap();
    let listed = repo.place().worktree().unwrap().list(&ProjectPath::root()).unwrap();
    fs::set_permissions(repo.at("data"), fs::Permissions::from_mode(0o755)).unwrap();
    // Root reads it all the same.
    assert!(matches!(texts(&listed)[..], ["a.md"] | ["a.md", "data/x"]));
}

#[test]
fn an_unsupported_encoding_is_refused_on_the_disk_only() {
    let repo = Repo::new();
    repo.file(".gitattributes", "*.ps1 working-tree-encoding=UTF-16LE-BOM\n")
        .file("a.ps1", b"\xff\xfeh\0i\0\n\0")
        .commit("base");
    let place = repo.place();
    assert_eq!(&*place.commit("HEAD").unwrap().read(&path("a.ps1")).unwrap().bytes, "hi\n".as_bytes());
    assert!(
        matches!(place.worktree().unwrap().read(&path("a.ps1")), Err(ReadError::Encoded(name)) if name == "UTF-16LE-BOM")
    );
}

#[test]
fn trees_answer_many_threads_at_once() {
    let repo = Repo::new();
    for n in 0..200 {
        repo.file(&format!("docs/{}/{n}.md", n % 7), format!("text {n}\r\n"));
    }
    repo.file(".gitattributes", "* text=auto\n").commit("base");
    let place = repo.place();
    // Packed under our eyes.
    repo.git(["gc", "--quiet", "--prune=now"]);
    let (commit, index, disk) = (place.commit("HEAD").unwrap(), place.index().unwrap(), place.worktree().unwrap());
    let files = commit.list(&ProjectPath::root()).unwrap();
    for tree in [&commit as &dyn Tree, &index, &disk] {
        std::thread::scope(|scope| {
            for turn in 0..8 {
                let files = &files;
                scope.spawn(move || {
                    for at in 0..files.len() {
                        let file = &files[(at + turn * 25) % files.len()];
                        let blob = tree.read(file).unwrap();
                        assert!(!blob.bytes.contains(&b'\r'), "{file}");
                    }
                });
            }
        });
    }
}
