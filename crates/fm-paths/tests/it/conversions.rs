//! Every pair of predictions on every schedule: conversions against the definitions.

use fm_paths::{AffinePath, Mix, Prediction, Weighting};
use proptest::prelude::*;

use super::schedules::all;

/// The value of a row on given data and noise.
fn value(row: Mix, x1: f64, x0: f64) -> f64 {
    row.data * x1 + row.noise * x0
}

/// What rounding allows in `q = ([q,p]·z + [z,q]·p)/[z,p]`: 16 roundings of every product in it, the state and the
/// prediction being themselves sums of products of `x1` and `x0`.
fn rounding(z: Mix, p: Mix, q: Mix, x1: f64, x0: f64) -> f64 {
    let size = |a: Mix, b: Mix| (a.data * b.noise).abs() + (a.noise * b.data).abs();
    let determinant = (z.data * p.noise - z.noise * p.data).abs();
    let value = |row: Mix| (row.data * x1).abs() + (row.noise * x0).abs();
    let sum = (size(q, p) * value(z) + size(z, q) * value(p)) / determinant + value(q);
    16.0 * f64::EPSILON * sum * (1.0 + size(z, p) / determinant)
}

proptest! {
    #[test]
    fn every_pair_agrees_with_its_definition(t in 0.02..0.98_f64, x1 in -3.0..3.0_f64, x0 in -3.0..3.0_f64) {
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            let point = fm_paths::Schedule::at(&path.schedule, t);
            let row = Mix { data: point.alpha, noise: point.sigma };
            let z = value(row, x1, x0);
            for given in Prediction::ALL {
                for wanted in Prediction::ALL {
                    let [[state, prediction]] = path.convert(given, wanted, &[t]).unwrap()[..] else { unreachable!() };
                    let got = state * z + prediction * value(given.row(point), x1, x0);
                    let want = value(wanted.row(point), x1, x0);
                    let slack = rounding(row, given.row(point), wanted.row(point), x1, x0);
                    prop_assert!((got - want).abs() <= slack, "{name}: {given} -> {wanted} at {t}: {got} for {want}");
                }
            }
        }
    }

    #[test]
    fn there_and_back_is_the_identity(t in 0.02..0.98_f64, z in -3.0..3.0_f64, p in -3.0..3.0_f64) {
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            for given in Prediction::ALL {
                for via in Prediction::ALL {
                    let there = path.convert(given, via, &[t]).unwrap()[0];
                    let back = path.convert(via, given, &[t]).unwrap()[0];
                    let q = there[0] * z + there[1] * p;
                    let again = back[0] * z + back[1] * q;
                    // The way back multiplies the rounding of the way there, and of its coefficients.
                    let point = path.schedule_at(t);
                    let row = Mix { data: point.alpha, noise: point.sigma };
                    let (g, v) = (given.row(point), via.row(point));
                    let condition = |p: Mix, q: Mix| rounding(row, p, q, 1.0, 1.0) / (16.0 * f64::EPSILON);
                    let slack = 16.0 * f64::EPSILON * (1.0 + condition(g, v)) * (1.0 + condition(v, g)) * (z.abs() + p.abs());
                    prop_assert!((again - p).abs() <= slack, "{name}: {given} -> {via} -> {given}");
                }
            }
        }
    }

    #[test]
    fn transfer_holds_data_and_noise_fixed(
        t in 0.02..0.98_f64, r in 0.0..=1.0_f64, x1 in -3.0..3.0_f64, x0 in -3.0..3.0_f64,
    ) {
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            let (at_t, at_r) = (path.schedule_at(t), path.schedule_at(r));
            let z = at_t.alpha * x1 + at_t.sigma * x0;
            for given in Prediction::ALL {
                let [state, prediction] = path.transfer(given, &[t], &[r]).unwrap()[0];
                let got = state * z + prediction * value(given.row(at_t), x1, x0);
                let [from, to] = [at_t, at_r].map(|point| Mix { data: point.alpha, noise: point.sigma });
                let slack = rounding(from, given.row(at_t), to, x1, x0);
                prop_assert!((got - value(to, x1, x0)).abs() <= slack, "{name}: {given} {t} -> {r}");
            }
        }
    }

    #[test]
    fn a_loss_weight_is_the_ratio_of_squared_errors(t in 0.02..0.98_f64, error in 0.1..2.0_f64) {
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            for predicts in Prediction::ALL {
                for space in Prediction::ALL {
                    let [state, prediction] = path.convert(predicts, space, &[t]).unwrap()[0];
                    let at = |p: f64| state * 0.7 + prediction * p;
                    let ratio = ((at(0.3 + error) - at(0.3)) / error).powi(2);
                    let weight = Weighting::Prediction { space }.weights(&path, predicts, &[t]).unwrap()[0];
                    prop_assert!((weight - ratio).abs() <= 1e-9 * ratio.max(1e-9), "{name}: {predicts} in {space}");
                }
            }
        }
    }

    /// Kingma and Gao 2023, Table 1, against the ε-loss, with λ = log α²/σ²: x: e^{−λ}; v: α²(e^{−λ} + 1)².
    #[test]
    fn the_published_loss_weights(t in 0.02..0.98_f64) {
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            let point = path.schedule_at(t);
            let inverse_snr = (-point.log_snr()).exp();
            let from_noise = |space| Weighting::Prediction { space }.weights(&path, Prediction::Noise, &[t]).unwrap()[0];
            let relative = |a: f64, b: f64| (a / b - 1.0).abs();
            prop_assert!(relative(from_noise(Prediction::Data), inverse_snr) < 1e-12, "{name}");
            let v = point.alpha.powi(2) * (inverse_snr + 1.0).powi(2);
            prop_assert!(relative(from_noise(Prediction::V), v) < 1e-12, "{name}");
        }
    }
}

/// A shorthand of these tests.
trait At {
    fn schedule_at(&self, t: f64) -> fm_paths::SchedulePoint;
}

impl<S: fm_paths::Schedule> At for AffinePath<S> {
    fn schedule_at(&self, t: f64) -> fm_paths::SchedulePoint {
        self.schedule.at(t)
    }
}

#[test]
fn guidance_commutes_with_conversion() {
    let path = AffinePath::new(fm_paths::Cosine);
    let [state, prediction] = path.convert(Prediction::Noise, Prediction::Velocity, &[0.4]).unwrap()[0];
    let [a, b] = fm_paths::classifier_free(3.0);
    let (z, off, on) = (0.3, -1.1, 0.8);
    let guided_then_converted = state * z + prediction * (a * off + b * on);
    let converted_then_guided = a * (state * z + prediction * off) + b * (state * z + prediction * on);
    approx::assert_abs_diff_eq!(guided_then_converted, converted_then_guided, epsilon = 1e-14);
}
