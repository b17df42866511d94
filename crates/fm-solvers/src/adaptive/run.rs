//! A solve with common steps under way.

use super::{AdaptiveSolver, beside};
use crate::control::{Controller, Decision};
use crate::embedded::{EmbeddedStepper, Interval};
use crate::{Flow, Observer, SolveError, State, Stats, Step, TimeGrid, VectorField};

/// A solve under way.
pub(super) struct Run<'a, S: State> {
    pub(super) solver: &'a AdaptiveSolver,
    pub(super) stepper: EmbeddedStepper<S>,
    pub(super) controller: Controller,
    /// The length of the next step.
    pub(super) h: f64,
    /// The offending sample of the last rejected trial, if that was not finite. A field that is not finite beyond some
    /// time lets steps creep up to it: what then underflows is not the tolerance's fault.
    pub(super) not_finite_sample: Option<usize>,
    pub(super) stats: Stats,
}

impl<S: State> Run<'_, S> {
    pub(super) fn along(
        &mut self,
        grid: &TimeGrid,
        field: &mut dyn VectorField<S>,
        y: &mut S,
        observer: &mut dyn Observer<S>,
    ) -> Result<(), SolveError> {
        for (i, &stop) in grid.times().iter().enumerate().skip(1) {
            let jump = self.solver.jumps && i < grid.steps();
            while self.stats.t != stop {
                let Some(interval) = self.step(field, stop, jump, y)? else {
                    self.stats.out_of_steps = true;
                    return Ok(());
                };
                if self.observe(interval, field, y, observer)? == Flow::Stop {
                    self.stats.stopped_early = self.stats.t != grid.end();
                    return Ok(());
                }
                if self.stats.t == grid.end() {
                    return Ok(());
                }
                if jump && self.stats.t == stop {
                    self.stepper.begin(field, beside(stop, grid.end()), y)?;
                    self.controller = Controller::new(self.solver.control, self.stepper.tableau.error_order);
                } else {
                    self.stepper.advance(field, self.stats.t, y)?;
                }
            }
        }
        Ok(())
    }

    /// One accepted step towards `stop`; `None` if the budget is spent before.
    fn step(
        &mut self,
        field: &mut dyn VectorField<S>,
        stop: f64,
        jump: bool,
        y: &mut S,
    ) -> Result<Option<Interval>, SolveError> {
        let Self { solver, stepper, controller, stats, not_finite_sample, .. } = self;
        let mut not_finite = 0;
        while stats.steps + stats.rejected < solver.max_steps {
            let t0 = stats.t;
            let (t1, last) = solver.end_of_step(t0, self.h, stop);
            let interval = Interval { t0, t1, end: if last && jump { beside(t1, t0) } else { t1 } };
            let h = interval.length();
            // The length as planned: between rounded times it may come out shorter than the smallest.
            if !last && solver.underflows(t0, self.h) {
                let step = stats.steps;
                return Err(if let Some(sample) = *not_finite_sample {
                    SolveError::NonFiniteStep { t: t0, step, sample, h }
                } else {
                    let sample = stepper.worst_sample(y, h, solver.tolerance);
                    SolveError::StepUnderflow { t: t0, step, sample, h }
                });
            }
            stepper.propose(field, interval, y)?;
            let error = stepper.error(y, h, solver.tolerance, solver.norm);
            let Decision { mut accept, factor } = if error.is_finite() {
                not_finite = 0;
                controller.decide(error)
            } else {
                let sample = stepper.worst_sample(y, h, solver.tolerance);
                if not_finite == solver.retries {
                    return Err(SolveError::NonFiniteStep { t: t0, step: stats.steps, sample, h });
                }
                not_finite += 1;
                *not_finite_sample = Some(sample);
                Decision { accept: false, factor: controller.reject() }
            };
            let next = factor * h.abs();
            if !accept && error.is_finite() && solver.forces(self.h.min(h.abs())) {
                accept = true;
                stats.forced += 1;
            }
            if accept {
                // A step that the grid cut short says little about the next: what was planned before still stands.
                self.h = solver.bound(if last { next.max(self.h) } else { next });
                stepper.accept(y);
                stats.steps += 1;
                stats.t = t1;
                return Ok(Some(interval));
            }
            if error.is_finite() {
                *not_finite_sample = None;
            }
            self.h = solver.retry(next);
            stats.rejected += 1;
        }
        Ok(None)
    }

    fn observe(
        &mut self,
        interval: Interval,
        field: &mut dyn VectorField<S>,
        y: &S,
        observer: &mut dyn Observer<S>,
    ) -> Result<Flow, SolveError> {
        let stepper = &mut self.stepper;
        let mut interpolate = |t: f64, out: &mut S| stepper.dense(field, interval, y, t, out);
        let Interval { t0, t1, .. } = interval;
        observer.observe_step(&mut Step { index: self.stats.steps, t0, t1, y, interpolate: &mut interpolate })
    }
}
