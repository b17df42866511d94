//! Every way in which a solve can fail.

use std::error::Error;

use fm_solvers::{FiniteCheck, FixedMethod, FixedSolver, SolveError, Time, TimeGrid, solve_fixed};
use ndarray::{Array2, Array3, array};

type Field = fn(Time<'_>, &Array2<f64>, &mut Array2<f64>) -> Result<(), SolveError>;

fn grid() -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, 10).unwrap()
}

/// Zero, except that sample 2 becomes NaN from time 0.35 on.
fn breaks_down(t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    out.fill(0.0);
    if t.row(2) > 0.35 {
        out[[2, 0]] = f64::NAN;
    }
    assert_eq!(y.nrows(), 4);
    Ok(())
}

#[test]
fn a_state_that_stops_being_finite() {
    let found = |check| {
        let solver = FixedSolver { method: FixedMethod::Euler, check };
        solver.solve(&mut (breaks_down as Field), &grid(), &mut Array2::zeros((4, 2)), &mut ()).unwrap_err()
    };
    let place = |error: &SolveError| match error {
        SolveError::NonFiniteState { t, step, sample } => (*t, *step, *sample),
        other => panic!("{other}"),
    };
    assert_eq!(place(&found(FiniteCheck::AtEnd)), (1.0, 10, 2));
    assert_eq!(place(&found(FiniteCheck::Every(1))), (0.5, 5, 2));
    assert_eq!(place(&found(FiniteCheck::Every(4))), (0.8, 8, 2));
    assert!(found(FiniteCheck::AtEnd).to_string().starts_with("sample 2 is not finite at t = 1, after 10 steps"));
}

#[test]
fn an_initial_state_that_is_not_finite() {
    let mut still = |_: Time<'_>, _: &Array3<f32>, out: &mut Array3<f32>| -> Result<(), SolveError> {
        out.fill(0.0);
        Ok(())
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut y = Array3::zeros((5, 2, 3));
        y[[3, 1, 2]] = value;
        let error = solve_fixed(FixedMethod::Heun, &mut still, &grid(), &mut y, &mut ()).unwrap_err();
        assert!(matches!(error, SolveError::NonFiniteState { step: 10, sample: 3, .. }));
    }
}

#[test]
fn a_field_that_fails() {
    let mut y = array![[1.0]];
    let mut fails = |t: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.fill(1.0);
        if t.row(0) > 0.25 { Err(SolveError::field(t.row(0), "out of memory")) } else { Ok(()) }
    };
    let error = solve_fixed(FixedMethod::Euler, &mut fails, &grid(), &mut y, &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::Field { t, .. } if t == 0.3));
    assert_eq!(error.source().unwrap().to_string(), "out of memory");
    assert!((y[[0, 0]] - 1.3).abs() < 1e-12, "the state is that of the last completed step");
}

#[test]
fn a_field_that_returns_another_shape() {
    let mut reshapes = |_: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        *out = Array2::zeros((2, 3));
        Ok(())
    };
    let error = solve_fixed(FixedMethod::Rk4, &mut reshapes, &grid(), &mut Array2::zeros((3, 2)), &mut ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the field returned f64 [2, 3] on host at t = 0, the state is f64 [3, 2] on host; a derivative is laid out as its state"
    );
}

#[test]
fn a_batch_without_samples() {
    let error =
        solve_fixed(FixedMethod::Euler, &mut (breaks_down as Field), &grid(), &mut Array2::zeros((0, 2)), &mut ());
    let SolveError::EmptyBatch { layout } = error.unwrap_err() else { panic!("expected an empty batch") };
    assert_eq!(layout.shape, [0, 2]);
}

#[test]
fn errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<SolveError>();
}
