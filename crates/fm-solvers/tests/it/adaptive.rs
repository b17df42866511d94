//! The adaptive loop: counts, exact ends, stops, jumps, observers, the way back.

use std::cell::Cell;

use approx::assert_abs_diff_eq;
use fm_solvers::{
    AdaptiveSolver, BrownianPath, Calculus, Diffusion, EmbeddedMethod, FixedMethod, Flow, Norm, Observer, Sde,
    SdeSolver, SolveError, Step, StepControl, Time, TimeGrid, Tolerance, Trajectory, solve_fixed,
};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use crate::problems::{DEVIATION, Gaussian, MEAN, sine, swing, swing_solution};

fn tolerance(value: f64) -> Tolerance {
    Tolerance::new(value, value).unwrap()
}

fn span(t0: f64, t1: f64) -> TimeGrid {
    TimeGrid::uniform(t0, t1, 1).unwrap()
}

fn all_controls() -> [StepControl; 4] {
    let pid = StepControl { p: 0.2, i: 0.5, d: 0.05, ..StepControl::I };
    [StepControl::I, StepControl::PI, StepControl::DOP853, pid]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn the_last_time_is_exact(t0 in -10.0..10.0_f64, t1 in -10.0..10.0_f64, method in 0..4_usize) {
        prop_assume!((t1 - t0).abs() > 1e-6);
        let solver = AdaptiveSolver { method: EmbeddedMethod::ALL[method], ..AdaptiveSolver::default() };
        let (mut y, mut last) = (array![1.0], f64::NAN);
        let mut observer = |_: usize, t: f64, _: &Array1<f64>| {
            last = t;
            Flow::Continue
        };
        let stats = solver.solve(&mut sine, &span(t0, t1), &mut y, &mut observer).unwrap();
        prop_assert_eq!((stats.t, last, stats.next_step), (t1, t1, None));
        let mut own = array![1.0];
        let own_steps = solver.solve_per_sample(&mut sine, &span(t0, t1), &mut own, &mut ()).unwrap();
        prop_assert_eq!(own_steps.t, vec![t1]);
    }
}

#[test]
fn evaluations_are_counted_exactly() {
    for method in EmbeddedMethod::ALL {
        let tableau = method.tableau();
        for first_step in [None, Some(0.3)] {
            let calls = Cell::new(0);
            let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                calls.set(calls.get() + 1);
                swing(t, y, out)
            };
            let solver = AdaptiveSolver { method, first_step, tolerance: tolerance(1e-6), ..AdaptiveSolver::default() };
            let stats = solver.solve(&mut field, &span(0.0, 10.0), &mut array![1.0], &mut ()).unwrap();
            assert_eq!(stats.nfe, calls.get(), "{method}");
            let start = 1 + u64::from(first_step.is_none());
            let trials = (stats.steps + stats.rejected) as u64;
            let expected = match method {
                EmbeddedMethod::Dop853 => start + 11 * trials + stats.steps as u64 - 1,
                _ => start + (tableau.method.stages() as u64 - 1) * trials,
            };
            assert_eq!(stats.nfe, expected, "{method}");
        }
    }
}

#[test]
fn every_method_control_and_norm_reaches_the_tolerance_in_both_directions() {
    for method in EmbeddedMethod::ALL {
        for control in all_controls() {
            for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
                for (t0, t1) in [(0.0, 10.0), (10.0, 0.0)] {
                    let solver = AdaptiveSolver {
                        method,
                        control,
                        norm,
                        tolerance: tolerance(1e-7),
                        ..AdaptiveSolver::default()
                    };
                    let mut y = array![swing_solution(t0), -swing_solution(t0)];
                    solver.solve(&mut swing, &span(t0, t1), &mut y, &mut ()).unwrap();
                    // Errors of steps grow by at most e^2 on the way and add up over some hundred steps.
                    assert_abs_diff_eq!(y[0], swing_solution(t1), epsilon = 1e-5);
                    assert_abs_diff_eq!(y[1], -swing_solution(t1), epsilon = 1e-5);
                }
            }
        }
    }
}

