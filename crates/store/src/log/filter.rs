//! Bloom filters: which generations of a log cannot have a leaf. An entry that is new, as nearly all are, is looked for in
//! the last generation and in memory alone, so looking does not grow with the log.

/// Bits for each leaf: with [`PROBES`] one leaf in 1,700 is looked for in vain.
const BITS_PER_LEAF: u64 = 16;

/// Bits that a leaf sets.
const PROBES: u64 = 8;

/// The filters of a log's complete generations, in order: 128 KiB each, 20 MiB for ten million entries.
#[derive(Clone, Default)]
pub(super) struct Filters {
    filters: Vec<std::sync::Arc<[u8]>>,
}

impl Filters {
    /// How many generations it knows.
    pub(super) fn known(&self) -> usize {
        self.filters.len()
    }

    pub(super) fn push(&mut self, bits: &[u8]) {
        self.filters.push(bits.into());
    }

    /// The generations that may have a leaf with that prefix.
    pub(super) fn candidates(&self, prefix: i64) -> impl Iterator<Item = usize> {
        let filters = self.filters.iter().enumerate();
        filters.filter_map(move |(generation, bits)| has(bits, prefix).then_some(generation))
    }
}

/// The filter of these leaves.
pub(super) fn filter_of(prefixes: &[i64]) -> Vec<u8> {
    let bytes = (prefixes.len() as u64 * BITS_PER_LEAF).div_ceil(8).max(1);
    let mut bits = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
    for prefix in prefixes {
        for (at, bit) in places(bits.len(), *prefix) {
            bits[at] |= bit;
        }
    }
    bits
}

fn has(bits: &[u8], prefix: i64) -> bool {
    let mut places = places(bits.len(), prefix);
    places.all(|(at, bit)| bits.get(at).is_some_and(|byte| byte & bit != 0))
}

/// The bits of a prefix. It is a hash's, hence as good as random: one multiplication makes a second number of it.
fn places(bytes: usize, prefix: i64) -> impl Iterator<Item = (usize, u8)> {
    let bits = bytes as u64 * 8;
    let first = prefix.cast_unsigned();
    // 2^64 divided by the golden ratio, as Fibonacci hashing has it.
    let step = first.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) | 1;
    (0..PROBES).map(move |probe| {
        let bit = first.wrapping_add(step.wrapping_mul(probe)) % bits.max(1);
        // Below the number of bytes.
        ((bit / 8) as usize, 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the kind that hashes begin with.
    fn prefix(n: u64) -> i64 {
        let hash = touchplate_attest::log::leaf_hash(&n.to_be_bytes());
        super::super::prefix(&hash)
    }

    #[test]
    fn what_is_in_is_found_and_hardly_anything_else() {
        let leaves: Vec<i64> = (0..65_536).map(prefix).collect();
        let mut filters = Filters::default();
        filters.push(&filter_of(&[]));
        filters.push(&filter_of(&leaves));
        for leaf in &leaves {
            assert_eq!(filters.candidates(*leaf).collect::<Vec<_>>(), [1]);
        }
        let in_vain = (65_536..165_536).filter(|n| filters.candidates(prefix(*n)).count() > 0);
        // About 59 of a hundred thousand.
        assert!(in_vain.count() < 120);
    }
}
