//! The Schrödinger bridge between two isotropic Gaussians.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use ndarray::{Array1, Array2, ArrayRef2, Zip};
use ndarray_rand::RandomExt;
use rand::Rng;
use rand_distr::StandardNormal;

use crate::PathError;
use crate::nd::Real;

/// The Schrödinger bridge from `N(m₀, s₀²I)` to `N(m₁, s₁²I)` with reference `dX = σ dW`, in closed form.
///
/// ```text
/// D = √(4·s₀²·s₁² + σ⁴),   Cov(x₀, x₁) = ½(D − σ²)·I
/// mean(t) = (1 − t)·m₀ + t·m₁,   variance(t) = (1 − t)²·s₀² + t²·s₁² + t(1 − t)·D
/// ```
///
/// Between `N(−a, I)` and `N(a, I)` this is mean `(2t − 1)·a` and variance `(1 − t)² + t² + t(1 − t)·√(4 + σ⁴)`. Its
/// coupling solves entropic optimal transport with ε = 2σ² on the full squared cost, and at σ = 0 the bridge is the
/// displacement interpolation of optimal transport.
///
/// # Domain
/// Regular on all of `[0, 1]`; s₀, s₁ > 0 and σ ≥ 0. States may be `f32` or `f64`; inside, everything is `f64`.
///
/// # Errors
/// The methods report a time outside `[0, 1]` as [`PathError::TimeOutOfRange`].
///
/// # Panics
/// If states are not `[B, d]` with the dimension of the means.
///
/// # Examples
/// ```
/// use fm_paths::oracle::GaussianBridge;
/// use ndarray::array;
/// let bridge = GaussianBridge::new(array![-0.5], 1.0, array![0.5], 1.0, 1.0)?;
/// assert_eq!(bridge.mean(0.75)?, array![0.25]);
/// assert!((bridge.variance(0.5)? - (0.5 + 0.25 * 5.0_f64.sqrt())).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - C. Bunne, Y.-P. Hsieh, M. Cuturi, A. Krause, *The Schrödinger Bridge between Gaussian Measures has a Closed Form*,
///   AISTATS 2023.
/// - A. Tong et al., *Simulation-Free Schrödinger Bridges via Score and Flow Matching*, AISTATS 2024.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianBridge {
    means: [Array1<f64>; 2],
    variances: [f64; 2],
    sigma: f64,
}

impl GaussianBridge {
    /// The bridge from mean `m0` and standard deviation `s0` to `m1` and `s1`, with reference σ.
    ///
    /// # Errors
    /// [`PathError::Dimension`] for means of different length; [`PathError::Parameter`] for an empty or infinite mean, a
    /// standard deviation that is not positive, or a negative σ.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0, 0.0], 1.0, array![4.0, 0.0], 1.5, 2.0)?;
    /// assert_eq!((bridge.variance(0.0)?, bridge.variance(1.0)?), (1.0, 2.25));
    /// assert!(GaussianBridge::new(array![0.0], 0.0, array![4.0], 1.5, 2.0).is_err()); // a point is no Gaussian here
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(m0: Array1<f64>, s0: f64, m1: Array1<f64>, s1: f64, sigma: f64) -> Result<Self, PathError> {
        PathError::dimension("coordinates of the second mean", m0.len(), m1.len())?;
        PathError::require(!m0.is_empty(), "dimension", 0.0, "at least one")?;
        for &m in m0.iter().chain(&m1) {
            PathError::require(m.is_finite(), "mean", m, "finite")?;
        }
        for (name, s) in [("s0", s0), ("s1", s1)] {
            PathError::require(s.is_finite() && s > 0.0, name, s, "positive and finite")?;
        }
        PathError::require(sigma.is_finite() && sigma >= 0.0, "sigma", sigma, "non-negative and finite")?;
        Ok(Self { means: [m0, m1], variances: [s0 * s0, s1 * s1], sigma })
    }

