//! Looking at a per-sample solve while it runs.
//!
//! Not the [`Observer`](crate::Observer) of a solve with common steps, which is shown one step of the whole batch: here every
//! sample is somewhere else, and only some of them have completed a step.

use std::fmt;

use crate::{Flow, SolveError};

/// Sees the steps of a per-sample solve.
///
/// `()` observes nothing; a [`Trajectory`](crate::Trajectory) keeps the states at a list of times.
pub trait SampleObserver<S> {
    /// Called with the initial states, as steps without length, and after each trial with the samples that accepted it.
    ///
    /// # Errors
    /// What [`SampleSteps::dense`] returns.
    fn observe(&mut self, steps: &mut SampleSteps<'_, S>) -> Result<Flow, SolveError>;
}

impl<S> SampleObserver<S> for () {
    fn observe(&mut self, _: &mut SampleSteps<'_, S>) -> Result<Flow, SolveError> {
        Ok(Flow::Continue)
    }
}

/// A step that a sample has completed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleStep {
    /// The sample's place in the original batch.
    pub sample: usize,
    /// Its row in the states of the batch as it is now.
    pub row: usize,
    /// Where the step began.
    pub t0: f64,
    /// Where it ended.
    pub t1: f64,
}

/// The steps that samples have completed together.
///
/// # Examples
/// ```
/// # use fm_solvers::{AdaptiveSolver, Flow, SampleObserver, SampleSteps, Samplewise, SolveError, TimeGrid};
/// # use ndarray::{Array2, array};
/// /// Where each sample is at time 1/2.
/// struct Halfway(Array2<f64>);
///
/// impl SampleObserver<Array2<f64>> for Halfway {
///     fn observe(&mut self, steps: &mut SampleSteps<'_, Array2<f64>>) -> Result<Flow, SolveError> {
///         let completed = steps.completed;
///         let y = steps.dense(&vec![0.5; completed.len()])?; // meant only where a step passes it
///         for step in completed.iter().filter(|step| step.t0 < 0.5 && 0.5 <= step.t1) {
///             self.0.row_mut(step.sample).assign(&y.row(step.row));
///         }
///         Ok(Flow::Continue)
///     }
/// }
///
/// let mut decay = Samplewise(|_: f64, y: &[f64], out: &mut [f64]| out[0] = -y[0] * y[0]);
/// let mut y = array![[1.0], [30.0]];
/// let mut halfway = Halfway(Array2::zeros((2, 1)));
/// let grid = TimeGrid::uniform(0.0, 1.0, 1)?;
/// AdaptiveSolver::default().solve_per_sample(&mut decay, &grid, &mut y, &mut halfway)?;
/// assert!((halfway.0[[0, 0]] - 1.0 / 1.5).abs() < 1e-5 && (halfway.0[[1, 0]] - 30.0 / 16.0).abs() < 1e-4);
/// # Ok::<(), SolveError>(())
/// ```
pub struct SampleSteps<'a, S> {
    /// The steps, rows ascending.
    pub completed: &'a [SampleStep],
    pub(super) source: &'a mut dyn Source<S>,
}

/// What steps can be asked for.
pub(super) trait Source<S> {
    fn ends(&self) -> &S;
    fn dense(&mut self, steps: &[SampleStep], times: &[f64]) -> Result<&S, SolveError>;
}

impl<S> SampleSteps<'_, S> {
    /// The states at the ends of the steps, in the rows that the steps name; other rows are arbitrary.
    pub fn y(&self) -> &S {
        self.source.ends()
    }

    /// The interpolated states, each sample at its own time, in the rows that the steps name; other rows are arbitrary.
    ///
    /// Evaluations that a method needs for it are made at the first call for a trial, for the whole batch, and counted:
    /// four with [`Dop853`](crate::EmbeddedMethod::Dop853), none with the others.
    ///
    /// # Errors
    /// What the field returns.
    ///
    /// # Panics
    /// If there is not one time for each step.
    #[track_caller]
    pub fn dense(&mut self, times: &[f64]) -> Result<&S, SolveError> {
        assert_eq!(times.len(), self.completed.len(), "one time for each step");
        self.source.dense(self.completed, times)
    }
}

impl<S> fmt::Debug for SampleSteps<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleSteps").field("completed", &self.completed).finish_non_exhaustive()
    }
}
