//! What users of other integrators complain about cannot happen here.
//!
//! | complaint | thread | the test that would fail |
//! |---|---|---|
//! | "underflow in dt" for NaN and stiffness alike | torchdiffeq #27, #57, #58, #244 | `nan_and_stiffness_are_different_errors` |
//! | an endless solve, without the last state | torchdiffeq #84, #278; diffrax #268, #161 | `a_spent_budget_returns_the_state_where_it_is` |
//! | one stiff sample slows or degrades the batch | torchdiffeq #278; diffrax #500 | `a_stiff_sample_costs_the_others_nothing_under_steps_of_their_own`, `mixture::a_norm_over_samples_keeps_the_worst_sample_near_the_tolerance` |
//! | times as `f64` tensors, or as `f32` that lose digits | torchdiffeq #256, #257; diffusers #9224 | `times_are_host_f64_whatever_the_state_is` |
//! | the last time is missed, or the field asked beyond it | torchdiffeq #138; diffusers #13274 | `no_evaluation_is_beyond_the_last_time`, the properties of `grids` |
//! | Brownian paths that are slow or too deep for some steps | torchsde #36, #105, #109; diffusers #8728 | `noise::short_steps_through_a_long_cell_add_up`, `noise::parts_add_up_in_any_order_of_asking`, `no_part_takes_more_than_two_halvings_for_each_bit` beside the code |
//! | many kernels and transfers for each step | torchdiffeq #15, #174; torchode #46; diffusers #9485 | `a_trial_step_reads_one_scalar_back_and_a_fixed_step_none` |
//! | gradients missing or wrong, second derivatives that fail | torchdiffeq #29, #30, #151, #209 | `tensors::gradients_through_a_solve_equal_finite_differences` and the same of an adaptive solve, `gradients::second_derivatives_are_those_of_the_steps`, `adjoint::a_second_derivative_is_refused_and_no_result_carries_a_graph` |
//! | adjoint solves that keep more than promised | torchdiffeq #152, #180, #259 | `adjoint::no_graph_outlives_its_evaluation` |
//! | adjoint equations stiffer than the forward one | torchdiffeq #184 | `adjoint::the_way_back_has_options_of_its_own`, `adjoint::parameters_of_weight_zero_cost_no_steps` |
//! | dense output undocumented, or that costs steps | torchdiffeq #266; diffrax #301 | `dense_output_comes_with_the_steps_that_are_taken_anyway` |
//! | norms and bounds only through internals | torchdiffeq #125, #160 | `norms_and_bounds_are_plain_options`, `pairs::a_part_of_weight_zero_changes_no_step_of_the_other`, `smallest_step` |
//! | a decreasing grid returned the input | torchebm #154 | `descending_grids_integrate_with_the_same_first_step`, `adaptive::there_and_back` |
//! | two grid points made one Euler step | `flow_matching` #67 | `fixed_methods_take_the_steps_they_are_told` |
//! | a seed gives other samples in another batch | diffusers #612, #6222; k-diffusion #25 | `noise::a_sample_does_not_depend_on_its_batch`, `sde_solving::a_sample_does_not_depend_on_its_batch` |
//! | times looked up by equality, repeated, out of bounds | diffusers #10266, #10738, #12771, #10584 | `grids::times_that_turn_or_repeat`, `noise::places_are_met_exactly` beside the code |
//! | the way back is not the reversed grid | diffusers #11347, #9261, #12633 | `gaussian::the_way_back_ends_where_it_began` |
//! | NaN accepted, or hidden by smaller steps | diffrax PR #235, #368 | `a_trial_that_leaves_the_domain_is_made_smaller_and_then_succeeds`, `an_infinite_state_is_not_accepted` |
//!
//! Complaints about noise levels and schedules concern samplers, not integrators.

use std::cell::Cell;

use fm_solvers::{
    AdaptiveSolver, BrownianPath, Calculus, Diffusion, EmbeddedMethod, ErrorEstimate, FixedMethod, Layout, Norm,
    PendingError, Sde, SdeMethod, SdeSolver, SolveError, State, Time, TimeGrid, Tolerance, Trajectory, solve_fixed,
};
use ndarray::{Array1, Array2, array};

