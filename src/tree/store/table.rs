//! A sorted file of records that never changes: the form of all that the store keeps.
//!
//! ```text
//! blocks   records by key, each `key (32) | length of the value (4) | value`; a block ends at 16 KiB
//! index    a line a block, `first key (32) | place (8) | length (8) | checksum (8)`
//! tail     `place of the index (8) | its length (8) | its checksum (8) | MAGIC (8)`
//! ```
//!
//! Numbers are little-endian, a checksum is the first eight bytes of BLAKE3. A reader takes the tail,
//! the index and the blocks that it needs, and believes none of them before its checksum.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Key, lock};
use crate::tree::write::{self, Disk};

/// The last bytes of every table, with the version of its form.
const MAGIC: [u8; 8] = *b"cxtable1";

/// A block is closed when it holds this much: small enough to be read for one record.
const BLOCK_BYTES: usize = 16 * 1024;

const KEY_BYTES: usize = 32;
const LINE_BYTES: usize = KEY_BYTES + 3 * 8;
const TAIL_BYTES: usize = 3 * 8 + MAGIC.len();

/// Records on their way into a table.
pub(super) type Records = BTreeMap<Key, Vec<u8>>;

/// An open table.
pub(super) struct Table {
    file: Mutex<File>,
    index: Vec<Line>,
    /// Blocks that were read, by number.
    blocks: Mutex<HashMap<usize, Arc<Block>>>,
}

/// A block that was read, and where its records begin.
struct Block {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

/// Where a block stands.
struct Line {
    first: Key,
    place: u64,
    length: u64,
    checksum: [u8; 8],
}

impl Table {
    /// Opens a table and reads its index.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] for a file that is no table, or a damaged one; the system's
    /// errors else.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let tail_at = size.checked_sub(TAIL_BYTES as u64).ok_or_else(damaged)?;
        let tail = read(&mut file, tail_at, TAIL_BYTES as u64)?;
        let mut fields = Fields(&tail);
        let (place, length) = (fields.number()?, fields.number()?);
        let (checksum, magic) = (fields.bytes::<8>()?, fields.bytes::<8>()?);
        if magic != MAGIC || place.checked_add(length) != Some(tail_at) {
            return Err(damaged());
        }
        let written = read(&mut file, place, length)?;
        if checksum_of(&written) != checksum || written.len() % LINE_BYTES != 0 {
            return Err(damaged());
        }
        let lines = written.chunks_exact(LINE_BYTES).map(|line| {
            let mut fields = Fields(line);
            let line = Line {
                first: Key(fields.bytes()?),
                place: fields.number()?,
                length: fields.number()?,
                checksum: fields.bytes()?,
            };
            let is_inside = line.place.checked_add(line.length).is_some_and(|end| end <= place);
            is_inside.then_some(line).ok_or_else(damaged)
        });
        let index = lines.collect::<Result<_>>()?;
        Ok(Self { file: Mutex::new(file), index, blocks: Mutex::default() })
    }

    /// The value of a key, if the table holds it.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub(super) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let Some(number) = self.index.partition_point(|line| line.first <= *key).checked_sub(1) else {
            return Ok(None);
        };
        let block = self.block(number)?;
        let at = block.starts.binary_search_by(|start| block.key(*start).cmp(&key.0[..]));
        let Some(start) = at.ok().and_then(|at| block.starts.get(at)) else { return Ok(None) };
        let (_, value) = Fields(block.bytes.get(*start..).unwrap_or_default()).record()?.ok_or_else(damaged)?;
        Ok(Some(value.to_vec()))
    }

    /// Every record.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub(super) fn records(&self) -> Result<Records> {
        let mut records = Records::new();
        for number in 0..self.index.len() {
            let block = self.block(number)?;
            let mut fields = Fields(&block.bytes);
            while let Some((key, value)) = fields.record()? {
                records.insert(key, value.to_vec());
            }
        }
        Ok(records)
    }

    fn block(&self, number: usize) -> Result<Arc<Block>> {
        if let Some(block) = lock(&self.blocks).get(&number) {
            return Ok(block.clone());
        }
        let line = self.index.get(number).ok_or_else(damaged)?;
        let bytes = read(&mut lock(&self.file), line.place, line.length)?;
        if checksum_of(&bytes) != line.checksum {
            return Err(damaged());
        }
        let block = Arc::new(Block::new(bytes)?);
        lock(&self.blocks).insert(number, block.clone());
        Ok(block)
    }
}

