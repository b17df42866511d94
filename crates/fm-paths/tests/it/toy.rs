//! Toy densities against their moments; tolerances are five standard errors.

use fm_paths::{PathError, Toy};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const N: usize = 40_000;

fn draw(toy: Toy) -> Array2<f64> {
    toy.sample(N, &mut ChaCha8Rng::seed_from_u64(2)).mapv(f64::from)
}

/// Checks the mean of a statistic against its expectation.
fn check(values: &[f64], expected: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let tolerance = 5.0 * (variance / n).sqrt();
    assert!((mean - expected).abs() <= tolerance, "{mean} for {expected} ± {tolerance}");
}

/// Mean squared norm: the trace of the second moment.
fn squared_norms(x: &Array2<f64>) -> Vec<f64> {
    x.map_axis(Axis(1), |row| row.dot(&row)).to_vec()
}

#[test]
fn second_moments() {
    check(&squared_norms(&draw(Toy::Normal { dim: 3 })), 3.0);
    check(&squared_norms(&draw(Toy::EightGaussians { radius: 5.0, std: 1.0 })), 25.0 + 2.0);
    // (2x − 1)² + (2y)² with x, y on the moons: E x = E y-half-sum; by hand, with noise s: 3.25 + 8 s² at the first
    // moon (E cos = 0, E (2cos − 1)² = 3, E (2 sin)² = 2), and 3 + 1 − 8/π + 2 at the second.
    let second = 3.0 + (1.0 - 8.0 / std::f64::consts::PI + 2.0);
    check(&squared_norms(&draw(Toy::Moons { noise: 0.1, scale: 2.0 })), 0.5 * (5.0 + second) + 8.0 * 0.01);
    check(&squared_norms(&draw(Toy::Checkerboard { cells: 4, width: 8.0 })), 2.0 * 64.0 / 12.0);
}

#[test]
fn supports() {
    let ring = draw(Toy::EightGaussians { radius: 2.0, std: 0.0 });
    assert!(squared_norms(&ring).iter().all(|r| (r - 4.0).abs() < 1e-5));
    let board = draw(Toy::Checkerboard { cells: 4, width: 8.0 });
    assert!(board.rows().into_iter().all(|p| {
        let cell = |v: f64| (v / 2.0 + 2.0).floor().clamp(0.0, 3.0) as usize;
        (cell(p[0]) + cell(p[1])) % 2 == 0
    }));
    // Both coordinates of the S with no noise satisfy x² + (|y| − 1)² = 1, scaled.
    let s = draw(Toy::SCurve { noise: 0.0, scale: 1.5 }) / 1.5;
    assert!(s.rows().into_iter().all(|p| (p[0].powi(2) + (p[1].abs() - 1.0).powi(2) - 1.0).abs() < 1e-5));
}

#[test]
fn moons_are_spread_evenly_in_random_order() {
    let x = Toy::Moons { noise: 0.0, scale: 1.0 }.sample(1000, &mut ChaCha8Rng::seed_from_u64(3));
    // The outer moon is the half circle around (-1, 0), the inner one around (0, 0.5).
    let outer: Vec<bool> = x.rows().into_iter().map(|p| ((p[0] + 1.0).hypot(p[1]) - 1.0).abs() < 1e-5).collect();
    assert_eq!(outer.iter().filter(|&&outer| outer).count(), 500);
    let changes = outer.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((400..600).contains(&changes), "{changes} of about 500 expected, standard deviation 16");
}

#[test]
fn the_seed_decides() {
    let toy = Toy::Moons { noise: 0.05, scale: 2.0 };
    let draw = |seed| toy.sample(5, &mut ChaCha8Rng::seed_from_u64(seed));
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn bad_parameters_are_named() {
    for (toy, name) in [
        (Toy::Normal { dim: 0 }, "dim"),
        (Toy::EightGaussians { radius: f64::NAN, std: 1.0 }, "radius"),
        (Toy::EightGaussians { radius: 1.0, std: -1.0 }, "std"),
        (Toy::Moons { noise: f64::INFINITY, scale: 1.0 }, "noise"),
        (Toy::SCurve { noise: 0.0, scale: 0.0 }, "scale"),
        (Toy::Checkerboard { cells: 3, width: 1.0 }, "cells"),
        (Toy::Checkerboard { cells: 2, width: 0.0 }, "width"),
    ] {
        let error = toy.validate().unwrap_err();
        assert!(matches!(error, PathError::Parameter { name: got, .. } if got == name), "{error}");
    }
    assert_eq!(Toy::default().validate(), Ok(()));
}
