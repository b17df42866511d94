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
    ] {
        let error = TimeSampler::new(law, t_min, t_max).unwrap_err();
        assert!(matches!(error, PathError::Parameter { name: got, .. } if got == name), "{error}");
    }
}
