//! The states at a list of times.

use crate::{Flow, Observer, RowState, SampleObserver, SampleSteps, SolveError, State, Step, TimeGrid};

/// An observer that keeps the state at each time of a list.
///
/// An adaptive solve interpolates and takes no step for it. A fixed-step solve visits the times of its grid only: a time of
/// the list between two of them is [`SolveError::NotOnGrid`], before the first step.
///
/// # Examples
/// ```
/// # use fm_solvers::{AdaptiveSolver, SolveError, Time, TimeGrid, Trajectory};
/// # use ndarray::{Array1, array};
/// let mut field = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
///     out.assign(&-y);
///     Ok(())
/// };
/// let mut y = array![1.0];
/// let mut saved = Trajectory::new(&TimeGrid::uniform(0.0, 2.0, 4)?, &y);
/// AdaptiveSolver::default().solve(&mut field, &TimeGrid::uniform(0.0, 2.0, 1)?, &mut y, &mut saved)?;
/// assert_eq!(saved.times(), [0.0, 0.5, 1.0, 1.5, 2.0]);
/// assert!(saved.times().iter().zip(saved.states()).all(|(t, y)| (y[0] - (-t).exp()).abs() < 1e-5));
/// assert_eq!(saved.states()[4], y);
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Debug)]
pub struct Trajectory<S> {
    times: Vec<f64>,
    states: Vec<S>,
    saved: usize,
    last: f64,
    /// How many times each sample has passed, where samples have steps of their own.
    passed: Vec<usize>,
}

impl<S: State> Trajectory<S> {
    /// Makes room for a state like `y` at each time of `times`, which run in the direction of the solve.
    pub fn new(times: &TimeGrid, y: &S) -> Self {
        let times = times.times().to_vec();
        Self {
            states: times.iter().map(|_| y.alloc_like()).collect(),
            times,
            saved: 0,
            last: f64::NAN,
            passed: Vec::new(),
        }
    }

    /// The times whose states are kept: all of them once a solve has passed the last.
    pub fn times(&self) -> &[f64] {
        &self.times[..self.saved]
    }

    /// The states at those times.
    pub fn states(&self) -> &[S] {
        &self.states[..self.saved]
    }

    /// The next time to be kept, if it is in the closed interval.
    fn next_in(&self, t0: f64, t1: f64) -> Option<f64> {
        self.in_step(self.saved, t0, t1)
    }

    /// The time of an index, if it is in the closed interval.
    fn in_step(&self, index: usize, t0: f64, t1: f64) -> Option<f64> {
        let &t = self.times.get(index)?;
        (t0.min(t1) <= t && t <= t0.max(t1)).then_some(t)
    }
}

impl<S: State> Observer<S> for Trajectory<S> {
    fn check_grid(&self, grid: &TimeGrid) -> Result<(), SolveError> {
        let ascending = grid.direction() > 0.0;
        for &t in &self.times[self.saved..] {
            let reached = grid.times().partition_point(|&time| if ascending { time < t } else { time > t });
            if let Some(&after) = grid.times().get(reached)
                && reached > 0
                && after != t
            {
                return Err(SolveError::NotOnGrid { t, before: grid.times()[reached - 1], after });
            }
        }
        Ok(())
    }

    /// # Panics
    /// If a time of the list lies between two times that it is called with, by a loop of the caller's own.
    fn observe(&mut self, step: usize, t: f64, y: &S) -> Flow {
        let before = if step == 0 { t } else { self.last };
        if let Some(time) = self.next_in(before, t) {
            assert!(time == t, "the loop visits {before} and {t}, and not {time}, which is to be saved");
            self.states[self.saved].copy_from(y);
            self.saved += 1;
        }
        self.last = t;
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, S>) -> Result<Flow, SolveError> {
        while let Some(time) = self.next_in(step.t0, step.t1) {
            if time == step.t1 {
                self.states[self.saved].copy_from(step.y);
            } else {
                step.dense(time, &mut self.states[self.saved])?;
            }
            self.saved += 1;
        }
        Ok(Flow::Continue)
    }
}

/// Every sample is interpolated in its own steps.
impl<S: RowState> SampleObserver<S> for Trajectory<S> {
    fn observe(&mut self, steps: &mut SampleSteps<'_, S>) -> Result<Flow, SolveError> {
        if self.passed.is_empty() {
            self.passed = vec![0; steps.y().batch()];
        }
        let completed = steps.completed;
        loop {
            // The next time of each sample that its step has passed: index, whether at the end of the step, sample and row.
            let mut due = Vec::new();
            let mut times: Vec<f64> = completed.iter().map(|step| step.t1).collect();
            for (time, step) in times.iter_mut().zip(completed) {
                let index = self.passed[step.sample];
                if let Some(t) = self.in_step(index, step.t0, step.t1) {
                    due.push((index, t == step.t1, step.sample, step.row));
                    self.passed[step.sample] += 1;
                    *time = t;
                }
            }
            if due.is_empty() {
                break;
            }
            due.sort_unstable();
            for same in due.chunk_by(|a, b| a.0 == b.0 && a.1 == b.1) {
                let (index, at_end) = (same[0].0, same[0].1);
                let (to, from): (Vec<usize>, Vec<usize>) = same.iter().map(|&(.., sample, row)| (sample, row)).unzip();
                let y = if at_end { steps.y() } else { steps.dense(&times)? };
                self.states[index].copy_samples(&to, y, &from);
            }
        }
        self.saved = self.passed.iter().copied().min().unwrap_or(0);
        Ok(Flow::Continue)
    }
}
