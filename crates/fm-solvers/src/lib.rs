//! ODE and SDE integrators for flow matching and diffusion, over ndarray arrays and LibTorch tensors.
//!
//! ```text
//! dy/dt = u(t, y),    dX = f(t, X) dt + g(t, X) dW,    t = 0 noise, t = 1 data,    either direction
//! ```
//!
//! Five parts that know nothing of each other, joined by one loop:
//!
//! | part | type | is |
//! |---|---|---|
//! | state | [`State`] | whole-array operations in place; implemented for `ndarray::Array` and, with the feature `tch`, for `tch::Tensor` |
//! | field | [`VectorField`] | the right-hand side; any closure `FnMut(Time, &S, &mut S) -> Result<(), SolveError>` |
//! | method | [`Tableau`], [`FixedMethod`] | coefficients as data; an enum for configuration files |
//! | grid | [`TimeGrid`] | validated host `f64` times, indexed and never accumulated |
//! | observer | [`Observer`] | sees every grid point; may end the solve |
//!
//! [`solve_fixed`] is the loop; [`RungeKutta`] is a single step for callers who own theirs.
//!
//! A stochastic equation is an [`Sde`], its noise a [`Noise`] (a [`BrownianPath`], say), its method an [`SdeMethod`] and its
//! loop [`SdeSolver`].
//!
//! Times, step sizes and coefficients are host `f64` whatever the dtype and device of the state: a time kept as an `f32`
//! tensor costs both accuracy (a last grid point that misses 1) and speed (a device read-back per step). Only the state
//! type is generic. Fields and observers are `dyn`: the call is nothing beside the network behind it, and in return
//! the method and the model can be chosen at run time.
//!
//! # Examples
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

mod adaptive;
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

pub use adaptive::AdaptiveSolver;
pub use control::StepControl;
pub use error::SolveError;
pub use field::{Time, VectorField};
pub use fixed::{FiniteCheck, FixedSolver, solve_fixed};
pub use grid::TimeGrid;
pub use method::{EmbeddedMethod, FixedMethod, Scheme};
pub use multistep::Adams;
pub use noise::{BrownianPath, Noise};
pub use norm::{ErrorEstimate, Norm, Tolerance};
pub use observer::{Flow, Observer, Step};
pub use per_sample::SampleStats;
pub use runge_kutta::RungeKutta;
pub use sde::{Calculus, Diffusion, NoiseTerm, NoiseWeight, Sde, SdeMethod, SdeSolver, SdeState, SdeStepper};
#[cfg(feature = "tch")]
pub use state::TensorStages;
pub use state::{Element, Layout, PairStages, RowState, State};
pub use stats::Stats;
pub use tableau::{EmbeddedTableau, Tableau};
pub use trajectory::Trajectory;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
