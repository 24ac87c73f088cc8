//! Whatever call of a disk fails: what is written is old or new, never a mixture.
//!
//! Each thing that the program writes is written on a disk whose nth call goes wrong, for every n and
//! every fault. Then the power is taken. `tests/sweep.py` does the like from outside, with strace.

mod faulty;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use contexture::output::bundle;
use contexture::output::bundle::depfile;
use contexture::pipeline::lock::Lock;
use contexture::pipeline::{Build, Request, build_all};
use contexture::syntax::diag::Diagnostic;
use contexture::syntax::error::{Error, Failure};
use contexture::syntax::source::{ProjectPath, Source, Span};
use contexture::text::lint::fix::fix;
use contexture::tree::MemoryTree;
use contexture::tree::write::{self, Disk, System, UNFINISHED};

use faulty::{Fault, Faulty, Loss};

/// ENOSPC, EIO, EROFS, EMFILE, as all systems of the family number them.
const ERRORS: [i32; 4] = [28, 5, 30, 24];
/// EINTR: a call that is interrupted for ever is no fault of a disk.
const INTERRUPTED: i32 = 4;

/// Files by path below a folder; what is unfinished is told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct View {
    files: BTreeMap<String, Vec<u8>>,
    unfinished: Vec<String>,
}

fn view(folder: &Path) -> View {
    let mut found = View { files: BTreeMap::new(), unfinished: Vec::new() };
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            match path.file_name().unwrap().to_str().unwrap() {
                own if own.starts_with(UNFINISHED) => found.unfinished.push(name),
                _ if path.is_dir() => folders.push(path),
                _ => drop(found.files.insert(name, fs::read(path).unwrap())),
            }
        }
    }
    found
}

/// Something that is written.
struct Writing<'a> {
    /// What stands before.
    before: &'a dyn Fn(&Path),
    /// Writes below a folder.
    write: &'a dyn Fn(&dyn Disk, &Path) -> Result<(), Error>,
    /// Whether names can be exchanged. Where not, a folder's name may be without a folder for a moment.
    exchanges: bool,
}

