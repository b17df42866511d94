//! One step of an embedded method, proposed, measured, accepted and interpolated.
//!
//! The stepper does not decide: it holds the derivatives and two states, and whoever owns the loop asks for the error and
//! accepts, or proposes again. A rejected step keeps the first derivative; an accepted one exchanges two buffers.

use crate::runge_kutta::{evaluate, fill_stages};
use crate::{EmbeddedTableau, ErrorEstimate, Norm, SolveError, State, Time, Tolerance, VectorField};

/// The ends of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) t0: f64,
    pub(crate) t1: f64,
    /// The time at which the field is evaluated at the end: `t1`, or just before it where the field jumps.
    pub(crate) end: f64,
}

impl Interval {
    pub(crate) fn length(self) -> f64 {
        self.t1 - self.t0
    }
}

pub(crate) struct EmbeddedStepper<S: State> {
    pub(crate) tableau: &'static EmbeddedTableau,
    pub(crate) stages: S::Stages,
    /// The proposed state; after acceptance, the state at the start of the step.
    pub(crate) other: S,
    /// Evaluations so far.
    pub(crate) nfe: u64,
    weights: Vec<f64>,
    /// Whether the derivative at the end of the accepted step is known, and the stages of the interpolant.
    end_known: bool,
    dense_known: bool,
}

impl<S: State> EmbeddedStepper<S> {
    pub(crate) fn new(tableau: &'static EmbeddedTableau, y: &S) -> Self {
        Self {
            tableau,
            stages: y.stages(tableau.slots()),
            other: y.alloc_like(),
            nfe: 0,
            weights: vec![0.0; tableau.slots()],
            end_known: false,
            dense_known: false,
        }
    }

    /// Evaluates the derivative that steps from `y` begin with.
    pub(crate) fn begin(&mut self, field: &mut dyn VectorField<S>, t: f64, y: &S) -> Result<(), SolveError> {
        self.nfe += 1;
        S::set_stage(&mut self.stages, 0, |out| evaluate(field, Time::All(t), y, out))
    }

    /// Computes the state at the end of `interval`, which begins with `y`.
    pub(crate) fn propose(
        &mut self,
        field: &mut dyn VectorField<S>,
        interval: Interval,
        y: &S,
    ) -> Result<(), SolveError> {
        let method = &self.tableau.method;
        self.nfe += method.stages() as u64 - 1;
        fill_stages(method, field, interval, y, &mut self.other, &mut self.stages, 1)?;
        // The last stage of an FSAL method was evaluated at the result.
        if !self.tableau.fsal {
            self.other.combine(y, interval.length(), method.b, &self.stages);
        }
        Ok(())
    }

    /// The error of the proposed step from `y`.
    pub(crate) fn error(&self, y: &S, h: f64, tolerance: Tolerance, norm: Norm) -> f64 {
        self.other.error(y, h, &self.stages, &self.estimate(tolerance), norm).read()
    }

    fn estimate(&self, tolerance: Tolerance) -> ErrorEstimate<'static> {
        ErrorEstimate { rows: self.tableau.error, tolerance }
    }

    /// The sample with the largest error in the proposed step.
    pub(crate) fn worst_sample(&self, y: &S, h: f64, tolerance: Tolerance) -> usize {
        self.other.worst_sample(y, h, &self.stages, &self.estimate(tolerance)).0
    }

    /// `y` becomes the proposed state.
    pub(crate) fn accept(&mut self, y: &mut S) {
        std::mem::swap(y, &mut self.other);
        self.end_known = self.tableau.fsal;
        self.dense_known = false;
    }

    /// Makes the derivative at the end of the accepted step the first of the next.
    pub(crate) fn advance(&mut self, field: &mut dyn VectorField<S>, t: f64, y: &S) -> Result<(), SolveError> {
        if self.end_known {
            S::move_stage(&mut self.stages, self.tableau.end(), 0);
            Ok(())
        } else {
            self.begin(field, t, y)
        }
    }

    /// `out` becomes the interpolated state at `t` in the accepted step, which ended with `y`.
    pub(crate) fn dense(
        &mut self,
        field: &mut dyn VectorField<S>,
        interval: Interval,
        y: &S,
        t: f64,
        out: &mut S,
    ) -> Result<(), SolveError> {
        let tableau = self.tableau;
        let h = interval.length();
        if !self.end_known {
            self.nfe += 1;
            let end = Time::All(interval.end);
            S::set_stage(&mut self.stages, tableau.end(), |slot| evaluate(field, end, y, slot))?;
            self.end_known = true;
        }
        if !self.dense_known {
            for (m, (row, c)) in tableau.dense_a.iter().zip(tableau.dense_c).enumerate() {
                self.nfe += 1;
                out.combine(&self.other, h, row, &self.stages);
                let time = Time::All(interval.t0 + c * h);
                S::set_stage(&mut self.stages, tableau.end() + 1 + m, |slot| evaluate(field, time, out, slot))?;
            }
            self.dense_known = true;
        }
        tableau.dense_weights((t - interval.t0) / h, &mut self.weights);
        out.combine(&self.other, h, &self.weights, &self.stages);
        Ok(())
    }
}
