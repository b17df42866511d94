//! Schedules that begin in pure noise although their usual form is infinite there: tables with zero terminal SNR, and
//! log-SNR functions with infinite ends.

use std::f64::consts::{FRAC_PI_2, PI};

use approx::assert_relative_eq;
use fm_paths::{AffinePath, AlphaTable, BetaTable, Cosine, FromLogSnr, PathError, Prediction, Schedule, Vp};
use proptest::prelude::*;

fn sin(t: f64) -> f64 {
    (FRAC_PI_2 * t).sin()
}

/// The cosine schedule by its log-SNR, with nothing said about the rates at its ends.
fn unstated() -> FromLogSnr<impl Fn(f64) -> f64, impl Fn(f64) -> f64> {
    FromLogSnr::new(|t| 2.0 * (sin(t).ln() - sin(1.0 - t).ln()), |t| PI / (sin(t) * sin(1.0 - t))).unwrap()
}

/// The cumulative products of DDPM's table.
fn products() -> Vec<f64> {
    let betas = (0..1000).map(|i| 1e-4 + (0.02 - 1e-4) * f64::from(i) / 999.0);
    betas
        .scan(1.0, |product, beta| {
            *product *= 1.0 - beta;
            Some(*product)
        })
        .collect()
}

fn all() -> Vec<(&'static str, Box<dyn Schedule>)> {
    let coarse = AlphaTable::from_betas(&[0.05, 0.2, 0.1, 0.6, 0.5]).unwrap();
    vec![
        ("rescaled", Box::new(coarse.clone().zero_terminal_snr().unwrap())),
        ("as given", Box::new(coarse)),
        ("last β is 1", Box::new(AlphaTable::from_betas(&[0.05, 0.2, 0.1, 0.6, 1.0]).unwrap())),
        ("cosine by log-SNR", Box::new(unstated().with_end_rates(FRAC_PI_2, -FRAC_PI_2).unwrap())),
        ("half infinite", Box::new(FromLogSnr::new(|t: f64| t.ln() - 1.0 + t, |t| 1.0 / t + 1.0).unwrap())),
    ]
}

