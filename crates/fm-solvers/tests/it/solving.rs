//! The loop: counts, observers, early ends, owning the loop.

use std::cell::Cell;

use fm_solvers::{
    FiniteCheck, FixedMethod, FixedSolver, Flow, RungeKutta, SolveError, Tableau, Time, TimeGrid, solve_fixed,
};
use ndarray::{Array1, array};

use crate::problems::{sine, solve};

#[test]
fn evaluations_are_counted_exactly() {
    for method in FixedMethod::ALL {
        for steps in [1, 7, 32] {
            let calls = Cell::new(0);
            let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                calls.set(calls.get() + 1);
                sine(t, y, out)
            };
            let stats = solve(method, &mut field, (0.0, 1.0, steps), &mut array![1.0]);
            assert_eq!(stats.nfe, calls.get());
            assert_eq!(stats.nfe, method.nfe(steps));
            assert_eq!((stats.steps, stats.t, stats.stopped_early), (steps, 1.0, false));
        }
    }
}

#[test]
fn multistep_methods_pay_for_their_start_and_then_once_per_step() {
    let cost = |method: FixedMethod| [1, 2, 16].map(|steps| method.nfe(steps));
    assert_eq!(cost(FixedMethod::Ab2), [2, 3, 17]);
    assert_eq!(cost(FixedMethod::Ab3), [4, 8, 22]);
    assert_eq!(cost(FixedMethod::Ab4), [4, 8, 25]);
    assert_eq!(cost(FixedMethod::Abm4), [4, 8, 38]);
    assert_eq!(cost(FixedMethod::Rk4), [4, 8, 64]);
}

#[test]
fn stages_at_the_end_of_a_step_are_at_a_grid_time() {
    let grid = TimeGrid::uniform(0.1, 0.9, 7).unwrap();
    let mut times = Vec::new();
    let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        times.push(t.row(0));
        sine(t, y, out)
    };
    solve_fixed(FixedMethod::Heun, &mut field, &grid, &mut array![1.0], &mut ()).unwrap();
    let expected: Vec<f64> = grid.times().windows(2).flatten().copied().collect();
    assert_eq!(times, expected);
}

#[test]
fn observers_see_every_point_and_can_end_the_solve() {
    let grid = TimeGrid::uniform(1.0, 0.0, 8).unwrap();
    let mut y = array![1.0];
    let mut seen = Vec::new();
    let mut observer = |step: usize, t: f64, y: &Array1<f64>| {
        seen.push((step, t, y[0]));
        if step == 3 { Flow::Stop } else { Flow::Continue }
    };
    let stats = solve_fixed(FixedMethod::Rk4, &mut sine, &grid, &mut y, &mut observer).unwrap();
    assert_eq!((stats.nfe, stats.steps, stats.t, stats.stopped_early), (12, 3, 0.625, true));
    assert_eq!(seen.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), [(0, 1.0), (1, 0.875), (2, 0.75), (3, 0.625)]);
    assert_eq!((seen[0].2, seen[3].2), (1.0, y[0]));
}

#[test]
fn stopping_at_either_end() {
    let grid = TimeGrid::uniform(0.0, 1.0, 2).unwrap();
    let mut y = array![1.0];
    let mut at_once = |_: usize, _: f64, _: &Array1<f64>| Flow::Stop;
    let stats = solve_fixed(FixedMethod::Euler, &mut sine, &grid, &mut y, &mut at_once).unwrap();
    assert_eq!((stats.nfe, stats.steps, stats.t, stats.stopped_early, y[0]), (0, 0, 0.0, true, 1.0));

    let mut at_the_end = |step: usize, _: f64, _: &Array1<f64>| if step == 2 { Flow::Stop } else { Flow::Continue };
    let stats = solve_fixed(FixedMethod::Euler, &mut sine, &grid, &mut y, &mut at_the_end).unwrap();
    assert!(!stats.stopped_early, "nothing was left to do");
}

#[test]
fn a_loop_of_ones_own_gives_the_same_result() {
    let grid = TimeGrid::uniform(0.0, 2.0, 10).unwrap();
    let (mut y, mut own) = (array![1.0, 0.2], array![1.0, 0.2]);
    solve_fixed(FixedMethod::Ralston, &mut sine, &grid, &mut y, &mut ()).unwrap();
    let mut stepper = RungeKutta::new(&Tableau::RALSTON, &own);
    for t in grid.times().windows(2) {
        stepper.step(&mut sine, t[0], t[1], &mut own).unwrap();
    }
    assert_eq!(y, own);
}

#[test]
fn checks_do_not_change_the_result() {
    let grid = TimeGrid::uniform(0.0, 2.0, 10).unwrap();
    let mut expected = array![1.0];
    solve_fixed(FixedMethod::Midpoint, &mut sine, &grid, &mut expected, &mut ()).unwrap();
    for check in [FiniteCheck::Every(0), FiniteCheck::Every(1), FiniteCheck::Every(3)] {
        let mut y = array![1.0];
        let solver = FixedSolver { check, ..FixedSolver::default() };
        solver.solve(&mut sine, &grid, &mut y, &mut ()).unwrap();
        assert_eq!(y, expected);
    }
}
