//! [`State`] for a part whose error counts more, less, or not at all.
//!
//! The weight is a property of the part and not of the [`Norm`]: a list of weights in the norm would have to be matched
//! with the parts of a pair by position, through pairs of pairs, and every solver would carry it.

use super::{Layout, PendingError, RowState, State};
use crate::{ErrorEstimate, Norm, SolveError, Tolerance};

/// A state whose error is multiplied by a weight, which is to divide its tolerances by it.
///
/// ```text
/// |err| <= (atol + rtol |y|) / weight,    weight 0: no condition
/// ```
///
/// A part of weight zero is carried along and not controlled. Its derivatives have no part in the choice of steps, the
/// first included, and its error is neither calculated nor read back from a device; so an adaptive solve does not notice
/// NaN in it either: ask [`State::non_finite_sample`] when it is over. Use it for what is integrated beside the state and
/// feeds nothing back to it, such as the parameters' gradient in an adjoint equation. Such a part is as
/// accurate as the steps of the others happen to make it; a log-density that is wanted needs a weight.
///
/// # Examples
/// A decay, and beside it an oscillation that needs more steps:
/// ```
/// # use fm_solvers::{AdaptiveSolver, SolveError, Time, TimeGrid, Weighted};
/// # use ndarray::{Array1, array};
/// type Both = (Array1<f64>, Weighted<Array1<f64>>);
/// let mut field = |t: Time<'_>, y: &Both, out: &mut Both| -> Result<(), SolveError> {
///     out.0.assign(&-&y.0);
///     out.1.state.fill((50.0 * t.row(0)).cos());
///     Ok(())
/// };
/// let mut steps = |weight: f64| -> Result<usize, SolveError> {
///     let mut y = (array![1.0], Weighted::new(array![0.0], weight)?);
///     let grid = TimeGrid::uniform(0.0, 2.0, 1)?;
///     Ok(AdaptiveSolver::default().solve(&mut field, &grid, &mut y, &mut ())?.steps)
/// };
/// assert_eq!((steps(1.0)?, steps(0.01)?, steps(0.0)?), (49, 18, 6));
/// # Ok::<(), SolveError>(())
/// ```
///
/// # References
/// The weight zero: Kidger, Chen & Lyons, *"Hey, that's not an ODE": Faster ODE Adjoints via Seminorms*, 2021.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted<S> {
    /// The state.
    pub state: S,
    weight: f64,
}

impl<S> Weighted<S> {
    /// Gives a state its weight.
    ///
    /// # Errors
    /// [`SolveError::InvalidOption`] unless the weight is zero or between 1e-9 and 1e9.
    pub fn new(state: S, weight: f64) -> Result<Self, SolveError> {
        if weight == 0.0 || (1e-9..=1e9).contains(&weight) {
            Ok(Self { state, weight })
        } else {
            let range = "zero or between 1e-9 and 1e9";
            Err(SolveError::InvalidOption { option: "weight", value: weight, range })
        }
    }

    /// A state of weight zero.
    pub fn carried(state: S) -> Self {
        Self { state, weight: 0.0 }
    }

    /// The weight.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// An estimate by the tolerances of this part; none where nothing is asked.
    fn estimate<'a>(&self, estimate: &ErrorEstimate<'a>) -> Option<ErrorEstimate<'a>> {
        let Tolerance { rtol, atol } = estimate.tolerance;
        let tolerance = Tolerance { rtol: rtol / self.weight, atol: atol / self.weight };
        (self.weight != 0.0).then_some(ErrorEstimate { tolerance, ..*estimate })
    }
}

/// Derivatives of a weighted state: those of the state, and what a field writes to.
#[derive(Debug)]
pub struct WeightedStages<S: State> {
    stages: S::Stages,
    slot: Weighted<S>,
}

impl<S: State> State for Weighted<S> {
    type Stages = WeightedStages<S>;

    #[track_caller]
    fn batch(&self) -> usize {
        self.state.batch()
    }

    fn layout(&self) -> Layout {
        self.state.layout()
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.state.same_layout(&other.state)
    }

    fn alloc_like(&self) -> Self {
        Self { state: self.state.alloc_like(), weight: self.weight }
    }

    fn copy_from(&mut self, source: &Self) {
        self.state.copy_from(&source.state);
        self.weight = source.weight;
    }

    fn non_finite_sample(&self) -> Option<usize> {
        self.state.non_finite_sample()
    }

    fn stages(&self, count: usize) -> Self::Stages {
        WeightedStages { stages: self.state.stages(count), slot: self.alloc_like() }
    }

    fn set_stage(
        stages: &mut Self::Stages,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        let WeightedStages { stages, slot } = stages;
        S::set_stage(stages, index, |derivative| {
            // The buffer is lent to the field and taken back, whatever it returns.
            std::mem::swap(derivative, &mut slot.state);
            let result = eval(slot);
            std::mem::swap(derivative, &mut slot.state);
            result
        })
    }

    #[track_caller]
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Self::Stages) {
        self.state.combine(&base.state, h, row, &stages.stages);
    }

    fn move_stage(stages: &mut Self::Stages, from: usize, to: usize) {
        S::move_stage(&mut stages.stages, from, to);
    }

    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError {
        self.estimate(estimate).map_or(PendingError::from(0.0), |estimate| {
            self.state.error(&start.state, h, &stages.stages, &estimate, norm)
        })
    }

    fn worst_sample(&self, start: &Self, h: f64, stages: &Self::Stages, estimate: &ErrorEstimate<'_>) -> (usize, f64) {
        self.estimate(estimate)
            .map_or((0, 0.0), |estimate| self.state.worst_sample(&start.state, h, &stages.stages, &estimate))
    }
}

impl<S: RowState> RowState for Weighted<S> {
    #[track_caller]
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &Self::Stages) {
        self.state.combine_rows(&base.state, h, row, &stages.stages);
    }

    #[track_caller]
    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        errors: &mut [f64],
    ) {
        if let Some(estimate) = self.estimate(estimate) {
            self.state.sample_errors(&start.state, h, &stages.stages, &estimate, errors);
        }
    }

    #[track_caller]
    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]) {
        self.state.copy_samples(to, &source.state, from);
    }

    fn copy_stage_samples(stages: &mut Self::Stages, from: usize, to: usize, samples: &[usize]) {
        S::copy_stage_samples(&mut stages.stages, from, to, samples);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        self.state.keep_samples(samples);
    }

    fn keep_stage_samples(stages: &mut Self::Stages, samples: &[usize]) {
        S::keep_stage_samples(&mut stages.stages, samples);
    }
}
