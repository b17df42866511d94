//! The closed form of the Gaussian Schrödinger bridge against what defines it.

use fm_paths::PathError;
use fm_paths::oracle::GaussianBridge;
use ndarray::{Array1, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn bridge(s0: f64, s1: f64, sigma: f64) -> GaussianBridge {
    GaussianBridge::new(array![-0.5], s0, array![1.0], s1, sigma).unwrap()
}

const CASES: [[f64; 3]; 4] = [[1.0, 1.0, 1.0], [0.5, 2.0, 0.3], [1.5, 0.4, 2.0], [1.0, 1.0, 0.0]];

/// The slope of the drift, which is affine in the state.
fn slope(bridge: &GaussianBridge, t: f64) -> f64 {
    bridge.drift(t, &array![[1.0]]).unwrap()[[0, 0]] - bridge.drift(t, &array![[0.0]]).unwrap()[[0, 0]]
}

#[test]
fn the_published_case() {
    let a = Array1::from_elem(5, 0.1);
    let bridge = GaussianBridge::new(-a.clone(), 1.0, a.clone(), 1.0, 1.3).unwrap();
    for t in [0.0, 0.2, 0.7, 1.0] {
        let variance = (1.0 - t) * (1.0 - t) + t * t + t * (1.0 - t) * (4.0 + 1.3_f64.powi(4)).sqrt();
        assert!((bridge.variance(t).unwrap() - variance).abs() < 1e-15);
        assert!((bridge.mean(t).unwrap() - &a * (2.0 * t - 1.0)).iter().all(|e| e.abs() < 1e-16));
    }
    assert!((bridge.coupling_covariance() - 0.5 * ((4.0 + 1.3_f64.powi(4)).sqrt() - 1.69)).abs() < 1e-15);
}

/// Its marginals are those of Brownian bridges over its coupling, exactly.
#[test]
fn a_mixture_of_brownian_bridges() {
    for [s0, s1, sigma] in CASES {
        let bridge = bridge(s0, s1, sigma);
        for t in [0.0, 0.3, 0.8, 1.0] {
            let s = 1.0 - t;
            let pinned = s * s * s0 * s0 + t * t * s1 * s1 + 2.0 * t * s * bridge.coupling_covariance();
            let expected = pinned + sigma * sigma * t * s;
            assert!((bridge.variance(t).unwrap() - expected).abs() < 1e-14, "{s0} {s1} {sigma} at {t}");
        }
    }
}

/// The two properties that together define a Schrödinger bridge: the Markov drift reproduces the coupling (Simpson's rule
/// for Cov(x₁, x₀) = s₀²·exp ∫slope), and it is the conditional expectation of the Brownian bridges' drift.
#[test]
fn markov_and_a_mixture_of_bridges() {
    for [s0, s1, sigma] in CASES {
        let bridge = bridge(s0, s1, sigma);
        let n = 2000;
        let integral: f64 = (0..=n)
            .map(|i| {
                let weight = if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
                weight * slope(&bridge, f64::from(i) / f64::from(n))
            })
            .sum::<f64>()
            / (3.0 * f64::from(n));
        let covariance = s0 * s0 * integral.exp();
        let expected = bridge.coupling_covariance();
        assert!((covariance / expected - 1.0).abs() < 1e-8, "{s0} {s1} {sigma}: {covariance} for {expected}");
        for t in [0.1, 0.5, 0.9] {
            let to_data = (1.0 - t) * expected + t * s1 * s1;
            let pull = (to_data / bridge.variance(t).unwrap() - 1.0) / (1.0 - t);
            assert!((slope(&bridge, t) - pull).abs() < 1e-12, "{s0} {s1} {sigma} at {t}");
        }
    }
}

/// ∂log p/∂t + u·score + div u = 0, with the divergence of an affine field from its slope.
#[test]
fn continuity_equation() {
    for [s0, s1, sigma] in CASES {
        let bridge = bridge(s0, s1, sigma);
        let (t, h, z) = (0.35, 1e-3, array![[0.8]]);
        let log_p = |t| bridge.log_density(t, &z).unwrap()[0];
        let rate = (log_p(t - 2.0 * h) - 8.0 * log_p(t - h) + 8.0 * log_p(t + h) - log_p(t + 2.0 * h)) / (12.0 * h);
        let u = |x: f64| bridge.velocity(t, &array![[x]]).unwrap()[[0, 0]];
        let flow = u(0.8) * bridge.score(t, &z).unwrap()[[0, 0]] + u(1.0) - u(0.0);
        assert!((rate + flow).abs() < 1e-9, "{s0} {s1} {sigma}: {rate} and {flow}");
    }
}

#[test]
fn ends_are_drawn_from_the_coupling() {
    let n = 40_000;
    let bridge = bridge(0.5, 2.0, 0.7);
    let (x0, x1) = bridge.sample_ends(n, &mut ChaCha8Rng::seed_from_u64(8));
    let (x0, x1) = (&x0.column(0) + 0.5, &x1.column(0) - 1.0);
    for (products, expected) in [(&x0 * &x0, 0.25), (&x1 * &x1, 4.0), (&x0 * &x1, bridge.coupling_covariance())] {
        let error = 5.0 * products.std(1.0) / (n as f64).sqrt();
        assert!((products.mean().unwrap() - expected).abs() < error, "{} for {expected}", products.mean().unwrap());
    }
}

#[test]
fn single_precision_is_rounded_once() {
    let bridge = bridge(0.5, 2.0, 0.7);
    let z = array![[0.3_f32], [-1.7]];
    let wide = z.mapv(f64::from);
    assert_eq!(bridge.drift(0.3, &z).unwrap(), bridge.drift(0.3, &wide).unwrap().mapv(|x| x as f32));
    assert_eq!(bridge.log_density(0.3, &z), bridge.log_density(0.3, &wide));
}

#[test]
fn bad_parameters_are_named() {
    let new = |m1: Array1<f64>, s: f64, sigma| GaussianBridge::new(array![0.0], s, m1, 1.0, sigma).unwrap_err();
    assert!(matches!(new(array![0.0, 1.0], 1.0, 1.0), PathError::Dimension { expected: 1, found: 2, .. }));
    for (error, expected) in [
        (new(array![f64::NAN], 1.0, 1.0), "mean"),
        (new(array![0.0], 0.0, 1.0), "s0"),
        (new(array![0.0], 1.0, -1.0), "sigma"),
    ] {
        assert!(matches!(error, PathError::Parameter { name, .. } if name == expected), "{error}");
    }
    assert!(matches!(bridge(1.0, 1.0, 1.0).variance(1.1), Err(PathError::TimeOutOfRange { .. })));
}
