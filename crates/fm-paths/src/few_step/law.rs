//! Which jumps a network is trained on.

use rand::Rng;
use rand::seq::SliceRandom;

use super::{Jump, Shortcut};
use crate::{PathError, TimeSampler};

/// How the two ends of a training jump are drawn.
///
/// # Examples
/// ```
/// use fm_paths::{TimeLaw, TimeSampler, few_step::{JumpLaw, JumpSampler, Shortcut}};
/// use rand::SeedableRng;
///
/// let times = TimeSampler::new(TimeLaw::Uniform, 0.0, 1.0)?;
/// let sampler = JumpSampler::new(JumpLaw::Dyadic(Shortcut { levels: 3 }), times, 0.0)?;
/// let jumps = sampler.sample(100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
/// assert!(jumps.iter().all(|jump| [1.0, 0.5, 0.25].contains(&jump.length())));
/// assert!(jumps.iter().all(|jump| (jump.from / jump.length()).fract() == 0.0));
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum JumpLaw {
    /// Two draws of the time law, in order: MeanFlow.
    #[default]
    Pairs,
    /// A length 2⁻ᵏ, each as likely, and a start at one of its multiples, each as likely: shortcut models.
    Dyadic(Shortcut),
}

/// Draws jumps, a fraction of them of length zero.
///
/// A row with `from = to` teaches the velocity itself; the others build on it. MeanFlow's ablation prefers three still
/// rows of four, and shortcut models have a like share.
///
/// The still rows keep the law of `from`: with [`JumpLaw::Pairs`] that of the earlier of two draws, as published (its
/// still rows are at the noisier of the two times), with [`JumpLaw::Dyadic`] that of the time sampler.
///
/// # Examples
/// ```
/// use fm_paths::{TimeLaw, TimeSampler, few_step::{JumpLaw, JumpSampler}};
/// use rand::SeedableRng;
///
/// let times = TimeSampler::new(TimeLaw::LogitNormal { mean: 0.4, std: 1.0 }, 0.0, 1.0)?; // −0.4 in the paper's time
/// let sampler = JumpSampler::new(JumpLaw::Pairs, times, 0.75)?;
/// let jumps = sampler.sample(100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
/// assert_eq!(jumps.iter().filter(|jump| jump.from == jump.to).count(), 75);
/// assert!(jumps.iter().all(|jump| jump.from <= jump.to));
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025, Section 4.3.
/// - K. Frans et al., *One Step Diffusion via Shortcut Models*, ICLR 2025, Section 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpSampler {
    law: JumpLaw,
    times: TimeSampler,
    still: f64,
}

impl JumpSampler {
    /// Jumps of `law`, of which the fraction `still` has length zero.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `still` is in `[0, 1]` and the law is valid.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeLaw, TimeSampler, few_step::{JumpLaw, JumpSampler, Shortcut}};
    /// let times = TimeSampler::new(TimeLaw::Uniform, 0.0, 1.0)?;
    /// assert!(JumpSampler::new(JumpLaw::Pairs, times, 1.5).is_err());
    /// assert!(JumpSampler::new(JumpLaw::Dyadic(Shortcut { levels: 0 }), times, 0.75).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(law: JumpLaw, times: TimeSampler, still: f64) -> Result<Self, PathError> {
        PathError::require((0.0..=1.0).contains(&still), "still", still, "in [0, 1]")?;
        if let JumpLaw::Dyadic(shortcut) = law {
            shortcut.validate()?;
        }
        Ok(Self { law, times, still })
    }

    /// Draws `n` jumps; which rows are still is random, how many is `still·n`, rounded up or down at random so that the
    /// mean is right.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeLaw, TimeSampler, few_step::{JumpLaw, JumpSampler}};
    /// use rand::SeedableRng;
    /// let sampler = JumpSampler::new(JumpLaw::Pairs, TimeSampler::new(TimeLaw::Uniform, 0.0, 0.5)?, 0.25)?;
    /// let jumps = sampler.sample(8, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(jumps.iter().filter(|jump| jump.length() == 0.0).count(), 2);
    /// assert!(jumps.iter().all(|jump| 0.0 <= jump.from && jump.to <= 0.5));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn sample<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Vec<Jump> {
        let mut jumps: Vec<_> = match self.law {
            JumpLaw::Pairs => {
                let (first, second) = (self.times.sample(n, rng), self.times.sample(n, rng));
                first.into_iter().zip(second).map(|(a, b)| Jump { from: a.min(b), to: a.max(b) }).collect()
            }
            JumpLaw::Dyadic(shortcut) => (0..n).map(|_| dyadic(shortcut, rng)).collect(),
        };
        let still = (self.still * n as f64 + rng.random::<f64>()) as usize;
        let mut rows: Vec<_> = (0..n).collect();
        rows.shuffle(rng);
        rows.truncate(still);
        if let JumpLaw::Dyadic(_) = self.law {
            for (&row, from) in rows.iter().zip(self.times.sample(rows.len(), rng)) {
                jumps[row].from = from;
            }
        }
        for row in rows {
            jumps[row].to = jumps[row].from;
        }
        jumps
    }
}

/// A step of random length at a random multiple of it.
fn dyadic<R: Rng + ?Sized>(shortcut: Shortcut, rng: &mut R) -> Jump {
    let level = rng.random_range(0..shortcut.levels);
    let length = (-f64::from(level)).exp2();
    let i = rng.random_range(0..1_u64 << level);
    Jump { from: i as f64 * length, to: (i + 1) as f64 * length }
}
