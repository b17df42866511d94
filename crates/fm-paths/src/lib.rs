//! Probability paths of flow matching and diffusion, as mathematics on host `f64` scalars.
//!
//! Every affine path is `z = α(t)·x₁ + σ(t)·x₀` with time running from the source, `t = 0`, to the data, `t = 1`.
//! On such a path every quantity of interest is a **row**: how much data and how much noise it holds.
//!
//! | quantity | [`Prediction`] | row (data, noise) |
//! |---|---|---|
//! | state z | | (α, σ) |
//! | data x₁ | [`Data`](Prediction::Data) | (1, 0) |
//! | noise x₀ | [`Noise`](Prediction::Noise) | (0, 1) |
//! | velocity u = dz/dt | [`Velocity`](Prediction::Velocity) | (α̇, σ̇) |
//! | v | [`V`](Prediction::V) | (−σ, α) |
//! | score −x₀/σ | [`Score`](Prediction::Score) | (0, −1/σ) |
//! | state at another time r (a DDIM step) | | (α(r), σ(r)) |
//! | SDE drift u + ½g²·score | [`rows::sde_drift`] | (α̇, σ̇ − ½g²/σ) |
//! | data − noise, noise − data | [`rows`] | (1, −1), (−1, 1) |
//! | raw output F of a preconditioned network | [`Preconditioning`] | `((1 − c_skip)/c_out, −c_skip·(σ/α)/c_out)` |
//!
//! Knowing the state and one prediction is knowing two rows, so any other row follows from one 2×2 system, [`solve`].
//! There is no formula per pair of predictions, and none per tensor library either: what crosses to ndarray or to
//! LibTorch is a slice of coefficient pairs, which [`nd::blend`] (or its LibTorch twin) applies.
//!
//! The rejected alternative is a path that is generic over a tensor type. It evaluates coefficients in the tensor's
//! precision, drags a backend trait through every signature, and still needs one implementation for each backend.
//!
//! # Guided tour
//!
//! | question | room |
//! |---|---|
//! | How much data and noise, when? | [`Schedule`] and its implementations ([`Linear`], [`Cosine`], [`Vp`], [`Edm`], …), by name [`NamedSchedule`]; tables [`DdpmBeta`], [`IddpmBeta`], [`BetaTable`], [`AlphaTable`]; from other descriptions [`FromLogSnr`], [`FromSde`]; wrapped [`Rescaled`], [`Reparametrised`], [`Reversed`] |
//! | What does a network learn, and what does its answer imply? | [`AffinePath`]: `state`, `target`, `convert`, `transfer`; [`rows`] for anything else that is a row |
//! | What if it is wrapped, or was trained on another schedule? | [`Preconditioning`]; [`ScheduleChange`] |
//! | What is its loss? | [`Weighting`] |
//! | At which times? | [`TimeLaw`] drawn by [`TimeSampler`], with importance weights; [`quantile_times`], [`shift_time`] |
//! | How is it steered? | [`Guidance`], and [`AffinePath::classifier`] |
//! | How is it sampled with noise? | [`DiffusionCoefficient`]; [`AffinePath::sde_drift`], [`Schedule::diffusion_of_eta`] |
//! | In one step, or a few? | [`few_step`]: MeanFlow, shortcut and consistency models |
//! | Between two data sets? | [`bridge`]: three coefficients, with noise of their own |
//! | What would a perfect network say? | [`oracle`]: Gaussians, mixtures, data sets, the Gaussian Schrödinger bridge |
//! | On arrays? | [`nd`] |
//! | On what data, to try it? | [`Toy`] |
//!
//! The derivation of each corollary of the one system is in `docs/derivations.md` of the repository.
//!
//! # Examples
//!
//! A network predicted the velocity at `t = 0.25`; what clean sample does it imply?
//!
//! ```
//! use fm_paths::{AffinePath, Linear, Prediction};
//!
//! let path = AffinePath::new(Linear);
//! let to_data = path.convert(Prediction::Velocity, Prediction::Data, &[0.25])?;
//! assert_eq!(to_data, [[1.0, 0.75]]); // x₁ = z + (1 − t)·u
//! # Ok::<(), fm_paths::PathError>(())
//! ```
//!
//! A training batch, with the loss of another prediction, and one step of a sampler:
//!
//! ```
//! use fm_paths::{AffinePath, Cosine, Prediction, TimeLaw, TimeSampler, Weighting, nd::blend};
//! use ndarray::array;
//! use rand::SeedableRng;
//!
//! let (path, predicts) = (AffinePath::new(Cosine), Prediction::V);
//! let (x1, x0) = (array![[1.0, 0.0], [0.0, 1.0]], array![[0.3, -0.8], [-1.1, 0.2]]);
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! let t = TimeSampler::new(TimeLaw::Stratified, 0.0, 1.0)?.sample(2, &mut rng);
//!
//! let z = blend(&path.state(&t)?, &x1, &x0); // the input of the network
//! let v = blend(&path.target(predicts, &t)?, &x1, &x0); // what it should say
//! let weights = Weighting::Prediction { space: Prediction::Velocity }.weights(&path, predicts, &t)?;
//! assert!(weights.iter().all(|w| (w - (std::f64::consts::PI / 2.0).powi(2)).abs() < 1e-14)); // u = −(π/2)·v
//!
//! // A network that says just that leads to the data in a single step.
//! let end = blend(&path.transfer(predicts, &t, &[1.0, 1.0])?, &z, &v);
//! assert!((end - x1).iter().all(|error: &f64| error.abs() < 1e-15));
//! # Ok::<(), fm_paths::PathError>(())
//! ```
//!
//! # Crate features
//!
//! - `serde`: configuration types ([`Prediction`], [`NamedSchedule`], [`TimeLaw`], [`Weighting`], [`Guidance`], [`Toy`], those
//!   of [`few_step`] and [`bridge`]) can be read and written.
//!
//! # References
//!
//! - Y. Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023.
//! - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants*, 2023.
//! - T. Salimans, J. Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, ICLR 2022 (v-prediction).

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

pub mod bridge;
mod change;
mod diffusion;
mod error;
mod exponential;
pub mod few_step;
mod gamma;
mod guidance;
mod loss;
mod mix;
mod monotone;
pub mod nd;
pub mod oracle;
mod path;
mod points;
mod precondition;
mod prediction;
mod quadrature;
mod root;
pub mod rows;
mod runs;
mod schedule;
mod schedules;
mod time;
mod toy;

pub use change::{Matched, ScheduleChange};
pub use diffusion::DiffusionCoefficient;
pub use error::PathError;
pub use guidance::{Guidance, classifier_free};
pub use loss::Weighting;
pub use mix::{Conversion, Mix, solve};
pub use path::AffinePath;
pub use points::SchedulePoints;
pub use precondition::{PreconditionCoefficients, Preconditioning};
pub use prediction::Prediction;
pub use schedule::{Schedule, SchedulePoint};
pub use schedules::{
    AlphaTable, Beta, BetaFn, BetaNumeric, BetaTable, Cosine, DdpmBeta, Edm, FromLogSnr, FromSde, IddpmBeta, Linear,
    LinearBeta, LinearSigmaMin, LinearVp, NamedSchedule, Polynomial, Reparametrised, Rescaled, Reversed, TimeDirection,
    Ve, Vp,
};
pub use time::{TimeLaw, TimeSampler, quantile_times, resolution_shift, shift_time};
pub use toy::Toy;
