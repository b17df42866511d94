//! The Gaussian-to-mixture flow: frozen errors of fixed methods, and what each norm does for the worst sample.

use approx::assert_relative_eq;
use fm_paths::oracle::GaussianMixture;
use fm_solvers::FixedMethod::{self, Ab2, Euler, Heun, Midpoint, Rk4};
use fm_solvers::{AdaptiveSolver, EmbeddedMethod, Norm, TimeGrid, Tolerance};
use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::problems::{Mixture, distances, lattice, solve};

/// Root mean square errors over the 1024 points of the lattice with 16, 32, 64 and 128 evaluations (AB2 has one more),
/// from a NumPy implementation of the methods against SciPy's DOP853 at 1e-12.
const FROZEN: [(FixedMethod, [f64; 4]); 5] = [
    (Euler, [1.096_770_170_7e-1, 5.516_101_661_5e-2, 2.767_794_341_1e-2, 1.386_569_811_0e-2]),
    (Midpoint, [2.224_859_380_8e-2, 7.720_925_599_7e-3, 2.444_772_365_0e-3, 7.037_094_243_5e-4]),
    (Heun, [2.428_329_408_8e-2, 8.792_771_383_8e-3, 2.771_443_230_6e-3, 7.951_764_815_5e-4]),
    (Ab2, [1.710_446_596_1e-2, 5.590_777_020_2e-3, 1.652_334_919_6e-3, 4.505_011_995_7e-4]),
    (Rk4, [1.726_710_895_0e-2, 3.056_119_107_9e-3, 4.778_026_612_3e-4, 4.611_874_324_9e-5]),
];

fn reference() -> Array2<f64> {
    exact(lattice(1024), 1e-12)
}

fn exact(mut y: Array2<f64>, tolerance: f64) -> Array2<f64> {
    let tolerance = Tolerance::new(tolerance, tolerance).unwrap();
    let solver = AdaptiveSolver { method: EmbeddedMethod::Dop853, tolerance, ..AdaptiveSolver::default() };
    solver.solve(&mut Mixture, &TimeGrid::uniform(0.0, 1.0, 1).unwrap(), &mut y, &mut ()).unwrap();
    y
}

fn rms(errors: &[f64]) -> f64 {
    (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt()
}

fn median(mut errors: Vec<f64>) -> f64 {
    errors.sort_by(f64::total_cmp);
    errors[errors.len() / 2]
}

#[test]
fn errors_are_the_frozen_ones() {
    let reference = reference();
    for (method, errors) in FROZEN {
        for (nfe, expected) in [16, 32, 64, 128].into_iter().zip(errors) {
            let steps = nfe / (method.nfe(2) - method.nfe(1)) as usize;
            let mut y = lattice(1024);
            solve(method, &mut Mixture, (0.0, 1.0, steps), &mut y);
            assert_relative_eq!(rms(&distances(&y, &reference)), expected, max_relative = 1e-6);
        }
    }
}

/// The same for 4096 normal draws by NumPy's generator of seed 1, rounded to three digits and in one place to two.
const PRINTED: [(FixedMethod, [&str; 4]); 5] = [
    (Euler, ["0.109", "0.0549", "0.0276", "0.0138"]),
    (Midpoint, ["0.0204", "0.00751", "0.00236", "0.00068"]),
    (Heun, ["0.0242", "0.00855", "0.00269", "0.000772"]),
    (Ab2, ["0.0167", "0.00541", "0.00160", "0.000436"]),
    (Rk4, ["0.0161", "0.00322", "0.000443", "0.0000477"]),
];

/// Half a unit of the last digit.
fn rounding(printed: &str) -> f64 {
    0.5 * 0.1_f64.powi(printed.len() as i32 - 2)
}

/// The mean square error of 4096 draws is a random number with a long tail: few paths pass between two modes, and they have
/// most of the error. Twice as many draws tell its expectation and, by the spread of the squares, how far the one draw behind
/// the printed value may be: `1 + 1/2` times the variance of a mean of 4096, and half the relative error after the root.
#[test]
fn errors_of_normal_draws_are_those_that_are_printed() {
    const POINTS: usize = 4096;
    let normal = GaussianMixture::standard_normal(2).unwrap();
    let starts = normal.sample(2 * POINTS, &mut ChaCha8Rng::seed_from_u64(23));
    // The smallest error to be measured is 5e-5.
    let reference = exact(starts.clone(), 1e-9);
    for (method, printed) in PRINTED {
        for (nfe, printed) in [16, 32, 64, 128].into_iter().zip(printed) {
            let steps = nfe / (method.nfe(2) - method.nfe(1)) as usize;
            let mut y = starts.clone();
            solve(method, &mut Mixture, (0.0, 1.0, steps), &mut y);
            let squares: Array1<f64> = distances(&y, &reference).into_iter().map(|e| e * e).collect();
            let found = squares.mean().unwrap().sqrt();
            let spread = squares.std(1.0) * (1.5 / POINTS as f64).sqrt() / (2.0 * found);
            let expected: f64 = printed.parse().unwrap();
            assert!(
                (found - expected).abs() < 4.0 * spread + rounding(printed),
                "{method} {nfe}: {found:.3e} +- {spread:.1e}, not {printed}"
            );
        }
    }
}

#[test]
fn the_median_error_has_the_order_of_the_method() {
    let reference = reference();
    for method in FixedMethod::ALL {
        let error = |steps: usize| {
            let mut y = lattice(1024);
            solve(method, &mut Mixture, (0.0, 1.0, steps), &mut y);
            median(distances(&y, &reference))
        };
        let order = (error(64) / error(256)).log2() / 2.0;
        assert!((order - f64::from(method.order())).abs() < 0.25, "{method}: {order:.3}");
    }
}

#[test]
fn a_norm_over_samples_keeps_the_worst_sample_near_the_tolerance() {
    let reference = reference();
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let solver = AdaptiveSolver::default();
    let worst = |y: &Array2<f64>| distances(y, &reference).into_iter().fold(0.0, f64::max);

    let (mut rms, mut max, mut own) = (lattice(1024), lattice(1024), lattice(1024));
    let coupled = solver.solve(&mut Mixture, &grid, &mut rms, &mut ()).unwrap();
    let over_samples = AdaptiveSolver { norm: Norm::MaxOverSamples, ..solver };
    let careful = over_samples.solve(&mut Mixture, &grid, &mut max, &mut ()).unwrap();
    let alone = solver.solve_per_sample(&mut Mixture, &grid, &mut own, &mut ()).unwrap();
    assert!(worst(&rms) > 100.0 * 1e-5, "batch RMS lets single samples go: {}", worst(&rms));
    assert!(worst(&max) < 50.0 * 1e-5, "{}", worst(&max));
    assert!(careful.nfe > coupled.nfe);
    let mean = alone.nfe.iter().sum::<u64>() as f64 / 1024.0;
    assert!(mean < coupled.nfe as f64 && alone.calls > coupled.nfe, "{mean} {} {}", coupled.nfe, alone.calls);
}
