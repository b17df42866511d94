//! Mixtures of Gaussians: one component is a Gaussian, variance zero is a data set.

use ndarray::{Array2, Array3, ArrayRef2, ArrayView1, ArrayView2, Axis};
use ndarray_rand::RandomExt;
use rand::Rng;
use rand_distr::StandardNormal;

use crate::PathError;

/// How far the weights may be from summing to one, for weights that were stored in `f32`; they are normalised.
const WEIGHT_SLACK: f64 = 1e-6;

/// A law of the data of which everything is known: a mixture of Gaussians, possibly of variance zero.
///
/// | constructor | law |
/// |---|---|
/// | [`standard_normal`](Self::standard_normal) | N(0, I) |
/// | [`gaussian`](Self::gaussian) | one Gaussian with any covariance |
/// | [`full`](Self::full) | a mixture with any covariance for each component |
/// | [`isotropic`](Self::isotropic) | a mixture with one variance for each component |
/// | [`diagonal`](Self::diagonal) | a mixture with one variance for each component and coordinate |
/// | [`ring`](Self::ring) | equal Gaussians on a circle |
/// | [`empirical`](Self::empirical) | the given points, equally likely: the law of a finite data set |
///
/// # Examples
/// ```
/// use fm_paths::{Cosine, oracle::{Exact, GaussianMixture}};
/// use ndarray::array;
/// let law = GaussianMixture::diagonal(&[0.5, 0.5], &array![[-2.0, 0.0], [2.0, 0.0]], &array![[0.1, 1.0], [0.1, 1.0]])?;
/// assert_eq!((law.len(), law.dim()), (2, 2));
/// let u = Exact::new(Cosine, law).velocity(&[0.5], &array![[0.0_f64, 0.7]])?;
/// assert!(u.iter().all(|u| u.abs() < 1e-15)); // halfway between the two, and of unit variance along the other axis
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianMixture {
    log_weights: Vec<f64>,
    /// `[K, d]`, each in the axes of its component.
    means: Array2<f64>,
    /// `[K or 1, d or 1]`, in the same axes; a single row or column is shared.
    variances: Array2<f64>,
    /// `[K, d, d]`: the principal axes of each component as rows, if they are not those of the coordinates.
    axes: Option<Array3<f64>>,
}

