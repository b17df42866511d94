//! Identities between samplers and losses of flow matching and diffusion, on every schedule.

use approx::assert_relative_eq;
use fm_paths::{
    AffinePath, Cosine, Edm, Linear, Preconditioning, Prediction, Rescaled, Schedule, ScheduleChange, Weighting, rows,
};
use proptest::prelude::*;

use super::schedules::all;

/// A denoiser that is no Gaussian's: any function of the noise level and of the sample at unit data amplitude.
fn denoiser(level: f64, x: f64) -> f64 {
    (x / (1.0 + level)).sin() + 0.3 * level / (1.0 + level)
}

/// The data prediction for a state of a schedule.
fn data(schedule: &impl Schedule, t: f64, z: f64) -> f64 {
    let point = schedule.at(t);
    denoiser(point.level(), z / point.alpha)
}

/// One DDIM step.
fn ddim(schedule: &impl Schedule, t: f64, r: f64, z: f64) -> f64 {
    let [a, b] = AffinePath::new(schedule).transfer(Prediction::Data, &[t], &[r]).unwrap()[0];
    a * z + b * data(schedule, t, z)
}

/// Sizes, for bounds that are a number of roundings.
fn close(a: f64, b: f64, size: f64) -> bool {
    (a - b).abs() <= 1e3 * f64::EPSILON * (size + b.abs())
}

