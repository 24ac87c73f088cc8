//! The vocabularies of the public encodings, in the format that the build script writes. They are part of
//! the program and are read in place: nothing is loaded, built or allocated before the first count.

use super::image::{LENGTH_BIT, RANK_BIT, SHORT, long_key, row_of, seed_of, short_key, spread};

/// The rank of every token, by its bytes. The lower of two ranks is merged first.
#[derive(Debug)]
pub(super) struct Vocabulary {
    seeds: &'static [[u8; 2]],
    rows: &'static [[u8; 16]],
    /// The bytes of the long tokens, one after the other.
    long: &'static [u8],
}

/// That of `o200k_base` and `o200k_harmony`.
pub(super) static O200K: Vocabulary = Vocabulary {
    seeds: include_bytes!(concat!(env!("OUT_DIR"), "/o200k.seeds")).as_chunks().0,
    rows: include_bytes!(concat!(env!("OUT_DIR"), "/o200k.rows")).as_chunks().0,
    long: include_bytes!(concat!(env!("OUT_DIR"), "/o200k.long")),
};

/// That of `cl100k_base`.
pub(super) static CL100K: Vocabulary = Vocabulary {
    seeds: include_bytes!(concat!(env!("OUT_DIR"), "/cl100k.seeds")).as_chunks().0,
    rows: include_bytes!(concat!(env!("OUT_DIR"), "/cl100k.rows")).as_chunks().0,
    long: include_bytes!(concat!(env!("OUT_DIR"), "/cl100k.long")),
};

/// The bits of a row that are a long token's key: all but its offset and its rank.
const LONG_KEY: u128 = (u64::MAX as u128) | 0xff << LENGTH_BIT;

/// The bits of a row that are a short token's key: all but its rank.
const SHORT_KEY: u128 = (1 << RANK_BIT) - 1;

impl Vocabulary {
    /// The rank of the token that is `bytes[start..end]`.
    #[inline]
    pub(super) fn rank(&self, bytes: &[u8], start: usize, end: usize) -> Option<u32> {
        let length = end.checked_sub(start)?;
        if length > SHORT {
            return self.rank_of_long(bytes.get(start..end)?);
        }
        let key = short_key(sixteen_from(bytes, start), length);
        let row = self.row(key)?;
        (row & SHORT_KEY == key).then_some((row >> RANK_BIT) as u32)
    }

    #[inline(never)]
    fn rank_of_long(&self, token: &[u8]) -> Option<u32> {
        // Longer than any token, and than the length of a row can express.
        if token.len() > usize::from(u8::MAX) {
            return None;
        }
        let key = long_key(token);
        let row = self.row(key)?;
        let offset = (row >> 64) as u32 as usize;
        let found = row & LONG_KEY == key && self.long.get(offset..)?.starts_with(token);
        found.then_some((row >> RANK_BIT) as u32)
    }

    /// The only row in which the token of that key can be.
    #[inline]
    fn row(&self, key: u128) -> Option<u128> {
        let spread = spread(key);
        let seed = u16::from_le_bytes(*self.seeds.get(seed_of(spread, self.seeds.len()))?);
        self.rows.get(row_of(spread, seed, self.rows.len())).map(|row| u128::from_le_bytes(*row))
    }
}

/// The sixteen bytes from `start` on as a little-endian number, with zeros past the end.
#[inline]
fn sixteen_from(bytes: &[u8], start: usize) -> u128 {
    let rest = bytes.get(start..).unwrap_or_default();
    if let Some(sixteen) = rest.first_chunk() {
        return u128::from_le_bytes(*sixteen);
    }
    rest.iter().rev().fold(0, |word, &byte| word << 8 | u128::from(byte))
}
