//! The measured order of every method, in both time directions.

use fm_solvers::FixedMethod;
use ndarray::array;

use crate::problems::{sine, sine_solution, solve};

/// The slope of log error against log step size, by least squares.
fn measured_order(method: FixedMethod, t0: f64, t1: f64) -> f64 {
    let start = sine_solution(t0, 1.0);
    let points: Vec<(f64, f64)> = [16, 32, 64, 128, 256]
        .map(|steps| {
            let mut y = array![start];
            solve(method, &mut sine, (t0, t1, steps), &mut y);
            (-(steps as f64).log2(), (y[0] - sine_solution(t1, 1.0)).abs().log2())
        })
        .to_vec();
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / points.len() as f64;
    let (x_mean, y_mean) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    covariance / points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum::<f64>()
}

#[test]
fn every_method_has_the_order_that_it_claims() {
    for method in FixedMethod::ALL {
        for (t0, t1) in [(0.0, 2.0), (2.0, 0.0)] {
            let order = measured_order(method, t0, t1);
            let claimed = f64::from(method.tableau().order);
            assert!((order - claimed).abs() < 0.2, "{method} from {t0} to {t1}: {order:.3}");
        }
    }
}
