//! A per-sample solve under way.

use super::SampleStats;
use super::dense::Dense;
use crate::adaptive::beside;
use crate::control::{Controller, Decision};
use crate::embedded::Interval;
use crate::runge_kutta::evaluate;
use crate::{
    AdaptiveSolver, EmbeddedTableau, ErrorEstimate, Flow, RowState, SampleObserver, SolveError, Time, TimeGrid,
    VectorField,
};

/// A sample under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Its place in the original batch.
    pub(super) id: usize,
    pub(super) t: f64,
    /// The time of its first derivative: `t`, or just after it where the field jumps.
    pub(super) first: f64,
    /// The length of its next step.
    pub(super) h: f64,
    pub(super) controller: Controller,
    /// Trials in a row that were not finite, and whether the last rejected one was such.
    pub(super) not_finite: u32,
    pub(super) blocked: bool,
    /// The grid time that it is heading for.
    pub(super) stop: usize,
    /// The trial step.
    pub(super) trial: Interval,
    pub(super) last: bool,
}

pub(super) struct Run<'a, S: RowState> {
    pub(super) solver: &'a AdaptiveSolver,
    pub(super) tableau: &'static EmbeddedTableau,
    pub(super) grid: &'a TimeGrid,
    pub(super) active: Vec<Sample>,
    pub(super) y: S,
    pub(super) proposed: S,
    pub(super) stages: S::Stages,
    /// Per active sample: step lengths with sign, times of an evaluation, errors.
    pub(super) h: Vec<f64>,
    pub(super) times: Vec<f64>,
    pub(super) errors: Vec<f64>,
    /// The active samples' places in the original batch.
    pub(super) ids: Vec<usize>,
    /// Positions of the samples that a step concerns.
    pub(super) chosen: Vec<usize>,
    /// 0, 1, 2, ...
    pub(super) positions: Vec<usize>,
    pub(super) dense: Dense<S>,
    pub(super) stats: SampleStats,
}