impl Block {
    fn new(bytes: Vec<u8>) -> Result<Self> {
        let mut starts = Vec::new();
        let mut fields = Fields(&bytes);
        loop {
            let start = bytes.len() - fields.0.len();
            if fields.record()?.is_none() {
                return Ok(Self { starts, bytes });
            }
            starts.push(start);
        }
    }

    /// The key of the record at `start`.
    fn key(&self, start: usize) -> &[u8] {
        self.bytes.get(start..start + KEY_BYTES).unwrap_or_default()
    }
}

/// Writes a table to `path` on a disk, whole or not at all.
///
/// Nothing is synced. A table that a crash leaves in pieces fails its checksums, and what it held is
/// worked out again.
///
/// # Errors
/// The system's.
pub(super) fn write(disk: &dyn Disk, path: &Path, records: &Records) -> Result<()> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut index: Vec<u8> = Vec::new();
    let mut close = |bytes: &[u8], start: usize, first: Option<&Key>| {
        let (Some(first), Some(block)) = (first, bytes.get(start..)) else { return };
        index.extend(first.0);
        index.extend((start as u64).to_le_bytes());
        index.extend((block.len() as u64).to_le_bytes());
        index.extend(checksum_of(block));
    };
    let (mut start, mut first) = (0, None);
    for (key, value) in records {
        if bytes.len() - start >= BLOCK_BYTES {
            close(&bytes, start, first);
            (start, first) = (bytes.len(), None);
        }
        let length = u32::try_from(value.len()).map_err(|_| damaged())?;
        first = first.or(Some(key));
        bytes.extend(key.0);
        bytes.extend(length.to_le_bytes());
        bytes.extend(value);
    }
    close(&bytes, start, first);
    let place = bytes.len() as u64;
    bytes.extend(&index);
    bytes.extend(place.to_le_bytes());
    bytes.extend((index.len() as u64).to_le_bytes());
    bytes.extend(checksum_of(&index));
    bytes.extend(MAGIC);
    write::cached(disk, path, &bytes)
}

fn read(file: &mut File, place: u64, length: u64) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(damaged()) }
}

fn checksum_of(bytes: &[u8]) -> [u8; 8] {
    let mut checksum = [0; 8];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut checksum);
    checksum
}

fn damaged() -> Error {
    Error::new(ErrorKind::InvalidData, "the table is damaged")
}

/// Bytes that are taken from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(front)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.slice(N)?.try_into().map_err(|_| damaged())
    }

    fn number(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// The next record; `None` at the end.
    fn record(&mut self) -> Result<Option<(Key, &'a [u8])>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = Key(self.bytes()?);
        let length = u32::from_le_bytes(self.bytes()?);
        let value = self.slice(usize::try_from(length).map_err(|_| damaged())?)?;
        Ok(Some((key, value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records() -> impl Strategy<Value = Records> {
        let value = prop::collection::vec(any::<u8>(), 0..2000);
        prop::collection::btree_map(any::<[u8; 32]>().prop_map(Key), value, 0..60)
    }

    proptest! {
        #[test]
        fn a_table_holds_what_was_written(records in records(), other: [u8; 32]) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("one.table");
            write(&write::System, &path, &records).unwrap();
            let table = Table::open(&path).unwrap();
            for (key, value) in &records {
                prop_assert_eq!(table.get(key).unwrap(), Some(value.clone()));
            }
            prop_assert_eq!(table.get(&Key(other)).unwrap(), records.get(&Key(other)).cloned());
            prop_assert_eq!(table.records().unwrap(), records);
        }

        /// A byte that is not what was written, or bytes that are missing, never give another value.
        #[test]
        fn damage_is_noticed(records in records(), place: prop::sample::Index, bit in 0..8, cut: bool) {
            prop_assume!(!records.is_empty());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("one.table");
            write(&write::System, &path, &records).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let place = place.index(bytes.len());
            if cut { bytes.truncate(place) } else { bytes[place] ^= 1u8 << bit }
            std::fs::write(&path, bytes).unwrap();
            let Ok(table) = Table::open(&path) else { return Ok(()) };
            for (key, value) in &records {
                if let Ok(found) = table.get(key) {
                    prop_assert_eq!(found, Some(value.clone()));
                }
            }
            prop_assert!(table.records().is_err());
        }
    }
}
