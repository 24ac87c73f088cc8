//! 64-bit fingerprints of text, the same on every machine and in every release.
//!
//! They decide which examples are picked, so their constants are a format: FNV-1a
//! (draft-eastlake-fnv) for the bytes, then the finaliser of splitmix64 (Steele, Lea, Flood 2014),
//! because FNV mixes its high bits badly. Nothing is secret here, and a collision does no harm: wherever
//! two records tie, their place in the file decides.

/// The state of a fingerprint that is being computed.
#[derive(Clone, Copy)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of no bytes. Each seed gives other fingerprints.
    pub(super) fn new(seed: u64) -> Self {
        Self(0xcbf2_9ce4_8422_2325 ^ mix(seed))
    }

    /// Adds bytes. The end of each call's bytes is not part of the fingerprint.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// Adds a number.
    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// The finished fingerprint.
    pub(super) fn finish(self) -> u64 {
        mix(self.0)
    }
}

/// The finaliser of splitmix64, because FNV leaves its high bits poor: a bijection in which every bit of
/// the result depends on every bit of `x`; 0 stays 0.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published vectors: FNV-1a of "foobar", and the first output of splitmix64 from state 0.
    #[test]
    fn the_constants_are_the_published_ones() {
        assert_eq!(Fingerprint::new(0).bytes(b"foobar").0, 0x8594_4171_f739_67e8);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
    }
}