    /// The mean at `t`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// assert_eq!(bridge.mean(0.25)?, array![1.0]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn mean(&self, t: f64) -> Result<Array1<f64>, PathError> {
        PathError::check_time(0, t)?;
        Ok(&self.means[0] * (1.0 - t) + &self.means[1] * t)
    }

    /// The variance of every coordinate at `t`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// assert_eq!(bridge.variance(0.5)?, 0.25 * (1.0 + 2.25 + 5.0)); // D = √(9 + 16) = 5
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn variance(&self, t: f64) -> Result<f64, PathError> {
        PathError::check_time(0, t)?;
        Ok(self.moments(t).0)
    }

    /// The covariance of the two ends in every coordinate, `½(D − σ²)`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// assert_eq!(bridge.coupling_covariance(), 0.5); // ½(5 − 4)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn coupling_covariance(&self) -> f64 {
        // (D − σ²)/2 = 2·s₀²s₁²/(D + σ²): without the difference that a large σ cancels.
        2.0 * self.variances[0] * self.variances[1] / (self.root() + self.sigma.powi(2))
    }

    /// The velocity of the probability flow, `mean' + variance'/(2·variance)·(z − mean)`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// let u = bridge.velocity(0.5, &array![[2.0_f64], [2.0 + 2.0625]])?;
    /// assert!((u - array![[4.0], [4.625]]).iter().all(|e| e.abs() < 1e-14)); // ½·variance' = 0.625
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn velocity<A: Real>(&self, t: f64, z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        self.field(t, z, |half_rate| (1.0, half_rate))
    }

    /// The marginal score.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// let score = bridge.score(0.5, &array![[2.0 + 2.0625_f64]])?;
    /// assert!((score[[0, 0]] + 1.0).abs() < 1e-15); // −(z − mean)/variance
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn score<A: Real>(&self, t: f64, z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        self.field(t, z, |_| (0.0, -1.0))
    }

    /// The drift of the bridge as a diffusion with coefficient σ: `velocity + ½σ²·score`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// let drift = bridge.drift(0.5, &array![[2.0 + 2.0625_f64]])?;
    /// assert!((drift[[0, 0]] - (4.625 - 2.0)).abs() < 1e-14); // velocity + 2·score
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn drift<A: Real>(&self, t: f64, z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        let half = 0.5 * self.sigma.powi(2);
        self.field(t, z, |half_rate| (1.0, half_rate - half))
    }

    /// `log p_t(z)` for each row.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// let log_p = bridge.log_density(0.5, &array![[2.0]])?[0]; // at the mean
    /// assert!((log_p + 0.5 * (std::f64::consts::TAU * 2.0625).ln()).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn log_density<A: Real>(&self, t: f64, z: &ArrayRef2<A>) -> Result<Array1<f64>, PathError> {
        let (mean, variance) = (self.mean(t)?, self.variance(t)?);
        self.check(z);
        let norm = -0.5 * mean.len() as f64 * (std::f64::consts::TAU * variance).ln();
        Ok(z.rows()
            .into_iter()
            .map(|row| {
                norm - Zip::from(&row).and(&mean).fold(0.0, |sum, &z, m| sum + (z.into() - m).powi(2))
                    / (2.0 * variance)
            })
            .collect())
    }

    /// Draws `n` pairs (source, data) from the optimal coupling. Shapes `[n, d]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::oracle::GaussianBridge;
    /// use ndarray::array;
    /// use rand::SeedableRng;
    /// let bridge = GaussianBridge::new(array![0.0], 1.0, array![4.0], 1.5, 2.0)?;
    /// let (x0, x1) = bridge.sample_ends(10_000, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
    /// let covariance = (x0 * (x1 - 4.0)).sum() / 1e4;
    /// assert!((covariance - 0.5).abs() < 0.08); // five standard errors, √((1·2.25 + 0.5²)/10⁴) each
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn sample_ends<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> (Array2<f64>, Array2<f64>) {
        let shape = (n, self.means[0].len());
        let (e0, e1): (Array2<f64>, Array2<f64>) =
            (Array2::random_using(shape, StandardNormal, rng), Array2::random_using(shape, StandardNormal, rng));
        let slope = self.coupling_covariance() / self.variances[0].sqrt();
        let rest = (self.variances[1] - slope * slope).max(0.0).sqrt();
        let x1 = &e0 * slope + e1 * rest + &self.means[1];
        (e0 * self.variances[0].sqrt() + &self.means[0], x1)
    }

    fn root(&self) -> f64 {
        (4.0 * self.variances[0] * self.variances[1] + self.sigma.powi(4)).sqrt()
    }

    /// The variance and half its derivative.
    fn moments(&self, t: f64) -> (f64, f64) {
        let ([v0, v1], d, s) = (self.variances, self.root(), 1.0 - t);
        (s * s * v0 + t * t * v1 + t * s * d, t * v1 - s * v0 + 0.5 * (1.0 - 2.0 * t) * d)
    }

    /// `shift·mean' + gain·(z − mean)/variance`, with (shift, gain) from half the derivative of the variance.
    #[track_caller]
    fn field<A: Real>(
        &self,
        t: f64,
        z: &ArrayRef2<A>,
        weights: impl Fn(f64) -> (f64, f64),
    ) -> Result<Array2<A>, PathError> {
        let mean = self.mean(t)?;
        self.check(z);
        let (variance, half_rate) = self.moments(t);
        let (shift, gain) = weights(half_rate);
        let mut out = z.to_owned();
        for mut row in out.rows_mut() {
            Zip::from(&mut row).and(&mean).and(&self.means[0]).and(&self.means[1]).for_each(|z, mean, m0, m1| {
                *z = A::nearest(shift * (m1 - m0) + gain / variance * ((*z).into() - mean));
            });
        }
        Ok(out)
    }

    #[track_caller]
    fn check<A>(&self, z: &ArrayRef2<A>) {
        let dim = self.means[0].len();
        assert_eq!(z.ncols(), dim, "bridge: states of shape {:?} for means of dimension {dim}", z.shape());
    }
}
