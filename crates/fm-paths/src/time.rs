//! Which times a network is trained at.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::PathError;

/// A distribution of training times on (0, 1).
///
/// | `kind` | parameters (default) | meaning |
/// |---|---|---|
/// | `uniform` (default) | | independent uniform times |
/// | `stratified` | | one uniform time in each of n equal parts, in random order of strata: same mean, less variance |
/// | `logit-normal` | `mean` (0), `std` (1) | t = 1/(1 + exp(−n)), n ~ N(mean, std²): more weight in the middle |
///
/// # References
/// - P. Esser et al., *Scaling Rectified Flow Transformers*, ICML 2024, Eq. 19 (logit-normal).
/// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021, Appendix I.1 (stratified times).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum TimeLaw {
    /// Uniform on (0, 1).
    #[default]
    Uniform,
    /// One uniform time in each of n equal parts of (0, 1), the parts shuffled over the batch.
    Stratified,
    /// The logistic of a normal variable.
    LogitNormal {
        /// Mean of the logit; positive is nearer to the data.
        #[cfg_attr(feature = "serde", serde(default))]
        mean: f64,
        /// Standard deviation of the logit; positive.
        #[cfg_attr(feature = "serde", serde(default = "unit"))]
        std: f64,
    },
}

/// The default of `std`, for configuration files that leave it out.
#[cfg(feature = "serde")]
fn unit() -> f64 {
    1.0
}

/// A [`TimeLaw`] mapped affinely onto `[t_min, t_max]`.
///
/// Keep an end out (`t_min > 0` or `t_max < 1`) where the prediction is singular there; nothing is clamped silently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSampler {
    law: TimeLaw,
    t_min: f64,
    t_max: f64,
}

impl TimeSampler {
    /// The law on `[t_min, t_max]`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `0 ≤ t_min < t_max ≤ 1`, `mean` is finite and `std` positive and finite.
    pub fn new(law: TimeLaw, t_min: f64, t_max: f64) -> Result<Self, PathError> {
        PathError::require((0.0..1.0).contains(&t_min), "t_min", t_min, "in [0, 1)")?;
        PathError::require(t_max > t_min && t_max <= 1.0, "t_max", t_max, "above t_min and at most 1")?;
        if let TimeLaw::LogitNormal { mean, std } = law {
            PathError::require(mean.is_finite(), "mean", mean, "finite")?;
            PathError::require(std.is_finite() && std > 0.0, "std", std, "positive and finite")?;
        }
        Ok(Self { law, t_min, t_max })
    }

    /// Draws `n` times.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeLaw, TimeSampler};
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    /// let times = TimeSampler::new(TimeLaw::Stratified, 0.0, 1.0)?.sample(4, &mut rng);
    /// let mut quarters: Vec<_> = times.iter().map(|t| (t * 4.0) as usize).collect();
    /// quarters.sort();
    /// assert_eq!(quarters, [0, 1, 2, 3]); // one time in each quarter
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn sample<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Vec<f64> {
        let mut times: Vec<f64> = match self.law {
            TimeLaw::Uniform => (0..n).map(|_| rng.random::<f64>()).collect(),
            TimeLaw::Stratified => {
                let mut times: Vec<_> = (0..n).map(|i| (i as f64 + rng.random::<f64>()) / n as f64).collect();
                rand::seq::SliceRandom::shuffle(times.as_mut_slice(), rng);
                times
            }
            TimeLaw::LogitNormal { mean, std } => (0..n)
                .map(|_| {
                    let normal: f64 = StandardNormal.sample(rng);
                    1.0 / (1.0 + (-(mean + std * normal)).exp())
                })
                .collect(),
        };
        for t in &mut times {
            *t = self.t_min + (self.t_max - self.t_min) * *t;
        }
        times
    }
}
