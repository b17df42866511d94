//! Any discrete variance-preserving table, with a terminal SNR that may be zero.
//!
//! A table that ends in pure noise has an infinite cumulative rate T = −log ᾱ there, so it is no
//! [`Beta`](crate::Beta). Its amplitude is regular: this schedule interpolates 1 − α, from which σ follows without
//! cancellation at the clean end.

use crate::{PathError, Schedule, SchedulePoint, monotone::MonotoneCubic};

/// A table of cumulative products, interpolated in α; the last one may be zero.
///
/// ```text
/// α = 1 − δ,  σ² = δ(2 − δ),    δ monotone cubic through 1 − √ᾱ_k and 0 at the clean sample;    f = α̇/α,  g² = 2f
/// ```
///
/// Entry k is the time `t = 1 − (k + 1)/N`. Where the last product is positive, [`BetaTable`](crate::BetaTable) is the
/// other choice: the same entries, another curve between them.
///
/// # Domain
/// - With zero terminal SNR the source end is exactly (0, 1), with finite derivatives (`α̇ > 0`, `σ̇ = 0`). A noise or
///   score prediction determines no sample there: [`PathError::Singular`]. That combination with such a table is what
///   fills samplers with infinities; use v or velocity.
/// - The data end is exactly (1, 0), with σ̇ = −∞, as for every table; σσ̇ = −αα̇ is finite.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, AlphaTable, PathError, Prediction, Schedule};
/// let table = AlphaTable::from_alphas_cumprod(&[0.81, 0.36, 0.04])?.zero_terminal_snr()?;
/// let source = table.at(0.0);
/// assert_eq!((source.alpha, source.sigma), (0.0, 1.0));
/// assert!((table.at(2.0 / 3.0).alpha - 0.9).abs() < 1e-15); // the first entry stays
/// let path = AffinePath::new(table);
/// assert!(matches!(path.convert(Prediction::Noise, Prediction::Data, &[0.0]), Err(PathError::Singular { .. })));
/// assert_eq!(path.convert(Prediction::V, Prediction::Data, &[0.0])?, [[0.0, -1.0]]);
/// # Ok::<(), PathError>(())
/// ```
///
/// # References
/// - S. Lin, B. Liu, J. Li, X. Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, WACV 2024,
///   Section 3.1.
/// - F. N. Fritsch, R. E. Carlson, *Monotone Piecewise Cubic Interpolation*, SIAM J. Numer. Anal. 17(2), 1980.
#[derive(Clone, Debug, PartialEq)]
pub struct AlphaTable {
    /// 1 − α at the N + 1 knots, beginning with 0.
    deficit: MonotoneCubic,
}

impl AlphaTable {
    /// The table of the cumulative products ᾱ = α² that packages store (`alphas_cumprod`).
    ///
    /// # Errors
    /// [`PathError::Parameter`] if it is empty, does not fall strictly from below 1, or has a negative entry.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AlphaTable, Schedule};
    /// let table = AlphaTable::from_alphas_cumprod(&[0.81, 0.36, 0.0])?;
    /// assert!((table.at(1.0 / 3.0).alpha - 0.6).abs() < 1e-15); // √0.36 at the second entry
    /// assert!(AlphaTable::from_alphas_cumprod(&[0.36, 0.81]).is_err()); // not falling
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn from_alphas_cumprod(products: &[f64]) -> Result<Self, PathError> {
        let (mut last, mut deficits) = (1.0, vec![0.0]);
        for &product in products {
            let holds = product >= 0.0 && product < last;
            PathError::require(holds, "alphas_cumprod", product, "not negative, and below the entry before it")?;
            last = product;
            deficits.push((1.0 - product) / (1.0 + product.sqrt()));
        }
        Self::new(deficits)
    }

    /// The table of the β of each step; the last one may be 1.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if it is empty or a β is outside (0, 1), 1 allowed in the last place.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AlphaTable, Schedule};
    /// let table = AlphaTable::from_betas(&[0.19, 1.0])?;
    /// assert!((table.at(0.5).alpha - 0.9).abs() < 1e-15);
    /// assert_eq!(table.at(0.0).alpha, 0.0);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn from_betas(betas: &[f64]) -> Result<Self, PathError> {
        let (mut integral, mut deficits) = (0.0, vec![0.0]);
        for (i, &beta) in betas.iter().enumerate() {
            let holds = beta > 0.0 && (beta < 1.0 || (beta == 1.0 && i + 1 == betas.len()));
            PathError::require(holds, "beta", beta, "in (0, 1), or 1 in the last place")?;
            integral -= (-beta).ln_1p();
            deficits.push(-(-0.5_f64 * integral).exp_m1());
        }
        Self::new(deficits)
    }

    /// This table, rescaled to end in pure noise.
    ///
    /// ```text
    /// α_k ← (α_k − α_N)·α_1/(α_1 − α_N)          (Lin et al. 2024, Algorithm 1)
    /// ```
    ///
    /// The first entry stays and the last becomes zero; a table that ends there already stays as it is.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a single entry: it cannot both stay and become zero.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AlphaTable, Schedule};
    /// let table = AlphaTable::from_alphas_cumprod(&[0.81, 0.25, 0.01])?.zero_terminal_snr()?; // α 0.9, 0.5, 0.1
    /// let alphas = [2.0 / 3.0, 1.0 / 3.0, 0.0].map(|t| table.at(t).alpha);
    /// assert!((alphas[0] - 0.9).abs() < 1e-15 && (alphas[1] - 0.45).abs() < 1e-15); // (0.5 − 0.1)·0.9/(0.9 − 0.1)
    /// assert_eq!(alphas[2], 0.0);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn zero_terminal_snr(self) -> Result<Self, PathError> {
        let deficits = self.deficit.values();
        let entries = deficits.len() - 1;
        PathError::require(entries >= 2, "entries", entries as f64, "at least 2")?;
        let (first, last) = (deficits[1], deficits[entries]);
        // 1 − (δ_N − δ_k)(1 − δ_1)/(δ_N − δ_1), arranged so that the ends are exact.
        let rescale = |deficit: f64| first + (deficit - first) * (1.0 - first) / (last - first);
        let mut rescaled: Vec<_> = deficits.iter().map(|&deficit| rescale(deficit)).collect();
        rescaled[0] = 0.0;
        rescaled[entries] = 1.0;
        Self::new(rescaled)
    }

    fn new(deficits: Vec<f64>) -> Result<Self, PathError> {
        let entries = deficits.len() - 1;
        PathError::require(entries > 0, "entries", entries as f64, "at least 1")?;
        Ok(Self { deficit: MonotoneCubic::new(deficits) })
    }

    /// α, σ and α̇.
    fn amplitudes(&self, t: f64) -> [f64; 3] {
        let [deficit, slope] = self.deficit.at(1.0 - t);
        [1.0 - deficit, (deficit * (2.0 - deficit)).sqrt(), slope]
    }
}

impl Schedule for AlphaTable {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let [alpha, sigma, d_alpha] = self.amplitudes(t);
        SchedulePoint { alpha, sigma, d_alpha, d_sigma: 0.0 - d_alpha * alpha / sigma } // not −0 at the source
    }

    /// σσ̇ = −αα̇.
    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let [alpha, _, d_alpha] = self.amplitudes(t);
        0.0 - alpha * d_alpha
    }

    fn g2(&self, t: f64) -> f64 {
        2.0 * self.drift(t)
    }
}
