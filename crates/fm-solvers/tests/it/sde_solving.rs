//! Solves of stochastic equations: counts, ends, errors, and what a sample does not depend on.

use std::error::Error;

use fm_solvers::{
    BrownianPath, Calculus, Diffusion, FiniteCheck, Flow, Noise, Sde, SdeMethod, SdeSolver, SdeStepper, SolveError,
    Stats, Time, TimeGrid, VectorField,
};
use ndarray::{Array2, Axis};
use proptest::prelude::*;

use crate::allocations::allocations_of;

fn drift(t: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    out.zip_mut_with(x, |f, x| *f = (x - t.row(0)).sin());
    Ok(())
}

fn diffusion(_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    out.zip_mut_with(x, |g, x| *g = 0.3 + 0.2 * x.cos());
    Ok(())
}

fn uniform(steps: usize) -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, steps).unwrap()
}

fn batch(rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, 3), |(i, j)| ((i * 3 + j) as f64 * 0.37).sin() * 2.0)
}

/// With diagonal noise in the method's sense, or additive.
fn solve(
    method: SdeMethod,
    additive: bool,
    noise: &dyn Noise<Array2<f64>>,
    grid: &TimeGrid,
    x: &mut Array2<f64>,
) -> Stats {
    let (mut drift, mut diagonal) = (drift, diffusion);
    let diffusion = if additive { Diffusion::Additive(&|t| 1.0 + t) } else { Diffusion::Diagonal(&mut diagonal) };
    let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
    SdeSolver { method, check: FiniteCheck::Every(1) }.solve(sde, noise, grid, x, &mut ()).unwrap()
}

#[test]
fn evaluations_are_counted() {
    let counts = [
        (SdeMethod::EulerMaruyama, (10, 10), 10),
        (SdeMethod::Milstein, (10, 20), 10),
        (SdeMethod::Srk, (20, 40), 20),
        (SdeMethod::Heun, (20, 20), 20),
        (SdeMethod::ReversibleHeun, (11, 11), 11),
    ];
    assert_eq!(counts.map(|(method, ..)| method), SdeMethod::ALL);
    for (method, diagonal, additive) in counts {
        let calls = std::cell::Cell::new((0, 0));
        let mut drift = |t: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| {
            calls.set((calls.get().0 + 1, calls.get().1));
            drift(t, x, out)
        };
        let mut diffusion = |t: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| {
            calls.set((calls.get().0, calls.get().1 + 1));
            diffusion(t, x, out)
        };
        let sde =
            Sde { calculus: method.calculus(), drift: &mut drift, diffusion: Diffusion::Diagonal(&mut diffusion) };
        let noise = BrownianPath::new(1, &uniform(10));
        let solver = SdeSolver { method, ..SdeSolver::default() };
        let stats = solver.solve(sde, &noise, &uniform(10), &mut batch(2), &mut ()).unwrap();
        assert_eq!((stats.nfe, stats.diffusion_nfe), diagonal, "{method}");
        assert_eq!(calls.get(), diagonal, "{method}");
        let stats = solve(method, true, &noise, &uniform(10), &mut batch(2));
        assert_eq!((stats.nfe, stats.diffusion_nfe, stats.steps, stats.t), (additive, 0, 10, 1.0), "{method}");
        assert_eq!(method.nfe(10), additive, "{method}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        rng_seed: prop::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// torchdiffeq #138, diffusers #13274: the last time is met exactly, and the noise is never asked for a time outside of
    /// its interval, even where it knows nothing of the grid.
    #[test]
    fn every_solve_ends_where_it_should(t0 in -5.0..5.0_f64, length in 1e-3..10.0_f64, back: bool, steps in 1_usize..30) {
        let (t0, t1) = if back { (t0 + length, t0) } else { (t0, t0 + length) };
        let noise = BrownianPath::new(1, &TimeGrid::uniform(t0, t1, 1).unwrap());
        let grid = TimeGrid::uniform(t0, t1, steps).unwrap();
        let stats = solve(SdeMethod::Srk, true, &noise, &grid, &mut batch(1));
        prop_assert_eq!((stats.t, stats.steps), (t1, steps));
    }
}

/// diffusers #6222, #612, k-diffusion #25: the same seed gives the same sample in a batch of any size and order.
#[test]
fn a_sample_does_not_depend_on_its_batch() {
    let grid = uniform(6);
    let noise = BrownianPath::new(33, &grid);
    let order: Vec<usize> = (0..700).map(|i| i * 33 % 700).collect();
    for method in SdeMethod::ALL {
        for additive in [false, true] {
            let run = |rows: &[usize], noise: &BrownianPath| {
                let mut x = batch(700).select(Axis(0), rows);
                solve(method, additive, noise, &grid, &mut x);
                x
            };
            let all: Vec<usize> = (0..700).collect();
            let whole = run(&all, &noise);
            // The first samples of a smaller batch need no numbers.
            assert_eq!(run(&all[..7], &noise), whole.select(Axis(0), &all[..7]), "{method}");
            for rows in [&order[..], &order[100..431], &[699]] {
                let ids = rows.iter().map(|&row| row as u64).collect();
                assert_eq!(run(rows, &noise.for_samples(ids)), whole.select(Axis(0), rows), "{method}");
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut x = batch(50_000);
            solve(SdeMethod::EulerMaruyama, false, &BrownianPath::new(1, &uniform(2)), &uniform(2), &mut x);
            x
        })
    };
    let one = with(1);
    assert!([2, 5].iter().all(|&threads| with(threads) == one));
}

/// torchsde #109, #105, #36: neither the element type nor the length of a step changes what a query costs, for there is
/// nothing to build up: an `f32` solve follows the path of the `f64` solve, and nothing is allocated on the way.
#[test]
fn no_allocation_per_step() {
    let noise = BrownianPath::new(1, &uniform(3));
    for method in SdeMethod::ALL {
        for additive in [false, true] {
            let count = |steps: usize| {
                let (grid, mut x) = (uniform(steps), batch(100));
                allocations_of(|| {
                    solve(method, additive, &noise, &grid, &mut x);
                })
            };
            // The grid of 100 steps falls between the knots of the path.
            assert_eq!(count(1), count(100), "{method}");
        }
    }
}

#[test]
fn single_precision_follows_double() {
    let grid = uniform(100);
    let noise = BrownianPath::new(1, &grid);
    let mut drift32 = |_: Time<'_>, x: &Array2<f32>, out: &mut Array2<f32>| -> Result<(), SolveError> {
        out.zip_mut_with(x, |f, x| *f = -x);
        Ok(())
    };
    let mut drift64 = |_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.zip_mut_with(x, |f, x| *f = -x);
        Ok(())
    };
    let (mut x, mut y) = (Array2::<f32>::ones((20, 2)), Array2::<f64>::ones((20, 2)));
    let solver = SdeSolver { method: SdeMethod::Srk, ..SdeSolver::default() };
    let (calculus, g) = (Calculus::Ito, |_: f64| 0.7);
    let sde = Sde { calculus, drift: &mut drift32, diffusion: Diffusion::Additive(&g) };
    solver.solve(sde, &noise, &grid, &mut x, &mut ()).unwrap();
    let sde = Sde { calculus, drift: &mut drift64, diffusion: Diffusion::Additive(&g) };
    solver.solve(sde, &noise, &grid, &mut y, &mut ()).unwrap();
    // Some ten roundings a step of numbers below 4.
    let bound = 100.0 * 10.0 * 4.0 * f64::from(f32::EPSILON);
    assert!(x.iter().zip(&y).all(|(x, y)| (f64::from(*x) - y).abs() < bound));
}

