//! Choosing the next step from the errors of the last ones.
//!
//! Numbers in, a number out: a controller knows neither states nor methods, so one serves a batch and a thousand of them
//! serve a thousand samples. I, PI and PID are one formula with some coefficients zero.

/// How the step size follows the error.
///
/// ```text
/// h' = h * clamp(safety * e_n^(-(p+i+d)/k) * e_(n-1)^((p+2d)/k) * e_(n-2)^(-d/k)),    k = error order + 1
/// ```
///
/// where `e` is the error in units of the tolerance. A step with `e <= 1` is accepted. After a rejected step the older
/// errors are not looked at, and the step that follows may not grow.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `p` | 0 | proportional coefficient | finite |
/// | `i` | 1 | integral coefficient | finite, `p + i + d > 0` |
/// | `d` | 0 | derivative coefficient | finite |
/// | `safety` | 0.9 | aim at this fraction of the step that would just do | (0, 1] |
/// | `min_factor` | 0.2 | shrink at most to this fraction | (0, 1) |
/// | `max_factor` | 10 | grow at most to this multiple | > 1, finite |
///
/// # References
/// Hairer, Norsett & Wanner 1993, eqs. II.4.12 and II.4.13; Söderlind 2003, Digital filters in adaptive time-stepping,
/// ACM TOMS 29.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StepControl {
    /// Proportional coefficient.
    pub p: f64,
    /// Integral coefficient.
    pub i: f64,
    /// Derivative coefficient.
    pub d: f64,
    /// The fraction of the step that would just do.
    pub safety: f64,
    /// The strongest shrinking.
    pub min_factor: f64,
    /// The strongest growth.
    pub max_factor: f64,
}

impl StepControl {
    /// The integral controller of torchdiffeq, SciPy and diffrax. The default.
    pub const I: Self = Self { p: 0.0, i: 1.0, d: 0.0, safety: 0.9, min_factor: 0.2, max_factor: 10.0 };

    /// The stabilised controller of Hairer's DOPRI5, `beta = 0.04`: fewer rejected steps where stability limits them.
    pub const PI: Self = Self { p: 0.2, i: 0.65, ..Self::I };

    /// The controller of Hairer's DOP853: integral, with factors between 0.333 and 6.
    pub const DOP853: Self = Self { min_factor: 0.333, max_factor: 6.0, ..Self::I };

    /// The first field outside its range, if any: its name, its value and the range.
    pub(crate) fn invalid(&self) -> Option<(&'static str, f64, &'static str)> {
        let sum = self.p + self.i + self.d;
        let checks = [
            (sum > 0.0 && sum.is_finite() && self.d.is_finite(), "control.p + i + d", sum, "above zero and finite"),
            (self.safety > 0.0 && self.safety <= 1.0, "control.safety", self.safety, "in (0, 1]"),
            (self.min_factor > 0.0 && self.min_factor < 1.0, "control.min_factor", self.min_factor, "in (0, 1)"),
            (
                self.max_factor > 1.0 && self.max_factor.is_finite(),
                "control.max_factor",
                self.max_factor,
                "above 1 and finite",
            ),
        ];
        checks.into_iter().find(|(valid, ..)| !valid).map(|(_, name, value, range)| (name, value, range))
    }
}

impl Default for StepControl {
    fn default() -> Self {
        Self::I
    }
}

/// A [`StepControl`] with the errors that it remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Controller {
    control: StepControl,
    /// `error order + 1`.
    k: f64,
    /// The last two accepted errors, newest first.
    errors: [f64; 2],
    rejected: bool,
}

/// What to do with a trial step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) accept: bool,
    /// The next step size as a multiple of this one.
    pub(crate) factor: f64,
}

impl Controller {
    /// Smaller errors count as this one, so that one lucky step does not decide about the next; also the error before
    /// the first. As in DOPRI5.
    const FLOOR: f64 = 1e-4;

    pub(crate) fn new(control: StepControl, error_order: u32) -> Self {
        Self { control, k: f64::from(error_order + 1), errors: [Self::FLOOR; 2], rejected: false }
    }

