//! The Brownian motion that drives an equation.
//!
//! A solver asks for the noise of an interval and never draws it. An increment is a pure function of (seed, sample,
//! interval), so that neither the batch a sample is in nor the order of the questions can change it, and solves with
//! different steps follow the same path. The rejected alternative, a generator that is handed from step to step, makes a
//! sample depend on the batch size and leaves nothing to compare two step sizes by.

mod brownian;
mod philox;
mod rows;
mod segment;
#[cfg(feature = "tch")]
mod tensor;

pub use brownian::BrownianPath;

use crate::SolveError;

/// Increments of Brownian motion for states of type `S`.
///
/// Implemented by [`BrownianPath`]; implement it to bring noise of another source, such as one drawn on a device.
pub trait Noise<S> {
    /// `dw` becomes `W(t1) - W(t0)`, in every value its own Brownian motion, and `area` the space-time Levy area.
    ///
    /// ```text
    /// dw ~ N(0, h),    area = 1/h int_(t0)^(t1) (W(s) - W(t0) - (s - t0)/h dw) ds ~ N(0, h/12),    h = |t1 - t0|
    /// ```
    ///
    /// The two are independent, and [`Srk`](crate::SdeMethod::Srk) alone asks for the second. Where `t1 < t0`, `dw` is minus
    /// the increment from `t1` to `t0`, and the area is the same.
    ///
    /// # Errors
    /// [`SolveError::OutsidePath`] for an interval that the noise does not cover.
    fn increment(&self, t0: f64, t1: f64, dw: &mut S, area: Option<&mut S>) -> Result<(), SolveError>;
}