impl<S: RowState> Run<'_, S> {
    pub(super) fn finish(
        &mut self,
        field: &mut dyn VectorField<S>,
        out: &mut S,
        observer: &mut dyn SampleObserver<S>,
    ) -> Result<(), SolveError> {
        self.retire(field, out);
        while !self.active.is_empty() {
            self.plan()?;
            self.propose(field)?;
            self.decide()?;
            let flow = self.observe(field, observer)?;
            self.move_on();
            if flow == Flow::Stop {
                self.stats.stopped_early = self.active.iter().any(|sample| sample.t != self.grid.end());
                return Ok(());
            }
            self.retire(field, out);
            self.renew(field)?;
        }
        Ok(())
    }

    /// Where each sample's trial step ends.
    fn plan(&mut self) -> Result<(), SolveError> {
        for (sample, h) in self.active.iter_mut().zip(&mut self.h) {
            let stop = self.grid.times()[sample.stop];
            let (t1, last) = self.solver.end_of_step(sample.t, sample.h, stop);
            let jump = last && self.solver.jumps && sample.stop < self.grid.steps();
            sample.trial = Interval { t0: sample.t, t1, end: if jump { beside(t1, sample.t) } else { t1 } };
            sample.last = last;
            *h = sample.trial.length();
            if !last && self.solver.underflows(sample.t, sample.h) {
                let Sample { id, t, blocked, .. } = *sample;
                let (step, sample, h) = (self.stats.steps[id], id, *h);
                return Err(if blocked {
                    SolveError::NonFiniteStep { t, step, sample, h }
                } else {
                    SolveError::StepUnderflow { t, step, sample, h }
                });
            }
        }
        Ok(())
    }

    fn propose(&mut self, field: &mut dyn VectorField<S>) -> Result<(), SolveError> {
        let method = &self.tableau.method;
        for (i, (row, &c)) in method.a.iter().zip(method.c).enumerate().skip(1) {
            self.proposed.combine_rows(&self.y, &self.h, row, &self.stages);
            for (time, Sample { trial, .. }) in self.times.iter_mut().zip(&self.active) {
                *time = if c == 1.0 { trial.end } else { trial.t0 + c * trial.length() };
            }
            self.evaluate(field, i, true)?;
        }
        if !self.tableau.fsal {
            self.proposed.combine_rows(&self.y, &self.h, method.b, &self.stages);
        }
        let estimate = ErrorEstimate { rows: self.tableau.error, tolerance: self.solver.tolerance };
        self.errors.fill(0.0);
        self.proposed.sample_errors(&self.y, &self.h, &self.stages, &estimate, &mut self.errors);
        Ok(())
    }

    /// Evaluates the field into a derivative, at the proposed or the current states and the planned times.
    pub(super) fn evaluate(
        &mut self,
        field: &mut dyn VectorField<S>,
        stage: usize,
        proposed: bool,
    ) -> Result<(), SolveError> {
        self.count_evaluation();
        let (time, at) = (Time::Rows(&self.times), if proposed { &self.proposed } else { &self.y });
        S::set_stage(&mut self.stages, stage, |out| evaluate(field, time, at, out))
    }

    /// Counts an evaluation of every active sample.
    pub(super) fn count_evaluation(&mut self) {
        self.stats.calls += 1;
        for sample in &self.active {
            self.stats.nfe[sample.id] += 1;
        }
    }

    /// Accepts or rejects; `chosen` becomes the samples that accept.
    fn decide(&mut self) -> Result<(), SolveError> {
        self.chosen.clear();
        for (i, (sample, &error)) in self.active.iter_mut().zip(&self.errors).enumerate() {
            let Sample { id, trial, .. } = *sample;
            let Decision { mut accept, factor } = if error.is_finite() {
                sample.not_finite = 0;
                sample.controller.decide(error)
            } else {
                if sample.not_finite == self.solver.retries {
                    let step = self.stats.steps[id];
                    return Err(SolveError::NonFiniteStep { t: sample.t, step, sample: id, h: trial.length() });
                }
                sample.not_finite += 1;
                Decision { accept: false, factor: sample.controller.reject() }
            };
            let next = factor * trial.length().abs();
            if !accept && error.is_finite() && self.solver.forces(sample.h.min(trial.length().abs())) {
                accept = true;
                self.stats.forced[id] += 1;
            }
            if accept {
                self.chosen.push(i);
                self.stats.steps[id] += 1;
                sample.h = self.solver.bound(if sample.last { next.max(sample.h) } else { next });
                (sample.t, sample.first) = (trial.t1, trial.t1);
            } else {
                self.stats.rejected[id] += 1;
                sample.blocked = !error.is_finite();
                sample.h = self.solver.retry(next);
            }
        }
        Ok(())
    }

    /// Makes the proposed states and derivatives of the samples that accepted the current ones.
    fn move_on(&mut self) {
        self.y.copy_samples(&self.chosen, &self.proposed, &self.chosen);
        if self.tableau.fsal {
            S::copy_stage_samples(&mut self.stages, self.tableau.end(), 0, &self.chosen);
        }
    }

    /// Writes out the samples that have arrived or spent their budget, and closes the ranks.
    fn retire(&mut self, field: &mut dyn VectorField<S>, out: &mut S) {
        let Self { stats, solver, grid, active, .. } = self;
        let arrived = |sample: &Sample| sample.t == grid.end();
        let spent = |sample: &Sample| stats.steps[sample.id] + stats.rejected[sample.id] >= solver.max_steps;
        self.chosen.clear();
        self.chosen.extend((0..active.len()).filter(|&i| !arrived(&active[i]) && !spent(&active[i])));
        if self.chosen.len() == active.len() {
            return;
        }
        let out_of_steps = active.iter().any(|sample| !arrived(sample) && spent(sample));
        stats.out_of_steps |= out_of_steps;
        self.write_out(out);
        let Self { active, chosen, y, proposed, stages, dense, .. } = self;
        for (to, &from) in chosen.iter().enumerate() {
            active[to] = active[from];
        }
        active.truncate(chosen.len());
        self.ids.clear();
        self.ids.extend(active.iter().map(|sample| sample.id));
        if active.is_empty() {
            return;
        }
        for state in [y, proposed].into_iter().chain(dense.states.iter_mut().flatten()) {
            state.keep_samples(chosen);
        }
        S::keep_stage_samples(stages, chosen);
        for list in [&mut self.h, &mut self.times, &mut self.errors] {
            list.truncate(active.len());
        }
        field.select(&self.ids);
    }

    /// Evaluates the first derivatives anew where they cannot be carried over.
    fn renew(&mut self, field: &mut dyn VectorField<S>) -> Result<(), SolveError> {
        let mut jumped = false;
        for sample in &mut self.active {
            if sample.t == self.grid.times()[sample.stop] {
                sample.stop += 1;
                if self.solver.jumps {
                    jumped = true;
                    sample.first = beside(sample.t, self.grid.end());
                    sample.controller = Controller::new(self.solver.control, self.tableau.error_order);
                }
            }
        }
        if self.active.is_empty() || self.tableau.fsal && !jumped {
            return Ok(());
        }
        // A sample that could keep its derivative gets the same one again, bit for bit.
        for (time, sample) in self.times.iter_mut().zip(&self.active) {
            *time = sample.first;
        }
        self.evaluate(field, 0, false)
    }

    /// Copies every active sample to its place in the original batch.
    pub(super) fn write_out(&mut self, out: &mut S) {
        let everyone = &self.positions[..self.active.len()];
        out.copy_samples(&self.ids, &self.y, everyone);
        for sample in &self.active {
            self.stats.t[sample.id] = sample.t;
        }
    }
}