use crate::problems::{Gaussian, Mixture, lattice, sine, swing, swing_solution};

fn span(t0: f64, t1: f64) -> TimeGrid {
    TimeGrid::uniform(t0, t1, 1).unwrap()
}

/// torchdiffeq #27, #57, #58, #244: "underflow in dt", whether the field returns NaN or is too stiff.
#[test]
fn nan_and_stiffness_are_different_errors() {
    let mut breaks = |t: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.fill(1.0);
        if t.row(0) > 0.5 {
            out[[2, 1]] = f64::NAN;
        }
        Ok(())
    };
    for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
        let mut y = Array2::zeros((4, 2));
        let solver = AdaptiveSolver { norm, ..AdaptiveSolver::default() };
        let error = solver.solve(&mut breaks, &span(0.0, 1.0), &mut y, &mut ()).unwrap_err();
        let SolveError::NonFiniteStep { t, step, sample, h } = error else { panic!("{error}") };
        assert_eq!(sample, 2);
        assert!(step > 0 && t <= 0.5 && t > 0.49 && h < 0.1, "{t} {h}");
        assert!((y[[0, 0]] - t).abs() < 1e-14, "the state is that of the last completed step");
    }

    // dy/dt = y^2 from 1 has a pole at t = 1; sample 0 stays at zero.
    let mut pole = |_: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.assign(&(y * y));
        Ok(())
    };
    let solver = AdaptiveSolver { h_min: 1e-8, ..AdaptiveSolver::default() };
    let error = solver.solve(&mut pole, &span(0.0, 2.0), &mut array![[0.0], [1.0]], &mut ()).unwrap_err();
    let SolveError::StepUnderflow { t, step, sample, h } = error else { panic!("{error}") };
    assert_eq!((sample, step > 10), (1, true));
    assert!((t - 1.0).abs() < 1e-3 && h < 1e-8, "{t} {h}");
    let text = SolveError::StepUnderflow { t, step, sample, h }.to_string();
    assert!(text.contains("for sample 1") && text.contains("loosen the tolerance"), "{text}");
}

/// torchdiffeq #84, #278; diffrax #268, #161: an endless solve, and nothing to show for it.
#[test]
fn a_spent_budget_returns_the_state_where_it_is() {
    let mut stiff = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        out.assign(&(y * -1e7));
        Ok(())
    };
    let solver = AdaptiveSolver { max_steps: 50, ..AdaptiveSolver::default() };
    let mut y = array![1.0];
    let stats = solver.solve(&mut stiff, &span(0.0, 1.0), &mut y, &mut ()).unwrap();
    assert!(stats.out_of_steps && !stats.stopped_early && stats.t > 0.0 && stats.t < 1.0);
    assert_eq!(stats.steps + stats.rejected, 50);
    assert!((y[0] - (-1e7 * stats.t).exp()).abs() < 1e-3 && stats.next_step.is_some());
}

/// torchdiffeq #278; diffrax #500: one stiff sample degrades the batch.
#[test]
fn a_stiff_sample_costs_the_others_nothing_under_steps_of_their_own() {
    struct Rates(Vec<f64>);
    impl fm_solvers::VectorField<Array2<f64>> for Rates {
        fn eval(&mut self, _: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
            for (i, rate) in self.0.iter().enumerate() {
                out[[i, 0]] = -rate * y[[i, 0]];
            }
            Ok(())
        }

        fn select(&mut self, samples: &[usize]) {
            self.0 = samples.iter().map(|&i| if i == 0 { 3000.0 } else { 1.0 }).collect();
        }
    }
    let solver = AdaptiveSolver::default();
    let common = {
        let mut field = Rates([vec![3000.0], vec![1.0; 9]].concat());
        solver.solve(&mut field, &span(0.0, 1.0), &mut Array2::ones((10, 1)), &mut ()).unwrap()
    };
    let own =
        solver.solve_per_sample(&mut Rates(Vec::new()), &span(0.0, 1.0), &mut Array2::ones((10, 1)), &mut ()).unwrap();
    assert!(own.nfe[1..].iter().all(|&nfe| 20 * nfe < common.nfe), "{own:?}");
}

