//! Two states solved together: a sample and its log-density.

use approx::assert_abs_diff_eq;
use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, ErrorEstimate, FixedMethod, Norm, SolveError, State, Time, TimeGrid, Tolerance,
    VectorField, Weighted, solve_fixed,
};
use ndarray::{Array1, Array2};

use crate::allocations::allocations_of;
use crate::problems::{DEVIATION, Gaussian, MEAN};

type Pair = (Array2<f64>, Array1<f64>);

/// The Gaussian flow with the divergence of its velocity: `d log p / dt = -div u`.
fn augmented(t: Time<'_>, y: &Pair, out: &mut Pair) -> Result<(), SolveError> {
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
        assert_abs_diff_eq!(y.error(&y, 1.0, &stages, &estimate, norm).read(), 3.0, epsilon = 1e-12);
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

/// `dx/dt = sin x` and, beside it, an oscillation that needs a thousand times as many steps.
fn with_noise(x: Array2<f64>) -> (Array2<f64>, Weighted<Array1<f64>>) {
    let noisy = Weighted::carried(Array1::zeros(x.nrows()));
    (x, noisy)
}

fn sine(t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    for (i, (mut u, y)) in out.rows_mut().into_iter().zip(y.rows()).enumerate() {
        u.assign(&y.mapv(|y| (y + t.row(i)).sin()));
    }
    Ok(())
}

type Noisy = (Array2<f64>, Weighted<Array1<f64>>);

fn noisy(t: Time<'_>, y: &Noisy, out: &mut Noisy) -> Result<(), SolveError> {
    sine(t, &y.0, &mut out.0)?;
    for (i, u) in out.1.state.iter_mut().enumerate() {
        *u = 1e6 * (1e5 * t.row(i)).sin();
    }
    Ok(())
}

#[test]
fn a_part_of_weight_zero_changes_no_step_of_the_other() {
    let grid = TimeGrid::new(vec![0.0, 0.3, 2.0]).unwrap();
    for method in EmbeddedMethod::ALL {
        for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
            let solver = AdaptiveSolver { method, norm, jumps: true, ..AdaptiveSolver::default() };
            let (mut alone, mut both) = (start().0, with_noise(start().0));
            let expected = solver.solve(&mut sine, &grid, &mut alone, &mut ()).unwrap();
            assert_eq!(solver.solve(&mut noisy, &grid, &mut both, &mut ()).unwrap(), expected, "{method}");
            assert_eq!(both.0, alone);
            assert!(both.1.state.iter().all(|x| *x != 0.0), "carried along");

            let (mut alone, mut both) = (start().0, with_noise(start().0));
            let expected = solver.solve_per_sample(&mut sine, &grid, &mut alone, &mut ()).unwrap();
            assert_eq!(solver.solve_per_sample(&mut noisy, &grid, &mut both, &mut ()).unwrap(), expected, "{method}");
            assert_eq!(both.0, alone);
        }
    }
}

/// Dividing the tolerances is what a weight is defined as; a power of two does so without rounding.
#[test]
fn a_weight_divides_the_tolerances() {
    let grid = TimeGrid::uniform(0.0, 2.0, 1).unwrap();
    let mut weighted =
        |t: Time<'_>, y: &Weighted<Array2<f64>>, out: &mut Weighted<Array2<f64>>| sine(t, &y.state, &mut out.state);
    for method in EmbeddedMethod::ALL {
        for weight in [0.0625, 1.0, 64.0] {
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            let tolerance = Tolerance::new(1e-5 / weight, 1e-5 / weight).unwrap();
            let tightened = AdaptiveSolver { tolerance, ..solver };

            let (mut alone, mut y) = (start().0, Weighted::new(start().0, weight).unwrap());
            let expected = tightened.solve(&mut sine, &grid, &mut alone, &mut ()).unwrap();
            assert_eq!(solver.solve(&mut weighted, &grid, &mut y, &mut ()).unwrap(), expected, "{method} {weight}");
            assert_eq!((&y.state, y.weight()), (&alone, weight));

            let (mut alone, mut y) = (start().0, Weighted::new(start().0, weight).unwrap());
            let expected = tightened.solve_per_sample(&mut sine, &grid, &mut alone, &mut ()).unwrap();
            assert_eq!(solver.solve_per_sample(&mut weighted, &grid, &mut y, &mut ()).unwrap(), expected, "{method}");
            assert_eq!(y.state, alone);
        }
    }
}