proptest! {
    /// An Euler step in z̃ as a function of η: (z/σ, α/σ) with x, (z/α, σ/α) with ε, (z/(α + σ), σ/(α + σ)) with ε − x.
    #[test]
    fn ddim_is_an_euler_step_in_three_forms(t in 0.05..0.9_f64, r in 0.05..0.9_f64, z in -2.0..2.0_f64) {
        for (name, schedule) in all() {
            let (from, to) = (schedule.at(t), schedule.at(r));
            let z = z * (from.alpha + from.sigma);
            let x = data(&schedule, t, z);
            let path = AffinePath::new(&schedule);
            let noise = {
                let [a, b] = path.convert(Prediction::Data, Prediction::Noise, &[t]).unwrap()[0];
                a * z + b * x
            };
            let difference = {
                let [a, b] = path.convert_rows(|p| Prediction::Data.row(p), rows::noise_minus_data, &[t]).unwrap()[0];
                a * z + b * x
            };
            let want = ddim(&schedule, t, r, z);
            let by_x = to.sigma * (z / from.sigma + (to.alpha / to.sigma - from.alpha / from.sigma) * x);
            let by_noise = to.alpha * (z / from.alpha + (to.level() - from.level()) * noise);
            let (from_sum, to_sum) = (from.alpha + from.sigma, to.alpha + to.sigma);
            let by_u = to_sum * (z / from_sum + (to.sigma / to_sum - from.sigma / from_sum) * difference);
            let size = (to.sigma / from.sigma + to.alpha / from.alpha) * (z.abs() + from.alpha * x.abs());
            for (form, got) in [("x", by_x), ("ε", by_noise), ("u", by_u)] {
                prop_assert!(close(got, want, size), "{} {}: {} for {}", name, form, got, want);
            }
        }
    }

    #[test]
    fn edm_ddim_and_flow_matching_steps_agree_at_matched_log_snr(
        t in 0.05..0.9_f64, h in 0.01..0.1_f64, z in -2.0..2.0_f64,
    ) {
        let edm = Edm { sigma_max: 80.0 };
        let r = t + h;
        // Flow matching: Euler with the velocity.
        let u = {
            let [a, b] = AffinePath::new(Linear).convert(Prediction::Data, Prediction::Velocity, &[t]).unwrap()[0];
            a * z + b * data(&Linear, t, z)
        };
        let euler = z + h * u;
        // EDM: Euler in the noise level, x' = x + (ℓ' − ℓ)(x − D)/ℓ, at x = z/α; α = 1/(1 + ℓ) on the linear path.
        let (level, next) = (Linear.at(t).level(), Linear.at(r).level());
        let x = z / t;
        let step = x + (next - level) * (x - denoiser(level, x)) / level;
        prop_assert!(close(step / (1.0 + next), euler, 1.0 / t));
        // DDIM on any schedule, at the times with these levels.
        let times = AffinePath::new(edm).times_of_levels(&[level, next]).unwrap();
        // The times are found to rounding, which the slope of the level multiplies, here and below.
        let size = |slope: f64| (1.0 + slope) * (1.0 + x.abs()) * (1.0 + level);
        let slope = |schedule: &dyn Schedule, times: &[f64]| schedule.d_log_snr(times[0]).max(schedule.d_log_snr(times[1]));
        prop_assert!(close(ddim(&edm, times[0], times[1], x), step, size(slope(&edm, &times))));
        for (name, schedule) in all() {
            let found = AffinePath::new(&schedule).times_of_levels(&[level, next]);
            let Ok(times) = found else { continue };
            let (from, to) = (schedule.at(times[0]), schedule.at(times[1]));
            let got = ddim(&schedule, times[0], times[1], from.alpha * x) / to.alpha;
            prop_assert!(close(got, step, size(slope(&schedule, &times))), "{}: {} {}", name, got, step);
        }
    }

    #[test]
    fn rescaling_does_not_change_ddim_samples(k in -2.0..2.0_f64, z in -2.0..2.0_f64, steps in 1..20_usize) {
        let scaled = Rescaled::new(Cosine, |t: f64| [(k * t).exp(), k * (k * t).exp()]);
        let (mut plain, mut other) = (z, z * (0.05 * k).exp());
        for i in 0..steps {
            let time = |i: usize| 0.05 + 0.95 * i as f64 / steps as f64;
            plain = ddim(&Cosine, time(i), time(i + 1), plain);
            other = ddim(&scaled, time(i), time(i + 1), other);
        }
        prop_assert!(close(other / k.exp(), plain, 1.0 + 100.0 * z.abs()), "{} {}", other, plain);
    }

    /// One ancestral step from λ to λ + Δ is in law the DDIM step to λ + 2Δ and noise back to λ + Δ.
    #[test]
    fn a_ddpm_step_is_a_ddim_step_twice_as_far_and_noise(t in 0.1..0.6_f64, delta in 0.1..1.0_f64, z in -2.0..2.0_f64) {
        for (name, schedule) in all() {
            let log_snr = schedule.log_snr(t);
            let reached = |by: f64| schedule.t_of_log_snr(log_snr + by);
            let (Ok(middle), Ok(far)) = (reached(delta), reached(2.0 * delta)) else { continue };
            let (from, mid, end) = (schedule.at(t), schedule.at(middle), schedule.at(far));
            let (x, z) = (0.4, z * (from.alpha + from.sigma));
            // The posterior of the state at the middle given the state and the data (product of two Gaussians).
            let ratio = from.alpha / mid.alpha;
            let added = from.sigma.powi(2) - (ratio * mid.sigma).powi(2);
            let mean = (ratio * mid.sigma.powi(2) * z + mid.alpha * added * x) / from.sigma.powi(2);
            let variance = added * mid.sigma.powi(2) / from.sigma.powi(2);
            // The other way.
            let [a, b] = AffinePath::new(&schedule).transfer(Prediction::Data, &[t], &[far]).unwrap()[0];
            let back = mid.alpha / end.alpha;
            let size = (z.abs() + 1.0) * (mid.alpha + mid.sigma) / (from.alpha.min(from.sigma));
            let slope = 1.0 + schedule.d_log_snr(far);
            prop_assert!(close(back * (a * z + b * x), mean, slope * size), "{}: mean", name);
            let noised = mid.sigma.powi(2) - (back * end.sigma).powi(2);
            // Both variances are differences of squares.
            prop_assert!(close(noised, variance, slope * (mid.sigma + 1.0).powi(2)), "{}: variance {} {}", name, noised, variance);
        }
    }

    #[test]
    fn a_network_of_another_schedule_says_the_same(t in 0.05..0.95_f64, x1 in -2.0..2.0_f64, x0 in -2.0..2.0_f64) {
        for (name, trained) in all() {
            let change = ScheduleChange { trained: &trained, sampled: Cosine };
            let Ok(ask) = change.matched(&[t]) else { continue };
            let (ours, theirs) = (Cosine.at(t), trained.at(ask[0].time));
            let z = ours.alpha * x1 + ours.sigma * x0;
            let slope = 1.0 + trained.d_log_snr(ask[0].time);
            prop_assert!(close(ask[0].scale * z, theirs.alpha * x1 + theirs.sigma * x0, 10.0 * slope * (theirs.alpha + theirs.sigma)), "{}", name);
            for given in Prediction::ALL {
                for wanted in Prediction::ALL {
                    let [a, b] = change.convert(given, wanted, &[t]).unwrap()[0];
                    let (p, q) = (given.row(theirs), wanted.row(ours));
                    let (p, q) = (p.data * x1 + p.noise * x0, q.data * x1 + q.noise * x0);
                    let size = 10.0 * slope * (a.abs() + (b * p).abs());
                    prop_assert!(close(a * z + b * p, q, size), "{}: {} to {}", name, given, wanted);
                }
            }
        }
    }

    #[test]
    fn the_sde_drift_is_the_velocity_and_half_of_g_squared_score(
        t in 0.05..0.95_f64, g in 0.0..3.0_f64, x1 in -2.0..2.0_f64, x0 in -2.0..2.0_f64,
    ) {
        for (name, schedule) in all() {
            let (path, point) = (AffinePath::new(&schedule), schedule.at(t));
            let value = |p: Prediction| p.row(point).data * x1 + p.row(point).noise * x0;
            let z = point.alpha * x1 + point.sigma * x0;
            let want = value(Prediction::Velocity) + 0.5 * g * g * value(Prediction::Score);
            for given in Prediction::ALL {
                let [a, b] = path.sde_drift(given, &[t], &[g]).unwrap()[0];
                let size = (a * z).abs() + a.abs() * (point.alpha + point.sigma) + (b * value(given)).abs() + b.abs();
                prop_assert!(close(a * z + b * value(given), want, size), "{}: {}", name, given);
            }
            // At η = 1 it is f·z + g²·score: the reversed noising process.
            let g2 = schedule.g2(t);
            let drift = rows::sde_drift(point, schedule.diffusion_of_eta(t, 1.0));
            let reversed = schedule.drift(t) * z + g2 * value(Prediction::Score);
            prop_assert!(close(drift.data * x1 + drift.noise * x0, reversed, 10.0 * (g2 / point.sigma + schedule.drift(t) * (point.alpha + point.sigma))), "{}", name);
        }
    }

    #[test]
    fn a_preconditioned_network_is_a_row(t in 0.05..0.95_f64, z in -2.0..2.0_f64, f in -2.0..2.0_f64) {
        let all_kinds = [
            Preconditioning::Edm { sigma_data: 0.5 },
            Preconditioning::Vp { beta: fm_paths::LinearBeta::default(), steps: 1000 },
            Preconditioning::Ve,
            Preconditioning::Iddpm(fm_paths::IddpmBeta::default()),
        ];
        for (name, schedule) in all() {
            let point = schedule.at(t);
            for kind in all_kinds {
                let c = kind.coefficients(point.level()).unwrap();
                let want = c.c_skip * z / point.alpha + c.c_out * f;
                let [a, b] = AffinePath::new(&schedule)
                    .convert_rows(|p| kind.row(p), |p| Prediction::Data.row(p), &[t]).unwrap()[0];
                prop_assert!(close(a * z + b * f, want, (a * z).abs() + (b * f).abs()), "{}: {:?}", name, kind);
                prop_assert!(close(kind.input_scale(point), c.c_in / point.alpha, 0.0), "{}: {:?}", name, kind);
                let row = kind.row(point);
                let from_definition = [(1.0 - c.c_skip) / c.c_out, -c.c_skip * point.level() / c.c_out];
                prop_assert!(close(row.data, from_definition[0], 1.0 / c.c_out.abs()), "{}: {:?}", name, kind);
                prop_assert!(close(row.noise, from_definition[1], 0.0), "{}: {:?}", name, kind);
            }
        }
    }

    /// Flow matching's loss is the v-loss of the cosine schedule: as a density over log-SNR their ε-weights are in a
    /// constant ratio of π/2 (Kingma and Gao 2023).
    #[test]
    fn flow_matching_is_the_v_loss_on_the_cosine_schedule(log_snr in -10.0..10.0_f64) {
        let weight = |schedule: &dyn Schedule, space| {
            let t = schedule.t_of_log_snr(log_snr).unwrap();
            let path = AffinePath::new(schedule);
            let weight = Weighting::Prediction { space }.weights(&path, Prediction::Noise, &[t]).unwrap()[0];
            weight / schedule.d_log_snr(t)
        };
        let flow = weight(&Linear, Prediction::Velocity);
        let v = weight(&Cosine, Prediction::V);
        prop_assert!((flow / v / std::f64::consts::FRAC_PI_2 - 1.0).abs() < 1e-11, "{} {}", flow, v);
        // Both are e^{−λ/2}, flow matching's with a half. The v-loss on the linear schedule is not.
        prop_assert!((flow / (0.5 * (-0.5 * log_snr).exp()) - 1.0).abs() < 1e-11);
        let other = weight(&Linear, Prediction::V);
        prop_assert!(log_snr.abs() > 1.0 || (other / v / std::f64::consts::FRAC_PI_2 - 1.0).abs() > 0.1);
    }

    #[test]
    fn the_weights_of_the_literature(t in 0.02..0.98_f64) {
        let space = |space, predicts, path: &AffinePath<_>| {
            Weighting::Prediction { space }.weights(path, predicts, &[t]).unwrap()[0]
        };
        for (name, schedule) in all() {
            let path = AffinePath::new(schedule);
            let (snr, level) = (path.schedule.snr(t), path.schedule.at(t).level());
            for predicts in Prediction::ALL {
                let x = space(Prediction::Data, predicts, &path);
                let table = [
                    (Weighting::Snr, snr * x),
                    (Weighting::TruncatedSnr, snr.max(1.0) * x),
                    (Weighting::MinSnr { gamma: 5.0 }, snr.min(5.0) * x),
                    (Weighting::Edm { sigma_data: 0.5 }, (level * level + 0.25) / (0.5 * level).powi(2) * x),
                    (
                        Weighting::Sd3 { mean: 0.3, std: 1.0 },
                        fm_paths::TimeLaw::LogitNormal { mean: 0.3, std: 1.0 }.density(t)
                            * space(Prediction::Velocity, predicts, &path),
                    ),
                    (
                        Weighting::Sigmoid { bias: 2.0 },
                        path.schedule.d_log_snr(t) / (1.0 + snr * (-2.0_f64).exp()) * snr * x,
                    ),
                ];
                for (weighting, want) in table {
                    let got = weighting.weights(&path, predicts, &[t]).unwrap()[0];
                    prop_assert!((got / want - 1.0).abs() < 1e-9, "{}: {:?} of {}: {} {}", name, weighting, predicts, got, want);
                }
            }
        }
    }
}