/// torchdiffeq #257, #256; diffusers #9224: times in `f64` on devices that have none, times in `f32` that lose digits.
#[test]
fn times_are_host_f64_whatever_the_state_is() {
    let t0 = 1e6 + 0.25;
    let mut seen = Vec::new();
    let mut field = |t: Time<'_>, _: &Array1<f32>, out: &mut Array1<f32>| -> Result<(), SolveError> {
        seen.push(t.row(0));
        out.fill(1.0);
        Ok(())
    };
    let mut y = array![0.0_f32];
    AdaptiveSolver::default().solve(&mut field, &span(t0, t0 + 1e-3), &mut y, &mut ()).unwrap();
    assert!((y[0] - 1e-3).abs() < 1e-9);
    assert!(seen.iter().all(|&t| t0 <= t && t <= t0 + 1e-3) && seen.iter().any(|&t| t > t0 && t < t0 + 1e-3));
}

/// torchdiffeq #138; diffusers #13274: the last time is missed by rounding, or the field is asked beyond it.
#[test]
fn no_evaluation_is_beyond_the_last_time() {
    for (t0, t1) in [(0.1_f64, 0.9_f64), (0.9, 0.1), (0.3, 0.7), (1.0, 1.0 / 3.0)] {
        for method in EmbeddedMethod::ALL {
            let outside = Cell::new(0);
            let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                outside.set(outside.get() + usize::from(t.row(0) < t0.min(t1) || t.row(0) > t0.max(t1)));
                sine(t, y, out)
            };
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            let stats = solver.solve(&mut field, &span(t0, t1), &mut array![1.0], &mut ()).unwrap();
            assert_eq!((stats.t, outside.get()), (t1, 0), "{method} from {t0} to {t1}");
        }
    }
}

/// A state that counts what would be read back from a device.
#[derive(Debug)]
struct Counted(Array2<f64>, std::rc::Rc<Cell<usize>>);

impl Counted {
    fn read(&self) {
        self.1.set(self.1.get() + 1);
    }
}

impl State for Counted {
    type Stages = Vec<Self>;

    fn batch(&self) -> usize {
        self.0.batch()
    }
    fn layout(&self) -> Layout {
        self.0.layout()
    }
    fn same_layout(&self, other: &Self) -> bool {
        self.0.same_layout(&other.0)
    }
    fn alloc_like(&self) -> Self {
        Self(self.0.alloc_like(), self.1.clone())
    }
    fn copy_from(&mut self, source: &Self) {
        self.0.copy_from(&source.0);
    }
    fn non_finite_sample(&self) -> Option<usize> {
        self.read();
        self.0.non_finite_sample()
    }
    fn stages(&self, count: usize) -> Vec<Self> {
        (0..count).map(|_| self.alloc_like()).collect()
    }
    fn set_stage(
        stages: &mut Vec<Self>,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        eval(&mut stages[index])
    }
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Vec<Self>) {
        self.0.assign(&base.0);
        for (a, k) in row.iter().zip(stages) {
            self.0.scaled_add(h * a, &k.0);
        }
    }
    fn move_stage(stages: &mut Vec<Self>, from: usize, to: usize) {
        stages.swap(from, to);
    }
    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &Vec<Self>,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError {
        self.read();
        let stages: Vec<Array2<f64>> = stages.iter().map(|k| k.0.clone()).collect();
        self.0.error(&start.0, h, &stages, estimate, norm)
    }
    fn worst_sample(&self, _: &Self, _: f64, _: &Vec<Self>, _: &ErrorEstimate<'_>) -> (usize, f64) {
        panic!("messages only")
    }
}

/// torchdiffeq #15, #174; torchode #46; diffusers #9485: kernels and transfers for each scalar of a step.
#[test]
fn a_trial_step_reads_one_scalar_back_and_a_fixed_step_none() {
    let reads = std::rc::Rc::new(Cell::new(0));
    let mut field = |t: Time<'_>, y: &Counted, out: &mut Counted| -> Result<(), SolveError> {
        fm_solvers::VectorField::eval(&mut Mixture, t, &y.0, &mut out.0)
    };
    for method in EmbeddedMethod::ALL {
        reads.set(0);
        let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
        let mut y = Counted(lattice(20), reads.clone());
        let stats = solver.solve(&mut field, &span(0.0, 1.0), &mut y, &mut ()).unwrap();
        assert_eq!(reads.get(), 3 + stats.steps + stats.rejected, "{method}: three for the first step size");
    }
    for method in FixedMethod::ALL {
        reads.set(0);
        let mut y = Counted(lattice(20), reads.clone());
        solve_fixed(method, &mut field, &TimeGrid::uniform(0.0, 1.0, 50).unwrap(), &mut y, &mut ()).unwrap();
        assert_eq!(reads.get(), 1, "{method}: the check at the end");
    }
}

