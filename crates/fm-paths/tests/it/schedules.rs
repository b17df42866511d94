//! Exact ends, derivatives, and what the literature says of each schedule.

use approx::assert_relative_eq;
use fm_paths::{Cosine, Linear, NamedSchedule, Prediction, Schedule};
use proptest::prelude::*;

pub(crate) fn all() -> [(&'static str, Box<dyn Schedule + Sync>); 4] {
    [
        ("linear", Box::new(Linear)),
        ("cosine", Box::new(Cosine)),
        ("named linear", Box::new(NamedSchedule::Linear)),
        ("named cosine", Box::new(NamedSchedule::Cosine)),
    ]
}

#[test]
fn ends_are_exact() {
    for (name, schedule) in all() {
        let (source, data) = (schedule.at(0.0), schedule.at(1.0));
        assert_eq!((source.alpha, source.sigma, data.alpha, data.sigma), (0.0, 1.0, 1.0, 0.0), "{name}");
        assert_eq!((source.log_snr(), data.log_snr()), (f64::NEG_INFINITY, f64::INFINITY), "{name}");
    }
}

proptest! {
    /// Fourth-order central differences with h = 1e-3: truncation below h⁴ times the fifth derivative, (π/2)⁵ h⁴/30.
    #[test]
    fn derivatives_are_those_of_the_amplitudes(t in 0.01..0.99_f64) {
        let h = 1e-3;
        for (name, schedule) in all() {
            let difference = |f: fn(fm_paths::SchedulePoint) -> f64| {
                let at = |k: f64| f(schedule.at(t + k * h));
                (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h)
            };
            let point = schedule.at(t);
            prop_assert!((point.d_alpha - difference(|p| p.alpha)).abs() < 1e-12 + 1e-12 / h, "{} at {}", name, t);
            prop_assert!((point.d_sigma - difference(|p| p.sigma)).abs() < 1e-12 + 1e-12 / h, "{} at {}", name, t);
        }
    }

    #[test]
    fn the_amplitudes_are_monotone(a in 0.0..=1.0_f64, b in 0.0..=1.0_f64) {
        prop_assume!(a < b);
        for (name, schedule) in all() {
            let (a, b) = (schedule.at(a), schedule.at(b));
            prop_assert!(a.alpha <= b.alpha && a.sigma >= b.sigma, "{}", name);
        }
    }

    #[test]
    fn cosine_preserves_variance_and_turns_v_into_velocity(t in 0.0..=1.0_f64) {
        let point = Cosine.at(t);
        prop_assert!((point.alpha.powi(2) + point.sigma.powi(2) - 1.0).abs() < 1e-15);
        let (u, v) = (Prediction::Velocity.row(point), Prediction::V.row(point));
        prop_assert!((u.data + std::f64::consts::FRAC_PI_2 * v.data).abs() < 1e-15);
        prop_assert!((u.noise + std::f64::consts::FRAC_PI_2 * v.noise).abs() < 1e-15);
    }
}

#[test]
fn log_snr_of_the_linear_schedule() {
    // λ = 2 log(t/(1−t)): the logistic curve of flow matching.
    assert_relative_eq!(Linear.at(0.8).log_snr(), 2.0 * 4.0_f64.ln(), max_relative = 1e-15);
}