#[test]
fn reversible_heun_retraces_its_path() {
    let grid = uniform(100);
    let noise = BrownianPath::new(12, &grid);
    for additive in [false, true] {
        let (mut drift, mut diagonal) = (drift, diffusion);
        let diffusion = if additive { Diffusion::Additive(&|t| 1.0 + t) } else { Diffusion::Diagonal(&mut diagonal) };
        let sde = Sde { calculus: Calculus::Stratonovich, drift: &mut drift, diffusion };
        let mut x = batch(50);
        let mut stepper = SdeStepper::new(SdeMethod::ReversibleHeun, sde, &x).unwrap();
        let mut passed = vec![x.clone()];
        for step in grid.times().windows(2) {
            stepper.step(&noise, step[0], step[1], &mut x).unwrap();
            passed.push(x.clone());
        }
        assert!((&x - &passed[0]).iter().any(|difference| difference.abs() > 0.1));
        for step in grid.reversed().times().windows(2) {
            passed.pop();
            stepper.step(&noise, step[0], step[1], &mut x).unwrap();
            let difference = &x - passed.last().unwrap();
            assert!(difference.iter().all(|difference| difference.abs() < 1e-10));
        }
        assert_eq!(stepper.nfe(), if additive { (201, 0) } else { (201, 201) });
    }
}

#[test]
fn additive_noise_means_the_same_in_both_calculi() {
    let noise = BrownianPath::new(1, &uniform(8));
    for method in SdeMethod::ALL {
        let [ito, stratonovich] = [Calculus::Ito, Calculus::Stratonovich].map(|calculus| {
            let mut drift = drift;
            let sde = Sde { calculus, drift: &mut drift, diffusion: Diffusion::Additive(&|t| 1.0 - t) };
            let mut x = batch(5);
            SdeSolver { method, ..SdeSolver::default() }.solve(sde, &noise, &uniform(8), &mut x, &mut ()).unwrap();
            x
        });
        assert_eq!(ito, stratonovich, "{method}");
    }
}

