//! Time grids: exact ends, strict order, typed refusals.

use fm_solvers::{FixedMethod, Flow, SolveError, TimeGrid, solve_fixed};
use ndarray::{Array1, array};
use proptest::prelude::*;

use crate::problems::sine;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn ends_are_exact(t0 in -10.0..10.0_f64, t1 in -10.0..10.0_f64, steps in 1_usize..200) {
        prop_assume!((t1 - t0).abs() > 1e-6);
        let grid = TimeGrid::uniform(t0, t1, steps).unwrap();
        prop_assert_eq!(grid.steps(), steps);
        prop_assert_eq!((grid.start(), grid.end()), (t0, t1));
        prop_assert_eq!(grid.reversed().reversed(), grid.clone());

        let (mut y, mut last, mut seen) = (array![1.0], f64::NAN, 0);
        let mut observer = |step: usize, t: f64, _: &Array1<f64>| {
            assert_eq!((step, t), (seen, grid.times()[step]));
            (last, seen) = (t, seen + 1);
            Flow::Continue
        };
        let stats = solve_fixed(FixedMethod::Euler, &mut sine, &grid, &mut y, &mut observer).unwrap();
        prop_assert_eq!((stats.t, last, seen), (t1, t1, steps + 1));
    }
}

#[test]
fn steps_may_differ() {
    let grid = TimeGrid::new(vec![0.0, 0.1, 0.5, 1.0]).unwrap();
    let mut y = array![1.0];
    solve_fixed(FixedMethod::Euler, &mut sine, &grid, &mut y, &mut ()).unwrap();
    let expected = [0.1, 0.4, 0.5].into_iter().fold(1.0_f64, |y, h| y + h * y.sin());
    assert!((y[0] - expected).abs() < 1e-15);
}

#[test]
fn grids_without_steps() {
    for times in [vec![], vec![0.5]] {
        let points = times.len();
        assert!(matches!(TimeGrid::new(times), Err(SolveError::NoSteps { points: p }) if p == points));
    }
    let error = TimeGrid::uniform(0.0, 1.0, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a time grid needs at least two points and got 1; give the number of steps, it has no default"
    );
}

#[test]
fn times_that_are_not_finite() {
    let error = TimeGrid::new(vec![0.0, f64::NAN, 1.0]).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteTime { index: 1, t } if t.is_nan()));
    let error = TimeGrid::uniform(0.0, f64::INFINITY, 3).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteTime { .. }));
}

#[test]
fn times_that_turn_or_repeat() {
    let error = TimeGrid::new(vec![0.0, 0.5, 0.25]).unwrap_err();
    assert!(matches!(error, SolveError::NotMonotone { index: 2, previous: 0.5, t: 0.25 }));
    let error = TimeGrid::new(vec![1.0, 0.5, 0.5]).unwrap_err();
    assert!(matches!(error, SolveError::NotMonotone { index: 2, previous: 0.5, t: 0.5 }));
    assert!(matches!(TimeGrid::uniform(1.0, 1.0, 4), Err(SolveError::NotMonotone { index: 1, .. })));
    let next = 1.0_f64.next_up();
    assert!(matches!(TimeGrid::uniform(1.0, next, 4), Err(SolveError::NotMonotone { .. })));
}
