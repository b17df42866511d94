//! Time laws against their distribution functions.

use fm_paths::{PathError, TimeLaw, TimeSampler};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const N: usize = 20_000;

fn draw(law: TimeLaw, t_min: f64, t_max: f64) -> Vec<f64> {
    TimeSampler::new(law, t_min, t_max).unwrap().sample(N, &mut ChaCha8Rng::seed_from_u64(1))
}

/// The Kolmogorov–Smirnov distance to a distribution function.
fn ks(mut times: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let n = times.len() as f64;
    times
        .iter()
        .enumerate()
        .map(|(i, &t)| (cdf(t) - i as f64 / n).abs().max((cdf(t) - (i + 1) as f64 / n).abs()))
        .fold(0.0, f64::max)
}

/// The distance that is exceeded with probability 1e-4 under the law (Kolmogorov's limit, √(ln(2/p)/2n)).
fn bound() -> f64 {
    ((2e4_f64).ln() / (2.0 * N as f64)).sqrt()
}

/// The standard normal distribution function (Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7).
fn normal_cdf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * (x.abs() / 2.0_f64.sqrt()));
    let poly =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let erf = 1.0 - poly * (-x * x / 2.0).exp();
    0.5 * (1.0 + erf.copysign(x))
}

#[test]
fn the_laws_have_their_distribution() {
    assert!(ks(draw(TimeLaw::Uniform, 0.0, 1.0), |t| t) < bound());
    assert!(ks(draw(TimeLaw::Uniform, 0.2, 0.6), |t| (t - 0.2) / 0.4) < bound());
    let law = TimeLaw::LogitNormal { mean: -0.4, std: 1.2 };
    assert!(ks(draw(law, 0.0, 1.0), |t| normal_cdf(((t / (1.0 - t)).ln() + 0.4) / 1.2)) < bound());
    assert!(ks(draw(law, 0.0, 1.0), |t| t) > bound(), "the test can fail");
}

#[test]
fn every_density_is_that_of_the_draws() {
    for law in [
        TimeLaw::Uniform,
        TimeLaw::Stratified,
        TimeLaw::LowDiscrepancy,
        TimeLaw::LogitNormal { mean: 0.5, std: 0.8 },
        TimeLaw::Mode { scale: 1.29 },
        TimeLaw::Mode { scale: -0.9 },
        TimeLaw::CosMap,
        TimeLaw::Beta { a: 2.0, b: 1.5 },
        TimeLaw::LevelLogNormal { mean: -1.2, std: 1.2 },
        TimeLaw::Shifted { shift: 3.0 },
    ] {
        // The distribution function from the density, by midpoints of h = 1/40 000. The error is h²/24 times the
        // change of slope, at most 1e4 here (mode at −0.9, near the ends), or h^1.5 (beta, a root at the end).
        let cells = 40_000;
        let mut cdf = vec![0.0];
        for i in 0..cells {
            cdf.push(cdf[i] + law.density((i as f64 + 0.5) / cells as f64) / cells as f64);
        }
        assert!((cdf[cells] - 1.0).abs() < 1e-6, "{law:?}: total {}", cdf[cells]);
        let at = |t: f64| {
            let i = ((t * cells as f64) as usize).min(cells - 1);
            cdf[i] + (t * cells as f64 - i as f64) * (cdf[i + 1] - cdf[i])
        };
        assert!(ks(draw(law, 0.0, 1.0), at) < bound(), "{law:?}");
    }
}

#[test]
fn importance_weights_keep_the_objective() {
    // The mean of t² over uniform times of [0.1, 0.9]; every law gives it, to five standard errors.
    let want = (0.9_f64.powi(3) - 0.1_f64.powi(3)) / 3.0 / 0.8;
    for (law, distinct) in [
        (TimeLaw::Uniform, false),
        (TimeLaw::LowDiscrepancy, false),
        (TimeLaw::Mode { scale: 1.0 }, true),
        (TimeLaw::CosMap, true),
        (TimeLaw::Beta { a: 1.3, b: 1.0 }, true),
        (TimeLaw::LogitNormal { mean: 0.5, std: 1.6 }, true),
        (TimeLaw::Shifted { shift: 3.0 }, true),
    ] {
        let times = draw(law, 0.1, 0.9);
        let weights = TimeSampler::new(law, 0.1, 0.9).unwrap().importance_weights(&times).unwrap();
        let values: Vec<f64> = times.iter().zip(&weights).map(|(t, w)| w * t * t).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / N as f64;
        let spread = values.iter().map(|v| (v - want).powi(2)).sum::<f64>() / N as f64;
        let error = (spread / N as f64).sqrt();
        assert!((mean(&values) - want).abs() < 5.0 * error, "{law:?}: {} for {want} ± {error}", mean(&values));
        let plain: Vec<f64> = times.iter().map(|t| t * t).collect();
        let second = plain.iter().map(|v| (v - want).powi(2)).sum::<f64>() / N as f64;
        let off = (mean(&plain) - want).abs() > 5.0 * (second / N as f64).sqrt();
        // A symmetric law around the middle still moves the mean of t², by its variance.
        assert_eq!(off, distinct, "{law:?}: without weights the objective changes");
    }
    let sampler = TimeSampler::new(TimeLaw::LogitNormal { mean: 0.0, std: 1.0 }, 0.1, 0.9).unwrap();
    assert_eq!(sampler.importance_weights(&[0.5, 0.1]), Err(PathError::Weight { t: 0.1, index: 1 }));
    assert_eq!(sampler.importance_weights(&[0.05]), Err(PathError::TimeOutOfRange { index: 0, t: 0.05 }));
}

