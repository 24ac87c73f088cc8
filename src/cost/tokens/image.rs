//! The format of the tables that the build script writes and the program reads.
//!
//! `build.rs` includes this file, so that writer and reader cannot differ. It has what both need: the
//! bits of the character classes, and the layout of a vocabulary.
//!
//! A vocabulary is a perfect hash table: no two tokens have the same row, so a look-up reads and compares
//! exactly one row. A row is one little-endian number of 16 bytes:
//!
//! | bits | a short token | a long token |
//! |---|---|---|
//! | 0..64 | its bytes, padded with zeros | [`digest`] of its bytes |
//! | 64..96 | (more of its bytes) | the offset of its bytes among those of the long tokens |
//! | 96..104 | its length in bytes | the same |
//! | 104..128 | its rank | the same |
//!
//! The *key* of a token is its row without rank and offset. The key's [`spread`] selects a seed, and the
//! seed selects the row: the build script tries seeds until no two tokens have the same row.

/// The greatest length in bytes of a token whose bytes are in its row.
pub const SHORT: usize = 12;

/// The first bit of a row's token length.
pub const LENGTH_BIT: u32 = 96;

/// The first bit of a row's token rank.
pub const RANK_BIT: u32 = 104;

/// The code points that share one entry of the index of character classes.
pub const PAGE: usize = 128;

/// The class of a character in the encodings' patterns, or a set of classes: one bit for each. Every
/// character is in exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(pub u8);

impl Class {
    /// `\p{Lu}` or `\p{Lt}`.
    pub const UPPER: Self = Self(1);
    /// `\p{Ll}`.
    pub const LOWER: Self = Self(1 << 1);
    /// `\p{Lm}` or `\p{Lo}`: a letter without case.
    pub const UNCASED: Self = Self(1 << 2);
    /// `\p{M}`, which `o200k_base` allows wherever it allows an uncased letter.
    pub const MARK: Self = Self(1 << 3);
    /// `\p{N}`.
    pub const NUMBER: Self = Self(1 << 4);
    /// `\r` or `\n`.
    pub const NEWLINE: Self = Self(1 << 5);
    /// Any other of `\s`.
    pub const BLANK: Self = Self(1 << 6);
    /// Everything else: punctuation, symbols, controls, what is not assigned.
    pub const OTHER: Self = Self(1 << 7);
}

/// The key of a token of at most [`SHORT`] bytes, which are the low bytes of `bytes`; the others are
/// ignored.
#[inline]
pub fn short_key(bytes: u128, length: usize) -> u128 {
    let length = length.min(SHORT);
    bytes & MASKS[length] | (length as u128) << LENGTH_BIT
}

/// For each length, a mask of as many low bytes.
static MASKS: [u128; SHORT + 1] = {
    let mut masks = [0; SHORT + 1];
    let mut length = 1;
    while length <= SHORT {
        masks[length] = masks[length - 1] << 8 | 0xff;
        length += 1;
    }
    masks
};

/// The key of a longer token.
pub fn long_key(bytes: &[u8]) -> u128 {
    u128::from(digest(bytes)) | (bytes.len() as u128) << LENGTH_BIT
}

/// A hash of all bytes.
fn digest(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0, |digest, chunk| {
        let word = chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        fold(digest.rotate_left(23) ^ word ^ 0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93)
    })
}

/// A hash of a key.
#[inline]
pub fn spread(key: u128) -> u64 {
    fold(key as u64 ^ 0xa076_1d64_78bd_642f, (key >> 64) as u64 ^ 0xe703_7ed1_a0b4_28db)
}

/// The index of the seed, among so many, that a spread key selects.
#[inline]
pub fn seed_of(spread: u64, seeds: usize) -> usize {
    scale(spread, seeds)
}

/// The index of the row, among so many, that a spread key has under its seed.
#[inline]
pub fn row_of(spread: u64, seed: u16, rows: usize) -> usize {
    scale((spread ^ u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd), rows)
}

/// The exclusive or of both halves of a product.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A number below `bound`, in proportion to `value`.
#[inline]
fn scale(value: u64, bound: usize) -> usize {
    ((u128::from(value) * bound as u128) >> 64) as usize
}