#[test]
fn without_noise_the_methods_are_those_for_ordinary_equations() {
    use fm_solvers::{FixedMethod, solve_fixed};
    let noise = BrownianPath::new(1, &uniform(8));
    for (method, ordinary) in [
        (SdeMethod::EulerMaruyama, FixedMethod::Euler),
        (SdeMethod::Milstein, FixedMethod::Euler),
        (SdeMethod::Heun, FixedMethod::Heun),
    ] {
        let (mut x, mut y) = (batch(5), batch(5));
        let mut silent = drift;
        let sde = Sde { calculus: Calculus::Ito, drift: &mut silent, diffusion: Diffusion::Additive(&|_| 0.0) };
        SdeSolver { method, ..SdeSolver::default() }.solve(sde, &noise, &uniform(8), &mut x, &mut ()).unwrap();
        solve_fixed(ordinary, &mut { drift }, &uniform(8), &mut y, &mut ()).unwrap();
        assert_eq!(x, y, "{method}");
    }
}

fn fails<'a>(
    drift: &'a mut dyn VectorField<Array2<f64>>,
    diffusion: Diffusion<'a, Array2<f64>>,
    calculus: Calculus,
    x: &mut Array2<f64>,
) -> SolveError {
    let sde = Sde { calculus, drift, diffusion };
    let solver = SdeSolver { method: SdeMethod::Milstein, check: FiniteCheck::Every(1) };
    solver.solve(sde, &BrownianPath::new(1, &uniform(10)), &uniform(10), x, &mut ()).unwrap_err()
}

#[test]
fn every_failure_has_its_error() {
    let error = fails(&mut { drift }, Diffusion::Diagonal(&mut { diffusion }), Calculus::Stratonovich, &mut batch(2));
    assert_eq!(
        error.to_string(),
        "`milstein` integrates in the sense of Ito and the equation is one of Stratonovich; choose another method, or \
         convert the drift: that of Stratonovich is that of Ito less g g'/2"
    );

    let mut breaks = |t: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.fill(0.1);
        out[[2, 1]] = if t.row(2) > 0.35 { f64::NAN } else { 0.1 };
        Ok(())
    };
    let error = fails(&mut { drift }, Diffusion::Diagonal(&mut breaks), Calculus::Ito, &mut batch(4));
    assert!(matches!(error, SolveError::NonFiniteState { t: 0.5, step: 5, sample: 2 }), "{error}");
    let error = fails(&mut { drift }, Diffusion::Additive(&|t| 1.0 / (0.5 - t)), Calculus::Ito, &mut batch(4));
    assert!(matches!(error, SolveError::NonFiniteState { t: 0.6, step: 6, sample: 0 }), "{error}");

    let mut stops = |t: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.fill(0.0);
        if t.row(0) > 0.25 { Err(SolveError::field(t.row(0), "out of memory")) } else { Ok(()) }
    };
    let error = fails(&mut { drift }, Diffusion::Diagonal(&mut stops), Calculus::Ito, &mut batch(4));
    assert!(matches!(error, SolveError::Field { t: 0.3, .. }) && error.source().is_some());

    let mut reshapes = |_: Time<'_>, _: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        *out = Array2::zeros((1, 3));
        Ok(())
    };
    let error = fails(&mut { drift }, Diffusion::Diagonal(&mut reshapes), Calculus::Ito, &mut batch(4));
    assert!(matches!(error, SolveError::LayoutMismatch { .. }));

    let error = fails(&mut { drift }, Diffusion::Additive(&|_| 1.0), Calculus::Ito, &mut Array2::zeros((0, 3)));
    assert!(matches!(error, SolveError::EmptyBatch { .. }));

    let mut x = batch(2);
    let mut drift = drift;
    let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&|_| 1.0) };
    let short = BrownianPath::new(1, &TimeGrid::uniform(0.0, 0.55, 1).unwrap());
    let error = SdeSolver::default().solve(sde, &short, &uniform(10), &mut x, &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::OutsidePath { t: 0.6, start: 0.0, end: 0.55 }));
    assert!(x != batch(2) && x.iter().all(|x| x.is_finite()), "the state is that of the last completed step");
}

#[test]
fn observers_see_every_step_and_may_end_the_solve() {
    let mut seen = Vec::new();
    let mut observer = |step: usize, t: f64, _: &Array2<f64>| {
        seen.push((step, t));
        if t < 0.5 { Flow::Continue } else { Flow::Stop }
    };
    let (mut drift, grid) = (drift, uniform(4));
    let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&|_| 1.0) };
    let noise = BrownianPath::new(1, &grid);
    let stats = SdeSolver::default().solve(sde, &noise, &grid, &mut batch(2), &mut observer).unwrap();
    assert_eq!((stats.steps, stats.nfe, stats.t, stats.stopped_early), (2, 2, 0.5, true));
    assert_eq!(seen, [(0, 0.0), (1, 0.25), (2, 0.5)]);
}

#[test]
#[should_panic(expected = "a stepper made for f64 [2, 3] on host cannot take f64 [4, 3] on host")]
fn another_layout_is_a_bug() {
    let mut drift = drift;
    let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&|_| 1.0) };
    let mut stepper = SdeStepper::new(SdeMethod::Srk, sde, &batch(2)).unwrap();
    stepper.step(&BrownianPath::new(1, &uniform(1)), 0.0, 1.0, &mut batch(4)).unwrap();
}
