//! The measured order of every method, in both time directions.

use fm_solvers::{AdaptiveSolver, EmbeddedMethod, FixedMethod, Flow, Observer, SolveError, Step, TimeGrid, Tolerance};
use ndarray::{Array1, array};

use crate::problems::{sine, sine_solution, solve, swing, swing_solution};

/// The slope of log error against log step size.
fn measured_order(method: FixedMethod, t0: f64, t1: f64) -> f64 {
    let start = sine_solution(t0, 1.0);
    let points: Vec<(f64, f64)> = [64, 128, 256, 512]
        .map(|steps| {
            let mut y = array![start];
            solve(method, &mut sine, (t0, t1, steps), &mut y);
            (-(steps as f64).log2(), (y[0] - sine_solution(t1, 1.0)).abs().log2())
        })
        .to_vec();
    slope(&points)
}

/// By least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
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
            let claimed = f64::from(method.order());
            assert!((order - claimed).abs() < 0.2, "{method} from {t0} to {t1}: {order:.3}");
        }
    }
}

/// Embedded methods with equal steps: the tolerance is out of reach, and the largest step is the step.
fn equal_steps(method: EmbeddedMethod, (t0, t1, steps): (f64, f64, usize)) -> (AdaptiveSolver, TimeGrid) {
    let h = (t1 - t0).abs() / steps as f64;
    let tolerance = Tolerance::new(0.0, 1e9).unwrap();
    let solver = AdaptiveSolver {
        method,
        tolerance,
        first_step: Some(h),
        h_max: h * (1.0 + 1e-12),
        ..AdaptiveSolver::default()
    };
    (solver, TimeGrid::uniform(t0, t1, 1).unwrap())
}

#[test]
fn embedded_methods_have_the_order_that_they_claim() {
    for method in EmbeddedMethod::ALL {
        // DOP853 meets rounding at 64 steps.
        let counts: &[usize] = if method == EmbeddedMethod::Dop853 { &[16, 24, 32, 48] } else { &[64, 128, 256, 512] };
        for (t0, t1) in [(0.0, 10.0), (10.0, 0.0)] {
            let points: Vec<(f64, f64)> = counts
                .iter()
                .map(|&steps| {
                    let mut y = array![swing_solution(t0)];
                    let (solver, grid) = equal_steps(method, (t0, t1, steps));
                    let stats = solver.solve(&mut swing, &grid, &mut y, &mut ()).unwrap();
                    assert_eq!((stats.steps, stats.rejected), (steps, 0));
                    (-(steps as f64).log2(), (y[0] - swing_solution(t1)).abs().log2())
                })
                .collect();
            let order = slope(&points);
            let claimed = f64::from(method.tableau().method.order);
            // The leading errors of DOP853 are so small that higher ones still show.
            let above = if method == EmbeddedMethod::Dop853 { 1.5 } else { 0.3 };
            assert!(-0.2 < order - claimed && order - claimed < above, "{method} from {t0} to {t1}: {order:.3}");
        }
    }
}

/// The largest error of the interpolant between the ends of the first step.
struct Within(f64);

impl Observer<Array1<f64>> for Within {
    fn observe(&mut self, _: usize, _: f64, _: &Array1<f64>) -> Flow {
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, Array1<f64>>) -> Result<Flow, SolveError> {
        let mut y = step.y.clone();
        for i in 1..8 {
            let t = step.t0 + (step.t1 - step.t0) * f64::from(i) / 8.0;
            step.dense(t, &mut y)?;
            self.0 = self.0.max((y[0] - swing_solution(t)).abs());
        }
        Ok(Flow::Stop)
    }
}

#[test]
fn interpolants_have_the_order_that_they_claim() {
    for method in EmbeddedMethod::ALL {
        for direction in [1.0, -1.0] {
            let points: Vec<(f64, f64)> = [3, 4, 5, 6]
                .map(|i| {
                    let h = 0.8 * 0.5_f64.powi(i) * if method == EmbeddedMethod::Dop853 { 4.0 } else { 1.0 };
                    let (solver, grid) = equal_steps(method, (0.5, 0.5 + direction * h, 1));
                    let mut within = Within(0.0);
                    solver.solve(&mut swing, &grid, &mut array![swing_solution(0.5)], &mut within).unwrap();
                    (h.log2(), within.0.log2())
                })
                .to_vec();
            // Within one step the error shrinks with one power more than over an interval.
            let (order, claimed) = (slope(&points) - 1.0, f64::from(method.tableau().dense_order));
            assert!((order - claimed).abs() < 0.4, "{method}: {order:.3}");
        }
    }
}