#[test]
fn there_and_back() {
    let start = array![[1.0, -0.5], [0.0, 2.0]];
    let solver = AdaptiveSolver { tolerance: tolerance(1e-9), ..AdaptiveSolver::default() };
    let mut y = start.clone();
    solver.solve(&mut Gaussian, &span(0.0, 1.0), &mut y, &mut ()).unwrap();
    for (y, start) in y.iter().zip(&start) {
        assert_abs_diff_eq!(*y, MEAN + DEVIATION * start, epsilon = 1e-7);
    }
    solver.solve(&mut Gaussian, &span(1.0, 0.0), &mut y, &mut ()).unwrap();
    for (y, start) in y.iter().zip(&start) {
        assert_abs_diff_eq!(*y, *start, epsilon = 1e-7);
    }
}

#[test]
fn f32_follows_f64_to_its_rounding() {
    for method in EmbeddedMethod::ALL {
        let (mut wide, mut narrow) = (array![1.0_f64, -2.0, 0.3], array![1.0_f32, -2.0, 0.3]);
        // Equal steps, so that both take the same.
        let first_step = Some(0.02);
        let solver =
            AdaptiveSolver { method, tolerance: tolerance(1e3), first_step, h_max: 0.02, ..AdaptiveSolver::default() };
        solver.solve(&mut Gaussian, &span(0.0, 1.0), &mut wide, &mut ()).unwrap();
        solver.solve(&mut Gaussian, &span(0.0, 1.0), &mut narrow, &mut ()).unwrap();
        for (a, b) in wide.iter().zip(&narrow) {
            // Some hundred roundings of numbers near 3.
            assert_abs_diff_eq!(*a, f64::from(*b), epsilon = 5e-6);
        }
    }
}

/// Compares neighbouring interpolants where they meet.
#[derive(Default)]
struct Joints {
    last: Option<Array1<f64>>,
    seen: usize,
}

impl Observer<Array1<f64>> for Joints {
    fn observe(&mut self, _: usize, _: f64, y: &Array1<f64>) -> Flow {
        self.last = Some(y.clone());
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, Array1<f64>>) -> Result<Flow, SolveError> {
        let mut y = step.y.clone();
        step.dense(step.t0, &mut y)?;
        assert_eq!(Some(&y), self.last.as_ref(), "the state at the start");
        step.dense(step.t1, &mut y)?;
        assert_abs_diff_eq!(y[0], step.y[0], epsilon = 1e-14);
        // A step of rounding from the end the value has not jumped: the slope is below 10.
        step.dense(step.t1 - 1e-9 * (step.t1 - step.t0), &mut y)?;
        assert_abs_diff_eq!(y[0], step.y[0], epsilon = 1e-8);
        self.last = Some(step.y.clone());
        self.seen = step.index;
        Ok(Flow::Continue)
    }
}

#[test]
fn interpolants_are_continuous_at_the_ends_of_steps() {
    for method in EmbeddedMethod::ALL {
        for (t0, t1) in [(0.0, 6.0), (6.0, 0.0)] {
            let solver = AdaptiveSolver { method, tolerance: tolerance(1e-6), ..AdaptiveSolver::default() };
            let mut joints = Joints::default();
            let stats = solver.solve(&mut swing, &span(t0, t1), &mut array![swing_solution(t0)], &mut joints).unwrap();
            assert_eq!((joints.seen, stats.steps > 4), (stats.steps, true), "{method}");
        }
    }
}

