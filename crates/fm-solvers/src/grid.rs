//! The times of a fixed-step solve.
//!
//! A step's ends are looked up by index. Adding up a step size instead drifts away from the intended end (1000 additions
//! of 0.001 give 0.9999999999999921), which at a singular endpoint of a path is the difference between a limit and a
//! division by 1e-14. A grid is validated once, here, so that no integrator has to.
//!
//! Two times in a list say where a solve begins and ends. An adaptive solver needs no more; a fixed method would take them
//! for one step, which hardly anybody means who writes `[0, 1]`. So a grid knows whether somebody gave the number of steps.
//! Rejected: a type for spans beside that for grids, which every adaptive solve with stops would have to convert between.

use crate::SolveError;

/// At least two finite, strictly increasing or strictly decreasing times.
///
/// The two times of `TimeGrid::new(vec![0.0, 1.0])` are the ends of an adaptive solve. A fixed-step solve refuses them with
/// [`SolveError::NoStepCount`]: a single step is [`TimeGrid::uniform(0.0, 1.0, 1)`](Self::uniform).
///
/// # Examples
/// ```
/// # use fm_solvers::TimeGrid;
/// let grid = TimeGrid::uniform(1.0, 0.0, 4)?;
/// assert_eq!(grid.times(), [1.0, 0.75, 0.5, 0.25, 0.0]);
/// assert_eq!(grid.steps(), 4);
/// # Ok::<(), fm_solvers::SolveError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TimeGrid {
    times: Vec<f64>,
    /// Whether the times are the steps of a fixed method, and not only its ends.
    counted: bool,
}

impl TimeGrid {
    /// Takes any list of times, in the order in which they are visited. Two are ends, three or more are steps.
    ///
    /// # Errors
    /// [`SolveError::NoSteps`] below two times, [`SolveError::NonFiniteTime`], and [`SolveError::NotMonotone`] at the
    /// first repeated time or turn.
    pub fn new(times: Vec<f64>) -> Result<Self, SolveError> {
        if times.len() < 2 {
            return Err(SolveError::NoSteps { points: times.len() });
        }
        if let Some(index) = times.iter().position(|t| !t.is_finite()) {
            return Err(SolveError::NonFiniteTime { index, t: times[index] });
        }
        let ascending = times[1] > times[0];
        let monotone = |w: &[f64]| if ascending { w[0] < w[1] } else { w[0] > w[1] };
        if let Some(i) = times.windows(2).position(|w| !monotone(w)) {
            return Err(SolveError::NotMonotone { index: i + 1, previous: times[i], t: times[i + 1] });
        }
        Ok(Self { counted: times.len() > 2, times })
    }

    /// `steps` equal steps from `t0` to `t1`, both ends exact.
    ///
    /// # Errors
    /// [`SolveError::NoSteps`] for zero steps; as [`new`](Self::new) for ends that are equal, not finite, or too close
    /// for that many distinct times.
    pub fn uniform(t0: f64, t1: f64, steps: usize) -> Result<Self, SolveError> {
        if steps == 0 {
            return Err(SolveError::NoSteps { points: 1 });
        }
        let inner = (1..steps).map(|i| t0 + (t1 - t0) * (i as f64 / steps as f64));
        let grid = Self::new(std::iter::once(t0).chain(inner).chain([t1]).collect())?;
        Ok(Self { counted: true, ..grid })
    }

    /// The same times in the opposite order, for solving back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { times: self.times.iter().rev().copied().collect(), counted: self.counted }
    }

    /// All times, in order.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The grid as the steps of a fixed method.
    ///
    /// # Errors
    /// [`SolveError::NoStepCount`] where it holds two ends and nobody gave the number of steps between them.
    pub(crate) fn require_steps(&self) -> Result<(), SolveError> {
        if self.counted { Ok(()) } else { Err(SolveError::NoStepCount { start: self.start(), end: self.end() }) }
    }

    /// The number of steps, one less than the number of times.
    pub fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// The first time.
    pub fn start(&self) -> f64 {
        self.times[0]
    }

    /// The last time.
    pub fn end(&self) -> f64 {
        self.times[self.steps()]
    }

    /// 1 for times that ascend, -1 for times that descend.
    pub fn direction(&self) -> f64 {
        (self.end() - self.start()).signum()
    }
}