#[test]
fn one_heun_step_does_depend_on_the_schedule() {
    // The identity of first-order steps is no identity of solvers: it can fail.
    let heun = |schedule: &dyn Schedule, t: f64, r: f64, z: f64| {
        let path = AffinePath::new(schedule);
        let u = |t: f64, z: f64| {
            let [a, b] = path.convert(Prediction::Data, Prediction::Velocity, &[t]).unwrap()[0];
            a * z + b * data(&schedule, t, z)
        };
        let (h, k1) = (r - t, u(t, z));
        z + 0.5 * h * (k1 + u(r, z + h * k1))
    };
    let linear = heun(&Linear, 0.3, 0.6, 0.5) / 0.6;
    let times = AffinePath::new(Edm::default()).times_of_levels(&[7.0 / 3.0, 2.0 / 3.0]).unwrap();
    let edm = heun(&Edm::default(), times[0], times[1], 0.5 / 0.3);
    assert!((linear - edm).abs() > 1e-3, "{linear} {edm}");
}

#[test]
fn edm_weighs_its_own_output_by_one() {
    let path = AffinePath::new(Edm::default());
    for t in [0.0, 0.3, 0.999, 1.0] {
        let own = Preconditioning::Edm { sigma_data: 0.5 };
        let [_, f] = path.convert_rows(|p| Prediction::V.row(p), |p| own.row(p), &[t]).unwrap()[0];
        let weight = Weighting::Edm { sigma_data: 0.5 }.weights(&path, Prediction::V, &[t]).unwrap()[0];
        assert_relative_eq!(weight, f * f, max_relative = 1e-14);
    }
}

