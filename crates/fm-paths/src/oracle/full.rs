//! Gaussians and mixtures with full covariances.
//!
//! A covariance Σ is diagonal in its principal axes, and the standard normal source looks the same in all axes, so the
//! covariance of the state, α²Σ + σ²I, has the same axes at every time. The axes are found once, here, and each
//! component is kept in its own; what is rejected is a Cholesky factor of α²Σ + σ²I for each time and component.

use ndarray::{Array2, Array3, ArrayRef1, ArrayRef2, ArrayRef3, Axis};

use super::{GaussianMixture, jacobi};
use crate::PathError;

/// The asymmetry, and the negative eigenvalue, that rounding excuses, relative to the largest entry.
const ROUNDING: f64 = 1e-12;

impl GaussianMixture {
    /// The Gaussian of this mean and covariance; the covariance may be singular.
    ///
    /// # Errors
    /// As [`GaussianMixture::full`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let law = GaussianMixture::gaussian(&array![1.0, 0.0], &array![[2.0, 1.0], [1.0, 2.0]])?;
    /// // At t = 1 the score is −Σ⁻¹(z − m): here Σ⁻¹ = [[2, −1], [−1, 2]]/3.
    /// let score = Exact::new(Linear, law).score(&[1.0], &array![[4.0_f64, 0.0]])?;
    /// assert!((score - array![[-2.0, 1.0]]).iter().all(|e| e.abs() < 1e-14));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn gaussian(mean: &ArrayRef1<f64>, covariance: &ArrayRef2<f64>) -> Result<Self, PathError> {
        let (mean, covariance) = (mean.view().insert_axis(Axis(0)), covariance.view().insert_axis(Axis(0)));
        Self::full(&[1.0], &mean, &covariance)
    }

    /// A mixture with a covariance for each component; they may be singular.
    ///
    /// # Shapes
    /// `weights`: K; `means`: `[K, d]`; `covariances`: `[K, d, d]`.
    ///
    /// # Errors
    /// [`PathError::Dimension`] for sizes that differ; [`PathError::Parameter`] if a number is not finite, a covariance not
    /// symmetric or not positive semidefinite, and for weights as [`GaussianMixture::isotropic`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// // A cross: one component along each diagonal.
    /// let covariances = array![[[1.0, 0.9], [0.9, 1.0]], [[1.0, -0.9], [-0.9, 1.0]]];
    /// let cross = GaussianMixture::full(&[0.5, 0.5], &array![[0.0, 0.0], [0.0, 0.0]], &covariances)?;
    /// let exact = Exact::new(Linear, cross);
    /// let log_p = exact.log_density(&[1.0], &array![[1.0, 1.0], [1.0, 0.0]])?;
    /// assert!(log_p[0] > log_p[1]); // far out on an arm, and near but between two
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn full(weights: &[f64], means: &ArrayRef2<f64>, covariances: &ArrayRef3<f64>) -> Result<Self, PathError> {
        let (components, dim) = means.dim();
        let (matrices, rows, columns) = covariances.dim();
        PathError::dimension("covariances", weights.len(), matrices)?;
        PathError::dimension("rows of the means", weights.len(), components)?;
        PathError::dimension("rows of the covariance", dim, rows)?;
        PathError::dimension("columns of the covariance", dim, columns)?;
        let (mut own_means, mut variances) = (Array2::zeros((components, dim)), Array2::zeros((components, dim)));
        let mut axes = Array3::zeros((components, dim, dim));
        for (k, covariance) in covariances.outer_iter().enumerate() {
            let rounding = ROUNDING * check(&covariance)?;
            let (eigenvalues, columns) = jacobi::eigen(&covariance);
            for (j, &value) in eigenvalues.iter().enumerate() {
                let domain = "positive semidefinite (this is an eigenvalue)";
                PathError::require(value >= -rounding, "covariance", value, domain)?;
                variances[[k, j]] = value.max(0.0);
            }
            axes.index_axis_mut(Axis(0), k).assign(&columns.t());
            own_means.row_mut(k).assign(&means.row(k).dot(&columns));
        }
        Ok(Self::build(weights, &own_means, &variances)?.in_axes(axes))
    }
}

/// The largest entry of a finite, symmetric matrix.
fn check(covariance: &ArrayRef2<f64>) -> Result<f64, PathError> {
    super::law::finite("covariance", covariance.iter())?;
    let largest = covariance.iter().fold(0.0_f64, |largest, c| largest.max(c.abs()));
    for ((i, j), &c) in covariance.indexed_iter() {
        let asymmetry = (c - covariance[[j, i]]).abs();
        let domain = "symmetric (this is the difference)";
        PathError::require(asymmetry <= ROUNDING * largest, "covariance", asymmetry, domain)?;
    }
    Ok(largest)
}