#[test]
fn saved_times_are_interpolated_and_take_no_steps() {
    for method in EmbeddedMethod::ALL {
        for (t0, t1) in [(0.0, 10.0), (10.0, 0.0)] {
            let solver = AdaptiveSolver { method, tolerance: tolerance(1e-8), ..AdaptiveSolver::default() };
            let start = array![swing_solution(t0)];
            let (mut plain, mut y) = (start.clone(), start.clone());
            let mut saved = Trajectory::new(&TimeGrid::uniform(t0, t1, 333).unwrap(), &y);
            let without = solver.solve(&mut swing, &span(t0, t1), &mut plain, &mut ()).unwrap();
            let stats = solver.solve(&mut swing, &span(t0, t1), &mut y, &mut saved).unwrap();
            assert_eq!((stats.steps, stats.rejected, &y), (without.steps, without.rejected, &plain));
            assert_eq!(stats.nfe == without.nfe, method != EmbeddedMethod::Dop853);
            assert_eq!(saved.times(), TimeGrid::uniform(t0, t1, 333).unwrap().times());
            assert_eq!((&saved.states()[0], &saved.states()[333]), (&start, &y));
            for (&t, y) in saved.times().iter().zip(saved.states()) {
                assert_abs_diff_eq!(y[0], swing_solution(t), epsilon = 1e-6);
            }
        }
    }
}

#[test]
fn a_fixed_grid_saves_its_own_times() {
    let grid = TimeGrid::uniform(0.0, 1.0, 8).unwrap();
    let mut y = array![1.0];
    let mut saved = Trajectory::new(&TimeGrid::new(vec![0.25, 0.5, 1.0]).unwrap(), &y);
    solve_fixed(FixedMethod::Rk4, &mut sine, &grid, &mut y, &mut saved).unwrap();
    assert_eq!((saved.times(), &saved.states()[2]), (&[0.25, 0.5, 1.0][..], &y));
}

#[test]
fn a_fixed_grid_refuses_other_times_before_the_first_step() {
    let mut untouched = |_: Time<'_>, _: &Array1<f64>, _: &mut Array1<f64>| -> Result<(), SolveError> {
        panic!("the field is evaluated")
    };
    let cases = [
        (vec![0.0, 0.5, 1.0], vec![0.0, 0.3, 1.0], [0.3, 0.0, 0.5]),
        (vec![0.0, 0.5, 1.0], vec![0.5, 1.0_f64.next_down()], [1.0_f64.next_down(), 0.5, 1.0]),
        (vec![1.0, 0.5, 0.0], vec![0.5, 0.3, -1.0], [0.3, 0.5, 0.0]),
    ];
    for (grid, times, expected) in cases {
        let grid = TimeGrid::new(grid).unwrap();
        let mut saved = Trajectory::new(&TimeGrid::new(times).unwrap(), &array![1.0]);
        let error = solve_fixed(FixedMethod::Rk4, &mut untouched, &grid, &mut array![1.0], &mut saved).unwrap_err();
        let SolveError::NotOnGrid { t, before, after } = error else { panic!("{error}") };
        assert_eq!([t, before, after], expected);
        assert!(saved.times().is_empty());

        let sde = Sde {
            calculus: Calculus::Ito,
            drift: &mut untouched,
            diffusion: Diffusion::Additive(&|_| panic!("the diffusion is evaluated")),
        };
        let noise = BrownianPath::new(0, &grid);
        let error = SdeSolver::default().solve(sde, &noise, &grid, &mut array![1.0], &mut saved).unwrap_err();
        assert!(matches!(error, SolveError::NotOnGrid { .. }), "{error}");
    }
    let text = SolveError::NotOnGrid { t: 0.3, before: 0.0, after: 0.5 }.to_string();
    assert!(text.starts_with("the state at t = 0.3 is to be saved, and the grid visits 0 and 0.5;"), "{text}");
}

#[test]
fn saved_times_beyond_a_fixed_grid_wait_for_the_next_solve() {
    let times = TimeGrid::uniform(0.0, 1.0, 4).unwrap();
    let (mut y, mut saved) = (array![1.0], Trajectory::new(&times, &array![1.0]));
    let half = |t0: f64, t1: f64| TimeGrid::uniform(t0, t1, 2).unwrap();
    solve_fixed(FixedMethod::Rk4, &mut sine, &half(0.0, 0.5), &mut y, &mut saved).unwrap();
    assert_eq!(saved.times(), [0.0, 0.25, 0.5]);
    // What is saved already may lie anywhere.
    solve_fixed(FixedMethod::Rk4, &mut sine, &half(0.5, 1.0), &mut y, &mut saved).unwrap();
    assert_eq!((saved.times(), &saved.states()[4]), (times.times(), &y));
}

