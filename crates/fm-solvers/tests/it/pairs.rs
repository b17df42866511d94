//! Two states solved together: a sample and its log-density.

use approx::assert_abs_diff_eq;
use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, ErrorEstimate, FixedMethod, Norm, SolveError, State, Time, TimeGrid, Tolerance,
    solve_fixed,
};
use ndarray::{Array1, Array2};

use crate::problems::{DEVIATION, Gaussian, MEAN};

type Pair = (Array2<f64>, Array1<f64>);

/// The Gaussian flow with the divergence of its velocity: `d log p / dt = -div u`.
fn augmented(t: Time<'_>, y: &Pair, out: &mut Pair) -> Result<(), SolveError> {
    use fm_solvers::VectorField;
    Gaussian.eval(t, &y.0, &mut out.0)?;
    for (i, log_p) in out.1.iter_mut().enumerate() {
        let t = t.row(i);
        let variance = (1.0 - t).powi(2) + (t * DEVIATION).powi(2);
        *log_p = -(y.0.ncols() as f64) * (t * DEVIATION.powi(2) - (1.0 - t)) / variance;
    }
    Ok(())
}

fn start() -> Pair {
    let x = Array2::from_shape_fn((5, 3), |(i, j)| (i as f64 - 2.0) * 0.6 + 0.2 * j as f64);
    let log_p = x.rows().into_iter().map(|x| -0.5 * x.dot(&x)).collect();
    (x, log_p)
}

/// The density of the target, but for the constant of the source.
fn check((x, log_p): &Pair, epsilon: f64) {
    for (x, log_p) in x.rows().into_iter().zip(log_p) {
        let exact: f64 = x.iter().map(|x| -0.5 * ((x - MEAN) / DEVIATION).powi(2) - DEVIATION.ln()).sum();
        assert_abs_diff_eq!(*log_p, exact, epsilon = epsilon);
    }
}

#[test]
fn likelihoods_are_exact() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        let tolerance = Tolerance::new(1e-9, 1e-9).unwrap();
        let solver = AdaptiveSolver { method, tolerance, norm: Norm::MaxOverSamples, ..AdaptiveSolver::default() };
        let mut y = start();
        solver.solve(&mut augmented, &grid, &mut y, &mut ()).unwrap();
        check(&y, 1e-6);
        let mut own = start();
        solver.solve_per_sample(&mut augmented, &grid, &mut own, &mut ()).unwrap();
        check(&own, 1e-6);
    }
    for method in FixedMethod::ALL {
        let mut y = start();
        solve_fixed(method, &mut augmented, &TimeGrid::uniform(0.0, 1.0, 4000).unwrap(), &mut y, &mut ()).unwrap();
        check(&y, if method == FixedMethod::Euler { 1e-1 } else { 1e-5 });
    }
}

#[test]
fn the_error_of_a_pair_is_that_of_its_worse_part() {
    let y = start();
    let mut stages = y.stages(1);
    Pair::set_stage(&mut stages, 0, |out| {
        out.0.fill(1e-6);
        out.1.fill(3e-5);
        Ok(())
    })
    .unwrap();
    let estimate = ErrorEstimate { rows: &[&[1.0]], tolerance: Tolerance::new(0.0, 1e-5).unwrap() };
    for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
        assert_abs_diff_eq!(y.error(&y, 1.0, &stages, &estimate, norm), 3.0, epsilon = 1e-12);
    }
}

#[test]
fn pairs_are_named_whole() {
    assert_eq!(start().layout().to_string(), "(f64, f64 [5]) [5, 3] on host");
    let mut y = start();
    y.0[[3, 1]] = f64::NAN;
    assert_eq!(y.non_finite_sample(), Some(3));
    let mut y = start();
    y.1[4] = f64::INFINITY;
    assert_eq!(y.non_finite_sample(), Some(4));
}

#[test]
#[should_panic(expected = "the parts of a pair, f64 [2, 3] on host and f64 [4] on host, hold different samples")]
fn parts_of_different_batches_are_refused() {
    let _ = (Array2::<f64>::zeros((2, 3)), Array1::<f64>::zeros(4)).batch();
}
