//! Any discrete table, as a continuous schedule.

use crate::{Beta, PathError, monotone::MonotoneCubic};

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
    integral: MonotoneCubic,
}

impl BetaTable {
    /// The table of the β of each step.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if it is empty or a β is outside (0, 1).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, BetaTable};
    /// let beta = BetaTable::from_betas(&[0.5, 0.75])?;
    /// assert!((beta.integral(0.5) - 2.0_f64.ln()).abs() < 1e-15); // T = −log(1 − 0.5)
    /// assert!(BetaTable::from_betas(&[0.5, 1.0]).is_err()); // T would be infinite
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
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
    /// ends in 0, where T is infinite: it is an [`AlphaTable`](crate::AlphaTable).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{BetaTable, Schedule, Vp};
    /// let schedule = Vp(BetaTable::from_alphas_cumprod(&[0.9, 0.36])?);
    /// assert!((schedule.at(0.0).alpha - 0.6).abs() < 1e-15);
    /// assert!(BetaTable::from_alphas_cumprod(&[0.9, 0.0]).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
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
        let entries = values.len() - 1;
        PathError::require(entries > 0, "entries", entries as f64, "at least 1")?;
        Ok(Self { integral: MonotoneCubic::new(values) })
    }
}

impl Beta for BetaTable {
    #[inline(always)]
    fn rate(&self, s: f64) -> f64 {
        self.integral.at(s)[1]
    }

    #[inline(always)]
    fn integral(&self, s: f64) -> f64 {
        self.integral.at(s)[0]
    }

    #[inline(always)]
    fn rate_and_integral(&self, s: f64) -> [f64; 2] {
        let [integral, rate] = self.integral.at(s);
        [rate, integral]
    }
}