#[test]
fn steps_end_at_the_inner_times_of_the_grid() {
    for times in [vec![0.0, 0.1, 2.0_f64.sqrt(), 5.0], vec![5.0, 2.0_f64.sqrt(), 0.1, 0.0]] {
        let grid = TimeGrid::new(times.clone()).unwrap();
        let mut seen = Vec::new();
        let mut observer = |_: usize, t: f64, _: &Array1<f64>| {
            seen.push(t);
            Flow::Continue
        };
        let mut y = array![swing_solution(times[0])];
        AdaptiveSolver::default().solve(&mut swing, &grid, &mut y, &mut observer).unwrap();
        assert!(times.iter().all(|t| seen.contains(t)), "{seen:?}");
        assert_abs_diff_eq!(y[0], swing_solution(times[3]), epsilon = 1e-3);
    }
}

#[test]
fn a_stop_does_not_shorten_the_steps_after_it() {
    let grid = TimeGrid::new(vec![0.0, 1.0, 1.0 + 1e-9, 4.0]).unwrap();
    let with = AdaptiveSolver::default().solve(&mut swing, &grid, &mut array![1.0], &mut ()).unwrap();
    let without = AdaptiveSolver::default().solve(&mut swing, &span(0.0, 4.0), &mut array![1.0], &mut ()).unwrap();
    assert!(with.steps + with.rejected <= without.steps + without.rejected + 4, "{with:?} {without:?}");
}

/// `dy/dt` is 1 before 1/3, -2 between it and 0.7, and 5 after.
fn staircase(t: Time<'_>, _: &Array1<f64>, out: &mut Array1<f64>) -> Result<(), SolveError> {
    let t = t.row(0);
    out.fill(if t < 1.0 / 3.0 {
        1.0
    } else if t < 0.7 {
        -2.0
    } else {
        5.0
    });
    Ok(())
}

#[test]
fn jumps_are_seen_from_both_sides() {
    let exact = 1.0 / 3.0 - 2.0 * (0.7 - 1.0 / 3.0) + 5.0 * 0.3;
    for method in EmbeddedMethod::ALL {
        for times in [vec![0.0, 1.0 / 3.0, 0.7, 1.0], vec![1.0, 0.7, 1.0 / 3.0, 0.0]] {
            let grid = TimeGrid::new(times.clone()).unwrap();
            let sign = grid.direction();
            let solver = AdaptiveSolver { method, jumps: true, ..AdaptiveSolver::default() };
            let mut y = array![0.0];
            let stats = solver.solve(&mut staircase, &grid, &mut y, &mut ()).unwrap();
            assert_abs_diff_eq!(y[0], sign * exact, epsilon = 1e-14);
            assert_eq!(stats.rejected, 0, "{method}");
            let blind = AdaptiveSolver { jumps: false, ..solver };
            let mut y = array![0.0];
            let without = blind.solve(&mut staircase, &span(times[0], times[3]), &mut y, &mut ()).unwrap();
            assert!(without.nfe > 2 * stats.nfe, "{method}: {} against {}", without.nfe, stats.nfe);

            let mut rows = array![0.0];
            let own = solver.solve_per_sample(&mut staircase, &grid, &mut rows, &mut ()).unwrap();
            assert_abs_diff_eq!(rows[0], sign * exact, epsilon = 1e-14);
            assert_eq!(own.rejected, [0]);
        }
    }
}