#[expect(clippy::len_without_is_empty, reason = "a law has at least one component")]
impl GaussianMixture {
    /// N(0, I) in `dim` dimensions.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if `dim` is zero.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianMixture;
    /// assert_eq!(GaussianMixture::standard_normal(3)?.dim(), 3);
    /// assert!(GaussianMixture::standard_normal(0).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn standard_normal(dim: usize) -> Result<Self, PathError> {
        Self::build(&[1.0], &Array2::zeros((1, dim)), &Array2::ones((1, 1)))
    }

    /// A mixture with one variance for each component.
    ///
    /// # Shapes
    /// `weights` and `variances`: K; `means`: `[K, d]`.
    ///
    /// # Errors
    /// [`PathError::Dimension`] for lengths that differ; [`PathError::Parameter`] for an empty mixture, weights that are
    /// negative or do not sum to one, negative variances, or numbers that are not finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let law = GaussianMixture::isotropic(&[0.5, 0.5], &array![[-2.0], [2.0]], &[0.25, 0.25])?;
    /// let u = Exact::new(Linear, law).velocity(&[0.0], &array![[0.5]])?;
    /// assert_eq!(u, array![[-0.5]]); // at t = 0: the mean of the data minus the state
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn isotropic(weights: &[f64], means: &ArrayRef2<f64>, variances: &[f64]) -> Result<Self, PathError> {
        PathError::dimension("variances", weights.len(), variances.len())?;
        let column = ArrayView1::from(variances).insert_axis(Axis(1)).to_owned();
        Self::build(weights, means, &column)
    }

    /// A mixture with one variance for each component and coordinate.
    ///
    /// # Shapes
    /// `weights`: K; `means` and `variances`: `[K, d]`.
    ///
    /// # Errors
    /// As [`GaussianMixture::isotropic`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let law = GaussianMixture::diagonal(&[1.0], &array![[0.0, 3.0]], &array![[4.0, 0.25]])?;
    /// let score = Exact::new(Linear, law).score(&[1.0], &array![[4.0, 2.0]])?;
    /// assert_eq!(score, array![[-1.0, 4.0]]); // −(z − m)/v in each coordinate
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn diagonal(weights: &[f64], means: &ArrayRef2<f64>, variances: &ArrayRef2<f64>) -> Result<Self, PathError> {
        PathError::dimension("rows of the variances", weights.len(), variances.nrows())?;
        PathError::dimension("columns of the variances", means.ncols(), variances.ncols())?;
        Self::build(weights, means, variances)
    }

    /// `count` equal Gaussians in the plane on a circle, the first at angle 0: [`crate::Toy::EightGaussians`] for 8.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a count of zero, a radius that is not finite or a negative `std`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianMixture;
    /// use rand::SeedableRng;
    /// let points = GaussianMixture::ring(8, 5.0, 0.0)?.sample(100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
    /// assert!(points.rows().into_iter().all(|x| (x[0].hypot(x[1]) - 5.0).abs() < 1e-14));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn ring(count: usize, radius: f64, std: f64) -> Result<Self, PathError> {
        PathError::require(std >= 0.0, "std", std, "non-negative and finite")?;
        let means = Array2::from_shape_fn((count, 2), |(k, axis)| {
            let angle = std::f64::consts::TAU * k as f64 / count as f64;
            radius * if axis == 0 { angle.cos() } else { angle.sin() }
        });
        Self::build(&vec![1.0 / count as f64; count], &means, &Array2::from_elem((1, 1), std * std))
    }

    /// The points of a data set, equally likely. Its exact prediction is what a network that has memorised the data
    /// gives: the optimal denoiser.
    ///
    /// # Shapes
    /// `[N, d]`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for an empty set or numbers that are not finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Prediction, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::empirical(&array![[0.0], [1.0], [5.0]])?);
    /// let data = exact.predict(Prediction::Data, &[0.0], &array![[0.3_f64]])?;
    /// assert!((data[[0, 0]] - 2.0).abs() < 1e-14); // pure noise says nothing: the mean of the points
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn empirical(points: &ArrayRef2<f64>) -> Result<Self, PathError> {
        let count = points.nrows();
        Self::build(&vec![1.0 / count as f64; count], points, &Array2::zeros((1, 1)))
    }

    /// Checks everything once.
    pub(super) fn build(
        weights: &[f64],
        means: &ArrayRef2<f64>,
        variances: &ArrayRef2<f64>,
    ) -> Result<Self, PathError> {
        PathError::require(!weights.is_empty(), "number of components", 0.0, "at least one")?;
        PathError::dimension("rows of the means", weights.len(), means.nrows())?;
        PathError::require(means.ncols() > 0, "dimension", 0.0, "at least one")?;
        finite("mean", means.iter())?;
        for &v in variances {
            PathError::require(v.is_finite() && v >= 0.0, "variance", v, "non-negative and finite")?;
        }
        for &w in weights {
            PathError::require(w.is_finite() && w >= 0.0, "weight", w, "non-negative and finite")?;
        }
        let total: f64 = weights.iter().sum();
        PathError::require((total - 1.0).abs() <= WEIGHT_SLACK, "sum of the weights", total, "1")?;
        Ok(Self {
            log_weights: weights.iter().map(|w| (w / total).ln()).collect(),
            means: means.as_standard_layout().into_owned(),
            variances: variances.as_standard_layout().into_owned(),
            axes: None,
        })
    }

    /// The same law, with means and variances understood in these axes.
    pub(super) fn in_axes(self, axes: Array3<f64>) -> Self {
        Self { axes: Some(axes), ..self }
    }

    /// Dimension of a sample.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianMixture;
    /// assert_eq!(GaussianMixture::ring(8, 5.0, 0.1)?.dim(), 2);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn dim(&self) -> usize {
        self.means.ncols()
    }

    /// Number of components.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianMixture;
    /// assert_eq!(GaussianMixture::ring(8, 5.0, 0.1)?.len(), 8);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn len(&self) -> usize {
        self.log_weights.len()
    }

    /// Draws `n` samples of the data. Shape `[n, d]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianMixture;
    /// use ndarray::array;
    /// use rand::SeedableRng;
    /// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(0);
    /// let x = GaussianMixture::empirical(&array![[-1.0], [1.0]])?.sample(100, rng);
    /// assert!(x.dim() == (100, 1) && x.iter().all(|x| x.abs() == 1.0));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn sample<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Array2<f64> {
        let mut total = 0.0;
        let ends: Vec<f64> = self
            .log_weights
            .iter()
            .map(|w| {
                total += w.exp();
                total
            })
            .collect();
        let mut x: Array2<f64> = Array2::random_using((n, self.dim()), StandardNormal, rng);
        for mut row in x.rows_mut() {
            // The last component also takes what rounding leaves above the last end.
            let place = rng.random::<f64>() * total;
            let k = ends.partition_point(|&end| end <= place).min(self.len() - 1);
            let variances = self.variances.row(if self.variances.nrows() == 1 { 0 } else { k });
            for (j, x) in row.iter_mut().enumerate() {
                *x = self.means[[k, j]] + variances[if variances.len() == 1 { 0 } else { j }].sqrt() * *x;
            }
            if let Some(axes) = self.axes(k) {
                let turned = row.dot(&axes);
                row.assign(&turned);
            }
        }
        x
    }

    /// The axes of a lone component, to which a batch can be turned as a whole.
    pub(super) fn common_axes(&self) -> Option<ArrayView2<'_, f64>> {
        if self.len() == 1 { self.axes(0) } else { None }
    }

    /// Multiplications for one state, as an order of magnitude.
    pub(super) fn work(&self) -> usize {
        self.means.len() * if self.axes.is_some() { self.dim() } else { 1 }
    }

    pub(super) fn log_weights(&self) -> &[f64] {
        &self.log_weights
    }

    pub(super) fn means(&self) -> &Array2<f64> {
        &self.means
    }

    pub(super) fn variances(&self) -> &Array2<f64> {
        &self.variances
    }

    /// The principal axes of component `k` as rows.
    pub(super) fn axes(&self, k: usize) -> Option<ArrayView2<'_, f64>> {
        self.axes.as_ref().map(|axes| axes.index_axis(Axis(0), k))
    }
}

pub(super) fn finite<'a>(name: &'static str, mut values: impl Iterator<Item = &'a f64>) -> Result<(), PathError> {
    match values.find(|value| !value.is_finite()) {
        Some(&value) => PathError::require(false, name, value, "finite"),
        None => Ok(()),
    }
}
