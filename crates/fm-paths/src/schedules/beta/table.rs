//! Any discrete table, as a continuous schedule.

use crate::{Beta, PathError};

/// A table of β or of cumulative products, interpolated.
///
/// T = −log ᾱ is interpolated by the monotone cubic of Fritsch and Carlson through the entries of the table and T = 0 at
/// the clean sample: the entries are met exactly, T grows, and β = T′ is continuous. Interpolating the log-SNR instead
/// would have no finite value to begin with at the clean sample. Entry k is the time `t = 1 − (k + 1)/N`.
///
/// # Examples
/// ```
/// use fm_paths::{BetaTable, Schedule, Vp};
/// let schedule = Vp(BetaTable::from_betas(&[0.1, 0.2, 0.5])?);
/// let alpha = |t: f64| schedule.at(t).alpha;
/// assert!((alpha(1.0 / 3.0).powi(2) - 0.9 * 0.8).abs() < 1e-15);
/// assert!((alpha(0.0).powi(2) - 0.9 * 0.8 * 0.5).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - F. N. Fritsch, R. E. Carlson, *Monotone Piecewise Cubic Interpolation*, SIAM J. Numer. Anal. 17(2), 1980.
#[derive(Clone, Debug, PartialEq)]
pub struct BetaTable {
    /// T at the N + 1 knots, beginning with 0.
    values: Vec<f64>,
    /// dT for one step, at the knots.
    slopes: Vec<f64>,
}

impl BetaTable {
    /// The table of the β of each step.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if it is empty or a β is outside (0, 1).
    pub fn from_betas(betas: &[f64]) -> Result<Self, PathError> {
        let mut values = vec![0.0];
        for &beta in betas {
            PathError::require(beta > 0.0 && beta < 1.0, "beta", beta, "in (0, 1)")?;
            values.push(values[values.len() - 1] - (-beta).ln_1p());
        }
        Self::new(values)
    }

    /// The table of the cumulative products ᾱ = α² that packages store (`alphas_cumprod`).
    ///
    /// # Errors
    /// [`PathError::Parameter`] if it is empty or does not fall strictly within (0, 1). A table with zero terminal SNR
    /// ends in 0 and has no continuous form of this kind: see [`Rescaled`](crate::Rescaled) and
    /// [`Cosine`](crate::Cosine).
    pub fn from_alphas_cumprod(products: &[f64]) -> Result<Self, PathError> {
        let mut last = 1.0;
        let mut values = vec![0.0];
        for &product in products {
            let holds = product > 0.0 && product < last;
            PathError::require(holds, "alphas_cumprod", product, "positive and below the entry before it")?;
            last = product;
            values.push(-product.ln());
        }
        Self::new(values)
    }

    fn new(values: Vec<f64>) -> Result<Self, PathError> {
        let n = values.len() - 1;
        PathError::require(n > 0, "entries", n as f64, "at least 1")?;
        let rise = |i: usize| values[i + 1] - values[i];
        // The harmonic mean of the neighbouring rises is at most twice either: monotone. Secants at the two ends.
        let inner = |i: usize| 2.0 * rise(i - 1) * rise(i) / (rise(i - 1) + rise(i));
        let slopes = (0..=n)
            .map(|i| match i {
                0 => rise(0),
                i if i == n => rise(n - 1),
                i => inner(i),
            })
            .collect();
        Ok(Self { values, slopes })
    }

    /// T and its derivative.
    fn both(&self, s: f64) -> [f64; 2] {
        let n = self.values.len() - 1;
        let position = s * n as f64;
        let i = (position as usize).min(n - 1);
        let x = position - i as f64;
        let (rise, a, b) = (self.values[i + 1] - self.values[i], self.slopes[i], self.slopes[i + 1]);
        let (second, third) = (3.0 * rise - 2.0 * a - b, a + b - 2.0 * rise);
        let value = if x == 1.0 { self.values[i + 1] } else { self.values[i] + x * (a + x * (second + x * third)) };
        [value, n as f64 * (a + x * (2.0 * second + 3.0 * x * third))]
    }
}

impl Beta for BetaTable {
    fn rate(&self, s: f64) -> f64 {
        self.both(s)[1]
    }

    fn integral(&self, s: f64) -> f64 {
        self.both(s)[0]
    }
}
