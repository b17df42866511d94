//! Where every random number comes from.
//!
//! A generator is a pure function of (seed, purpose, index): `ChaCha8` keyed by the seed, on the stream of the purpose and
//! the index. Nothing has to be carried from one training step to the next, so a resumed run continues exactly, batches
//! can be prepared ahead on another thread, and the number of threads cannot matter. The generator state that a
//! checkpoint keeps is the pair (seed, step).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The first weights.
    Weights,
    /// The data: the order of a table in one epoch, or the fresh samples of one step (the index).
    Data,
    /// What one training step (the index) draws by itself: its times and the labels that it drops.
    Step,
    /// Which rows are held out.
    Holdout,
    /// Source samples of a generation.
    Generation,
    /// Fresh samples that generated ones are compared with.
    Evaluation,
    /// Source samples and their pairs, for the training steps that are coupled together (their group is the index).
    Coupling,
    /// The Brownian motion of a stochastic generation.
    Brownian,
}

/// The generator of a purpose and an index below 2⁵⁶.
///
/// # Examples
/// ```
/// use fm_nn::random::{Purpose, stream};
/// use rand::RngCore;
/// assert_eq!(stream(1, Purpose::Step, 7).next_u64(), stream(1, Purpose::Step, 7).next_u64());
/// assert_ne!(stream(1, Purpose::Step, 7).next_u64(), stream(1, Purpose::Step, 8).next_u64());
/// ```
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 56) | index);
    rng
}