    /// Decides about a step with a finite error.
    pub(crate) fn decide(&mut self, error: f64) -> Decision {
        let StepControl { p, i, d, safety, min_factor, max_factor } = self.control;
        let response = safety * error.powf(-(p + i + d) / self.k);
        if error > 1.0 {
            self.rejected = true;
            return Decision { accept: false, factor: response.clamp(min_factor, safety) };
        }
        let [last, before] = self.errors;
        // Integral control remembers nothing, and a power takes longer than all else here.
        let remembers = p != 0.0 || d != 0.0;
        let history = if remembers { last.powf((p + 2.0 * d) / self.k) * before.powf(-d / self.k) } else { 1.0 };
        let ceiling = if self.rejected { 1.0 } else { max_factor };
        self.errors = [error.max(Self::FLOOR), last];
        self.rejected = false;
        Decision { accept: true, factor: (response * history).clamp(min_factor, max_factor).min(ceiling) }
    }

    /// Shrinks as far as allowed: for a step without a finite error.
    pub(crate) fn reject(&mut self) -> f64 {
        self.rejected = true;
        self.control.min_factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(control: StepControl) -> Controller {
        Controller::new(control, 4)
    }

    #[test]
    fn integral_control_aims_at_the_tolerance() {
        for (error, factor) in [(1.0, 0.9), (0.5_f64.powi(5), 1.8), (0.0, 10.0), (1e-9, 10.0)] {
            let decision = controller(StepControl::I).decide(error);
            assert!(decision.accept && (decision.factor - factor).abs() < 1e-14, "{decision:?}");
        }
        for (error, factor) in [(2.0_f64.powi(5), 0.45), (1e9, 0.2)] {
            let decision = controller(StepControl::I).decide(error);
            assert!(!decision.accept && (decision.factor - factor).abs() < 1e-14, "{decision:?}");
        }
    }

    #[test]
    fn no_growth_after_a_rejection() {
        let mut controller = controller(StepControl::I);
        assert!(!controller.decide(3.0).accept);
        assert_eq!(controller.decide(1e-9), Decision { accept: true, factor: 1.0 });
        assert_eq!(controller.decide(1e-9), Decision { accept: true, factor: 10.0 });
        assert_eq!(controller.reject(), 0.2);
        assert_eq!(controller.decide(0.0).factor, 1.0);
    }

    #[test]
    fn the_pi_controller_is_that_of_dopri5() {
        // dopri5.f: FAC11 = ERR**(0.2 - 0.75 BETA), FAC = FAC11 / FACOLD**BETA, HNEW = H / (FAC / SAFE), BETA = 0.04.
        let mut controller = controller(StepControl::PI);
        let mut old: f64 = 1e-4;
        for error in [0.3_f64, 0.02, 0.9, 0.5] {
            let expected = 0.9 / (error.powf(0.2 - 0.75 * 0.04) / old.powf(0.04));
            assert!((controller.decide(error).factor / expected - 1.0).abs() < 1e-14);
            old = error;
        }
    }

    #[test]
    fn derivative_control_looks_two_steps_back() {
        let mut controller = controller(StepControl { p: 0.3, i: 0.5, d: 0.1, ..StepControl::I });
        controller.decide(0.2);
        controller.decide(0.4);
        let expected = 0.9 * 0.6_f64.powf(-0.9 / 5.0) * 0.4_f64.powf(0.5 / 5.0) * 0.2_f64.powf(-0.1 / 5.0);
        assert!((controller.decide(0.6).factor / expected - 1.0).abs() < 1e-14);
    }

    #[test]
    fn fields_have_ranges() {
        assert_eq!(StepControl::default().invalid(), None);
        let wrong = [
            StepControl { i: 0.0, ..StepControl::I },
            StepControl { safety: 1.5, ..StepControl::I },
            StepControl { min_factor: 1.0, ..StepControl::I },
            StepControl { max_factor: f64::INFINITY, ..StepControl::I },
            StepControl { p: f64::NAN, ..StepControl::I },
        ];
        assert!(wrong.iter().all(|control| control.invalid().is_some()));
    }
}