#[test]
fn preconditioned_steps_are_those_of_the_table() {
    let iddpm = fm_paths::IddpmBeta { steps: 4, offset: 0.008 };
    let level = |k: f64| fm_paths::Beta::integral(&iddpm, k / 4.0).exp_m1().sqrt();
    let noise = |l: f64| Preconditioning::Iddpm(iddpm).coefficients(l).unwrap().c_noise;
    assert_eq!([1e-9, level(1.0), level(2.0), level(3.0), level(4.0), 1e9].map(noise), [0.0, 0.0, 1.0, 2.0, 3.0, 3.0]);
    assert_eq!(noise(0.49 * level(2.0) + 0.51 * level(3.0)), 2.0);
    assert_eq!(noise(0.51 * level(2.0) + 0.49 * level(3.0)), 1.0);
    let vp = Preconditioning::Vp { beta: fm_paths::LinearBeta::default(), steps: 1000 };
    let end = fm_paths::Vp(fm_paths::LinearBeta::default()).at(0.0).level();
    assert_relative_eq!(vp.coefficients(end).unwrap().c_noise, 999.0, max_relative = 1e-12);
    assert!(vp.coefficients(0.0).is_err() && vp.coefficients(f64::NAN).is_err());
    // ¼ log ℓ and log(ℓ/2), at a level of e⁴.
    let noise = |kind: Preconditioning| kind.coefficients(4.0_f64.exp()).unwrap().c_noise;
    assert_relative_eq!(noise(Preconditioning::Edm { sigma_data: 0.5 }), 1.0, max_relative = 1e-15);
    assert_relative_eq!(noise(Preconditioning::Ve), 4.0 - 2.0_f64.ln(), max_relative = 1e-15);
}

