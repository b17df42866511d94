//! A counter-based generator: random words as a function of where they are.
//!
//! The crates of rand's family hold `ChaCha`, whose smallest unit here is four blocks of 64 bytes: for a sample of two values
//! that is a hundred times what is used. Philox gives 32 bytes for an address, and an address has room for everything that
//! a piece of noise is known by, without hashing.

#![expect(
    clippy::inline_always,
    reason = "a function is compiled for the processor of its caller only if it is a part of it"
)]

use rand::RngCore;

/// The words at an address, and at the addresses after it.
///
/// Philox-4x64 with ten rounds: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, *Parallel random numbers: as easy as
/// 1, 2, 3*, SC 2011.
#[derive(Clone, Debug)]
pub(super) struct Philox {
    key: u64,
    /// The last word counts blocks.
    address: [u64; 4],
    words: [u64; 4],
    used: usize,
}

impl Philox {
    pub(super) fn new(key: u64, address: [u64; 4]) -> Self {
        Self { key, address, words: [0; 4], used: 4 }
    }

    /// The generators at several addresses, with their first words made together: each round of a block waits for the one
    /// before, those of other blocks need not.
    #[inline(always)]
    pub(super) fn several<const N: usize>(key: u64, addresses: [[u64; 4]; N]) -> [Self; N] {
        let words = blocks(addresses, [key, 0]);
        std::array::from_fn(|i| Self { used: 0, words: words[i], ..Self::new(key, next(addresses[i])) })
    }
}

/// The address of the block after the one there.
fn next(mut address: [u64; 4]) -> [u64; 4] {
    address[3] = address[3].wrapping_add(1);
    address
}

impl RngCore for Philox {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        if self.used == 4 {
            [self.words] = blocks([self.address], [self.key, 0]);
            self.address = next(self.address);
            self.used = 0;
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[inline(always)]
fn blocks<const N: usize>(mut counters: [[u64; 4]; N], mut key: [u64; 2]) -> [[u64; 4]; N] {
    const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
    const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
    for _ in 0..10 {
        for counter in &mut counters {
            let [c0, c1, c2, c3] = *counter;
            let (low0, high0) = wide(MULTIPLIERS[0], c0);
            let (low1, high1) = wide(MULTIPLIERS[1], c2);
            *counter = [high1 ^ c1 ^ key[0], low1, high0 ^ c3 ^ key[1], low0];
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counters
}

/// The low and the high word of a product.
#[inline(always)]
fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
        blocks([counter], key)[0]
    }

    /// From `kat_vectors` of Random123, the authors' library.
    #[test]
    fn known_answers() {
        assert_eq!(
            block([0; 4], [0; 2]),
            [0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b, 0x7e68_b68a_ec7b_a23b]
        );
        assert_eq!(
            block([u64::MAX; 4], [u64::MAX; 2]),
            [0x87b0_92c3_013f_e90b, 0x438c_3c67_be8d_0224, 0x9cc7_d7c6_9cd7_77b6, 0xa09c_aebf_594f_0ba0]
        );
        let counter = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];
        let key = [0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c];
        assert_eq!(
            block(counter, key),
            [0xa528_f454_03e6_1d95, 0x38c7_2dbd_566e_9788, 0xa5a1_610e_72fd_18b5, 0x57bd_43b5_e52b_7fe6]
        );
    }

    #[test]
    fn a_stream_is_its_blocks_one_after_the_other() {
        let mut stream = Philox::new(7, [1, 2, 3, u64::MAX]);
        let words: Vec<u64> = (0..8).map(|_| stream.next_u64()).collect();
        assert_eq!(words[..4], block([1, 2, 3, u64::MAX], [7, 0]));
        assert_eq!(words[4..], block([1, 2, 3, 0], [7, 0]));
    }

    #[test]
    fn streams_together_are_the_streams_alone() {
        let addresses = [[1, 2, 3, 4], [5, 6, 7, u64::MAX], [0; 4]];
        for (mut together, address) in Philox::several(9, addresses).into_iter().zip(addresses) {
            let mut alone = Philox::new(9, address);
            assert!((0..9).all(|_| together.next_u64() == alone.next_u64()), "{address:?}");
        }
    }
}