impl Writing<'_> {
    /// Writes on a disk; what came of it.
    fn on(&self, disk: &Faulty) -> (tempfile::TempDir, Result<(), Error>) {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("project");
        fs::create_dir(&folder).unwrap();
        (self.before)(&folder);
        let outcome = (self.write)(disk, &folder);
        (top, outcome)
    }

    fn disk(&self, call: usize, fault: Fault) -> Faulty {
        let disk = Faulty::failing(call, fault);
        if self.exchanges { disk } else { disk.without_exchange() }
    }

    /// Tries every fault at every call. Returns how many there were.
    fn holds(&self) -> usize {
        let (top, nothing) = self.on(&self.disk(0, Fault::Death));
        assert!(nothing.is_err(), "nothing is written");
        let old = view(&top.path().join("project"));
        let sound = if self.exchanges { Faulty::sound() } else { Faulty::sound().without_exchange() };
        let (top, done) = self.on(&sound);
        done.unwrap();
        let new = view(&top.path().join("project"));
        assert!(new.unfinished.is_empty() && old.files != new.files);

        let calls = sound.calls();
        let mut tried = 0;
        for call in 0..calls.len() {
            let lasting = ERRORS.map(Fault::Lasting);
            let once = ERRORS.map(Fault::Error);
            for fault in once.into_iter().chain(lasting).chain([Fault::Error(INTERRUPTED), Fault::Short, Fault::Sweep])
            {
                let disk = self.disk(call, fault);
                let (top, outcome) = self.on(&disk);
                let found = view(&top.path().join("project"));
                let told = format!("{fault:?} at call {call}, {:?} of {calls:?}: {outcome:?}", disk.failed());
                self.is_old_or_new(&found, &old, &new, &outcome, &told);
                match &outcome {
                    Ok(()) => assert_eq!(found.files, new.files, "{told}"),
                    Err(error) => {
                        let is_cured = error.cure().is_some() || error.to_string().ends_with(".old: move it back");
                        assert!(is_cured, "no cure: {told}");
                    }
                }
                let kept =
                    matches!(fault, Fault::Lasting(_)) || disk.failed().is_some_and(|call| call.starts_with("remove"));
                assert!(kept || found.unfinished.is_empty(), "left over: {found:?}, {told}");
                assert!(![Fault::Short, Fault::Sweep].contains(&fault) || outcome.is_ok(), "{told}");
                tried += 1;
            }
        }
        tried
    }

    fn is_old_or_new(&self, found: &View, old: &View, new: &View, outcome: &Result<(), Error>, told: &str) {
        if found.files == old.files || found.files == new.files {
            return;
        }
        // Only where names cannot be exchanged: the old folder lies beside its place, and that is said.
        assert!(!self.exchanges && !found.unfinished.is_empty(), "a mixture: {found:?}\n{told}");
        let said = outcome.as_ref().map_or_else(ToString::to_string, |()| String::new());
        assert!(found.files.is_empty(), "{told}");
        let is_named = found.unfinished.iter().any(|name| name.ends_with(".old") && said.contains(name.as_str()));
        assert!(is_named || said.contains("the process is gone"), "where is the old one? {told}");
    }

    /// Takes the power after every call.
    fn outlives_a_loss_of_power(&self) {
        let sound = Faulty::sound();
        let (top, nothing) = self.on(&Faulty::failing(0, Fault::Death));
        assert!(nothing.is_err());
        let old = view(&top.path().join("project"));
        let (top, done) = self.on(&sound);
        done.unwrap();
        let new = view(&top.path().join("project"));
        for loss in [Loss::Bytes, Loss::Names] {
            for call in 0..=sound.calls().len() {
                let disk = Faulty::failing(call, Fault::Death);
                let (top, outcome) = self.on(&disk);
                disk.lose(loss);
                let found = view(&top.path().join("project"));
                let told = format!("power lost before call {call} of {:?}, {loss:?}: {outcome:?}", sound.calls());
                assert!(found.files == old.files || found.files == new.files, "a mixture: {found:?}\n{told}");
                assert!(outcome.is_err() || found.files == new.files, "what was done is undone: {found:?}\n{told}");
            }
        }
    }
}

fn replaced(disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
    let target = folder.join("a/b/file");
    write::file(disk, &target, &b"new ".repeat(2000)).map_err(|error| Error::file("cannot write", &target, error))
}

fn stand(folder: &Path) {
    fs::create_dir_all(folder.join("a/b")).unwrap();
    fs::write(folder.join("a/b/file"), b"old ".repeat(3000)).unwrap();
}

#[test]
fn a_file_is_old_or_new_at_every_fault() {
    for before in [&stand as &dyn Fn(&Path), &|_| {}] {
        let writing = Writing { before, write: &replaced, exchanges: true };
        assert!(writing.holds() >= 50);
    }
}

#[test]
fn a_file_outlives_a_loss_of_power() {
    for before in [&stand as &dyn Fn(&Path), &|_| {}] {
        Writing { before, write: &replaced, exchanges: true }.outlives_a_loss_of_power();
    }
}

/// The context of a project that holds one text.
fn built(text: &str) -> Arc<Build> {
    let path = |name: &str| ProjectPath::new(name).unwrap();
    let manifest =
        "models: [claude-sonnet-5-5]\nsystem: [{file: a.md}]\nmessages: [{user: x}]\noutput: {max_tokens: 9}\n";
    let tree = MemoryTree::new().file(&path("contexts/deep/a.yaml"), manifest).file(&path("a.md"), text);
    build_all(&tree, &Request::default()).unwrap().pop().unwrap().result.unwrap()
}

fn write_bundle(disk: &dyn Disk, build: &Build, folder: &Path) -> Result<(), Error> {
    match bundle::write(disk, build, &folder.join("dist")) {
        Ok(_) => Ok(()),
        Err(Failure::Error(error)) => Err(error),
        Err(Failure::Faults(faults)) => panic!("{faults:?}"),
    }
}

