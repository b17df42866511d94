//! Interpolation in the steps that samples have just completed, each at a time of its own.
//!
//! The weights of an interpolant differ from sample to sample, and a state combines derivatives with the same weights for
//! all. But the weights are a few fixed rows times polynomials of the time, and a polynomial can be part of a sample's step
//! size. So an interpolation is a handful of combinations, and no operation of its own.

use super::observer::{SampleStep, SampleSteps};
use super::run::Run;
use crate::runge_kutta::evaluate;
use crate::{EmbeddedTableau, Flow, RowState, SampleObserver, SolveError, Time, VectorField};

/// Buffers of interpolations; none are made before the first.
pub(super) struct Dense<S> {
    steps: Vec<SampleStep>,
    pub(super) states: Option<[S; 2]>,
    /// The derivative at the end of each step, as a row.
    last: Vec<f64>,
    theta: Vec<f64>,
    h: Vec<f64>,
}

impl<S> Default for Dense<S> {
    fn default() -> Self {
        Self { steps: Vec::new(), states: None, last: Vec::new(), theta: Vec::new(), h: Vec::new() }
    }
}

impl<S: RowState> Run<'_, S> {
    /// Shows the initial states, as steps without length.
    pub(super) fn show_start(
        &mut self,
        field: &mut dyn VectorField<S>,
        observer: &mut dyn SampleObserver<S>,
    ) -> Result<Flow, SolveError> {
        self.proposed.copy_from(&self.y);
        self.observe(field, observer)
    }

    /// Shows the steps that were just accepted, and not yet moved on from.
    pub(super) fn observe(
        &mut self,
        field: &mut dyn VectorField<S>,
        observer: &mut dyn SampleObserver<S>,
    ) -> Result<Flow, SolveError> {
        let mut steps = std::mem::take(&mut self.dense.steps);
        steps.clear();
        steps.extend(self.chosen.iter().map(|&row| {
            let sample = &self.active[row];
            SampleStep { sample: sample.id, row, t0: sample.trial.t0, t1: sample.trial.t1 }
        }));
        let mut run = Interpolation { run: self, field, known: false };
        let flow = observer.observe(&mut SampleSteps { completed: &steps, source: &mut run })?;
        self.dense.steps = steps;
        Ok(flow)
    }

    /// Evaluates what the interpolant needs beyond the step.
    fn complete_stages(&mut self, field: &mut dyn VectorField<S>) -> Result<(), SolveError> {
        let EmbeddedTableau { fsal, dense_a, dense_c, .. } = *self.tableau;
        let end = self.tableau.end();
        if !fsal {
            for (time, sample) in self.times.iter_mut().zip(&self.active) {
                *time = sample.trial.end;
            }
            self.evaluate(field, end, true)?;
        }
        for (m, (row, c)) in dense_a.iter().zip(dense_c).enumerate() {
            self.count_evaluation();
            let [at, _] = self.dense.states.as_mut().expect("made before");
            at.combine_rows(&self.y, &self.h, row, &self.stages);
            for (time, sample) in self.times.iter_mut().zip(&self.active) {
                *time = sample.trial.t0 + c * sample.trial.length();
            }
            let time = Time::Rows(&self.times);
            S::set_stage(&mut self.stages, end + 1 + m, |out| evaluate(field, time, at, out))?;
        }
        Ok(())
    }

    /// The interpolated states at `dense.theta`.
    fn interpolate(&mut self) -> &S {
        let Self { tableau, y, stages, h, dense, .. } = self;
        let Dense { states, last, theta, h: scaled, .. } = dense;
        let [from, to] = states.as_mut().expect("made before");
        last.resize(tableau.end() + 1, 0.0);
        last[tableau.end()] = 1.0;
        from.copy_from(y);
        let mut add = |row: &[f64], polynomial: &dyn Fn(f64) -> f64| {
            scaled.clear();
            scaled.extend(h.iter().zip(&*theta).map(|(h, &theta)| h * polynomial(theta)));
            to.combine_rows(from, scaled, row, stages);
            std::mem::swap(from, to);
        };
        add(tableau.method.b, &|theta| EmbeddedTableau::hermite(theta)[0]);
        add(&[1.0], &|theta| EmbeddedTableau::hermite(theta)[1]);
        add(last, &|theta| EmbeddedTableau::hermite(theta)[2]);
        for (m, row) in tableau.dense.iter().enumerate() {
            add(row, &|theta| tableau.corrections(theta).nth(m).expect("a row").0);
        }
        from
    }
}

/// Where an observer's questions are answered.
struct Interpolation<'r, 'f, 'a, S: RowState> {
    run: &'r mut Run<'a, S>,
    field: &'f mut dyn VectorField<S>,
    known: bool,
}

impl<S: RowState> super::observer::Source<S> for Interpolation<'_, '_, '_, S> {
    fn ends(&self) -> &S {
        &self.run.proposed
    }

    fn dense(&mut self, steps: &[SampleStep], times: &[f64]) -> Result<&S, SolveError> {
        let Self { run, field, known } = self;
        if run.stats.calls == 0 {
            // Before the first evaluation the steps have no length.
            return Ok(&run.y);
        }
        if run.dense.states.is_none() {
            run.dense.states = Some([run.y.alloc_like(), run.y.alloc_like()]);
        }
        if !*known {
            run.complete_stages(*field)?;
            *known = true;
        }
        run.dense.theta.clear();
        run.dense.theta.resize(run.active.len(), 0.0);
        for (step, t) in steps.iter().zip(times) {
            run.dense.theta[step.row] = (t - step.t0) / (step.t1 - step.t0);
        }
        Ok(run.interpolate())
    }
}
