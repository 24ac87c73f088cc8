//! Loose objects, each a file of its own: its kind, its size and its bytes behind a zlib header.
//!
//! They are read here because libgit2 (1.9) reads one that is cut short, as a crash leaves it, for ever. What is
//! inflated is bounded by what its caller takes, whatever the object says of its size.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use git2::{ObjectFormat, ObjectType, Oid};
use rayon::prelude::*;

use crate::syntax::limits::{MAX_ALTERNATES, MAX_LOOSE_OBJECTS};

/// The longest head of an object: `commit`, a blank, a size, NUL.
const MAX_HEAD_BYTES: usize = 64;

/// The folders of loose objects: a repository's own, and those of its alternates.
pub(in crate::tree) struct Loose {
    folders: Vec<PathBuf>,
    format: ObjectFormat,
}

/// An object while it is read.
struct Opened {
    kind: ObjectType,
    bytes: usize,
    /// What was inflated behind the head.
    begun: Vec<u8>,
    rest: ZlibDecoder<BufReader<File>>,
}

impl Loose {
    /// The objects below `folder`, and those that its `info/alternates` leads to.
    pub(in crate::tree) fn open(folder: &Path, format: ObjectFormat) -> Self {
        let mut folders = vec![folder.to_owned()];
        let mut at = 0;
        while let Some(folder) = folders.get(at).cloned() {
            let list = super::plain_file(&folder.join("info/alternates"));
            for line in String::from_utf8_lossy(&list).lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let other = folder.join(line);
                if folders.len() < MAX_ALTERNATES && !folders.contains(&other) {
                    folders.push(other);
                }
            }
            at += 1;
        }
        Self { folders, format }
    }

    /// An object's kind and size, if it is loose here; or why it cannot be read.
    pub(in crate::tree) fn header(&self, id: Oid) -> Option<io::Result<(ObjectType, usize)>> {
        let file = self.file(id)?;
        Some(file.and_then(opened).map(|opened| (opened.kind, opened.bytes)))
    }

    /// An object's bytes, if it is loose here; or why it cannot be read. Its header was read and found small enough.
    pub(in crate::tree) fn read(&self, id: Oid) -> Option<io::Result<Vec<u8>>> {
        let read = |file| {
            let Opened { kind, bytes, mut begun, rest } = opened(file)?;
            // One byte more than it says, to notice that it does not end there.
            rest.take((bytes + 1).saturating_sub(begun.len()) as u64).read_to_end(&mut begun)?;
            if begun.len() != bytes {
                let told = if begun.len() < bytes { "it is cut short" } else { "it is longer than it says" };
                return Err(io::Error::other(told));
            }
            match Oid::hash_object_ext(kind, &begun, self.format) {
                Ok(found) if found == id => Ok(begun),
                _ => Err(io::Error::other("its bytes are not those that its id stands for")),
            }
        };
        Some(self.file(id)?.and_then(read))
    }

    /// Reads every loose object to its end, for what libgit2 reads by itself.
    ///
    /// # Errors
    /// With the first that is damaged, and when there are too many of them.
    pub(in crate::tree) fn check(&self) -> Result<(), String> {
        let mut ids = Vec::new();
        for folder in &self.folders {
            for part in fs::read_dir(folder).into_iter().flatten().flatten() {
                let first = part.file_name().to_string_lossy().into_owned();
                if first.len() != 2 {
                    continue;
                }
                for file in fs::read_dir(part.path()).into_iter().flatten().flatten() {
                    let name = format!("{first}{}", file.file_name().to_string_lossy());
                    ids.extend(Oid::from_str_ext(&name, self.format).ok().filter(|id| id.to_string() == name));
                }
                if ids.len() > MAX_LOOSE_OBJECTS {
                    return Err(format!("there are more than {MAX_LOOSE_OBJECTS} loose objects; run `git gc`"));
                }
            }
        }
        let damage = |id: &Oid| {
            let ended = match self.file(*id)?.and_then(opened) {
                Ok(Opened { bytes, begun, rest, .. }) => {
                    let limit = (bytes + 1).saturating_sub(begun.len()) as u64;
                    io::copy(&mut rest.take(limit), &mut io::sink())
                        .map(|more| begun.len() as u64 + more == bytes as u64)
                }
                Err(error) => Err(error),
            };
            match ended {
                Ok(true) => None,
                Ok(false) => Some(format!("object {id} is damaged: it is cut short")),
                Err(error) => Some(format!("object {id} is damaged: {error}")),
            }
        };
        ids.par_iter().find_map_first(damage).map_or(Ok(()), Err)
    }

    fn file(&self, id: Oid) -> Option<io::Result<File>> {
        let name = id.to_string();
        let below = Path::new(name.get(..2)?).join(name.get(2..)?);
        self.folders.iter().find_map(|folder| {
            let path = folder.join(&below);
            match path.symlink_metadata() {
                Ok(found) if found.is_file() => Some(File::open(path)),
                _ => None,
            }
        })
    }
}

/// Reads the head of an object.
fn opened(file: File) -> io::Result<Opened> {
    let mut rest = ZlibDecoder::new(BufReader::new(file));
    let mut begun = vec![0; MAX_HEAD_BYTES];
    let mut read = 0;
    while !begun[..read].contains(&0) {
        match rest.read(&mut begun[read..])? {
            0 => return Err(io::Error::other("it is cut short, or has no head that git knows")),
            more => read += more,
        }
    }
    begun.truncate(read);
    let end = begun.iter().position(|byte| *byte == 0).unwrap_or(read);
    let head = String::from_utf8_lossy(&begun[..end]).into_owned();
    let kind_and_size =
        head.split_once(' ').and_then(|(kind, size)| Some((ObjectType::from_str(kind)?, size.parse().ok()?)));
    let (kind, bytes) = kind_and_size.ok_or_else(|| io::Error::other("it has no head that git knows"))?;
    begun.drain(..=end);
    Ok(Opened { kind, bytes, begun, rest })
}