#[test]
fn a_bundle_is_old_or_new_at_every_fault() {
    let (old, new) = (built("old\n"), built("new\n"));
    let stand = |folder: &Path| write_bundle(&Faulty::sound(), &old, folder).unwrap();
    let cases = [(&stand as &dyn Fn(&Path), true), (&stand, false), (&|_| {}, true)];
    for (before, exchanges) in cases {
        // One thread, so that the calls come in one order.
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let write = |disk: &dyn Disk, folder: &Path| one.install(|| write_bundle(disk, &new, folder));
        let tried = Writing { before, write: &write, exchanges }.holds();
        assert!(tried >= 100, "{tried}");
    }
}

#[test]
fn a_bundle_outlives_a_loss_of_power() {
    let (old, new) = (built("old\n"), built("new\n"));
    let stand = |folder: &Path| write_bundle(&Faulty::sound(), &old, folder).unwrap();
    for before in [&stand as &dyn Fn(&Path), &|_| {}] {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let write = |disk: &dyn Disk, folder: &Path| one.install(|| write_bundle(disk, &new, folder));
        Writing { before, write: &write, exchanges: true }.outlives_a_loss_of_power();
    }
}

/// As many bundles as one sync of the file system serves.
fn write_folders(disk: &dyn Disk, folder: &Path, text: &str) -> Result<(), Error> {
    let output = folder.join("dist");
    let batch = write::Batch::new(disk, &output);
    let failed = |error| Error::file("cannot write", &output, error);
    for number in 0..20 {
        let fresh = batch.folder(&output.join(format!("deep{}/{number}", number % 3))).map_err(failed)?;
        fresh.file("member").and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
        batch.add(fresh);
    }
    batch.put().map_err(|(path, error)| Error::file("cannot write", path, error))
}

/// Each of them is old or new by itself, and one sync serves all.
#[test]
fn many_folders_outlive_a_loss_of_power_with_one_sync() {
    let stand = |folder: &Path| write_folders(&Faulty::sound(), folder, "old").unwrap();
    for before in [&stand as &dyn Fn(&Path), &|_| {}] {
        let write = |disk: &dyn Disk, folder: &Path| write_folders(disk, folder, "new");
        let writing = Writing { before, write: &write, exchanges: true };
        let sound = Faulty::sound();
        let (top, done) = writing.on(&sound);
        done.unwrap();
        let new = view(&top.path().join("project"));
        let calls = sound.calls();
        assert_eq!(calls.iter().filter(|call| **call == "sync_file_system").count(), 1, "{calls:?}");
        assert!(calls.iter().filter(|call| call.starts_with("sync")).count() < 10, "{calls:?}");
        for loss in [Loss::Bytes, Loss::Names] {
            for call in 0..=calls.len() {
                let disk = Faulty::failing(call, Fault::Death);
                let (top, outcome) = writing.on(&disk);
                disk.lose(loss);
                let found = view(&top.path().join("project"));
                let told = format!("power lost before call {call} of {calls:?}, {loss:?}: {outcome:?}");
                let is_whole = |bytes: &Vec<u8>| bytes == b"old" || bytes == b"new";
                assert!(found.files.values().all(is_whole), "a mixture: {found:?}\n{told}");
                assert!(outcome.is_err() || found.files == new.files, "what was done is undone: {found:?}\n{told}");
            }
        }
    }
}

/// What a process that is gone left is removed; what one is at, a link, and what only looks like it are not.
#[test]
fn a_sweep_takes_what_nobody_writes() {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(format!("{UNFINISHED}{name}"));
    fs::create_dir_all(at("folder").join("deep")).unwrap();
    fs::write(at("folder").join("deep/file"), "x").unwrap();
    fs::write(at("file12"), "x").unwrap();
    fs::write(top.path().join("mine"), "x").unwrap();
    std::os::unix::fs::symlink(top.path().join("mine"), at("linked")).unwrap();
    fs::write(at("folder.old"), "x").unwrap();
    let output = top.path().join("b");
    let batch = write::Batch::new(&System, top.path());
    let fresh = batch.folder(&output).unwrap();
    fresh.file("member").unwrap().write_all(b"whole").unwrap();
    write::sweep(&System, [top.path()]);
    assert!(!at("folder").exists() && !at("file12").exists());
    assert!(at("linked").is_symlink() && at("folder.old").exists() && top.path().join("mine").exists());
    batch.add(fresh);
    batch.put().unwrap();
    assert_eq!(fs::read(output.join("member")).unwrap(), b"whole");
    assert_eq!(fs::read_dir(top.path()).unwrap().count(), 4);
}