#[test]
fn a_rescaled_table_ends_in_pure_noise_and_keeps_its_first_entry() {
    let products = products();
    let table = AlphaTable::from_alphas_cumprod(&products).unwrap().zero_terminal_snr().unwrap();
    // Lin et al., Algorithm 1, on the roots of the products.
    let (first, last) = (products[0].sqrt(), products[999].sqrt());
    for (k, product) in products.iter().enumerate() {
        let want = (product.sqrt() - last) * first / (first - last);
        let got = table.at(1.0 - (k + 1) as f64 / 1000.0).alpha;
        // α is 1 − δ, and the time is rounded: absolute errors of a few roundings of 1 times the slope, at most 10 here.
        assert!((got - want).abs() < 20.0 * f64::EPSILON, "{k}: {got} {want}");
    }
    let (source, data) = (table.at(0.0), table.at(1.0));
    assert_eq!((source.alpha, source.sigma, source.d_sigma), (0.0, 1.0, 0.0));
    assert!(source.d_alpha > 0.0 && source.d_alpha.is_finite());
    assert_eq!((data.alpha, data.sigma, data.d_sigma), (1.0, 0.0, f64::NEG_INFINITY));
    assert_eq!((table.log_snr(0.0), table.log_snr(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    // Rescaling again changes nothing, and the table as given is 0.0064 away from noise.
    assert_eq!(table.clone().zero_terminal_snr().unwrap(), table);
    assert_relative_eq!(AlphaTable::from_alphas_cumprod(&products).unwrap().at(0.0).alpha, last, max_relative = 1e-12);
}

#[test]
fn both_tables_agree_where_both_exist() {
    let betas = [0.05, 0.2, 0.1, 0.6, 0.5];
    let (by_alpha, by_beta) = (AlphaTable::from_betas(&betas).unwrap(), Vp(BetaTable::from_betas(&betas).unwrap()));
    for k in 0..=5 {
        let t = 1.0 - f64::from(k) / 5.0;
        assert_relative_eq!(by_alpha.at(t).alpha, by_beta.at(t).alpha, max_relative = 1e-14);
        assert_relative_eq!(by_alpha.at(t).sigma, by_beta.at(t).sigma, max_relative = 1e-14);
    }
    assert!((by_alpha.at(0.5).alpha - by_beta.at(0.5).alpha).abs() > 1e-6, "between the entries they differ");
}

#[test]
fn no_noise_prediction_at_zero_terminal_snr() {
    let path = AffinePath::new(AlphaTable::from_betas(&[0.3, 1.0]).unwrap());
    for given in [Prediction::Noise, Prediction::Score] {
        for wanted in [Prediction::Data, Prediction::Velocity, Prediction::V] {
            let singular = PathError::Singular { given, wanted, t: 0.0, index: 1 };
            assert_eq!(path.convert(given, wanted, &[0.5, 0.0]), Err(singular));
        }
        let step = PathError::SingularStep { given, t: 0.0, r: 0.5, index: 0 };
        assert_eq!(path.transfer(given, &[0.0], &[0.5]), Err(step));
    }
    for given in [Prediction::Data, Prediction::Velocity, Prediction::V] {
        assert!(path.transfer(given, &[0.0], &[0.5]).is_ok(), "{given}");
    }
    // The same table one step short of zero is regular, with coefficients that only grow.
    let near = AffinePath::new(AlphaTable::from_betas(&[0.3, 1.0 - 1e-12]).unwrap());
    assert!(near.convert(Prediction::Noise, Prediction::Data, &[0.0]).unwrap()[0][0] > 1e6); // 1/√(0.7e-12)
}

#[test]
fn a_log_snr_with_infinite_ends_is_the_schedule_itself() {
    let stated = unstated().with_end_rates(FRAC_PI_2, -FRAC_PI_2).unwrap();
    for t in [0.0, 1.0] {
        let (got, want) = (stated.at(t), Cosine.at(t));
        assert_eq!((got.alpha, got.sigma), (want.alpha, want.sigma));
        assert_eq!((got.d_alpha, got.d_sigma), (want.d_alpha, want.d_sigma));
        assert_eq!(stated.log_snr(t), Cosine.log_snr(t));
        assert_eq!(stated.sigma_d_sigma(t), 0.0);
    }
    // Also where 1/(1 + e^{−λ}) has long underflowed.
    for t in [1e-300, 1e-30, 0.25, 1.0 - 1e-12] {
        let (got, want) = (stated.at(t), Cosine.at(t));
        // Logarithms up to 700 have that many roundings.
        assert_relative_eq!(got.alpha, want.alpha, max_relative = 1e-12);
        assert_relative_eq!(got.sigma, want.sigma, max_relative = 1e-12);
        assert_relative_eq!(got.d_alpha, want.d_alpha, max_relative = 1e-11);
        assert_relative_eq!(got.d_sigma, want.d_sigma, max_relative = 1e-11);
    }
}

#[test]
fn unstated_end_rates_are_errors_only_where_they_are_needed() {
    let path = AffinePath::new(unstated());
    for t in [0.0, 1.0] {
        assert!(matches!(path.target(Prediction::Velocity, &[t]), Err(PathError::Undefined { .. })));
        assert!(matches!(path.convert(Prediction::V, Prediction::Velocity, &[t]), Err(PathError::Singular { .. })));
        assert!(path.convert(Prediction::V, Prediction::Data, &[t]).is_ok());
        assert!(path.transfer(Prediction::V, &[t], &[0.5]).is_ok());
        assert_eq!(path.schedule.sigma_d_sigma(t), f64::NEG_INFINITY);
    }
    assert!(path.target(Prediction::Velocity, &[1e-9, 0.5, 1.0 - 1e-9]).is_ok());
}

#[test]
fn nothing_is_nan() {
    let mut all = all();
    all.push(("unstated", Box::new(unstated())));
    for (name, schedule) in all {
        for t in [0.0, f64::MIN_POSITIVE, 1e-300, 1e-9, 0.5, 1.0 - 1e-9, 1.0 - f64::EPSILON, 1.0] {
            let point = schedule.at(t);
            assert!(point.alpha.is_finite() && point.sigma.is_finite(), "{name} at {t}");
            let rates = [point.d_alpha, point.d_sigma, schedule.log_snr(t), schedule.drift(t), schedule.g2(t)];
            let more = [schedule.sigma_d_sigma(t), schedule.d_log_snr(t), schedule.snr(t)];
            assert!(rates.iter().chain(&more).all(|x| !x.is_nan()), "{name} at {t}: {rates:?} {more:?}");
        }
    }
}

/// Eighth-order central difference of `f` at `t`, and a bound for its rounding error.
fn difference(f: impl Fn(f64) -> f64, t: f64) -> (f64, f64) {
    // A singularity at an end is 64 steps away: truncation is below 1e-13 of the derivative.
    let h = (t.min(1.0 - t) / 64.0).min(1.0 / 1024.0);
    let (mut sum, mut size) = (0.0, 0.0_f64);
    for (k, c) in [(1.0, 4.0 / 5.0), (2.0, -1.0 / 5.0), (3.0, 4.0 / 105.0), (4.0, -1.0 / 280.0)] {
        let (left, right) = (f(t - k * h), f(t + k * h));
        sum += c * (right - left);
        size = size.max(left.abs()).max(right.abs());
    }
    (sum / h, 2.1 * 20.0 * f64::EPSILON * size / h)
}

proptest! {
    #[test]
    fn derivatives_and_combinations_belong_together(t in 0.01..0.99_f64) {
        for (name, schedule) in all() {
            // Knots are kinks of the second derivative: t keeps its distance.
            let t = ((t * 5.0).floor() + 0.25 + 0.5 * (t * 5.0).fract()) / 5.0;
            let point = schedule.at(t);
            for (what, got, (want, rounding)) in [
                ("α", point.d_alpha, difference(|t| schedule.at(t).alpha, t)),
                ("σ", point.d_sigma, difference(|t| schedule.at(t).sigma, t)),
                ("λ", schedule.d_log_snr(t), difference(|t| schedule.log_snr(t), t)),
            ] {
                prop_assert!((got - want).abs() < rounding + 1e-12 * got.abs(), "{} {} at {}: {} {}", name, what, t, got, want);
            }
            let g2 = point.sigma.powi(2) * schedule.d_log_snr(t);
            for (what, got, want) in [
                ("variance", point.alpha.hypot(point.sigma), 1.0),
                ("f", schedule.drift(t), point.d_alpha / point.alpha),
                ("σσ̇", schedule.sigma_d_sigma(t), point.sigma * point.d_sigma),
                ("g²", schedule.g2(t), g2),
            ] {
                prop_assert!((got - want).abs() <= 1e-12 * want.abs(), "{} {} at {}: {} {}", name, what, t, got, want);
            }
        }
    }

    #[test]
    fn the_log_snr_grows_and_is_inverted(t in 0.0..=1.0_f64, r in 0.0..=1.0_f64) {
        for (name, schedule) in all() {
            let log_snr = schedule.log_snr(t);
            prop_assert!(t >= r || log_snr <= schedule.log_snr(r), "{} at {} and {}", name, t, r);
            let back = schedule.t_of_log_snr(log_snr).unwrap();
            if log_snr.is_infinite() {
                prop_assert_eq!(back, t);
                continue;
            }
            let slack = 32.0 * f64::EPSILON * (1.0 + log_snr.abs().max(1.0) / schedule.d_log_snr(t));
            prop_assert!((back - t).abs() <= slack, "{}: {} and back {}", name, t, back);
        }
    }
}

#[test]
fn an_infinite_log_snr_is_found_at_its_end() {
    for (name, schedule) in all() {
        for t in [0.0, 1.0] {
            assert_eq!(schedule.t_of_log_snr(schedule.log_snr(t)), Ok(t), "{name}");
        }
    }
}

#[test]
fn bad_tables_and_functions_are_named() {
    let name = |result: Result<(), PathError>| match result {
        Err(PathError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(AlphaTable::from_betas(&[]).map(drop)), "entries");
    assert_eq!(name(AlphaTable::from_betas(&[1.0, 0.5]).map(drop)), "beta");
    assert_eq!(name(AlphaTable::from_alphas_cumprod(&[0.5, 0.0, 0.0]).map(drop)), "alphas_cumprod");
    assert_eq!(name(AlphaTable::from_alphas_cumprod(&[f64::NAN]).map(drop)), "alphas_cumprod");
    assert_eq!(name(AlphaTable::from_betas(&[0.5]).unwrap().zero_terminal_snr().map(drop)), "entries");
    assert_eq!(name(BetaTable::from_alphas_cumprod(&[0.5, 0.0]).map(drop)), "alphas_cumprod");
    let inside = |t: f64| if t < 0.5 { t } else { f64::INFINITY };
    assert_eq!(name(FromLogSnr::new(inside, |_| 1.0).map(drop)), "log_snr");
    assert_eq!(name(FromLogSnr::new(|_| f64::INFINITY, |_| 1.0).map(drop)), "log_snr");
    assert_eq!(name(FromLogSnr::new(|t| t, |_| -1.0).map(drop)), "derivative");
    assert_eq!(name(unstated().with_end_rates(-1.0, -1.0).map(drop)), "d_alpha_at_source");
    assert_eq!(name(unstated().with_end_rates(1.0, f64::NAN).map(drop)), "d_sigma_at_data");
}
