//! Drawing times.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use super::{FRAC_PI_2, TimeLaw, mode, shift_time};
use crate::PathError;

/// A [`TimeLaw`] mapped affinely onto `[t_min, t_max]`.
///
/// Keep an end out (`t_min > 0` or `t_max < 1`) where the prediction is singular there; nothing is clamped silently.
///
/// # Examples
/// ```
/// use fm_paths::{TimeLaw, TimeSampler};
/// use rand::SeedableRng;
///
/// let sampler = TimeSampler::new(TimeLaw::LogitNormal { mean: 0.0, std: 1.0 }, 0.1, 0.9)?;
/// let times = sampler.sample(100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
/// assert!(times.iter().all(|t| (0.1..=0.9).contains(t)));
/// # Ok::<(), fm_paths::PathError>(())
/// ```
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
    /// [`PathError::Parameter`] unless `0 ≤ t_min < t_max ≤ 1` and the law is valid.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeLaw, TimeSampler};
    /// assert!(TimeSampler::new(TimeLaw::Uniform, 0.0, 0.999).is_ok());
    /// assert!(TimeSampler::new(TimeLaw::Uniform, 0.5, 0.5).is_err());
    /// ```
    pub fn new(law: TimeLaw, t_min: f64, t_max: f64) -> Result<Self, PathError> {
        PathError::require((0.0..1.0).contains(&t_min), "t_min", t_min, "in [0, 1)")?;
        PathError::require(t_max > t_min && t_max <= 1.0, "t_max", t_max, "above t_min and at most 1")?;
        law.validate()?;
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
        let mut times = match self.law {
            TimeLaw::Uniform => uniform(n, rng, |u| u),
            TimeLaw::Stratified => {
                let mut times: Vec<_> = (0..n).map(|i| (i as f64 + rng.random::<f64>()) / n as f64).collect();
                times.shuffle(rng);
                times
            }
            TimeLaw::LowDiscrepancy => low_discrepancy(n, rng),
            TimeLaw::LogitNormal { mean, std } => logit_normal(n, rng, mean, std),
            TimeLaw::Mode { scale } => uniform(n, rng, |u| mode(u, scale)),
            TimeLaw::CosMap => uniform(n, rng, |u| 1.0 - 1.0 / (1.0 + (FRAC_PI_2 * u).tan())),
            TimeLaw::Beta { a, b } => match rand_distr::Beta::new(a, b) {
                Ok(beta) => (0..n).map(|_| beta.sample(rng)).collect(),
                Err(_) => unreachable!("the constructor admits only positive a and b"),
            },
            TimeLaw::LevelLogNormal { mean, std } => logit_normal(n, rng, -mean, std),
            TimeLaw::Shifted { shift } => uniform(n, rng, |u| shift_time(u, shift)),
        };
        for t in &mut times {
            // Rounding may take a number next to 1 past the end.
            *t = (self.t_min + (self.t_max - self.t_min) * *t).min(self.t_max);
        }
        times
    }

    /// The density of uniform times on `[t_min, t_max]` over that of the law, at each time.
    ///
    /// Multiplied into the loss weights, they make the mean over the law that over uniform times: the law can be changed
    /// to reduce the noise of the gradient without changing the objective.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`] for a time outside `[t_min, t_max]`, and [`PathError::Weight`] where the law has no
    /// density, which it never draws.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeLaw, TimeSampler};
    /// let sampler = TimeSampler::new(TimeLaw::Shifted { shift: 2.0 }, 0.0, 1.0)?;
    /// assert_eq!(sampler.importance_weights(&[0.0, 1.0])?, [0.5, 2.0]); // twice as many times near the source
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn importance_weights(&self, t: &[f64]) -> Result<Vec<f64>, PathError> {
        let weight = |(index, &t): (usize, &f64)| {
            if !(self.t_min..=self.t_max).contains(&t) {
                return Err(PathError::TimeOutOfRange { index, t });
            }
            let weight = self.law.density((t - self.t_min) / (self.t_max - self.t_min)).recip();
            if weight.is_finite() { Ok(weight) } else { Err(PathError::Weight { t, index }) }
        };
        t.iter().enumerate().map(weight).collect()
    }
}

/// Draws `n` times of any law, given by its quantile function (inverse distribution function) on (0, 1).
///
/// The uniform numbers behind them are of low discrepancy: one random offset for the whole batch, in random order.
///
/// # Errors
/// [`PathError::TimeOutOfRange`] if the function leaves `[0, 1]`.
///
/// # Examples
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let times = fm_paths::quantile_times(|u| u.sqrt(), 1000, &mut rng)?; // density 2t
/// assert!((times.iter().sum::<f64>() / 1000.0 - 2.0 / 3.0).abs() < 1e-3);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
pub fn quantile_times<R: Rng + ?Sized>(
    quantile: impl Fn(f64) -> f64,
    n: usize,
    rng: &mut R,
) -> Result<Vec<f64>, PathError> {
    let check = |(index, u)| {
        let t = quantile(u);
        if (0.0..=1.0).contains(&t) { Ok(t) } else { Err(PathError::TimeOutOfRange { index, t }) }
    };
    low_discrepancy(n, rng).into_iter().enumerate().map(check).collect()
}

/// Independent uniform numbers, mapped.
fn uniform<R: Rng + ?Sized>(n: usize, rng: &mut R, map: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..n).map(|_| map(rng.random())).collect()
}

/// n equally spaced numbers with one random offset, modulo 1, shuffled.
fn low_discrepancy<R: Rng + ?Sized>(n: usize, rng: &mut R) -> Vec<f64> {
    let offset: f64 = rng.random();
    let mut times: Vec<_> = (0..n).map(|i| (offset + i as f64 / n as f64).fract()).collect();
    times.shuffle(rng);
    times
}

/// The logistic of independent normal numbers.
fn logit_normal<R: Rng + ?Sized>(n: usize, rng: &mut R, mean: f64, std: f64) -> Vec<f64> {
    (0..n)
        .map(|_| {
            let normal: f64 = StandardNormal.sample(rng);
            1.0 / (1.0 + (-(mean + std * normal)).exp())
        })
        .collect()
}