#[test]
fn the_lock_is_old_or_new_at_every_fault() {
    let (old, new) = (built("old\n"), built("new\n"));
    let stand = |folder: &Path| assert!(Lock::of([&*old]).write(&Faulty::sound(), folder).unwrap());
    let write = |disk: &dyn Disk, folder: &Path| Lock::of([&*new]).write(disk, folder).map(drop);
    let writing = Writing { before: &stand, write: &write, exchanges: true };
    assert!(writing.holds() >= 50);
    writing.outlives_a_loss_of_power();
}

#[test]
fn a_mended_file_is_old_or_new_at_every_fault() {
    const OLD: &str = "one\r\ntwo\n";
    let stand = |folder: &Path| fs::write(folder.join("a.md"), OLD).unwrap();
    let write = |disk: &dyn Disk, folder: &Path| {
        let source = Source::new(ProjectPath::new("a.md").unwrap(), OLD);
        let remark = Diagnostic::warning("crlf", "it mixes line ends").at(&Span::file(&source));
        fix(disk, folder, [], &[remark]).map(|fixed| assert_eq!(fixed.mended.len(), 1))
    };
    let writing = Writing { before: &stand, write: &write, exchanges: true };
    assert!(writing.holds() >= 50);
    writing.outlives_a_loss_of_power();
}

#[test]
fn a_depfile_is_old_or_new_at_every_fault() {
    let stand = |folder: &Path| fs::write(folder.join("a.d"), "old").unwrap();
    let write = |disk: &dyn Disk, folder: &Path| depfile::write(disk, "new", &folder.join("a.d"));
    let writing = Writing { before: &stand, write: &write, exchanges: true };
    assert!(writing.holds() >= 50);
    writing.outlives_a_loss_of_power();
}

/// The judge can fail: a writer that writes in place is found out, by a full disk and by a loss of power.
#[test]
fn a_writer_in_place_is_found_out() {
    let write = |disk: &dyn Disk, folder: &Path| {
        let target = folder.join("file");
        let written = || {
            let _ = fs::remove_file(&target);
            let mut file = disk.make_file(&target, write::Access::Usual)?;
            file.write_all(b"ne")?;
            file.write_all(b"w")?;
            file.sync()
        };
        written().map_err(|error| Error::file("cannot write", &target, error))
    };
    let stand = |folder: &Path| fs::write(folder.join("file"), "old").unwrap();
    let careless = Writing { before: &stand, write: &write, exchanges: true };
    for judge in
        [|writing: &Writing| assert!(writing.holds() > 0), |writing: &Writing| writing.outlives_a_loss_of_power()]
    {
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(&careless))).is_err());
    }
}

/// A link may lead anywhere, and a device is nobody's to replace.
#[test]
fn only_an_ordinary_file_and_only_a_folder_are_replaced() {
    let top = tempfile::tempdir().unwrap();
    let (target, link) = (top.path().join("target"), top.path().join("link"));
    fs::write(&target, "mine").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let socket = top.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for not_a_file in [&link, &socket, &top.path().to_owned()] {
        assert!(write::file(&System, not_a_file, b"yours").is_err(), "{not_a_file:?}");
    }
    for not_a_folder in [&link, &target] {
        assert!(write::Batch::new(&System, top.path()).folder(not_a_folder).is_err(), "{not_a_folder:?}");
    }
    assert_eq!(fs::read(&target).unwrap(), b"mine");
    assert!(link.is_symlink());
    assert_eq!(fs::read_dir(top.path()).unwrap().count(), 3);
}

/// Whoever may read a file may read the one that takes its place, and nobody else meanwhile.
#[test]
fn a_replaced_file_is_readable_by_whom_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let top = tempfile::tempdir().unwrap();
    let target = top.path().join("file");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for wanted in [0o600, 0o640, 0o755] {
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(wanted)).unwrap();
        write::file(&System, &target, b"new").unwrap();
        assert_eq!(mode(&target), wanted);
    }
}
