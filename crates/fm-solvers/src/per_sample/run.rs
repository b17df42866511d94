//! A per-sample solve under way.

use super::SampleStats;
use crate::adaptive::beside;
use crate::control::{Controller, Decision};
use crate::embedded::Interval;
use crate::initial_step::Norms;
use crate::runge_kutta::evaluate;
use crate::{AdaptiveSolver, EmbeddedTableau, ErrorEstimate, RowState, SolveError, Time, TimeGrid, VectorField};

/// A sample under way.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Its place in the original batch.
    id: usize,
    t: f64,
    /// The time of its first derivative: `t`, or just after it where the field jumps.
    first: f64,
    /// The length of its next step.
    h: f64,
    controller: Controller,
    /// Trials in a row that were not finite, and whether the last rejected one was such.
    not_finite: u32,
    blocked: bool,
    /// The grid time that it is heading for.
    stop: usize,
    /// The trial step.
    trial: Interval,
    last: bool,
}

pub(super) struct Run<'a, S: RowState> {
    solver: &'a AdaptiveSolver,
    tableau: &'static EmbeddedTableau,
    grid: &'a TimeGrid,
    active: Vec<Sample>,
    y: S,
    proposed: S,
    stages: S::Stages,
    /// Per active sample: step lengths with sign, times of an evaluation, errors.
    h: Vec<f64>,
    times: Vec<f64>,
    errors: Vec<f64>,
    /// The active samples' places in the original batch.
    ids: Vec<usize>,
    /// Positions of the samples that a step concerns.
    chosen: Vec<usize>,
    /// 0, 1, 2, ...
    positions: Vec<usize>,
    pub(super) stats: SampleStats,
}

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
            stages: y.stages(tableau.end() + 1),
            h: vec![0.0; batch],
            times: vec![t; batch],
            errors: vec![0.0; batch],
            ids: (0..batch).collect(),
            chosen: (0..batch).collect(),
            positions: (0..batch).collect(),
            stats: SampleStats {
                calls: 0,
                nfe: vec![0; batch],
                steps: vec![0; batch],
                rejected: vec![0; batch],
                t: vec![t; batch],
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
        let span = (self.grid.end() - self.grid.start()).abs();
        let direction = self.grid.direction();
        let state = &self.y;
        S::set_stage(&mut self.stages, 1, |out| {
            out.copy_from(state);
            Ok(())
        })?;
        self.h.fill(1.0);
        let d0 = self.scaled(&[0.0, 1.0]);
        let norms: Vec<Norms> = d0.into_iter().zip(self.scaled(&[1.0])).map(|(d0, d1)| Norms { d0, d1 }).collect();
        for ((h, time), norms) in self.h.iter_mut().zip(&mut self.times).zip(&norms) {
            *h = direction * norms.trial(span);
            *time = self.grid.start() + *h;
        }
        self.proposed.combine_rows(&self.y, &self.h, &[1.0], &self.stages);
        self.evaluate(field, 1, true)?;
        let trials = std::mem::take(&mut self.h);
        self.h = trials.iter().map(|h| 1.0 / h).collect();
        for (i, d2) in self.scaled(&[-1.0, 1.0]).into_iter().enumerate() {
            let h = norms[i].first_step(trials[i].abs(), d2, self.tableau.error_order, span);
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

    pub(super) fn finish(&mut self, field: &mut dyn VectorField<S>, out: &mut S) -> Result<(), SolveError> {
        self.retire(field, out);
        while !self.active.is_empty() {
            self.plan()?;
            self.propose(field)?;
            self.decide()?;
            self.move_on();
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
            if !last && self.solver.underflows(sample.t, h.abs()) {
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
    fn evaluate(&mut self, field: &mut dyn VectorField<S>, stage: usize, proposed: bool) -> Result<(), SolveError> {
        self.stats.calls += 1;
        for sample in &self.active {
            self.stats.nfe[sample.id] += 1;
        }
        let (time, at) = (Time::Rows(&self.times), if proposed { &self.proposed } else { &self.y });
        S::set_stage(&mut self.stages, stage, |out| evaluate(field, time, at, out))
    }

    /// Accepts or rejects; `chosen` becomes the samples that accept.
    fn decide(&mut self) -> Result<(), SolveError> {
        self.chosen.clear();
        for (i, (sample, &error)) in self.active.iter_mut().zip(&self.errors).enumerate() {
            let Sample { id, trial, .. } = *sample;
            let Decision { accept, factor } = if error.is_finite() {
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
            if accept {
                self.chosen.push(i);
                self.stats.steps[id] += 1;
                sample.h = self.solver.bound(if sample.last { next.max(sample.h) } else { next });
                (sample.t, sample.first) = (trial.t1, trial.t1);
            } else {
                self.stats.rejected[id] += 1;
                sample.blocked = !error.is_finite();
                sample.h = next.min(self.solver.h_max);
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
        let Self { active, chosen, y, proposed, stages, .. } = self;
        for (to, &from) in chosen.iter().enumerate() {
            active[to] = active[from];
        }
        active.truncate(chosen.len());
        self.ids.clear();
        self.ids.extend(active.iter().map(|sample| sample.id));
        if active.is_empty() {
            return;
        }
        y.keep_samples(chosen);
        proposed.keep_samples(chosen);
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
