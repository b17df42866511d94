//! The neighbouring times at which a consistency function is compared with itself.

use rand::Rng;

use super::Jump;
use crate::{AffinePath, PathError, Schedule};

/// A grid of noise levels on a path, and its intervals.
///
/// ```text
/// ℓ_i = (a + i/(N − 1)·(b − a))^ρ,  a = ℓ_max^{1/ρ},  b = ℓ_min^{1/ρ},  i = 0, …, N − 1     (Karras et al. 2022, Eq. 5)
/// ```
///
/// An interval is a [`Jump`] from its noisier time to its cleaner one. Training compares f at the state of `from` with f,
/// without gradient, at a state of `to`: in consistency training the state of the same data and noise
/// ([`AffinePath::state`] at both times), in distillation one solver step of the teacher
/// ([`AffinePath::transfer`] from `from` to `to`).
///
/// The intervals of a batch are [`ConsistencyGrid::uniform`], or [`ConsistencyGrid::containing`] the times of any
/// [`TimeSampler`](crate::TimeSampler): its `level-log-normal` law on the linear path gives the intervals the
/// probabilities of improved consistency training.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Linear, few_step::{ConsistencyGrid, Jump}};
/// let grid = ConsistencyGrid::new(&AffinePath::new(Linear), [0.25, 4.0], 1.0, 3)?;
/// let jump = grid.jump(1); // levels 2.125 to 0.25
/// assert!((jump.from - 1.0 / 3.125).abs() < 1e-15 && (jump.to - 0.8).abs() < 1e-15);
/// assert_eq!(grid.weight(1), 1.0 / 1.875);
/// assert_eq!(grid.containing(0.5), 1);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Consistency Models*, ICML 2023, Section 5.
/// - Y. Song, P. Dhariwal, *Improved Techniques for Training Consistency Models*, ICLR 2024 (weights and law).
#[derive(Clone, Debug, PartialEq)]
pub struct ConsistencyGrid {
    /// Falling.
    levels: Vec<f64>,
    /// Growing.
    times: Vec<f64>,
}

impl ConsistencyGrid {
    /// The grid of `points` levels from the second of `levels` down to the first, both met exactly; 0.002, 80 and `rho = 7`
    /// in the papers.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `0 < ℓ_min < ℓ_max`, `rho > 0` and there are at least two points;
    /// [`PathError::LogSnrOutOfRange`] for a level that the schedule does not have.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// let path = AffinePath::new(Edm { sigma_max: 4.0 });
    /// let grid = ConsistencyGrid::new(&path, [1.0, 4.0], 1.0, 4)?; // levels 4, 3, 2, 1
    /// assert!([0.0, 0.25, 0.5].iter().enumerate().all(|(i, t)| (grid.jump(i).from - t).abs() < 1e-15));
    /// assert!(ConsistencyGrid::new(&path, [1.0, 80.0], 1.0, 4).is_err()); // the path is never that noisy
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new<S: Schedule>(path: &AffinePath<S>, levels: [f64; 2], rho: f64, points: u32) -> Result<Self, PathError> {
        let [min, max] = levels;
        PathError::require(min.is_finite() && min > 0.0, "level_min", min, "positive and finite")?;
        PathError::require(max.is_finite() && max > min, "level_max", max, "finite and above level_min")?;
        PathError::require(rho.is_finite() && rho > 0.0, "rho", rho, "positive and finite")?;
        PathError::require(points >= 2, "points", f64::from(points), "at least 2")?;
        let (a, b) = (max.powf(rho.recip()), min.powf(rho.recip()));
        let last = f64::from(points - 1);
        let mut levels: Vec<_> = (0..points).map(|i| (a + f64::from(i) / last * (b - a)).powf(rho)).collect();
        levels[0] = max;
        levels[points as usize - 1] = min;
        let times = path.times_of_levels(&levels)?;
        Ok(Self { levels, times })
    }

    /// How many intervals there are, N − 1.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// let grid = ConsistencyGrid::new(&AffinePath::new(Edm::default()), [0.002, 80.0], 7.0, 18)?;
    /// assert_eq!(grid.intervals(), 17);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn intervals(&self) -> usize {
        self.times.len() - 1
    }

    /// The interval `index`, 0 the noisiest.
    ///
    /// # Panics
    /// If there is no such interval.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// let grid = ConsistencyGrid::new(&AffinePath::new(Edm { sigma_max: 4.0 }), [1.0, 4.0], 1.0, 4)?;
    /// let jump = grid.jump(2); // levels 2 to 1
    /// assert!((jump.from - 0.5).abs() < 1e-15 && (jump.to - 0.75).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn jump(&self, index: usize) -> Jump {
        self.check(index);
        Jump { from: self.times[index], to: self.times[index + 1] }
    }

    /// The loss weight `1/(ℓ_from − ℓ_to)` of improved consistency training. The first paper's weight is 1.
    ///
    /// # Panics
    /// If there is no such interval.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// let grid = ConsistencyGrid::new(&AffinePath::new(Edm { sigma_max: 8.0 }), [2.0, 8.0], 1.0, 4)?;
    /// assert_eq!(grid.weight(0), 0.5); // 1/(8 − 6)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn weight(&self, index: usize) -> f64 {
        self.check(index);
        (self.levels[index] - self.levels[index + 1]).recip()
    }

    /// `n` intervals, each as likely as any other.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// use rand::SeedableRng;
    /// let grid = ConsistencyGrid::new(&AffinePath::new(Edm::default()), [0.002, 80.0], 7.0, 18)?;
    /// let drawn = grid.uniform(1000, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&16)));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn uniform<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Vec<usize> {
        (0..n).map(|_| rng.random_range(0..self.intervals())).collect()
    }

    /// The interval that holds the time `t`; the first or the last for a time outside the grid, so that a law with tails
    /// beyond it keeps its mass at the ends.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Edm, few_step::ConsistencyGrid};
    /// let grid = ConsistencyGrid::new(&AffinePath::new(Edm { sigma_max: 4.0 }), [1.0, 4.0], 1.0, 4)?;
    /// assert_eq!([0.1, 0.3, 0.6, 0.99].map(|t| grid.containing(t)), [0, 1, 2, 2]); // the last is beyond level 1, at 0.75
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn containing(&self, t: f64) -> usize {
        self.times.partition_point(|&time| time <= t).clamp(1, self.intervals()) - 1
    }

    #[track_caller]
    fn check(&self, index: usize) {
        assert!(index < self.intervals(), "interval {index} of a consistency grid with {}", self.intervals());
    }
}
