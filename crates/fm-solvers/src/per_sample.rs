//! Adaptive solving with steps of each sample's own.
//!
//! All samples take a trial step together, each from its own time with its own length, so that the field is still called
//! with a batch; those that accept move on, those that have arrived are written out and leave the batch. A sample's
//! result is that of solving it alone, to the last bit, if the field treats samples alone. The price is more calls than
//! with a common step, since the slowest sample decides how many; the gain is that no sample computes steps that only
//! another needs.
//!
//! The rejected alternative keeps finished samples in the batch until the last one arrives, as a vectorised solve does: no
//! buffer changes its size, and every sample is evaluated as often as the slowest.

mod dense;
mod observer;
mod run;
mod start;

pub use self::observer::{SampleObserver, SampleStep, SampleSteps};

use self::run::Run;
use crate::{AdaptiveSolver, Flow, RowState, SolveError, TimeGrid, VectorField};

/// What a per-sample solve did; the lists have an entry for each sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleStats {
    /// Evaluations of the field, each for all samples that had not arrived.
    pub calls: u64,
    /// Evaluations of each sample.
    pub nfe: Vec<u64>,
    /// Completed steps.
    pub steps: Vec<usize>,
    /// Rejected trial steps.
    pub rejected: Vec<usize>,
    /// Steps accepted with an error above the tolerance; see [`AtSmallestStep`](crate::AtSmallestStep).
    pub forced: Vec<usize>,
    /// The times of the final states: the grid's last time, except for samples that reached the budget of steps.
    pub t: Vec<f64>,
    /// Whether an observer stopped the solve.
    pub stopped_early: bool,
    /// Whether any sample reached its budget of steps.
    pub out_of_steps: bool,
}

impl AdaptiveSolver {
    /// Takes each sample of `y` from the first time of `grid` to the last with steps of its own.
    ///
    /// The field is called with [`Time::Rows`](crate::Time::Rows) and with fewer and fewer samples; see [`VectorField::select`]. Each sample
    /// has its own tolerance, budget and retries; [`norm`](Self::norm) is not looked at. With
    /// [`Dop853`](crate::EmbeddedMethod::Dop853) a rejected trial costs one evaluation more than in a common solve.
    ///
    /// # Errors
    /// As [`solve`](Self::solve), at the first sample that fails. `y` then holds what the last completed step of each
    /// sample left.
    ///
    /// # Panics
    /// If the state is a pair whose second part is one for all samples: it has no sample of its own to step with.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::{AdaptiveSolver, SolveError, Time, TimeGrid};
    /// # use ndarray::{Array2, array};
    /// // Two decays, the second a thousand times as fast.
    /// let rates = [1.0, 1000.0];
    /// struct Decay(Vec<f64>);
    /// impl fm_solvers::VectorField<Array2<f64>> for Decay {
    ///     fn eval(&mut self, _: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    ///         for (i, rate) in self.0.iter().enumerate() {
    ///             out[[i, 0]] = -rate * y[[i, 0]];
    ///         }
    ///         Ok(())
    ///     }
    ///     fn select(&mut self, samples: &[usize]) {
    ///         self.0 = samples.iter().map(|&i| [1.0, 1000.0][i]).collect();
    ///     }
    /// }
    /// let mut y = array![[1.0], [1.0]];
    /// let grid = TimeGrid::uniform(0.0, 1.0, 1)?;
    /// let stats = AdaptiveSolver::default().solve_per_sample(&mut Decay(rates.to_vec()), &grid, &mut y, &mut ())?;
    /// assert!((y[[0, 0]] - (-1.0_f64).exp()).abs() < 1e-5 && y[[1, 0]].abs() < 1e-4);
    /// assert!(stats.nfe[1] > 20 * stats.nfe[0]);
    /// # Ok::<(), SolveError>(())
    /// ```
    pub fn solve_per_sample<S: RowState>(
        &self,
        field: &mut dyn VectorField<S>,
        grid: &TimeGrid,
        y: &mut S,
        observer: &mut dyn SampleObserver<S>,
    ) -> Result<SampleStats, SolveError> {
        self.validate()?;
        let batch = y.batch();
        if batch == 0 {
            return Err(SolveError::EmptyBatch { layout: y.layout() });
        }
        let mut run = Run::new(self, grid, y);
        if run.show_start(field, observer)? == Flow::Stop {
            run.stats.stopped_early = true;
            return Ok(run.stats);
        }
        let result = run.start(field).and_then(|()| run.finish(field, y, observer));
        run.write_out(y);
        result.map(|()| run.stats)
    }
}
