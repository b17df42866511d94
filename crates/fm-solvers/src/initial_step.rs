//! The first step size, where none is given.

use crate::embedded::{EmbeddedStepper, Interval};
use crate::runge_kutta::evaluate;
use crate::{ErrorEstimate, Norm, SolveError, State, Time, Tolerance, VectorField};

/// The norms that Hairer's rule compares, and the rule.
///
/// ```text
/// h0 = 0.01 d0/d1,    d0 = |y|, d1 = |u(t, y)|, d2 = |u(t + h0, y + h0 u) - u| / h0,    max(d1, d2) h1^k = 0.01
/// h = min(100 h0, h1)
/// ```
///
/// Only lengths enter, so that a solve back in time begins with the same step. The trial is cut short at the first jump of the
/// field, where there is one: beyond it the second derivative is that of another field. The step is not: the loop cuts it as
/// any other, and what was planned still stands behind the jump. Where a norm is not finite, the rule falls
/// to a small step, whose trial will name what is wrong.
///
/// # References
/// Hairer, Norsett & Wanner 1993, section II.4, "Starting step size".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norms {
    pub(crate) d0: f64,
    pub(crate) d1: f64,
}

impl Norms {
    /// `h0`, for a way of length `span`.
    pub(crate) fn trial(self, span: f64) -> f64 {
        let Self { d0, d1 } = self;
        // Written so that NaN falls to the constant.
        let h0 = if d0 >= 1e-5 && d1 >= 1e-5 { 0.01 * d0 / d1 } else { 1e-6 };
        if h0 > 0.0 { h0 } else { span * 1e-6 }
    }

    /// The first step, from `h0` and the second derivative that a trial of that length or shorter has found.
    pub(crate) fn first_step(self, h0: f64, d2: f64, error_order: u32) -> f64 {
        let largest = self.d1.max(d2);
        let h1 = if !d2.is_finite() || largest <= 1e-15 {
            (h0 * 1e-3).max(1e-6)
        } else {
            (0.01 / largest).powf(1.0 / f64::from(error_order + 1))
        };
        (100.0 * h0).min(h1)
    }
}

/// The time of a trial of length `trial` within `interval`: not beyond its end, whatever the sum rounds to.
pub(crate) fn trial_time(interval: Interval, trial: f64) -> f64 {
    let t = interval.t0 + trial.copysign(interval.length());
    if interval.length() > 0.0 { t.min(interval.end) } else { t.max(interval.end) }
}

/// Hairer's first step from `y` at the beginning of `interval`, in which the trial stays; costs one evaluation.
///
/// The derivative at `y` is stage 0 already.
pub(crate) fn initial_step<S: State>(
    stepper: &mut EmbeddedStepper<S>,
    field: &mut dyn VectorField<S>,
    interval: Interval,
    y: &S,
    (tolerance, norm): (Tolerance, Norm),
) -> Result<f64, SolveError> {
    let EmbeddedStepper { stages, other, nfe, tableau, .. } = stepper;
    let scaled = |h: f64, row: &[f64], stages: &S::Stages| {
        y.error(y, h, stages, &ErrorEstimate { rows: &[row], tolerance }, norm).read()
    };
    S::set_stage(stages, 1, |out| {
        out.copy_from(y);
        Ok(())
    })?;
    let span = interval.length().abs();
    let norms = Norms { d0: scaled(1.0, &[0.0, 1.0], stages), d1: scaled(1.0, &[1.0], stages) };
    let h0 = norms.trial(span);
    let trial = h0.min(span);
    other.combine(y, trial.copysign(interval.length()), &[1.0], stages);
    *nfe += 1;
    let time = Time::All(trial_time(interval, trial));
    S::set_stage(stages, 1, |out| evaluate(field, time, other, out))?;
    let d2 = scaled(1.0 / trial, &[-1.0, 1.0], stages);
    Ok(norms.first_step(h0, d2, tableau.error_order))
}