/// torchdiffeq #266; diffrax #301: dense output that is undocumented, or costs steps.
#[test]
fn dense_output_comes_with_the_steps_that_are_taken_anyway() {
    let mut y = array![1.0];
    let mut saved = Trajectory::new(&TimeGrid::uniform(0.0, 10.0, 1000).unwrap(), &y);
    let stats = AdaptiveSolver::default().solve(&mut swing, &span(0.0, 10.0), &mut y, &mut saved).unwrap();
    assert!(stats.steps < 60 && saved.states().len() == 1001);
    let errors = saved.times().iter().zip(saved.states()).map(|(&t, y)| (y[0] - swing_solution(t)).abs());
    assert!(errors.fold(0.0, f64::max) < 1e-3);
}

/// torchdiffeq #125, #160: norms by replacing internals, and years without bounds for the step.
#[test]
fn norms_and_bounds_are_plain_options() {
    let solver = AdaptiveSolver { norm: Norm::MaxOverSamples, h_min: 1e-9, h_max: 0.1, ..AdaptiveSolver::default() };
    let stats = solver.solve(&mut Gaussian, &span(0.0, 1.0), &mut lattice(10), &mut ()).unwrap();
    assert!(stats.steps >= 10);
}

/// torchebm #154: a decreasing grid silently returned the input. torchdyn's first step has the wrong sign backwards.
#[test]
fn descending_grids_integrate_with_the_same_first_step() {
    for method in EmbeddedMethod::ALL {
        // dy/dt = y, mirrored in time, is dy/dt = -y: the two solves are the same to the last bit.
        let solve = |sign: f64| {
            let mut field = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                out.assign(&(y * sign));
                Ok(())
            };
            let mut y = array![1.0, 0.3];
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            let stats = solver.solve(&mut field, &span(0.0, sign * 2.0), &mut y, &mut ()).unwrap();
            (y, stats.steps, stats.nfe)
        };
        assert_eq!(solve(1.0), solve(-1.0), "{method}");
    }
}

/// `flow_matching` #67: a grid of two points made one Euler step of what should have been many.
#[test]
fn fixed_methods_take_the_steps_they_are_told() {
    assert!(matches!(TimeGrid::new(vec![0.0]), Err(SolveError::NoSteps { points: 1 })));
    assert!(matches!(TimeGrid::uniform(0.0, 1.0, 0), Err(SolveError::NoSteps { .. })));
    for times in [vec![0.0, 1.0], vec![1.0, 0.0]] {
        let (t0, t1, ends) = (times[0], times[1], TimeGrid::new(times).unwrap());
        for grid in [ends.clone(), ends.reversed().reversed()] {
            for method in FixedMethod::ALL {
                let mut y = array![1.0];
                let error = solve_fixed(method, &mut sine, &grid, &mut y, &mut ()).unwrap_err();
                assert!(matches!(error, SolveError::NoStepCount { start, end } if (start, end) == (t0, t1)), "{error}");
                assert_eq!(y, array![1.0]);
                let once = TimeGrid::uniform(t0, t1, 1).unwrap();
                assert_eq!(solve_fixed(method, &mut sine, &once, &mut y, &mut ()).unwrap().steps, 1);
                solve_fixed(method, &mut sine, &once.reversed(), &mut y, &mut ()).unwrap();
            }
            for method in SdeMethod::ALL {
                let (mut drift, mut y) = (sine, array![1.0]);
                let noise = BrownianPath::new(0, &grid);
                let mut along = |grid: &TimeGrid| {
                    let diffusion = Diffusion::Additive(&|_| 1.0);
                    let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion };
                    SdeSolver { method, ..SdeSolver::default() }.solve(sde, &noise, grid, &mut y, &mut ())
                };
                assert!(matches!(along(&grid), Err(SolveError::NoStepCount { .. })));
                assert_eq!(along(&TimeGrid::uniform(t0, t1, 1).unwrap()).unwrap().steps, 1);
            }
            // Ends are all that a solver with steps of its own needs.
            let stats = AdaptiveSolver::default().solve(&mut sine, &grid, &mut array![1.0], &mut ()).unwrap();
            assert_eq!(stats.t, t1);
        }
    }
    let text = SolveError::NoStepCount { start: 0.0, end: 1.0 }.to_string();
    assert!(text.contains("from 0 to 1") && text.contains("TimeGrid::uniform(0.0, 1.0, steps)"), "{text}");
    let stats = solve_fixed(
        FixedMethod::Euler,
        &mut sine,
        &TimeGrid::uniform(0.0, 1.0, 40).unwrap(),
        &mut array![1.0],
        &mut (),
    );
    assert_eq!(stats.unwrap().nfe, 40);
}

