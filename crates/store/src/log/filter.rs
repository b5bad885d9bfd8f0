//! Bloom filters: which generations of a log cannot have a leaf. An entry that is new, as nearly all are, is looked for in
//! the last generation and in memory alone, so looking hardly grows with the log.

/// Bits of a filter: 16 for each of a generation's leaves, so that with [`PROBES`] one leaf in 1,700 is looked for in vain.
const FILTER_BITS: usize = 16 << super::GENERATION_BITS;

/// Bits that a leaf sets.
const PROBES: u64 = 8;

/// Generations whose filters lie across each other.
const GROUP: usize = 32;

/// The filters of a log's complete generations, 128 KiB each: 20 MiB for ten million entries.
///
/// They lie across: a word has one bit of each of 32 filters. Asking 32 generations takes as many reads as asking one, and
/// nearly always it is settled after five.
#[derive(Clone, Default)]
pub(super) struct Filters {
    known: usize,
    groups: Vec<Vec<u32>>,
}

impl Filters {
    /// How many generations it knows.
    pub(super) fn known(&self) -> usize {
        self.known
    }

    /// Adds the filter of the next generation; false where the bytes are no filter.
    pub(super) fn push(&mut self, filter: &[u8]) -> bool {
        if filter.len() != FILTER_BITS / 8 {
            return false;
        }
        let (group, bit) = (self.known / GROUP, self.known % GROUP);
        if self.groups.len() == group {
            self.groups.push(vec![0; FILTER_BITS]);
        }
        if let Some(words) = self.groups.get_mut(group) {
            let (words, _) = words.as_chunks_mut::<8>();
            for (byte, words) in filter.iter().zip(words) {
                for (at, word) in words.iter_mut().enumerate() {
                    *word |= u32::from(byte >> at & 1) << bit;
                }
            }
        }
        self.known += 1;
        true
    }

    /// The generations that may have a leaf with that prefix.
    pub(super) fn candidates(&self, prefix: i64) -> impl Iterator<Item = usize> {
        self.groups.iter().enumerate().flat_map(move |(at, words)| {
            let mut left = u32::MAX;
            for place in places(prefix) {
                left &= words.get(place).copied().unwrap_or_default();
                if left == 0 {
                    break;
                }
            }
            let bits = (0..GROUP).filter(move |bit| left >> bit & 1 == 1);
            bits.map(move |bit| at * GROUP + bit)
        })
    }
}

/// The filter of a generation's leaves.
pub(super) fn filter_of(prefixes: &[i64]) -> Vec<u8> {
    let mut filter = vec![0; FILTER_BITS / 8];
    for place in prefixes.iter().flat_map(|prefix| places(*prefix)) {
        filter[place / 8] |= 1 << (place % 8);
    }
    filter
}

/// The bits of a prefix. It is a hash's, hence as good as random: one multiplication makes a second number of it.
fn places(prefix: i64) -> impl Iterator<Item = usize> {
    let first = prefix.cast_unsigned();
    // 2^64 divided by the golden ratio, as Fibonacci hashing has it.
    let step = first.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) | 1;
    // Below the number of bits.
    (0..PROBES).map(move |probe| {
        (first.wrapping_add(step.wrapping_mul(probe)) % FILTER_BITS as u64) as usize
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
        for _ in 0..GROUP {
            assert!(filters.push(&filter_of(&[])));
        }
        assert!(filters.push(&filter_of(&leaves)));
        assert!(!filters.push(&[0; 7]));
        assert_eq!(filters.known(), GROUP + 1);
        for leaf in &leaves {
            assert_eq!(filters.candidates(*leaf).collect::<Vec<_>>(), [GROUP]);
        }
        let in_vain = (65_536..165_536).filter(|n| filters.candidates(prefix(*n)).count() > 0);
        // About 58 of a hundred thousand.
        assert!(in_vain.count() < 120);
    }
}
