//! How fine the grid of consistency training is, step by step.

use crate::PathError;

/// The number of grid points over the course of consistency training, and the moving average of the target.
///
/// A coarse grid has little variance and much bias, a fine one the other way round; training goes from one to the other.
///
/// | kind | N(k) of K steps | target |
/// |---|---|---|
/// | `square-root` (default) | `⌈√(k/K·((s₁ + 1)² − s₀²) + s₀²) − 1⌉ + 1` | moving average, μ(k) = exp(s₀·log μ₀/N(k)) |
/// | `doubling` | `min(s₀·2^⌊k/K′⌋, s₁) + 1`, `K′ = ⌊K/(log₂⌊s₁/s₀⌋ + 1)⌋` | the network itself, μ = 0 |
///
/// # Examples
/// ```
/// use fm_paths::few_step::Curriculum;
/// let first = Curriculum::default(); // s₀ = 2, s₁ = 150, μ₀ = 0.9
/// assert_eq!([0, 500, 1000].map(|k| first.points(k, 1000)), [2, 107, 151]);
/// assert!((first.target_decay(0, 1000) - 0.9).abs() < 1e-15);
/// let improved = Curriculum::Doubling { start: 10, end: 1280 };
/// assert_eq!([0, 125, 1000].map(|k| improved.points(k, 1000)), [11, 21, 1281]);
/// ```
///
/// # References
/// - Y. Song et al., *Consistency Models*, ICML 2023, Appendix C.
/// - Y. Song, P. Dhariwal, *Improved Techniques for Training Consistency Models*, ICLR 2024, Section 3.4.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Curriculum {
    /// The first paper's.
    SquareRoot {
        /// s₀, at least 2.
        start: u32,
        /// s₁, at least s₀.
        end: u32,
        /// μ₀, in (0, 1).
        decay: f64,
    },
    /// Improved consistency training's.
    Doubling {
        /// s₀, at least 1.
        start: u32,
        /// s₁, at least s₀.
        end: u32,
    },
}

impl Default for Curriculum {
    fn default() -> Self {
        Self::SquareRoot { start: 2, end: 150, decay: 0.9 }
    }
}

impl Curriculum {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the ranges of the variants.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Curriculum;
    /// assert!(Curriculum::Doubling { start: 10, end: 5 }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let (start, end, least) = match self {
            Self::SquareRoot { start, end, decay } => {
                PathError::require(decay > 0.0 && decay < 1.0, "decay", decay, "in (0, 1)")?;
                (start, end, 2)
            }
            Self::Doubling { start, end } => (start, end, 1),
        };
        PathError::require(start >= least, "start", f64::from(start), "at least 2, or 1 for doubling")?;
        PathError::require(end >= start && end < u32::MAX, "end", f64::from(end), "at least start")
    }

    /// N, the number of grid points at `step` of `total`. After the last step it stays.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Curriculum;
    /// let doubling = Curriculum::Doubling { start: 10, end: 40 }; // three stages
    /// assert_eq!([0, 100, 200, 300, 400].map(|k| doubling.points(k, 300)), [11, 21, 41, 41, 41]);
    /// ```
    pub fn points(self, step: u64, total: u64) -> u32 {
        let step = step.min(total);
        match self {
            Self::SquareRoot { start, end, .. } => {
                let (start, end) = (f64::from(start), f64::from(end) + 1.0);
                let part = if total == 0 { 1.0 } else { step as f64 / total as f64 };
                ((part * (end * end - start * start) + start * start).sqrt() - 1.0).ceil() as u32 + 1
            }
            Self::Doubling { start, end } => {
                let stages = f64::from(end / start).log2() + 1.0;
                let stage = step / ((total as f64 / stages) as u64).max(1);
                let doubled = u32::try_from(stage).ok().and_then(|stage| 1_u32.checked_shl(stage));
                doubled.and_then(|factor| start.checked_mul(factor)).map_or(end, |points| points.min(end)) + 1
            }
        }
    }

    /// μ, the decay of the moving average that serves as target; 0 is the network itself, without gradient.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Curriculum;
    /// let average = Curriculum::SquareRoot { start: 2, end: 150, decay: 0.9 };
    /// assert!((average.target_decay(1000, 1000) - 0.9_f64.powf(2.0 / 151.0)).abs() < 1e-15); // μ₀^(s₀/N)
    /// assert_eq!(Curriculum::Doubling { start: 10, end: 1280 }.target_decay(0, 1000), 0.0);
    /// ```
    pub fn target_decay(self, step: u64, total: u64) -> f64 {
        match self {
            Self::SquareRoot { start, decay, .. } => {
                (f64::from(start) * decay.ln() / f64::from(self.points(step, total))).exp()
            }
            Self::Doubling { .. } => 0.0,
        }
    }
}
