//! Adams methods: the step is the integral of the polynomial through the last derivatives.
//!
//! One evaluation per step whatever the order (two with a corrector), at the price of a start by a Runge-Kutta method and
//! of a history that a jump of the field spoils. The weights are integrated for the grid at hand, so that steps may
//! differ; the textbook's weights are those of equal steps. Rejected: tables of weights, which refuse every other grid.

use crate::runge_kutta::evaluate;
use crate::{SolveError, State, Tableau, Time, VectorField};

/// An Adams method.
///
/// ```text
/// predictor: y1 = y0 + h sum_j w_j u(t_(n-j)),         w_j = 1/h int_(t_n)^(t_(n+1)) L_j(t) dt
/// corrector: the same with u(t_(n+1), predicted) in place of the oldest derivative
/// ```
///
/// where `L_j` are Lagrange's polynomials of the times whose derivatives are used.
///
/// # References
/// Hairer, Norsett & Wanner 1993, section III.1, eqs. 1.5 and 1.8; section III.5 for unequal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adams {
    /// The method's name, as configuration files write it.
    pub name: &'static str,
    /// The order of the global error, which is the number of derivatives used: 2 to 4.
    pub order: u32,
    /// Whether the predicted step is corrected with the derivative at its end (PECE: two evaluations per step).
    pub corrector: bool,
    /// The Runge-Kutta method of the first `order - 1` steps.
    pub start: &'static Tableau,
}

impl Adams {
    /// Adams-Bashforth of order 2, started by Heun's method: order 2 at one evaluation per step.
    pub const AB2: Self = Self { name: "ab2", order: 2, corrector: false, start: &Tableau::HEUN };
    /// Adams-Bashforth of order 3, started by the classical Runge-Kutta method.
    pub const AB3: Self = Self { name: "ab3", order: 3, corrector: false, start: &Tableau::RK4 };
    /// Adams-Bashforth of order 4, started by the classical Runge-Kutta method.
    pub const AB4: Self = Self { name: "ab4", order: 4, corrector: false, start: &Tableau::RK4 };
    /// Adams-Bashforth-Moulton of order 4: predict, evaluate, correct, evaluate. Two evaluations per step for an error some
    /// ten times smaller than that of [`AB4`](Self::AB4), and steps more than twice as long before it is unstable.
    pub const ABM4: Self = Self { name: "abm4", order: 4, corrector: true, start: &Tableau::RK4 };

    fn history(&self) -> usize {
        self.order as usize
    }

    /// Evaluations for so many steps, with those of the start.
    pub fn nfe(&self, steps: usize) -> u64 {
        let start = steps.min(self.history() - 1);
        (start * self.start.stages() + (steps - start) * (1 + usize::from(self.corrector))) as u64
    }
}

/// An Adams method with the derivatives that it remembers.
pub(crate) struct AdamsStepper<'a, S: State> {
    method: &'a Adams,
    work: S,
    /// The history, as a ring, then the later stages of the start; the corrector's derivative takes the first of those.
    stages: S::Stages,
    /// Times of the history.
    times: Vec<f64>,
    row: Vec<f64>,
    steps: usize,
}

impl<'a, S: State> AdamsStepper<'a, S> {
    pub(crate) fn new(method: &'a Adams, y: &S) -> Self {
        let slots = method.history() + method.start.stages() - 1;
        Self {
            method,
            work: y.alloc_like(),
            stages: y.stages(slots),
            times: vec![0.0; method.history()],
            row: vec![0.0; slots],
            steps: 0,
        }
    }

    /// Takes `y` from `t0`, where the last step ended, to `t1`.
    pub(crate) fn step(
        &mut self,
        field: &mut dyn VectorField<S>,
        t0: f64,
        t1: f64,
        y: &mut S,
    ) -> Result<(), SolveError> {
        let history = self.method.history();
        let newest = self.steps % history;
        S::set_stage(&mut self.stages, newest, |out| evaluate(field, Time::All(t0), y, out))?;
        self.times[newest] = t0;
        if self.steps + 1 < history {
            self.start(field, newest, (t0, t1), y)?;
        } else {
            weights(&self.times, t0, t1, &mut self.row[..history]);
            self.work.combine(y, t1 - t0, &self.row[..history], &self.stages);
            if self.method.corrector {
                self.correct(field, newest, (t0, t1), y)?;
            }
        }
        std::mem::swap(y, &mut self.work);
        self.steps += 1;
        Ok(())
    }

