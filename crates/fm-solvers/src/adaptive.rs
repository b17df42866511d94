//! Solving with steps that follow the error.
//!
//! One loop for every embedded method, norm and controller. A trial step costs its evaluations and one read-back; an
//! accepted one is swapped in, a rejected one tried again with a smaller length from the same first derivative.
//!
//! Steps end exactly at the grid's times and nowhere else by design: saved times are interpolated
//! ([`Trajectory`](crate::Trajectory)), since a step that is cut short for each of them costs evaluations. So the grid of
//! an adaptive solve holds the two ends, and between them only the times at which a step has to end.

mod run;

use self::run::Run;
use crate::control::Controller;
use crate::embedded::{EmbeddedStepper, Interval};
use crate::initial_step::initial_step;
use crate::{
    EmbeddedMethod, Flow, Norm, Observer, SolveError, State, Stats, StepControl, TimeGrid, Tolerance, VectorField,
};

/// What becomes of a step of the smallest length whose error is above the tolerance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum AtSmallestStep {
    /// The solve ends with [`SolveError::StepUnderflow`].
    #[default]
    Fail,
    /// The step is accepted as it is and counted in [`Stats::forced`]: the result comes in bounded time, at an error that
    /// nothing bounds.
    Accept,
}

/// An adaptive solve with its options.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `method` | [`Dopri5`](EmbeddedMethod::Dopri5) | the embedded Runge-Kutta method | |
/// | `tolerance` | 1e-5, 1e-5 | of each step's error | see [`Tolerance`] |
/// | `norm` | [`BatchRms`](Norm::BatchRms) | whose error decides | |
/// | `control` | [`StepControl::I`] | how the step follows the error | see [`StepControl`] |
/// | `first_step` | none | the first step; Hairer's rule without, for one evaluation | > 0 |
/// | `h_min` | 0 | no smaller step, except one cut short by the grid | >= 0 |
/// | `at_h_min` | [`Fail`](AtSmallestStep::Fail) | what becomes of a step of that length with too large an error | |
/// | `h_max` | infinity | the largest step | > 0 |
/// | `max_steps` | 10000 | trial steps, after which the solve ends where it is | |
/// | `retries` | 10 | smaller trials after one that is not finite | |
/// | `jumps` | false | whether the field may jump at the inner times of the grid | |
///
/// # Examples
/// ```
/// # use fm_solvers::{AdaptiveSolver, EmbeddedMethod, SolveError, Time, TimeGrid, Tolerance};
/// # use ndarray::{Array1, array};
/// let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
///     out.assign(&(y * t.row(0).cos()));
///     Ok(())
/// };
/// let solver = AdaptiveSolver { tolerance: Tolerance::new(1e-8, 1e-8)?, ..AdaptiveSolver::default() };
/// let mut y = array![1.0];
/// let stats = solver.solve(&mut field, &TimeGrid::uniform(0.0, 10.0, 1)?, &mut y, &mut ())?;
/// assert!((y[0] - 10.0_f64.sin().exp()).abs() < 1e-7);
/// assert_eq!(stats.nfe, 2 + 6 * (stats.steps + stats.rejected) as u64);
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveSolver {
    /// The embedded Runge-Kutta method.
    pub method: EmbeddedMethod,
    /// Tolerance of each step's error.
    pub tolerance: Tolerance,
    /// Whose error decides.
    pub norm: Norm,
    /// How the step follows the error.
    pub control: StepControl,
    /// The length of the first step.
    pub first_step: Option<f64>,
    /// The smallest step.
    pub h_min: f64,
    /// What becomes of a smallest step with too large an error. Steps that times cannot resolve, and steps that are not
    /// finite, are an error all the same.
    pub at_h_min: AtSmallestStep,
    /// The largest step.
    pub h_max: f64,
    /// The budget of trial steps, rejected ones included. A solve that reaches it returns where it is, with
    /// [`Stats::out_of_steps`].
    pub max_steps: usize,
    /// Smaller trials in a row after a trial step that holds NaN or infinity, before the solve gives up.
    pub retries: u32,
    /// Whether the field may jump at the inner times of the grid. A step that ends there then sees the field just before,
    /// the next begins with the field just after, and nothing is carried over. Costs one evaluation for each; where samples have
    /// steps of their own, one of all that are under way whenever one of them gets there, which their counts include.
    pub jumps: bool,
}

impl Default for AdaptiveSolver {
    fn default() -> Self {
        Self {
            method: EmbeddedMethod::default(),
            tolerance: Tolerance::default(),
            norm: Norm::default(),
            control: StepControl::default(),
            first_step: None,
            h_min: 0.0,
            at_h_min: AtSmallestStep::default(),
            h_max: f64::INFINITY,
            max_steps: 10_000,
            retries: 10,
            jumps: false,
        }
    }
}

