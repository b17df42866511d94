//! How an embedded method's error becomes one number.
//!
//! The estimate of each value is divided by `atol + rtol max(|y0|, |y1|)`, so that 1 is the border of the tolerance, and
//! the quotients are averaged. Averaged over what is a choice with consequences: under one norm for the batch, a sample
//! that needs small steps is paid for by all others and still gets a larger error than asked for.

use crate::SolveError;

/// Relative and absolute tolerance of a value's error in one step.
///
/// A tolerance is asked of each step and not of the result, whose error is usually some ten times as large.
///
/// # Examples
/// ```
/// # use fm_solvers::{SolveError, Tolerance};
/// let tolerance = Tolerance::new(1e-5, 1e-7)?;
/// assert_eq!((tolerance.rtol(), tolerance.atol()), (1e-5, 1e-7));
/// assert_eq!(
///     Tolerance::new(-1.0, 0.1).unwrap_err().to_string(),
///     "rtol -1 and atol 0.1 are no tolerance: both must be finite, rtol not negative and atol above zero"
/// );
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
}

impl Tolerance {
    /// Takes both, as they enter `atol + rtol |y|`.
    ///
    /// # Errors
    /// [`SolveError::InvalidTolerance`] unless both are finite, `rtol` is not negative and `atol` is above zero: with
    /// `atol` zero no step is small enough for a value that passes through zero.
    pub fn new(rtol: f64, atol: f64) -> Result<Self, SolveError> {
        if rtol.is_finite() && rtol >= 0.0 && atol.is_finite() && atol > 0.0 {
            Ok(Self { rtol, atol })
        } else {
            Err(SolveError::InvalidTolerance { rtol, atol })
        }
    }

    /// The relative tolerance.
    pub fn rtol(self) -> f64 {
        self.rtol
    }

    /// The absolute tolerance.
    pub fn atol(self) -> f64 {
        self.atol
    }
}

/// 1e-5 relative and absolute.
impl Default for Tolerance {
    fn default() -> Self {
        Self { rtol: 1e-5, atol: 1e-5 }
    }
}

/// Which error of a batch decides about the step that all its samples share.
///
/// Under either, a sample's result depends on its batch mates. For results that do not, give each sample its own steps:
/// [`AdaptiveSolver::solve_per_sample`](crate::AdaptiveSolver::solve_per_sample).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Norm {
    /// The root mean square over all values of the batch, as in torchdiffeq and SciPy: the cheapest, but single samples
    /// may miss the tolerance by orders of magnitude.
    #[default]
    BatchRms,
    /// The largest of the samples' root mean squares: every sample's error is below the tolerance in each step. Use it
    /// for likelihoods.
    MaxOverSamples,
}

/// The coefficients of an error estimate, with the tolerance that measures it.
///
/// A [`State`](crate::State) turns each row into the values `h sum_j row[j] stages[j] / (atol + rtol max(|y0|, |y1|))` and
/// their mean squares, and [`of`](Self::of) turns the mean squares into the error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorEstimate<'a> {
    /// One row: the difference of the two methods' weights. Two rows: the estimates of order 5 and 3 of DOP853.
    pub rows: &'a [&'a [f64]],
    /// What the values are measured by.
    pub tolerance: Tolerance,
}

impl ErrorEstimate<'_> {
    /// The error from the mean squares of the rows; without a second row that entry is not looked at.
    ///
    /// ```text
    /// one row:  sqrt(m5)        two rows:  m5 / sqrt(m5 + 0.01 m3)
    /// ```
    ///
    /// # References
    /// Hairer, Norsett & Wanner 1993, eqs. II.4.11 and II.10.17.
    pub fn of(&self, [m5, m3]: [f64; 2]) -> f64 {
        if self.rows.len() < 2 {
            return m5.sqrt();
        }
        let denominator = m5 + 0.01 * m3;
        if denominator == 0.0 { 0.0 } else { m5 / denominator.sqrt() }
    }
}

#[cfg(feature = "tch")]
impl ErrorEstimate<'_> {
    /// The same for many errors at once where they are, from the roots of the sums of squares; the root of the number of
    /// values remains to be divided by.
    pub(crate) fn of_norms(&self, norms: &[tch::Tensor]) -> tch::Tensor {
        if self.rows.len() < 2 {
            return norms[0].shallow_clone();
        }
        let [n5, n3] = [&norms[0], &norms[1]];
        n5 * (n5 / n5.hypot(&(n3 * 0.1)).clamp_min(f64::from(f32::MIN_POSITIVE)))
    }
}

/// Whether error `b` is larger than `a`, where NaN is larger than any number.
pub(crate) fn exceeds(b: f64, a: f64) -> bool {
    b > a || b.is_nan() && !a.is_nan()
}

/// The larger of two errors.
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if exceeds(b, a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_checked() {
        for (rtol, atol) in [(1e-3, 0.0), (f64::NAN, 1e-3), (1e-3, f64::INFINITY), (1e-3, -1e-9)] {
            assert!(matches!(Tolerance::new(rtol, atol), Err(SolveError::InvalidTolerance { .. })), "{rtol} {atol}");
        }
        assert!(Tolerance::new(0.0, 1e-3).is_ok());
    }

    #[test]
    fn two_rows_without_an_error_are_no_error() {
        let rows: &[&[f64]] = &[&[1.0], &[1.0]];
        let estimate = ErrorEstimate { rows, tolerance: Tolerance::default() };
        assert_eq!(estimate.of([0.0, 0.0]), 0.0);
        assert!((estimate.of([4.0, 0.0]) - 2.0).abs() < 1e-15);
        assert!(estimate.of([f64::NAN, 0.0]).is_nan());
    }
}
