//! The beginning of a per-sample solve: buffers, first derivatives and first steps.

use super::SampleStats;
use super::dense::Dense;
use super::run::{Run, Sample};
use crate::control::Controller;
use crate::embedded::Interval;
use crate::initial_step::{Norms, trial_time};
use crate::{AdaptiveSolver, ErrorEstimate, RowState, SolveError, TimeGrid, VectorField};

impl<'a, S: RowState> Run<'a, S> {
    pub(super) fn new(solver: &'a AdaptiveSolver, grid: &'a TimeGrid, y: &S) -> Self {
        let tableau = solver.method.tableau();
        let batch = y.batch();
        let mut own = y.alloc_like();
        own.copy_from(y);
        let t = grid.start();
        let controller = Controller::new(solver.control, tableau.error_order);
        let trial = Interval { t0: t, t1: t, end: t };
        let sample = |id| Sample {
            id,
            t,
            first: t,
            h: 0.0,
            controller,
            not_finite: 0,
            blocked: false,
            stop: 1,
            trial,
            last: false,
        };
        Self {
            solver,
            tableau,
            grid,
            active: (0..batch).map(sample).collect(),
            proposed: y.alloc_like(),
            y: own,
            stages: y.stages(tableau.slots()),
            h: vec![0.0; batch],
            times: vec![t; batch],
            errors: vec![0.0; batch],
            ids: (0..batch).collect(),
            chosen: (0..batch).collect(),
            positions: (0..batch).collect(),
            dense: Dense::default(),
            stats: SampleStats {
                calls: 0,
                nfe: vec![0; batch],
                steps: vec![0; batch],
                rejected: vec![0; batch],
                forced: vec![0; batch],
                t: vec![t; batch],
                stopped_early: false,
                out_of_steps: false,
            },
        }
    }

    /// The first derivatives and step sizes.
    pub(super) fn start(&mut self, field: &mut dyn VectorField<S>) -> Result<(), SolveError> {
        field.select(&self.ids);
        self.evaluate(field, 0, false)?;
        if let Some(h) = self.solver.first_step {
            self.active.iter_mut().for_each(|sample| sample.h = self.solver.bound(h));
            return Ok(());
        }
        let interval = self.solver.first_interval(self.grid);
        let span = interval.length().abs();
        let state = &self.y;
        S::set_stage(&mut self.stages, 1, |out| {
            out.copy_from(state);
            Ok(())
        })?;
        self.h.fill(1.0);
        let d0 = self.scaled(&[0.0, 1.0]);
        let norms: Vec<Norms> = d0.into_iter().zip(self.scaled(&[1.0])).map(|(d0, d1)| Norms { d0, d1 }).collect();
        for ((h, time), norms) in self.h.iter_mut().zip(&mut self.times).zip(&norms) {
            let trial = norms.trial(span).min(span);
            *h = trial.copysign(interval.length());
            *time = trial_time(interval, trial);
        }
        self.proposed.combine_rows(&self.y, &self.h, &[1.0], &self.stages);
        self.evaluate(field, 1, true)?;
        let trials = std::mem::take(&mut self.h);
        self.h = trials.iter().map(|h| 1.0 / h).collect();
        for (i, d2) in self.scaled(&[-1.0, 1.0]).into_iter().enumerate() {
            let h = norms[i].first_step(norms[i].trial(span), d2, self.tableau.error_order);
            self.active[i].h = self.solver.bound(h);
        }
        Ok(())
    }

    /// The norms of a combination of the derivatives, per sample.
    fn scaled(&self, row: &[f64]) -> Vec<f64> {
        let estimate = ErrorEstimate { rows: &[row], tolerance: self.solver.tolerance };
        let mut norms = vec![0.0; self.active.len()];
        self.y.sample_errors(&self.y, &self.h, &self.stages, &estimate, &mut norms);
        norms
    }
}
