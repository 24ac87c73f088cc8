//! Follows symbolic links, in the same way for every kind of tree.
//!
//! A tree only looks up a single path ([`AtPath`]); the walk from the project root along the path,
//! through links, is here, so that a revision and a working tree give the same result. The walk goes
//! component by component, as POSIX resolves a path, and never above the project root.

use crate::syntax::limits::{MAX_LINKS, MAX_PATH_BYTES};
use crate::syntax::source::{PathFault, ProjectPath};
use crate::tree::write::is_unfinished;
use crate::tree::{OUTPUT_FOLDER, ReadError};

/// The longest text of a link; a longer one cannot be checked out.
pub(in crate::tree) const MAX_LINK_BYTES: u64 = MAX_PATH_BYTES as u64;

/// What is at a path, before any link is followed.
pub(in crate::tree) enum AtPath<File> {
    /// Nothing.
    Absent,
    /// A folder that can be walked into.
    Folder,
    /// A file.
    File(File),
    /// A link and its text.
    Link(String),
    /// Something that never yields text.
    Other(&'static str),
}

/// Walks to `path` from the project root and returns the file and its path after all links.
///
/// `look_up` is called for every folder on the way, the outermost first. A link into git's own folder
/// counts as leading out of the project: what is in there is not part of it.
pub(in crate::tree) fn follow<File>(
    path: &ProjectPath,
    mut look_up: impl FnMut(&str) -> Result<AtPath<File>, ReadError>,
) -> Result<(ProjectPath, File), ReadError> {
    let mut ahead: Vec<String> = path.as_str().rsplit('/').map(str::to_owned).collect();
    let mut here = String::new();
    let mut link: Option<String> = None;
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        let folder_length = here.len();
        match part.as_str() {
            "" | "." => continue,
            ".." if here.is_empty() => return Err(ReadError::Outside(link.unwrap_or_default())),
            ".." => {
                here.truncate(here.rfind('/').unwrap_or(0));
                continue;
            }
            part => push(&mut here, part),
        }
        // Behind a link, the path is built from the link's text, which nobody has checked yet.
        if let Some(link) = &link {
            match ProjectPath::new(&here) {
                Ok(_) => {}
                Err(PathFault::Git) => return Err(ReadError::Outside(link.clone())),
                Err(_) => return Err(ReadError::Absent),
            }
        }
        if here.len() > MAX_PATH_BYTES {
            return Err(ReadError::Absent);
        }
        if here == OUTPUT_FOLDER {
            return Err(ReadError::NotAFile("build output"));
        }
        if is_unfinished(&part) {
            return Err(ReadError::NotAFile("what a stopped run of this program left"));
        }
        match look_up(&here)? {
            AtPath::Absent => return Err(ReadError::Absent),
            AtPath::Other(what) => return Err(ReadError::NotAFile(what)),
            AtPath::Folder => {}
            AtPath::File(file) if ahead.is_empty() => {
                let real_path = ProjectPath::new(&here).map_err(|_| ReadError::Absent)?;
                return Ok((real_path, file));
            }
            AtPath::File(_) => return Err(ReadError::Absent),
            AtPath::Link(text) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(ReadError::Circle);
                }
                if text.starts_with('/') {
                    return Err(ReadError::Outside(text));
                }
                here.truncate(folder_length);
                ahead.extend(text.rsplit('/').map(str::to_owned));
                link = Some(text);
            }
        }
    }
    Err(ReadError::Folder)
}

/// Whether a listing names the link at `path`: all but those that lead to a folder.
pub(in crate::tree) fn is_listed<File>(
    path: &ProjectPath,
    look_up: impl FnMut(&str) -> Result<AtPath<File>, ReadError>,
) -> bool {
    !matches!(follow(path, look_up), Err(ReadError::Folder))
}

/// Adds one component to a path.
pub(in crate::tree) fn push(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
}