/// An infinite error would make any step fail, had anyone looked at it; the end says where it is.
#[test]
fn a_part_of_weight_zero_is_not_looked_at() {
    let mut field = |t: Time<'_>, y: &Noisy, out: &mut Noisy| -> Result<(), SolveError> {
        sine(t, &y.0, &mut out.0)?;
        out.1.state.fill(0.0);
        out.1.state[3] = f64::NAN;
        Ok(())
    };
    let mut y = with_noise(start().0);
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    AdaptiveSolver::default().solve(&mut field, &grid, &mut y, &mut ()).unwrap();
    assert_eq!((y.0.non_finite_sample(), y.non_finite_sample()), (None, Some(3)));
    let error = solve_fixed(FixedMethod::Heun, &mut field, &grid, &mut with_noise(start().0), &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteState { sample: 3, .. }), "{error}");
}

#[test]
fn weights_are_checked() {
    for weight in [-1.0, f64::NAN, f64::INFINITY, 1e-300] {
        let error = Weighted::new(Array1::<f64>::zeros(2), weight).unwrap_err();
        assert!(matches!(error, SolveError::InvalidOption { option: "weight", .. }), "{error}");
    }
}

/// The mean of the samples as an equation of its own: one number for all of them.
#[test]
fn the_second_part_may_be_one_thing_for_all_samples() {
    type Shared = (Array2<f64>, Array1<f64>);
    let mut field = |_: Time<'_>, (x, _): &Shared, out: &mut Shared| -> Result<(), SolveError> {
        out.0.assign(&-x);
        out.1.fill(-x.mean().unwrap());
        Ok(())
    };
    let x = start().0;
    let mut y = (x.clone(), Array1::from_elem(1, x.mean().unwrap()));
    assert_eq!(y.batch(), 5);
    AdaptiveSolver::default().solve(&mut field, &TimeGrid::uniform(0.0, 1.0, 1).unwrap(), &mut y, &mut ()).unwrap();
    assert_abs_diff_eq!(y.0.mean().unwrap(), y.1[0], epsilon = 1e-14);
}

#[test]
fn steps_of_weighted_pairs_allocate_nothing() {
    let mut field = |t: Time<'_>, y: &Noisy, out: &mut Noisy| -> Result<(), SolveError> {
        Gaussian.eval(t, &y.0, &mut out.0)?;
        out.1.state.fill(1.0);
        Ok(())
    };
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        for per_sample in [false, true] {
            let mut allocations = |h_max: f64| {
                let solver = AdaptiveSolver { method, h_max, ..AdaptiveSolver::default() };
                let mut y = (Array2::from_elem((100, 30), 0.7), Weighted::new(Array1::zeros(100), 0.5).unwrap());
                allocations_of(|| {
                    if per_sample {
                        solver.solve_per_sample(&mut field, &grid, &mut y, &mut ()).unwrap();
                    } else {
                        solver.solve(&mut field, &grid, &mut y, &mut ()).unwrap();
                    }
                })
            };
            assert_eq!(allocations(f64::INFINITY), allocations(0.01), "{method}");
        }
    }
}

#[test]
#[should_panic(expected = "one step size for each sample")]
fn samples_that_share_a_part_take_no_steps_of_their_own() {
    let mut field = |_: Time<'_>, (x, _): &Pair, out: &mut Pair| -> Result<(), SolveError> {
        out.0.assign(&-x);
        Ok(())
    };
    let mut y = (start().0, Array1::zeros(1));
    let solver = AdaptiveSolver { first_step: Some(0.1), ..AdaptiveSolver::default() };
    let _ = solver.solve_per_sample(&mut field, &TimeGrid::uniform(0.0, 1.0, 1).unwrap(), &mut y, &mut ());
}
