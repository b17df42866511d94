//! ODE and SDE integrators for flow matching and diffusion, over ndarray arrays and LibTorch tensors.
//!
//! ```text
//! dy/dt = u(t, y),    dX = f(t, X) dt + g(t, X) dW,    t = 0 noise, t = 1 data,    either direction
//! ```
//!
//! Parts that know nothing of each other, joined by a loop for fixed steps, one for adaptive steps, and one for steps of
//! each sample's own:
//!
//! | part | type | is |
//! |---|---|---|
//! | state | [`State`] | whole-array operations in place; implemented for `ndarray::Array`, for pairs of states, [`Weighted`] ones and, with the feature `tch`, for `tch::Tensor` |
//! | field | [`VectorField`] | the right-hand side; any closure `FnMut(Time, &S, &mut S) -> Result<(), SolveError>` |
//! | method | [`Tableau`], [`Adams`], [`EmbeddedTableau`] | coefficients as data; [`FixedMethod`] and [`EmbeddedMethod`] name them in configuration files |
//! | grid | [`TimeGrid`] | validated host `f64` times, indexed and never accumulated |
//! | error | [`Tolerance`], [`Norm`] | how large an error is, and whose |
//! | control | [`StepControl`] | the next step from the last errors: I, PI, PID |
//! | observer | [`Observer`] | sees every step, may interpolate in it and end the solve; [`Trajectory`] is one; [`SampleObserver`] where samples have steps of their own |
//!
//! A stochastic equation is an [`Sde`], its noise a [`Noise`] (a [`BrownianPath`], say), its method an [`SdeMethod`] and its
//! loop [`SdeSolver`].
//!
//! Times, step sizes and coefficients are host `f64` whatever the dtype and device of the state: a time kept as an `f32`
//! tensor costs both accuracy (a last grid point that misses 1) and speed (a device read-back per step). Only the state
//! type is generic. Fields and observers are `dyn`: the call is nothing beside the network behind it, and in return
//! the method and the model can be chosen at run time.
//!
//! # Fixed steps
//! [`solve_fixed`] visits a grid. The budget is known before: [`FixedMethod::nfe`]. [`RungeKutta`] is a single step for
//! callers who own their loop.
//! ```
//! use fm_solvers::{FixedMethod, SolveError, Time, TimeGrid, solve_fixed};
//! use ndarray::{Array1, array};
//!
//! // dy/dt = y from y(0) = [1, 2]; the exact solution at t = 1 is [e, 2e].
//! let mut field = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
//!     out.assign(y);
//!     Ok(())
//! };
//! let grid = TimeGrid::uniform(0.0, 1.0, 10)?;
//! let mut y = array![1.0, 2.0];
//! let stats = solve_fixed(FixedMethod::Rk4, &mut field, &grid, &mut y, &mut ())?;
//!
//! assert!((y[0] - 1.0_f64.exp()).abs() < 3e-6);
//! assert_eq!((stats.steps, stats.nfe), (10, 40));
//! # Ok::<(), SolveError>(())
//! ```
//!
//! # Adaptive steps
//! [`AdaptiveSolver`] chooses steps by their error. Its grid holds the two ends, and between them only times at which a
//! step has to end; states at other times are interpolated.
//!
//! | method | order | evaluations per step | interpolant | use it for |
//! |---|---|---|---|---|
//! | [`Bosh3`](EmbeddedMethod::Bosh3) | 3(2) | 3 | cubic | tolerances of 1e-2 and 1e-3 |
//! | [`Dopri5`](EmbeddedMethod::Dopri5) | 5(4) | 6 | order 4 | most things |
//! | [`Tsit5`](EmbeddedMethod::Tsit5) | 5(4) | 6 | order 4 | the same, with a smaller error constant |
//! | [`Dop853`](EmbeddedMethod::Dop853) | 8(5,3) | 11, and 1 if accepted | order 7, for 3 more | tolerances of 1e-8 and below, references |
//! ```
//! use fm_solvers::{AdaptiveSolver, EmbeddedMethod, Samplewise, SolveError, TimeGrid, Tolerance, Trajectory};
//! use ndarray::array;
//!
//! // A pendulum, written for one sample: angle and speed.
//! let mut pendulum = Samplewise(|_t: f64, y: &[f64], out: &mut [f64]| {
//!     out[0] = y[1];
//!     out[1] = -y[0].sin();
//! });
//! let solver = AdaptiveSolver {
//!     method: EmbeddedMethod::Tsit5,
//!     tolerance: Tolerance::new(1e-8, 1e-8)?,
//!     ..AdaptiveSolver::default()
//! };
//! let mut y = array![[0.5, 0.0], [3.0, 0.0]];
//! let mut saved = Trajectory::new(&TimeGrid::uniform(0.0, 20.0, 100)?, &y);
//! let stats = solver.solve(&mut pendulum, &TimeGrid::uniform(0.0, 20.0, 1)?, &mut y, &mut saved)?;
//!
//! let energy = |angle: f64, speed: f64| 0.5 * speed * speed - angle.cos();
//! for y in saved.states() {
//!     assert!((energy(y[[1, 0]], y[[1, 1]]) - energy(3.0, 0.0)).abs() < 1e-5);
//! }
//! assert!(stats.steps < 200 && !stats.out_of_steps);
//! # Ok::<(), SolveError>(())
//! ```
//!
//! # Whose steps
//! A step for a whole batch is chosen by one number, and then a sample's result depends on its batch mates:
//!
//! | | evaluations | worst sample | same sample in another batch |
//! |---|---|---|---|
//! | [`Norm::BatchRms`] | fewest calls | may miss the tolerance a thousandfold | differs |
//! | [`Norm::MaxOverSamples`] | about twice as many | near the tolerance | differs |
//! | [`solve_per_sample`](AdaptiveSolver::solve_per_sample) | fewest per sample, more calls | near the tolerance | the same, to the last bit |
//! | [`solve_fixed`] | known before | depends on the grid | the same, to the last bit |
//!
//! # Gradients
//! A solve of tensors that require gradients is recorded by autograd, whatever the method; steps are taken as given. Where
//! the memory for that is not there, `Adjoint` (feature `tch`) solves the gradients back from the end.

