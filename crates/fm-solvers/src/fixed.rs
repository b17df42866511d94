//! Solving over a fixed grid.

use crate::multistep::AdamsStepper;
use crate::{FixedMethod, Flow, Observer, RungeKutta, Scheme, SolveError, State, Stats, TimeGrid, VectorField};

/// When a fixed-step solve looks for NaN and infinity.
///
/// A check reads one value back from the device, so a step does not check by default. NaN survives every later step,
/// and one check at the end misses nothing; only the place where it began is then unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FiniteCheck {
    /// Once, after the last step.
    #[default]
    AtEnd,
    /// After every so many steps and after the last; `Every(1)` names the first bad step, `Every(0)` means `AtEnd`.
    Every(usize),
}

/// A fixed-step solve with its options.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `method` | [`Midpoint`](FixedMethod::Midpoint) | the method |
/// | `check` | [`AtEnd`](FiniteCheck::AtEnd) | when the state is checked for NaN and infinity |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedSolver {
    /// The method.
    pub method: FixedMethod,
    /// When the state is checked for NaN and infinity.
    pub check: FiniteCheck,
}

impl FixedSolver {
    /// Takes `y` along `grid`, in place.
    ///
    /// Each sample's result is bit-identical whatever else is in the batch, as long as the field treats samples alone.
    ///
    /// # Errors
    /// [`SolveError::NoStepCount`], [`SolveError::EmptyBatch`], [`SolveError::LayoutMismatch`],
    /// [`SolveError::NonFiniteState`], and what the field and the observer return. `y` then holds the state after the last
    /// completed step.
    pub fn solve<S: State>(
        self,
        field: &mut dyn VectorField<S>,
        grid: &TimeGrid,
        y: &mut S,
        observer: &mut dyn Observer<S>,
    ) -> Result<Stats, SolveError> {
        let mut stepper = match self.method.scheme() {
            Scheme::RungeKutta(tableau) => Stepper::RungeKutta(RungeKutta::new(tableau, y)),
            Scheme::Adams(adams) => Stepper::Adams(AdamsStepper::new(adams, y)),
        };
        walk(grid, self.check, y, observer, |t0, t1, y, stats| {
            match &mut stepper {
                Stepper::RungeKutta(stepper) => stepper.advance(field, t0, t1, y)?,
                Stepper::Adams(stepper) => stepper.step(field, t0, t1, y)?,
            }
            stats.nfe = self.method.nfe(stats.steps + 1);
            Ok(())
        })
    }
}

/// Takes `y` along `grid`, with `step` for each step; that of an ODE and that of an SDE differ in nothing else.
pub(crate) fn walk<S: State>(
    grid: &TimeGrid,
    check: FiniteCheck,
    y: &mut S,
    observer: &mut dyn Observer<S>,
    mut step: impl FnMut(f64, f64, &mut S, &mut Stats) -> Result<(), SolveError>,
) -> Result<Stats, SolveError> {
    grid.require_steps()?;
    if y.batch() == 0 {
        return Err(SolveError::EmptyBatch { layout: y.layout() });
    }
    observer.check_grid(grid)?;
    let mut stats = Stats { t: grid.start(), ..Stats::default() };
    while observer.observe(stats.steps, stats.t, y) == Flow::Continue {
        let Some(&t1) = grid.times().get(stats.steps + 1) else {
            check_finite(y, &stats)?;
            return Ok(stats);
        };
        step(stats.t, t1, y, &mut stats)?;
        stats.steps += 1;
        stats.t = t1;
        if let FiniteCheck::Every(interval @ 1..) = check
            && stats.steps.is_multiple_of(interval)
        {
            check_finite(y, &stats)?;
        }
    }
    stats.stopped_early = stats.steps < grid.steps();
    check_finite(y, &stats)?;
    Ok(stats)
}

enum Stepper<S: State> {
    RungeKutta(RungeKutta<'static, S>),
    Adams(AdamsStepper<'static, S>),
}

/// [`FixedSolver::solve`] with the default options.
///
/// # Errors
/// As [`FixedSolver::solve`].
///
/// # Examples
/// ```
/// # use fm_solvers::{FixedMethod, Flow, SolveError, Time, TimeGrid, solve_fixed};
/// # use ndarray::{Array2, array};
/// let mut field = |_: Time<'_>, y: &Array2<f32>, out: &mut Array2<f32>| -> Result<(), SolveError> {
///     out.assign(y);
///     Ok(())
/// };
/// let mut y = array![[1.0_f32, -1.0]];
/// let mut stop_at_half = |_: usize, t: f64, _: &Array2<f32>| if t < 0.5 { Flow::Continue } else { Flow::Stop };
/// let grid = TimeGrid::uniform(0.0, 1.0, 4)?;
/// let stats = solve_fixed(FixedMethod::Euler, &mut field, &grid, &mut y, &mut stop_at_half)?;
/// assert_eq!(y, array![[1.5625, -1.5625]]); // 1.25^2
/// assert_eq!((stats.steps, stats.t, stats.stopped_early), (2, 0.5, true));
/// # Ok::<(), SolveError>(())
/// ```
pub fn solve_fixed<S: State>(
    method: FixedMethod,
    field: &mut dyn VectorField<S>,
    grid: &TimeGrid,
    y: &mut S,
    observer: &mut dyn Observer<S>,
) -> Result<Stats, SolveError> {
    FixedSolver { method, ..FixedSolver::default() }.solve(field, grid, y, observer)
}

fn check_finite<S: State>(y: &S, stats: &Stats) -> Result<(), SolveError> {
    match y.non_finite_sample() {
        None => Ok(()),
        Some(sample) => Err(SolveError::NonFiniteState { t: stats.t, step: stats.steps, sample }),
    }
}
