//! Looking at a solve while it runs.
//!
//! One hook serves progress bars, saved trajectories, in-painting checks and early ends. The rejected alternative, a list
//! of times to save, has to allocate a copy per time in a layout the solver chooses, also for callers that want only a
//! norm of each state; here it is one observer among others, [`Trajectory`](crate::Trajectory).

use std::fmt;

use crate::{SolveError, TimeGrid};

/// What an observer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// End the solve here; the result is the state as observed, and not an error.
    Stop,
}

/// Sees the state after every step.
///
/// `()` observes nothing; a closure `FnMut(usize, f64, &S) -> Flow` is an observer.
pub trait Observer<S> {
    /// Called by fixed-step solves before anything else, with the times at which the state will be observed.
    ///
    /// # Errors
    /// What the observer cannot do with these times; the solve ends before its first step.
    fn check_grid(&self, grid: &TimeGrid) -> Result<(), SolveError> {
        let _ = grid;
        Ok(())
    }

    /// Called with `step = 0` at the initial point, and after each completed step with the number of completed steps.
    fn observe(&mut self, step: usize, t: f64, y: &S) -> Flow;

    /// Called by adaptive solves after each completed step, in place of [`observe`](Self::observe), to which it hands on
    /// by default. The step can be asked for the states between its ends.
    ///
    /// # Errors
    /// What [`Step::dense`] returns.
    fn observe_step(&mut self, step: &mut Step<'_, S>) -> Result<Flow, SolveError> {
        Ok(self.observe(step.index, step.t1, step.y))
    }
}

/// A completed step of an adaptive solve.
///
/// # Examples
/// ```
/// # use fm_solvers::{AdaptiveSolver, Flow, Observer, SolveError, Step, Time, TimeGrid};
/// # use ndarray::{Array1, array};
/// /// Ends the solve at the first step in which the state passes 2, and finds where.
/// struct Crossing(f64);
///
/// impl Observer<Array1<f64>> for Crossing {
///     fn observe(&mut self, _: usize, _: f64, _: &Array1<f64>) -> Flow {
///         Flow::Continue
///     }
///
///     fn observe_step(&mut self, step: &mut Step<'_, Array1<f64>>) -> Result<Flow, SolveError> {
///         if step.y[0] < 2.0 {
///             return Ok(Flow::Continue);
///         }
///         let (mut below, mut above, mut y) = (step.t0, step.t1, step.y.clone());
///         while (above - below).abs() > 1e-12 {
///             self.0 = 0.5 * (below + above);
///             step.dense(self.0, &mut y)?;
///             *(if y[0] < 2.0 { &mut below } else { &mut above }) = self.0;
///         }
///         Ok(Flow::Stop)
///     }
/// }
///
/// let mut field = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
///     out.assign(y);
///     Ok(())
/// };
/// let mut crossing = Crossing(f64::NAN);
/// let grid = TimeGrid::uniform(0.0, 1.0, 1)?;
/// let stats = AdaptiveSolver::default().solve(&mut field, &grid, &mut array![1.0], &mut crossing)?;
/// assert!(stats.stopped_early && (crossing.0 - 2.0_f64.ln()).abs() < 1e-5);
/// # Ok::<(), SolveError>(())
/// ```
pub struct Step<'a, S> {
    /// How many steps are completed, with this one.
    pub index: usize,
    /// Where the step began.
    pub t0: f64,
    /// Where it ended.
    pub t1: f64,
    /// The state at its end.
    pub y: &'a S,
    pub(crate) interpolate: &'a mut dyn FnMut(f64, &mut S) -> Result<(), SolveError>,
}

impl<S> Step<'_, S> {
    /// `out`, which has the layout of the state, becomes the interpolated state at `t`.
    ///
    /// At the ends of the step it is the states there, to the last bit. Evaluations that a method needs for it are made
    /// at the first call in a step, and counted.
    ///
    /// # Errors
    /// What the field returns.
    ///
    /// # Panics
    /// If `t` is not between the ends of the step.
    #[track_caller]
    pub fn dense(&mut self, t: f64, out: &mut S) -> Result<(), SolveError> {
        let (low, high) = if self.t0 < self.t1 { (self.t0, self.t1) } else { (self.t1, self.t0) };
        assert!(low <= t && t <= high, "time {t} is not in the step from {} to {}", self.t0, self.t1);
        (self.interpolate)(t, out)
    }
}

impl<S> fmt::Debug for Step<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, t0, t1, .. } = self;
        f.debug_struct("Step").field("index", index).field("t0", t0).field("t1", t1).finish_non_exhaustive()
    }
}

impl<S> Observer<S> for () {
    fn observe(&mut self, _step: usize, _t: f64, _y: &S) -> Flow {
        Flow::Continue
    }
}

impl<S, F: FnMut(usize, f64, &S) -> Flow> Observer<S> for F {
    fn observe(&mut self, step: usize, t: f64, y: &S) -> Flow {
        self(step, t, y)
    }
}
