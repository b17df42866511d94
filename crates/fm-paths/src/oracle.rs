//! What a perfectly trained network would predict: exact marginal quantities where the data have a closed form.
//!
//! A Gaussian is a mixture of one component, and a finite data set a mixture of points, so there is one law here,
//! [`GaussianMixture`], and one engine. The source is standard normal and independent of the data; then, given a
//! component with mean m and variance v, state and ends are jointly Gaussian, and with `C = α²v + σ²`, in the principal
//! axes of the component,
//!
//! ```text
//! g = (z − α·m)/C,    E[x₁ | z] = m + α·v·g,    E[x₀ | z] = σ·g,    score = −g
//! ```
//!
//! Every [`Prediction`](crate::Prediction) is a row (data, noise), so its posterior mean is that row applied to the two
//! expectations, and the mixture averages them with the posterior weights (log-sum-exp in `f64`). The velocity thus needs
//! no formula of its own, and neither does a prediction that is added later. The rejected alternative is a formula for
//! each pair of law and quantity, as most test suites carry it.
//!
//! States may be `f32` or `f64`. What happens to them in between is `f64` and is rounded once, at the end; scalars (the
//! log-density, the divergence) are `f64`.
//!
//! [`GaussianBridge`] is the one exact answer here for dependent ends: the Schrödinger bridge between two Gaussians.
//!
//! # Examples
//!
//! The loss of the best possible network is known, so a network can be judged by what it has left:
//!
//! ```
//! use fm_paths::{Linear, Prediction, oracle::{Exact, GaussianMixture}};
//! use ndarray::array;
//!
//! let two_points = GaussianMixture::empirical(&array![[-1.0], [1.0]])?;
//! let exact = Exact::new(Linear, two_points);
//! let z = array![[0.5]];
//! // x₁ = ±1, and z = (x₁ + x₀)/2: the posterior mean is tanh(α·z/σ²).
//! let data = exact.predict(Prediction::Data, &[0.5], &z)?;
//! assert!((data[[0, 0]] - 1.0_f64.tanh()).abs() < 1e-15);
//! # Ok::<(), fm_paths::PathError>(())
//! ```
//!
//! # References
//! - B. Efron, *Tweedie's Formula and Selection Bias*, JASA 2011 (the posterior mean from the score).
//! - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Appendix B.3
//!   (the optimal denoiser over a finite data set).

mod exact;
mod full;
mod gaussian_bridge;
mod jacobi;
mod law;
mod snapshot;

pub use exact::Exact;
pub use gaussian_bridge::GaussianBridge;
pub use law::GaussianMixture;