    /// A step of the starting method, whose first stage is in the history already.
    fn start(
        &mut self,
        field: &mut dyn VectorField<S>,
        newest: usize,
        (t0, t1): (f64, f64),
        y: &S,
    ) -> Result<(), SolveError> {
        let Self { method, work, stages, row, .. } = self;
        let (history, start, h) = (method.history(), method.start, t1 - t0);
        let mut combine = |coefficients: &[f64], stages: &S::Stages, work: &mut S| {
            row.fill(0.0);
            row[newest] = coefficients[0];
            row[history..][..coefficients.len() - 1].copy_from_slice(&coefficients[1..]);
            work.combine(y, h, row, stages);
        };
        for (i, (coefficients, &c)) in start.a.iter().zip(start.c).enumerate().skip(1) {
            combine(coefficients, stages, work);
            let t = Time::All(if c == 1.0 { t1 } else { t0 + c * h });
            S::set_stage(stages, history + i - 1, |out| evaluate(field, t, work, out))?;
        }
        combine(start.b, stages, work);
        Ok(())
    }

    /// Replaces the prediction by the step through its derivative in place of the oldest.
    fn correct(
        &mut self,
        field: &mut dyn VectorField<S>,
        newest: usize,
        (t0, t1): (f64, f64),
        y: &S,
    ) -> Result<(), SolveError> {
        let Self { method, work, stages, row, times, .. } = self;
        let history = method.history();
        S::set_stage(stages, history, |out| evaluate(field, Time::All(t1), work, out))?;
        // The oldest is overwritten in the next step anyway: lend its place to the new time.
        let oldest = (newest + 1) % history;
        times[oldest] = t1;
        weights(times, t0, t1, &mut row[..history]);
        row[history] = std::mem::take(&mut row[oldest]);
        work.combine(y, t1 - t0, &row[..=history], stages);
        Ok(())
    }
}

/// The means over the step of Lagrange's polynomials of `times`, by Gauss' rule of two points, which is exact for the
/// polynomials of degree three that four times have.
fn weights(times: &[f64], t0: f64, t1: f64, weights: &mut [f64]) {
    let (middle, offset) = (0.5 * (t0 + t1), (t1 - t0) / 12.0_f64.sqrt());
    for (j, (weight, &node)) in weights.iter_mut().zip(times).enumerate() {
        let lagrange = |t: f64| -> f64 {
            let others = times.iter().enumerate().filter(|(m, _)| *m != j);
            others.map(|(_, &other)| (t - other) / (node - other)).product()
        };
        *weight = 0.5 * (lagrange(middle - offset) + lagrange(middle + offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights_of(times: &[f64], t0: f64, t1: f64) -> Vec<f64> {
        let mut found = vec![0.0; times.len()];
        weights(times, t0, t1, &mut found);
        found
    }

    #[test]
    fn equal_steps_have_the_weights_of_the_textbooks() {
        // Hairer, Norsett & Wanner 1993, eqs. III.1.5 and III.1.9.
        let cases: [(&[f64], &[f64], f64); 5] = [
            (&[0.0, -1.0], &[3.0, -1.0], 2.0),
            (&[0.0, -1.0, -2.0], &[23.0, -16.0, 5.0], 12.0),
            (&[0.0, -1.0, -2.0, -3.0], &[55.0, -59.0, 37.0, -9.0], 24.0),
            (&[1.0, 0.0], &[1.0, 1.0], 2.0),
            (&[1.0, 0.0, -1.0, -2.0], &[9.0, 19.0, -5.0, 1.0], 24.0),
        ];
        for (times, numerators, denominator) in cases {
            for (found, numerator) in weights_of(times, 0.0, 1.0).iter().zip(numerators) {
                assert!((found - numerator / denominator).abs() < 1e-14, "{times:?}");
            }
        }
    }

    #[test]
    fn unequal_steps_integrate_cubics_exactly() {
        let times = [0.3, 0.1, -0.4, -0.5];
        let cubic = |t: f64| 1.0 - 2.0 * t + 0.5 * t * t + 4.0 * t.powi(3);
        let integral = |t: f64| t - t * t + t.powi(3) / 6.0 + t.powi(4);
        let sum: f64 = weights_of(&times, 0.3, 0.37).iter().zip(times).map(|(w, t)| w * cubic(t)).sum();
        assert!((0.07 * sum - (integral(0.37) - integral(0.3))).abs() < 1e-14);
    }
}