impl AdaptiveSolver {
    /// Takes `y` from the first time of `grid` to the last, in place and in either direction.
    ///
    /// Steps end exactly at each time of the grid. The step size is chosen for the whole batch, so that a sample's result
    /// depends on the others; [`solve_per_sample`](Self::solve_per_sample) does without.
    ///
    /// # Errors
    /// [`SolveError::InvalidOption`], [`SolveError::EmptyBatch`], [`SolveError::LayoutMismatch`],
    /// [`SolveError::NonFiniteStep`], [`SolveError::StepUnderflow`], and what the field and the observer return. `y` then
    /// holds the state after the last completed step.
    pub fn solve<S: State>(
        &self,
        field: &mut dyn VectorField<S>,
        grid: &TimeGrid,
        y: &mut S,
        observer: &mut dyn Observer<S>,
    ) -> Result<Stats, SolveError> {
        self.validate()?;
        if y.batch() == 0 {
            return Err(SolveError::EmptyBatch { layout: y.layout() });
        }
        let mut stats = Stats { t: grid.start(), ..Stats::default() };
        if observer.observe(0, stats.t, y) == Flow::Stop {
            stats.stopped_early = true;
            return Ok(stats);
        }
        let tableau = self.method.tableau();
        let mut stepper = EmbeddedStepper::new(tableau, y);
        stepper.begin(field, stats.t, y)?;
        let h = match self.first_step {
            Some(h) => h,
            None => initial_step(&mut stepper, field, self.first_interval(grid), y, (self.tolerance, self.norm))?,
        };
        let controller = Controller::new(self.control, tableau.error_order);
        let mut run = Run { solver: self, stepper, controller, h: self.bound(h), not_finite_sample: None, stats };
        run.along(grid, field, y, observer)?;
        let Run { h, mut stats, stepper, .. } = run;
        stats.nfe = stepper.nfe;
        stats.next_step = (stats.t != grid.end()).then_some(h);
        Ok(stats)
    }

    /// The interval in which the trial for the first step stays: up to the first jump, or to the end.
    pub(crate) fn first_interval(&self, grid: &TimeGrid) -> Interval {
        let (t0, jump) = (grid.start(), self.jumps && grid.steps() > 1);
        let t1 = if jump { grid.times()[1] } else { grid.end() };
        Interval { t0, t1, end: if jump { beside(t1, t0) } else { t1 } }
    }

    /// A step size within the bounds.
    pub(crate) fn bound(&self, h: f64) -> f64 {
        h.max(self.h_min).min(self.h_max)
    }

    /// Whether a step of this length is accepted whatever its error.
    pub(crate) fn forces(&self, h: f64) -> bool {
        self.at_h_min == AtSmallestStep::Accept && h <= self.h_min
    }

    /// The length of the trial after a rejected one.
    pub(crate) fn retry(&self, h: f64) -> f64 {
        if self.at_h_min == AtSmallestStep::Accept { self.bound(h) } else { h.min(self.h_max) }
    }

    /// Where a step of length `h` from `t` ends, and whether it ends at `stop`.
    ///
    /// A step that would leave less than a hundredth of itself is stretched to the stop.
    pub(crate) fn end_of_step(&self, t: f64, h: f64, stop: f64) -> (f64, bool) {
        let remaining = (stop - t).abs();
        if remaining <= (1.01 * h).min(self.h_max) { (stop, true) } else { (t + h.copysign(stop - t), false) }
    }

    /// Whether a step from `t` is below `h_min`, or so small that times cannot resolve its stages.
    pub(crate) fn underflows(&self, t: f64, h: f64) -> bool {
        h < self.h_min || h <= 10.0 * f64::EPSILON * t.abs() || h < f64::MIN_POSITIVE
    }

    /// Checks the options but for the tolerance, which is checked where it is made. Every solve does.
    ///
    /// # Errors
    /// [`SolveError::InvalidOption`] for the first one outside its range.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::AdaptiveSolver;
    /// let error = AdaptiveSolver { h_max: 0.0, ..AdaptiveSolver::default() }.validate().unwrap_err();
    /// assert_eq!(error.to_string(), "h_max is 0; it must be above zero");
    /// ```
    pub fn validate(&self) -> Result<(), SolveError> {
        let first = self.first_step.unwrap_or(1.0);
        let checks = [
            (first > 0.0 && first.is_finite(), "first_step", first, "above zero and finite"),
            (self.h_min >= 0.0 && self.h_min <= self.h_max, "h_min", self.h_min, "between zero and h_max"),
            (self.h_max > 0.0, "h_max", self.h_max, "above zero"),
        ];
        let invalid = checks.into_iter().find(|(valid, ..)| !valid).map(|(_, name, value, range)| (name, value, range));
        match invalid.or(self.control.invalid()) {
            None => Ok(()),
            Some((option, value, range)) => Err(SolveError::InvalidOption { option, value, range }),
        }
    }
}

/// The field's time just after a jump at `t`, or just before it where `towards` lies before.
pub(crate) fn beside(t: f64, towards: f64) -> f64 {
    if towards > t { t.next_up() } else { t.next_down() }
}
