//! Exact ends, derivatives, inverses, and what the literature says of each schedule.

use std::f64::consts::{FRAC_PI_2, PI};

use approx::assert_relative_eq;
use fm_paths::{
    AlphaTable, Beta, BetaFn, BetaNumeric, BetaTable, Cosine, DdpmBeta, Edm, FromLogSnr, FromSde, IddpmBeta, Linear,
    LinearBeta, LinearSigmaMin, LinearVp, NamedSchedule, PathError, Polynomial, Prediction, Reparametrised, Rescaled,
    Reversed, Schedule, SchedulePoint, SchedulePoints, Ve, Vp,
};
use proptest::prelude::*;

/// The schedules that run from exactly (0, 1) to exactly (1, 0) with finite rates throughout, to be shared by threads.
pub(crate) fn regular() -> [(&'static str, Box<dyn Schedule + Sync>); 3] {
    [("linear", Box::new(Linear)), ("cosine", Box::new(Cosine)), ("polynomial", Box::new(Polynomial { power: 2.0 }))]
}

/// The schedules that a configuration can name.
pub(crate) fn named() -> Vec<(&'static str, NamedSchedule)> {
    vec![
        ("linear", NamedSchedule::Linear),
        ("linear-sigma-min", NamedSchedule::LinearSigmaMin(LinearSigmaMin { sigma_min: 0.1 })),
        ("cosine", NamedSchedule::Cosine),
        ("polynomial", NamedSchedule::Polynomial(Polynomial { power: 2.5 })),
        ("linear-vp", NamedSchedule::LinearVp),
        ("vp", NamedSchedule::Vp(Vp::default())),
        ("ddpm", NamedSchedule::Ddpm(Vp::default())),
        ("iddpm", NamedSchedule::Iddpm(Vp::default())),
        ("ve", NamedSchedule::Ve(Ve::default())),
        ("edm", NamedSchedule::Edm(Edm::default())),
    ]
}

/// Linear, written with the data at time 0.
struct Backwards;

impl Schedule for Backwards {
    fn at(&self, s: f64) -> SchedulePoint {
        SchedulePoint { alpha: 1.0 - s, sigma: s, d_alpha: -1.0, d_sigma: 1.0 }
    }
}

/// The cosine schedule by its log-SNR, with nothing said about the rates at its ends.
pub(crate) fn cosine_by_log_snr() -> FromLogSnr<impl Fn(f64) -> f64 + Sync, impl Fn(f64) -> f64 + Sync> {
    let sin = |t: f64| (FRAC_PI_2 * t).sin();
    let log_snr = move |t: f64| 2.0 * (sin(t).ln() - sin(1.0 - t).ln());
    FromLogSnr::new(log_snr, move |t| PI / (sin(t) * sin(1.0 - t))).unwrap()
}

/// Every schedule and wrapper, to be shared by threads.
pub(crate) fn all() -> Vec<(&'static str, Box<dyn Schedule + Sync>)> {
    let mut all: Vec<(_, Box<dyn Schedule + Sync>)> =
        named().into_iter().map(|(name, schedule)| (name, Box::new(schedule) as Box<dyn Schedule + Sync>)).collect();
    let beta = |s: f64| 0.5 + 9.0 * s * s;
    all.push(("vp of a function", Box::new(Vp(BetaFn::new(beta, |s: f64| 0.5 * s + 3.0 * s.powi(3)).unwrap()))));
    all.push(("vp by quadrature", Box::new(Vp(BetaNumeric::new(beta).unwrap()))));
    all.push(("table", Box::new(Vp(BetaTable::from_betas(&[0.05, 0.2, 0.1, 0.6, 0.5]).unwrap()))));
    let zero_terminal = AlphaTable::from_betas(&[0.05, 0.2, 0.1, 0.6, 0.5]).unwrap().zero_terminal_snr().unwrap();
    all.push(("zero terminal", Box::new(zero_terminal)));
    all.push(("from log-SNR", Box::new(FromLogSnr::new(|t| -9.0 + 20.0 * t, |_| 20.0).unwrap())));
    all.push(("from infinite log-SNR", Box::new(cosine_by_log_snr().with_end_rates(FRAC_PI_2, -FRAC_PI_2).unwrap())));
    all.push(("from SDE", Box::new(FromSde::new(|s| -0.5 - s, |s| 1.0 + 2.0 * s).unwrap())));
    all.push(("rescaled", Box::new(Rescaled::new(Cosine, |t: f64| [(0.5 * t).exp(), 0.5 * (0.5 * t).exp()]))));
    all.push(("reparametrised", Box::new(Reparametrised::new(LinearVp, |t| [0.5 * t * (1.0 + t), 0.5 + t]))));
    all.push(("reversed", Box::new(Reversed(Backwards))));
    all
}

#[test]
fn the_ends() {
    // α σ at t = 0 | α σ at t = 1 | σ̇ at t = 1
    let table = [
        ("linear", "0 1 | 1 0 | -1"),
        ("linear-sigma-min", "0 1 | 1 0.1 | -0.9"),
        ("cosine", "0 1 | 1 0 | -1.57080"),
        ("polynomial", "0 1 | 1 0 | -2.5"),
        ("linear-vp", "0 1 | 1 0 | -inf"),
        ("vp", "0.00657 0.99998 | 1 0 | -inf"),
        ("ddpm", "0.00635 0.99998 | 1 0 | -inf"),
        ("iddpm", "0.00005 1.00000 | 1 0 | -inf"),
        ("ve", "1 100 | 1 0.02 | -0.17034"),
        ("edm", "1 80 | 1 0 | -80"),
        ("vp of a function", "0.17377 0.98479 | 1 0 | -inf"),
        ("vp by quadrature", "0.17377 0.98479 | 1 0 | -inf"),
        ("table", "0.36986 0.92909 | 1 0 | -inf"),
        ("zero terminal", "0 1 | 1 0 | -inf"),
        ("from log-SNR", "0.01111 0.99994 | 0.99999 0.00409 | -0.04087"),
        ("from infinite log-SNR", "0 1 | 1 0 | -1.57080"),
        ("from SDE", "0.36788 1.45707 | 1 0 | -inf"),
        ("rescaled", "0 1 | 1.64872 0 | -2.58981"),
        ("reparametrised", "0 1 | 1 0 | -inf"),
        ("reversed", "0 1 | 1 0 | -1"),
    ];
    // A number that prints short is exact; others are rounded to five places.
    let show = |x: f64| {
        let exact = x.to_string();
        if exact.len() <= 6 { exact } else { format!("{x:.5}") }
    };
    let got = all().into_iter().map(|(name, schedule)| {
        let (source, data) = (schedule.at(0.0), schedule.at(1.0));
        let [a, b, c, d, e] = [source.alpha, source.sigma, data.alpha, data.sigma, data.d_sigma].map(show);
        (name, format!("{a} {b} | {c} {d} | {e}"))
    });
    let got: Vec<_> = got.collect();
    for ((name, got), (want_name, want)) in got.iter().zip(table) {
        assert_eq!((*name, got.as_str()), (want_name, want));
    }
    assert_eq!(got.len(), table.len());
}

/// `t`, moved away from the knots of the interpolated tables, where the second derivative has kinks.
pub(crate) fn off_knots(name: &str, t: f64) -> f64 {
    let table = ["table", "zero terminal"].contains(&name);
    if table { ((t * 5.0).floor() + 0.25 + 0.5 * (t * 5.0).fract()) / 5.0 } else { t }
}

/// Eighth-order central difference of `f` at `t`, and a bound for its rounding error.
pub(crate) fn difference(f: impl Fn(f64) -> f64, t: f64) -> (f64, f64) {
    // A singularity at an end is 64 steps away, and the schedules vary on the scale of 1/20: truncation is below 1e-13.
    let h = (t.min(1.0 - t) / 64.0).min(1.0 / 1024.0);
    let (mut sum, mut size) = (0.0, 0.0_f64);
    for (k, c) in [(1.0, 4.0 / 5.0), (2.0, -1.0 / 5.0), (3.0, 4.0 / 105.0), (4.0, -1.0 / 280.0)] {
        let (left, right) = (f(t - k * h), f(t + k * h));
        sum += c * (right - left);
        size = size.max(left.abs()).max(right.abs());
    }
    // Values are right to about 20 roundings (an exponential of an argument around 10); their weights sum to 2.1.
    (sum / h, 2.1 * 20.0 * f64::EPSILON * size / h)
}

proptest! {
    #[test]
    fn derivatives_are_those_of_the_amplitudes(t in 0.01..0.99_f64) {
        for (name, schedule) in all() {
            let t = off_knots(name, t);
            let point = schedule.at(t);
            for (what, got, (want, rounding)) in [
                ("α", point.d_alpha, difference(|t| schedule.at(t).alpha, t)),
                ("σ", point.d_sigma, difference(|t| schedule.at(t).sigma, t)),
                ("λ", schedule.d_log_snr(t), difference(|t| schedule.log_snr(t), t)),
            ] {
                prop_assert!((got - want).abs() < rounding + 1e-12 * got.abs(), "{} {} at {}: {} {}", name, what, t, got, want);
            }
        }
    }

    #[test]
    fn the_combinations_are_those_of_the_amplitudes(t in 0.001..0.999_f64) {
        for (name, schedule) in all() {
            let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = schedule.at(t);
            let f = d_alpha / alpha;
            // −2ασ·d(σ/α)/dt, from the quotient rule.
            let g2 = -2.0 * alpha * sigma * (d_sigma * alpha - sigma * d_alpha) / (alpha * alpha);
            let (level, snr) = (sigma / alpha, (alpha / sigma).powi(2));
            for (what, got, want) in [
                ("f", schedule.drift(t), f),
                ("σσ̇", schedule.sigma_d_sigma(t), sigma * d_sigma),
                ("g²", schedule.g2(t), g2),
                ("σ²λ̇", sigma * sigma * schedule.d_log_snr(t), g2),
                ("level", schedule.at(t).level(), level),
                ("SNR", schedule.snr(t), snr),
            ] {
                // 1 − e^{−T} and e^T − 1 of T ≥ 1e-4 have the relative error of T, not that of 1.
                prop_assert!((got - want).abs() <= 1e-11 * want.abs(), "{} {} at {}: {} {}", name, what, t, got, want);
            }
            let eta = schedule.eta_of_diffusion(t, schedule.diffusion_of_eta(t, 0.7));
            prop_assert!((eta - 0.7).abs() < 1e-15, "{}", name);
        }
    }

    #[test]
    fn the_log_snr_grows_and_is_inverted(t in 0.0..=1.0_f64, r in 0.0..=1.0_f64) {
        for (name, schedule) in all() {
            let log_snr = schedule.log_snr(t);
            if t < r {
                prop_assert!(log_snr <= schedule.log_snr(r), "{} at {} and {}", name, t, r);
            }
            let back = schedule.t_of_log_snr(log_snr).unwrap();
            if log_snr.is_infinite() {
                prop_assert_eq!(back, t);
                continue;
            }
            // What 32 roundings of λ and of 1 − t allow.
            let slack = 32.0 * f64::EPSILON * (1.0 + log_snr.abs().max(1.0) / schedule.d_log_snr(t));
            prop_assert!((back - t).abs() <= slack, "{}: {} and back {}", name, t, back);
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

    #[test]
    fn the_same_schedule_in_two_forms(t in 0.0..=1.0_f64) {
        let close = |a: SchedulePoint, b: SchedulePoint| {
            (a.alpha - b.alpha).abs() < 1e-13
                && (a.sigma - b.sigma).abs() < 1e-13
                && (a.d_alpha - b.d_alpha).abs() < 1e-12
                && (t > 0.999 || (a.d_sigma - b.d_sigma).abs() < 1e-9)
        };
        let without = LinearSigmaMin { sigma_min: 0.0 };
        prop_assert!(close(without.at(t), Linear.at(t)));
        let (first, second) = (Polynomial { power: 1.0 }, Polynomial { power: 2.0 });
        prop_assert!(close(first.at(t), Linear.at(t)));
        let squared = Reparametrised::new(Linear, |t| [t * t, 2.0 * t]);
        prop_assert!(close(second.at(t), squared.at(t)));
        let beta = LinearBeta::default();
        prop_assert!(close(Vp(BetaNumeric::new(move |s| beta.rate(s)).unwrap()).at(t), Vp(beta).at(t)));
        let process = FromSde::new(move |s| -0.5 * beta.rate(s), move |s| beta.rate(s).sqrt()).unwrap();
        prop_assert!(close(process.at(t), Vp(beta).at(t)));
        prop_assume!(t > 1e-3 && t < 0.999);
        let vp = Vp(beta);
        let by_log_snr = FromLogSnr::new(
            |t| vp.log_snr(1e-4 + 0.9998 * t), |t| 0.9998 * vp.d_log_snr(1e-4 + 0.9998 * t)).unwrap();
        prop_assert!(close(by_log_snr.at(t), Reparametrised::new(vp, |t| [1e-4 + 0.9998 * t, 0.9998]).at(t)));
    }
}

#[test]
fn a_batch_has_the_bits_of_each_time() {
    let t: Vec<_> = (0..=200).map(|i| f64::from(i) / 200.0).collect();
    for (name, schedule) in all() {
        let [mut alpha, mut sigma, mut d_alpha, mut d_sigma] = [0; 4].map(|_| vec![0.0; t.len()]);
        let (alpha, sigma, d_alpha, d_sigma) = (&mut *alpha, &mut *sigma, &mut *d_alpha, &mut *d_sigma);
        schedule.at_each(&t, SchedulePoints { alpha, sigma, d_alpha, d_sigma });
        for (i, &t) in t.iter().enumerate() {
            let got = SchedulePoint { alpha: alpha[i], sigma: sigma[i], d_alpha: d_alpha[i], d_sigma: d_sigma[i] };
            assert_eq!(got, schedule.at(t), "{name} at {t}");
        }
    }
}

#[test]
fn log_snr_of_the_linear_schedule() {
    // λ = 2 log(t/(1−t)): the logistic curve of flow matching.
    assert_relative_eq!(Linear.at(0.8).log_snr(), 2.0 * 4.0_f64.ln(), max_relative = 1e-15);
}

#[test]
fn a_log_snr_that_no_time_has_is_an_error() {
    let edm = Edm { sigma_max: 80.0 };
    let min = -2.0 * 80.0_f64.ln();
    let error = edm.t_of_log_snr(-10.0).unwrap_err();
    assert!(matches!(error, PathError::LogSnrOutOfRange { log_snr: -10.0, max: f64::INFINITY, .. }), "{error}");
    assert!((edm.t_of_log_snr(min).unwrap()).abs() < 1e-15);
    assert_eq!(edm.t_of_log_snr(f64::INFINITY), Ok(1.0));
    assert!(matches!(Linear.t_of_log_snr(f64::NAN), Err(PathError::LogSnrOutOfRange { .. })));
    for (name, schedule) in all() {
        assert_eq!(schedule.t_of_log_snr(schedule.log_snr(0.0)), Ok(0.0), "{name}");
        assert_eq!(schedule.t_of_log_snr(schedule.log_snr(1.0)), Ok(1.0), "{name}");
    }
}

/// The cumulative product by its definition, against the continuous schedule at each entry.
fn meets_its_table(schedule: &impl Schedule, betas: &[f64], relative: f64) {
    let mut product = 1.0;
    for (k, beta) in betas.iter().enumerate() {
        product *= 1.0 - beta;
        let alpha = schedule.at(1.0 - (k + 1) as f64 / betas.len() as f64).alpha;
        assert_relative_eq!(alpha * alpha, product, max_relative = relative);
    }
}

#[test]
fn continuous_tables_meet_their_entries() {
    for (steps, beta_start, beta_end) in
        [(1000_u32, 1e-4, 0.02), (1000, 8.5e-4, 0.012), (10, 0.1, 0.9), (2, 0.3, 0.4), (50, 0.02, 0.999), (7, 0.2, 0.2)]
    {
        let beta = DdpmBeta { steps, beta_start, beta_end };
        assert_eq!(beta.validate(), Ok(()));
        let last = f64::from(steps - 1);
        let betas: Vec<_> = (0..steps).map(|i| beta_start + (beta_end - beta_start) * f64::from(i) / last).collect();
        // The product itself has a rounding for each step; the time 1 − (k + 1)/N one more, times N·β.
        let relative = 4.0 * f64::EPSILON * f64::from(steps);
        meets_its_table(&Vp(beta), &betas, relative);
        meets_its_table(&Vp(BetaTable::from_betas(&betas).unwrap()), &betas, relative);
    }
    for (steps, offset) in [(1000_u32, 0.008), (50, 0.1), (2, 0.008)] {
        let beta = IddpmBeta { steps, offset };
        let n = f64::from(steps);
        let bar = |s: f64| (std::f64::consts::FRAC_PI_2 * (s + offset) / (1.0 + offset)).cos().powi(2);
        let betas: Vec<_> =
            (0..steps).map(|i| (1.0 - bar(f64::from(i + 1) / n) / bar(f64::from(i) / n)).min(0.999)).collect();
        // 1 − β in the last steps is 1e-3 and more: its rounding is a thousand times that of 1.
        meets_its_table(&Vp(beta), &betas, 1000.0 * f64::EPSILON * n);
        // The first β is a difference of cosines: 1e-5, of which the definition knows eleven digits.
        let first = beta.integral(1.0 / n);
        assert_relative_eq!(first, -(-betas[0]).ln_1p(), max_relative = 1e-10);
    }
    let products = [0.9, 0.5, 0.1];
    let table = Vp(BetaTable::from_alphas_cumprod(&products).unwrap());
    meets_its_table(&table, &[0.1, 1.0 - 0.5 / 0.9, 0.8], 1e-14);
}

#[test]
fn a_wrong_table_is_noticed() {
    let betas = vec![0.01; 10];
    let shifted = std::panic::catch_unwind(|| {
        meets_its_table(&Vp(DdpmBeta { steps: 10, beta_start: 0.01, beta_end: 0.0101 }), &betas, 1e-12);
    });
    assert!(shifted.is_err());
}

#[test]
fn bad_parameters_are_named() {
    let name = |result: Result<(), PathError>| match result {
        Err(PathError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let ddpm = |steps, beta_start, beta_end| NamedSchedule::Ddpm(Vp(DdpmBeta { steps, beta_start, beta_end }));
    let vp = |beta_min, beta_max| NamedSchedule::Vp(Vp(LinearBeta { beta_min, beta_max }));
    for (schedule, want) in [
        (NamedSchedule::LinearSigmaMin(LinearSigmaMin { sigma_min: 1.0 }), "sigma_min"),
        (NamedSchedule::LinearSigmaMin(LinearSigmaMin { sigma_min: f64::NAN }), "sigma_min"),
        (NamedSchedule::Polynomial(Polynomial { power: 0.5 }), "power"),
        (vp(0.0, 20.0), "beta_min"),
        (vp(1.0, 0.5), "beta_max"),
        (ddpm(1, 0.1, 0.2), "steps"),
        (ddpm(10, 0.0, 0.2), "beta_start"),
        (ddpm(10, 1e-9, 0.2), "beta_start"),
        (ddpm(10, 0.1, 1.0), "beta_end"),
        (NamedSchedule::Iddpm(Vp(IddpmBeta { steps: 10, offset: 0.0 })), "offset"),
        (NamedSchedule::Ve(Ve { sigma_min: 2.0, sigma_max: 1.0 }), "sigma_max"),
        (NamedSchedule::Edm(Edm { sigma_max: f64::INFINITY }), "sigma_max"),
    ] {
        assert_eq!(name(schedule.validate()), want, "{schedule:?}");
    }
    assert!(named().iter().all(|(_, schedule)| schedule.validate().is_ok()));
    assert_eq!(name(BetaNumeric::new(|_| 0.0).map(drop)), "rate(0)");
    assert_eq!(name(BetaFn::new(|_| 1.0, |s| s + 1.0).map(drop)), "integral(0)");
    assert_eq!(name(BetaTable::from_betas(&[]).map(drop)), "entries");
    assert_eq!(name(BetaTable::from_alphas_cumprod(&[0.5, 0.5]).map(drop)), "alphas_cumprod");
    assert_eq!(name(FromLogSnr::new(|t| -t, |_| 1.0).map(drop)), "log_snr");
    assert_eq!(name(FromLogSnr::new(|t: f64| (t - 0.5).ln(), |t| 1.0 / t).map(drop)), "log_snr");
    assert_eq!(name(FromSde::new(|s| -1.0 / s, |_| 1.0).map(drop)), "drift");
    assert_eq!(name(FromSde::new(|_| -1.0, |_| 0.0).map(drop)), "diffusion(0)");
}

#[cfg(feature = "serde")]
#[test]
fn names_are_written_and_defaults_filled_in() {
    let read = |text: &str| serde_json::from_str::<NamedSchedule>(text).unwrap();
    assert_eq!(
        read(r#"{"kind": "vp", "beta_max": 10}"#),
        NamedSchedule::Vp(Vp(LinearBeta { beta_min: 0.1, beta_max: 10.0 }))
    );
    for (name, schedule) in named() {
        assert!(matches!(read(&format!(r#"{{"kind": "{name}"}}"#)), s if s.validate().is_ok()));
        let text = serde_json::to_string(&schedule).unwrap();
        assert!(text.starts_with(&format!(r#"{{"kind":"{name}""#)), "{text}");
        assert_eq!(read(&text), schedule);
    }
}