#[test]
fn observers_end_the_solve() {
    let mut y = array![1.0];
    let mut at_two = |_: usize, _: f64, y: &Array1<f64>| if y[0] < 2.0 { Flow::Continue } else { Flow::Stop };
    let stats = AdaptiveSolver::default().solve(&mut swing, &span(0.0, 10.0), &mut y, &mut at_two).unwrap();
    assert!(stats.stopped_early && stats.t < 10.0 && y[0] >= 2.0);
    let mut never = |_: usize, _: f64, _: &Array1<f64>| Flow::Stop;
    let stats = AdaptiveSolver::default().solve(&mut swing, &span(0.0, 1.0), &mut y, &mut never).unwrap();
    assert_eq!((stats.nfe, stats.t, stats.stopped_early), (0, 0.0, true));
}

#[test]
fn step_sizes_stay_within_their_bounds() {
    let mut lengths = Vec::new();
    let mut last = 0.0;
    let mut observer = |_: usize, t: f64, _: &Array1<f64>| {
        lengths.push(t - last);
        last = t;
        Flow::Continue
    };
    let solver = AdaptiveSolver { h_max: 0.05, ..AdaptiveSolver::default() };
    solver.solve(&mut swing, &span(0.0, 3.0), &mut array![1.0], &mut observer).unwrap();
    assert!(lengths.iter().all(|&h| h <= 0.05 + 1e-15) && lengths.len() > 60);
}

#[test]
fn a_partial_solve_goes_on_where_it_ended() {
    let whole = AdaptiveSolver { tolerance: tolerance(1e-8), ..AdaptiveSolver::default() };
    let (mut expected, mut y) = (array![1.0], array![1.0]);
    let complete = whole.solve(&mut swing, &span(0.0, 10.0), &mut expected, &mut ()).unwrap();
    let part = AdaptiveSolver { max_steps: 7, ..whole };
    let stats = part.solve(&mut swing, &span(0.0, 10.0), &mut y, &mut ()).unwrap();
    assert!(stats.out_of_steps && stats.steps + stats.rejected == 7 && stats.t < 10.0);
    let rest = AdaptiveSolver { first_step: stats.next_step, ..whole };
    let more = rest.solve(&mut swing, &span(stats.t, 10.0), &mut y, &mut ()).unwrap();
    assert_eq!((stats.steps + more.steps, y), (complete.steps, expected), "integral control remembers nothing else");
}

#[test]
fn options_out_of_range_are_named() {
    let solve = |solver: AdaptiveSolver| {
        solver.solve(&mut sine, &span(0.0, 1.0), &mut array![1.0], &mut ()).unwrap_err().to_string()
    };
    let base = AdaptiveSolver::default();
    assert_eq!(
        solve(AdaptiveSolver { first_step: Some(-0.1), ..base }),
        "first_step is -0.1; it must be above zero and finite"
    );
    assert_eq!(
        solve(AdaptiveSolver { h_min: 2.0, h_max: 1.0, ..base }),
        "h_min is 2; it must be between zero and h_max"
    );
    assert_eq!(solve(AdaptiveSolver { h_max: 0.0, ..base }), "h_max is 0; it must be above zero");
    let control = StepControl { safety: 0.0, ..StepControl::I };
    assert_eq!(solve(AdaptiveSolver { control, ..base }), "control.safety is 0; it must be in (0, 1]");
    let error = base.solve(&mut Gaussian, &span(0.0, 1.0), &mut Array2::<f64>::zeros((0, 3)), &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::EmptyBatch { .. }));
}

#[test]
fn errors_of_the_field_leave_the_last_completed_step() {
    let mut fails = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        if t.row(0) > 5.0 {
            return Err(SolveError::field(t.row(0), "device lost"));
        }
        swing(t, y, out)
    };
    let mut y = array![1.0];
    let mut last = 0.0;
    let mut observer = |_: usize, t: f64, _: &Array1<f64>| {
        last = t;
        Flow::Continue
    };
    let error = AdaptiveSolver::default().solve(&mut fails, &span(0.0, 10.0), &mut y, &mut observer).unwrap_err();
    assert!(matches!(error, SolveError::Field { t, .. } if t > 5.0));
    assert_abs_diff_eq!(y[0], swing_solution(last), epsilon = 1e-3);
}
