//! Where a light cache lies in memory.

use crate::pages::{Region, advise_huge_pages};

/// Words of 32 bits an item.
pub(super) const WORDS_AN_ITEM: usize = 16;

/// 64 bytes as little-endian words.
pub type Item = [u32; WORDS_AN_ITEM];

/// Items on boundaries of 64 bytes, so that each is one line of the processor's cache, in huge pages where the system
/// has them: reading them at random is what a check waits for.
pub(super) struct Lines {
    words: Vec<u32>,
    /// The first word on such a boundary.
    start: usize,
}

impl Lines {
    pub(super) fn zeroed(count: usize) -> Self {
        let mut words: Vec<u32> = Vec::with_capacity((count + 1) * WORDS_AN_ITEM);
        let region = Region::new(words.as_ptr().addr(), words.capacity() * size_of::<u32>());
        advise_huge_pages(region);
        let start = words.as_ptr().align_offset(size_of::<Item>());
        words.resize(start + count * WORDS_AN_ITEM, 0);
        Lines { words, start }
    }

    pub(super) fn items(&self) -> &[Item] {
        self.words[self.start..].as_chunks().0
    }

    pub(super) fn items_mut(&mut self) -> &mut [Item] {
        self.words[self.start..].as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_lie_on_boundaries_and_all_are_there() {
        for count in [1, 2, 1_000, 100_000] {
            let mut lines = Lines::zeroed(count);
            lines.items_mut()[count - 1] = [7; WORDS_AN_ITEM];
            let items = lines.items();
            assert_eq!(items.len(), count);
            assert_eq!(items.as_ptr().addr() % 64, 0);
            assert_eq!(items[count - 1], [7; WORDS_AN_ITEM]);
        }
    }
}
