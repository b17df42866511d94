//! Fields that jump at inner times of the grid: what is evaluated where, and how often.

use std::cell::Cell;

use approx::assert_abs_diff_eq;
use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, Flow, SampleObserver, SampleSteps, SolveError, Time, TimeGrid, Tolerance,
    VectorField,
};
use ndarray::{Array1, array};

use crate::problems::swing;

/// `dy/dt` is 1 before the middle of the grid and -2 behind it, on the grid's way: so slow beside `y = 1000` that Hairer's
/// trial would go a hundredth of `1000/1` far, beyond the end. Panics at an evaluation behind the jump before it is reached.
struct Cliff<'a> {
    grid: &'a TimeGrid,
    reached: &'a Cell<bool>,
    evaluations: u64,
}

const START: f64 = 1000.0;

impl VectorField<Array1<f64>> for Cliff<'_> {
    fn eval(&mut self, t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>) -> Result<(), SolveError> {
        let direction = self.grid.direction();
        for (i, u) in out.iter_mut().enumerate() {
            let behind = direction * (t.row(i) - self.grid.times()[1]);
            assert!(behind < 0.0 || self.reached.get(), "evaluated {behind} behind the jump");
            *u = direction * if behind < 0.0 { 1.0 } else { -2.0 };
        }
        self.evaluations += y.len() as u64;
        Ok(())
    }
}

/// Notes that a sample has landed on the jump; samples with the same start do so together.
struct Landing<'a>(&'a TimeGrid, &'a Cell<bool>);

impl SampleObserver<Array1<f64>> for Landing<'_> {
    fn observe(&mut self, steps: &mut SampleSteps<'_, Array1<f64>>) -> Result<Flow, SolveError> {
        self.1.set(self.1.get() || steps.completed.iter().any(|step| step.t1 == self.0.times()[1]));
        Ok(Flow::Continue)
    }
}

fn grids() -> [TimeGrid; 3] {
    // From 0.1 the way to 0.3 is rounded, and adding it up again need not end at 0.3.
    [vec![0.0, 0.5, 1.0], vec![1.0, 0.5, 0.0], vec![0.1, 0.3, 0.7]].map(|times| TimeGrid::new(times).unwrap())
}

#[test]
fn nothing_is_evaluated_behind_a_jump_before_it_is_reached() {
    for method in EmbeddedMethod::ALL {
        for grid in &grids() {
            // So loose that the first step would be longer than the whole way, too.
            let tolerance = Tolerance::new(0.0, START).unwrap();
            let solver = AdaptiveSolver { method, tolerance, jumps: true, ..AdaptiveSolver::default() };
            let ends = grid.times();
            let expected = START + (ends[1] - ends[0]).abs() - 2.0 * (ends[2] - ends[1]).abs();

            let reached = Cell::new(false);
            let mut field = Cliff { grid, reached: &reached, evaluations: 0 };
            let mut landing = |_: usize, t: f64, _: &Array1<f64>| {
                reached.set(reached.get() || t == ends[1]);
                Flow::Continue
            };
            let mut y = array![START, START];
            let stats = solver.solve(&mut field, grid, &mut y, &mut landing).unwrap();
            assert_eq!((stats.steps, stats.rejected), (2, 0), "{method}");
            assert_abs_diff_eq!(y[0], expected, epsilon = 1e-12);

            reached.set(false);
            let mut field = Cliff { grid, reached: &reached, evaluations: 0 };
            let mut y = array![START, START];
            let stats = solver.solve_per_sample(&mut field, grid, &mut y, &mut Landing(grid, &reached)).unwrap();
            assert_eq!((stats.steps, stats.rejected), (vec![2; 2], vec![0; 2]), "{method}");
            assert_abs_diff_eq!(y[1], expected, epsilon = 1e-12);
        }
    }
}

/// The evaluations with jumps: each jump costs the derivative behind it.
#[test]
fn evaluations_with_jumps_are_counted_exactly() {
    let grid = TimeGrid::new(vec![0.0, 0.25, 0.5, 0.75, 1.0]).unwrap();
    // Turns its direction at each jump; nonlinear between them, so that steps are rejected too.
    let turning = |t: f64, y: f64| if (4.0 * t).floor() % 2.0 == 0.0 { (30.0 * y).sin() } else { -y * y };
    for method in EmbeddedMethod::ALL {
        for first_step in [None, Some(0.2)] {
            let calls = Cell::new(0);
            let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                calls.set(calls.get() + 1);
                for (i, (u, &y)) in out.iter_mut().zip(y).enumerate() {
                    *u = turning(t.row(i), y);
                }
                Ok(())
            };
            let solver = AdaptiveSolver { method, first_step, jumps: true, ..AdaptiveSolver::default() };
            let stats = solver.solve(&mut field, &grid, &mut array![0.3], &mut ()).unwrap();
            assert_eq!(stats.nfe, calls.take(), "{method}");
            let (start, trials) = (1 + u64::from(first_step.is_none()), (stats.steps + stats.rejected) as u64);
            let stages = method.tableau().method.stages() as u64 - 1;
            // Without a derivative at the end of a step, every step but the last takes a new one anyway.
            let first_derivatives = if method.tableau().fsal { 3 } else { stats.steps as u64 - 1 };
            assert_eq!(stats.nfe, start + stages * trials + first_derivatives, "{method} {stats:?}");
            assert!(first_step.is_none() || stats.rejected > 0, "{method}");

            let own = solver.solve_per_sample(&mut field, &grid, &mut array![0.3], &mut ()).unwrap();
            assert_eq!((own.calls, own.nfe[0]), (calls.take(), own.calls), "{method}");
            assert_eq!((own.steps[0], own.rejected[0]), (stats.steps, stats.rejected), "{method}");
            // The blind solve finds the jumps by rejecting steps.
            let blind = AdaptiveSolver { jumps: false, ..solver };
            let ends = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
            let without = blind.solve(&mut field, &ends, &mut array![0.3], &mut ()).unwrap();
            assert!(stats.nfe < without.nfe, "{method}: {} with the jumps and {} without", stats.nfe, without.nfe);
        }
    }
}

/// What Hairer's rule plans stands behind a jump that cuts the first step short: a jump at the very start costs its own step and
/// no slow growth from its length, which by a factor of ten for each step would be six.
#[test]
fn a_jump_at_the_very_start_does_not_make_the_first_steps_small() {
    for method in EmbeddedMethod::ALL {
        let solver = AdaptiveSolver { method, jumps: true, ..AdaptiveSolver::default() };
        let steps = |times: Vec<f64>| {
            let grid = TimeGrid::new(times).unwrap();
            let common = solver.solve(&mut swing, &grid, &mut array![1.0], &mut ()).unwrap();
            let own = solver.solve_per_sample(&mut swing, &grid, &mut array![1.0], &mut ()).unwrap();
            assert_eq!((common.steps, common.rejected), (own.steps[0], own.rejected[0]), "{method}");
            common.steps + common.rejected
        };
        let (without, with) = (steps(vec![0.0, 1.0]), steps(vec![0.0, 1e-7, 1.0]));
        assert!(with <= without + 2, "{method}: {without} and {with}");
    }
}