mod adaptive;
#[cfg(feature = "tch")]
mod adjoint;
mod control;
mod embedded;
mod error;
mod field;
mod fixed;
mod grid;
mod initial_step;
mod method;
mod multistep;
mod noise;
mod norm;
mod observer;
mod per_sample;
mod runge_kutta;
mod sde;
mod state;
mod stats;
mod tableau;
mod trajectory;

pub use adaptive::{AdaptiveSolver, AtSmallestStep};
#[cfg(feature = "tch")]
pub use adjoint::{Adjoint, AdjointSolution};
pub use control::StepControl;
pub use error::SolveError;
pub use field::{Samplewise, Time, VectorField};
pub use fixed::{FiniteCheck, FixedSolver, solve_fixed};
pub use grid::TimeGrid;
pub use method::{EmbeddedMethod, FixedMethod, Scheme};
pub use multistep::Adams;
pub use noise::{BrownianPath, Noise};
pub use norm::{ErrorEstimate, Norm, Tolerance};
pub use observer::{Flow, Observer, Step};
pub use per_sample::{SampleObserver, SampleStats, SampleStep, SampleSteps};
pub use runge_kutta::RungeKutta;
pub use sde::{Calculus, Diffusion, NoiseTerm, NoiseWeight, Sde, SdeMethod, SdeSolver, SdeState, SdeStepper};
#[cfg(feature = "tch")]
pub use state::TensorStages;
pub use state::{Element, Layout, PairStages, PendingError, RowState, State, Weighted, WeightedStages};
pub use stats::Stats;
pub use tableau::{EmbeddedTableau, Tableau};
pub use trajectory::Trajectory;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
