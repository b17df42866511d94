//! What becomes of a step of the smallest length whose error is too large.

use fm_solvers::{AdaptiveSolver, AtSmallestStep, SolveError, Time, TimeGrid, Tolerance};
use ndarray::{Array2, array};

fn growth(_: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    out.assign(y);
    Ok(())
}

fn solver(at_h_min: AtSmallestStep) -> AdaptiveSolver {
    let tolerance = Tolerance::new(1e-13, 1e-13).unwrap();
    AdaptiveSolver { tolerance, h_min: 0.1, at_h_min, first_step: Some(0.5), ..AdaptiveSolver::default() }
}

fn span() -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, 1).unwrap()
}

#[test]
fn it_is_an_error_by_default() {
    let fail = solver(AtSmallestStep::default());
    let error = fail.solve(&mut growth, &span(), &mut array![[1.0]], &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::StepUnderflow { t: 0.0, step: 0, sample: 0, .. }), "{error}");
    let error = fail.solve_per_sample(&mut growth, &span(), &mut array![[0.0], [1.0]], &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::StepUnderflow { t: 0.0, step: 0, sample: 1, .. }), "{error}");
}

#[test]
fn it_is_taken_and_counted_where_that_is_asked_for() {
    let accept = solver(AtSmallestStep::Accept);
    let mut y = array![[1.0]];
    let stats = accept.solve(&mut growth, &span(), &mut y, &mut ()).unwrap();
    // From 0.5 to 0.1 by two rejections, then ten steps; rounding decides whether the last is stretched.
    assert_eq!((stats.t, stats.forced), (1.0, stats.steps));
    assert!((9..=11).contains(&stats.steps) && stats.rejected >= 1, "{stats:?}");
    // Ten steps of a method of order 5 with error constant 1/3600: 10 * 0.1^6/3600 * e.
    assert!((y[[0, 0]] - 1.0_f64.exp()).abs() < 1e-8, "{y}");

    // A sample at rest is not forced.
    let mut y = array![[0.0], [1.0]];
    let stats = accept.solve_per_sample(&mut growth, &span(), &mut y, &mut ()).unwrap();
    assert_eq!((stats.forced[0], stats.forced[1]), (0, stats.steps[1]));
    assert_eq!(stats.t, [1.0, 1.0]);
}

#[test]
fn a_step_that_is_not_finite_is_never_taken() {
    let mut breaks = |t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.assign(y);
        if t.row(0) > 0.5 {
            out.fill(f64::NAN);
        }
        Ok(())
    };
    let error = solver(AtSmallestStep::Accept).solve(&mut breaks, &span(), &mut array![[1.0]], &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { sample: 0, t, .. } if t <= 0.5), "{error}");
}

/// Times are rounded, and so are the differences between them: 0.4 - 0.30000000000000004 is less than 0.1.
#[test]
fn steps_of_the_smallest_length_itself_are_no_underflow() {
    let smallest = AdaptiveSolver { h_min: 0.1, h_max: 0.1, ..AdaptiveSolver::default() };
    let stats = smallest.solve(&mut growth, &span(), &mut array![[1.0]], &mut ()).unwrap();
    // An eleventh is what rounding may leave of the way: none is longer than asked for.
    assert!((10..=11).contains(&stats.steps) && (stats.forced, stats.t) == (0, 1.0), "{stats:?}");
    let stats = smallest.solve_per_sample(&mut growth, &span(), &mut array![[1.0], [0.0]], &mut ()).unwrap();
    assert!(stats.steps.iter().all(|steps| (10..=11).contains(steps)), "{stats:?}");
}