#[test]
fn infinite_weights_and_bad_parameters_are_errors() {
    use fm_paths::PathError::{Parameter, Weight};
    let path = AffinePath::new(Linear);
    let at = |weighting: Weighting, predicts, t| weighting.weights(&path, predicts, &[0.5, t]);
    assert_eq!(at(Weighting::Snr, Prediction::Noise, 0.0).unwrap()[1], 1.0);
    assert_eq!(at(Weighting::Snr, Prediction::Data, 1.0), Err(Weight { t: 1.0, index: 1 }));
    assert_eq!(at(Weighting::MinSnr { gamma: 5.0 }, Prediction::Data, 1.0).unwrap()[1], 5.0);
    assert_eq!(at(Weighting::Sigmoid { bias: 2.0 }, Prediction::Noise, 0.0), Err(Weight { t: 0.0, index: 1 }));
    assert_eq!(at(Weighting::Sd3 { mean: 0.0, std: 1.0 }, Prediction::Velocity, 1.0).unwrap()[1], 0.0);
    assert!(matches!(at(Weighting::MinSnr { gamma: 0.0 }, Prediction::V, 0.5), Err(Parameter { name: "gamma", .. })));
    assert!(matches!(at(Weighting::Edm { sigma_data: -1.0 }, Prediction::V, 0.5), Err(Parameter { .. })));
    let change = ScheduleChange { trained: Edm { sigma_max: 1.0 }, sampled: Linear };
    assert!(matches!(change.matched(&[0.1]), Err(fm_paths::PathError::LogSnrOutOfRange { .. })));
    let all_of_it = ScheduleChange { trained: Cosine, sampled: Linear };
    let ends = all_of_it.matched(&[0.0, 1.0]).unwrap();
    assert_eq!(ends.iter().map(|m| (m.time, m.scale)).collect::<Vec<_>>(), [(0.0, 1.0), (1.0, 1.0)]);
}
