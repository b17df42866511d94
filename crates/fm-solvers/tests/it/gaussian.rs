//! The Gaussian-to-Gaussian flow: frozen errors, and the way back.

use approx::assert_relative_eq;
use fm_solvers::FixedMethod::{self, Ab2, Euler, Heun, Midpoint, Rk4};
use ndarray::array;

use crate::problems::{DEVIATION, Gaussian, MEAN, solve};

/// Signed errors at t = 1 from x = 1 with 16, 64 and 256 steps, computed in f64 by an independent implementation. The
/// midpoint rule is superconvergent here (order 3), since the variance of the path is quadratic in time.
const FROZEN: [(FixedMethod, [f64; 3]); 5] = [
    (Euler, [-3.187_235e-2, -8.333_634e-3, -2.109_237e-3]),
    (Heun, [1.637_989e-3, 1.168_443e-4, 7.525_619e-6]),
    (Midpoint, [-5.890_757e-5, -9.370_671e-7, -1.465_755e-8]),
    (Ab2, [-5.521_717e-3, -3.196_094e-4, -1.925_987e-5]),
    (Rk4, [-1.377_983e-6, -3.839_441e-9, -1.348_388e-11]),
];

#[test]
fn errors_are_the_frozen_ones() {
    for (method, errors) in FROZEN {
        for (steps, expected) in [16, 64, 256].into_iter().zip(errors) {
            let mut y = array![1.0];
            solve(method, &mut Gaussian, (0.0, 1.0, steps), &mut y);
            let error = y[0] - (MEAN + DEVIATION);
            // The last of RK4 is a few thousand rounding steps of the solution.
            assert_relative_eq!(error, expected, max_relative = 1e-6, epsilon = 5e-15);
        }
    }
}

#[test]
fn the_way_back_ends_where_it_began() {
    let start = array![[1.0, -0.5], [0.0, 2.0]];
    let mut y = start.clone();
    solve(Rk4, &mut Gaussian, (0.0, 1.0, 200), &mut y);
    solve(Rk4, &mut Gaussian, (1.0, 0.0, 200), &mut y);
    assert_relative_eq!(y.as_slice().unwrap(), start.as_slice().unwrap(), epsilon = 1e-8);
}

#[test]
fn f32_follows_f64_to_its_rounding() {
    for method in FixedMethod::ALL {
        let (mut wide, mut narrow) = (array![1.0_f64, -2.0, 0.3], array![1.0_f32, -2.0, 0.3]);
        solve(method, &mut Gaussian, (0.0, 1.0, 50), &mut wide);
        solve(method, &mut Gaussian, (0.0, 1.0, 50), &mut narrow);
        for (a, b) in wide.iter().zip(&narrow) {
            assert_relative_eq!(*a, f64::from(*b), max_relative = 2e-6);
        }
    }
}
