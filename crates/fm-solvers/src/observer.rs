//! Looking at a solve while it runs.
//!
//! One hook serves progress bars, saved trajectories, in-painting checks and early ends. The rejected alternative, a list
//! of times to save, has to allocate a copy per time in a layout the solver chooses, also for callers that want only a
//! norm of each state.

/// What an observer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// End the solve here; the result is the state as observed, and not an error.
    Stop,
}

/// Sees the state at every grid point.
///
/// `()` observes nothing; a closure `FnMut(usize, f64, &S) -> Flow` is an observer.
pub trait Observer<S> {
    /// Called with `step = 0` at the initial point, and after each completed step with the number of completed steps.
    fn observe(&mut self, step: usize, t: f64, y: &S) -> Flow;
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