/// diffrax PR #235, #368: NaN must reject the step, and must not hide the bug.
#[test]
fn a_trial_that_leaves_the_domain_is_made_smaller_and_then_succeeds() {
    // dy/dt = -sqrt(y): a long step lands below zero, where the field is NaN.
    let mut field = |_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        out.assign(&y.mapv(|y| -y.sqrt()));
        Ok(())
    };
    let solver = AdaptiveSolver { first_step: Some(1.9), ..AdaptiveSolver::default() };
    let mut y = array![1.0];
    let stats = solver.solve(&mut field, &span(0.0, 1.9), &mut y, &mut ()).unwrap();
    assert!(stats.rejected > 0 && (y[0] - 0.05_f64.powi(2)).abs() < 1e-5, "{y} {stats:?}");

    let no_retries = AdaptiveSolver { retries: 0, ..solver };
    let error = no_retries.solve(&mut field, &span(0.0, 1.9), &mut array![1.0], &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { step: 0, sample: 0, h: 1.9, .. }), "{error}");

    let retries = Cell::new(0);
    let mut always = |t: Time<'_>, _: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        retries.set(retries.get() + 1);
        out.fill(if t.row(0) > 0.0 { f64::NAN } else { 1.0 });
        Ok(())
    };
    let solver = AdaptiveSolver { retries: 4, first_step: Some(0.1), ..AdaptiveSolver::default() };
    let error = solver.solve(&mut always, &span(0.0, 1.0), &mut array![1.0], &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { .. }));
    assert_eq!(retries.get(), 1 + 5 * 6, "the first derivative, one trial and four retries");
}

/// The same, where only the state overflows and the field hides it: tanh of infinity is one.
#[test]
fn an_infinite_state_is_not_accepted() {
    let mut field = |t: Time<'_>, y: &Array1<f32>, out: &mut Array1<f32>| -> Result<(), SolveError> {
        let push = if t.row(0) < 0.5 { 0.0 } else { f32::MAX };
        out.assign(&y.mapv(|y| y.tanh() + push));
        Ok(())
    };
    let tolerance = Tolerance::new(1e30, 1.0).unwrap();
    let solver = AdaptiveSolver { tolerance, first_step: Some(10.0), retries: 2, ..AdaptiveSolver::default() };
    let result = solver.solve(&mut field, &span(0.0, 10.0), &mut array![1.0_f32], &mut ());
    assert!(matches!(result, Err(SolveError::NonFiniteStep { .. })), "{result:?}");
}

/// The initial state: an error, before any step.
#[test]
fn an_initial_state_that_is_not_finite_is_named() {
    let mut y = lattice(6);
    y[[4, 1]] = f64::NAN;
    let error = AdaptiveSolver::default().solve(&mut Mixture, &span(0.0, 1.0), &mut y, &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { t: 0.0, step: 0, sample: 4, .. }), "{error}");
    let mut y = lattice(6);
    y[[5, 0]] = f64::INFINITY;
    let error = AdaptiveSolver::default().solve_per_sample(&mut Mixture, &span(0.0, 1.0), &mut y, &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { t: 0.0, step: 0, sample: 5, .. }), "{error}");
}
