//! ODE integrators for flow matching and diffusion, over ndarray arrays and LibTorch tensors.
//!
//! ```text
//! dy/dt = u(t, y),    t = 0 noise, t = 1 data,    either direction
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

mod error;
mod field;
mod fixed;
mod grid;
mod method;
mod observer;
mod runge_kutta;
mod state;
mod tableau;

pub use error::SolveError;
pub use field::{Time, VectorField};
pub use fixed::{FiniteCheck, FixedSolver, Stats, solve_fixed};
pub use grid::TimeGrid;
pub use method::FixedMethod;
pub use observer::{Flow, Observer};
pub use runge_kutta::RungeKutta;
#[cfg(feature = "tch")]
pub use state::TensorStages;
pub use state::{Element, Layout, State};
pub use tableau::Tableau;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