#[test]
fn laws_of_the_literature() {
    // EDM's levels on the linear schedule, and on another one by way of the log-SNR.
    let times = draw(TimeLaw::LevelLogNormal { mean: -1.2, std: 1.2 }, 0.0, 1.0);
    assert!(ks(times, |t| 1.0 - normal_cdf((((1.0 - t) / t).ln() + 1.2) / 1.2)) < bound());
    // cosmap gives the log-SNR of uniform times on the cosine schedule.
    let cosine = |t: f64| fm_paths::Schedule::t_of_log_snr(&fm_paths::Cosine, 2.0 * (t / (1.0 - t)).ln()).unwrap();
    assert!(ks(draw(TimeLaw::CosMap, 0.0, 1.0).into_iter().map(cosine).collect(), |u| u) < bound());
    // The shift moves the logit, and multiplies the noise level.
    let shifted = fm_paths::shift_time(0.3, 3.0);
    approx::assert_relative_eq!((1.0 - shifted) / shifted, 3.0 * 0.7 / 0.3, max_relative = 1e-14);
    assert_eq!((fm_paths::shift_time(0.0, 3.0), fm_paths::shift_time(1.0, 3.0)), (0.0, 1.0));
    // The paper's form, in the time that runs to the noise.
    let tau = 0.7;
    approx::assert_relative_eq!(1.0 - shifted, 3.0 * tau / (1.0 + 2.0 * tau), max_relative = 1e-14);
}

#[test]
fn low_discrepancy_times_are_equally_spaced() {
    let mut times = draw(TimeLaw::LowDiscrepancy, 0.0, 1.0);
    assert!(!times.is_sorted());
    times.sort_by(f64::total_cmp);
    assert!(times.windows(2).all(|w| (w[1] - w[0] - 1.0 / N as f64).abs() < 1e-14));
    let outside = fm_paths::quantile_times(|u| 2.0 * u, 4, &mut ChaCha8Rng::seed_from_u64(0));
    assert!(matches!(outside, Err(PathError::TimeOutOfRange { .. })));
}

#[test]
fn stratified_times_fill_every_stratum_in_random_order() {
    let times = draw(TimeLaw::Stratified, 0.0, 1.0);
    let mut strata: Vec<_> = times.iter().map(|t| (t * N as f64) as usize).collect();
    assert!(!strata.is_sorted());
    strata.sort_unstable();
    assert_eq!(strata, (0..N).collect::<Vec<_>>());
}

#[test]
fn bad_parameters_are_named() {
    for (law, t_min, t_max, name) in [
        (TimeLaw::Uniform, -0.1, 1.0, "t_min"),
        (TimeLaw::Uniform, f64::NAN, 1.0, "t_min"),
        (TimeLaw::Uniform, 0.5, 0.5, "t_max"),
        (TimeLaw::Uniform, 0.0, f64::INFINITY, "t_max"),
        (TimeLaw::LogitNormal { mean: f64::NAN, std: 1.0 }, 0.0, 1.0, "mean"),
        (TimeLaw::LogitNormal { mean: 0.0, std: 0.0 }, 0.0, 1.0, "std"),
        (TimeLaw::Mode { scale: 1.76 }, 0.0, 1.0, "scale"),
        (TimeLaw::Mode { scale: -1.0 }, 0.0, 1.0, "scale"),
        (TimeLaw::Beta { a: 0.0, b: 1.0 }, 0.0, 1.0, "a"),
        (TimeLaw::LevelLogNormal { mean: 0.0, std: -1.0 }, 0.0, 1.0, "std"),
        (TimeLaw::Shifted { shift: f64::NAN }, 0.0, 1.0, "shift"),
    ] {
        let error = TimeSampler::new(law, t_min, t_max).unwrap_err();
        assert!(matches!(error, PathError::Parameter { name: got, .. } if got == name), "{error}");
    }
}

/// 0.07 + (0.88 − 0.07) is above 0.88 in floating point, and half of these draws are within rounding of 1.
#[test]
fn no_draw_leaves_the_interval() {
    let sampler = TimeSampler::new(TimeLaw::Beta { a: 1.0, b: 0.01 }, 0.07, 0.88).unwrap();
    let times = sampler.sample(100, &mut ChaCha8Rng::seed_from_u64(1));
    assert!(times.contains(&0.88));
    assert!(sampler.importance_weights(&times).is_ok());
}
