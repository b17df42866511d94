//! Tensors: the same numbers as arrays, legal under autograd, and handles that are never written behind a back.

use approx::assert_relative_eq;
use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, FixedMethod, Flow, Norm, SolveError, Time, TimeGrid, Tolerance, Trajectory,
    solve_fixed,
};
use ndarray::Array2;
use tch::{Device, Kind, Tensor, no_grad};

use crate::problems::{DEVIATION, Gaussian, MEAN, solve};

const CPU32: (Kind, Device) = (Kind::Float, Device::Cpu);
const CPU64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn velocity(t: f64, x: &Tensor) -> Tensor {
    let variance = (1.0 - t).powi(2) + (t * DEVIATION).powi(2);
    let slope = t * DEVIATION.powi(2) - (1.0 - t);
    (x - t * MEAN) * (slope / variance) + MEAN
}

/// Assigns its result, as a network does.
fn rebinding(t: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
    *out = velocity(t.row(0), y);
    Ok(())
}

/// Writes its result into the buffer.
fn in_place(t: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
    out.copy_(&velocity(t.row(0), y));
    Ok(())
}

type Field = fn(Time<'_>, &Tensor, &mut Tensor) -> Result<(), SolveError>;

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

#[test]
fn tensors_follow_arrays() {
    let grid = TimeGrid::uniform(0.0, 1.0, 20).unwrap();
    for method in FixedMethod::ALL {
        let mut array = Array2::from_shape_fn((50, 3), |(i, j)| (i as f64 - 25.0) * 0.1 + j as f64);
        let start = Tensor::from_slice(array.as_slice().unwrap()).view([50, 3]);
        solve(method, &mut Gaussian, (0.0, 1.0, 20), &mut array);
        for (kind, tolerance) in [(Kind::Double, 1e-13), (Kind::Float, 3e-6)] {
            for field in [rebinding as Field, in_place] {
                let mut y = start.to_kind(kind);
                let stats = no_grad(|| solve_fixed(method, &mut { field }, &grid, &mut y, &mut ())).unwrap();
                assert_eq!(stats.nfe, method.nfe(20));
                assert_eq!((y.size(), y.kind()), (vec![50, 3], kind));
                for (a, b) in values(&y).iter().zip(&array) {
                    assert_relative_eq!(a, b, epsilon = tolerance, max_relative = tolerance);
                }
            }
        }
    }
}

#[test]
fn recording_gives_the_same_numbers() {
    let grid = TimeGrid::uniform(1.0, 0.0, 7).unwrap();
    for method in FixedMethod::ALL {
        let mut plain = Tensor::linspace(-2.0, 2.0, 12, CPU64).view([4, 3]);
        let mut recorded = plain.copy().set_requires_grad(true);
        solve_fixed(method, &mut rebinding, &grid, &mut plain, &mut ()).unwrap();
        solve_fixed(method, &mut rebinding, &grid, &mut recorded, &mut ()).unwrap();
        assert!(recorded.requires_grad() && !plain.requires_grad());
        for (a, b) in values(&recorded).iter().zip(values(&plain)) {
            assert_relative_eq!(*a, b, max_relative = 1e-13);
        }
    }
}

/// The loss `sum(y(1)^2)` of the field `tanh(w y)`, as a function of `w`.
fn loss(method: FixedMethod, w: &Tensor, assign: bool) -> Tensor {
    let mut field = |_: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        let u = (y * w).tanh();
        if assign {
            *out = u;
        } else {
            out.copy_(&u);
        }
        Ok(())
    };
    let mut y = Tensor::linspace(-1.0, 2.0, 6, CPU64).view([3, 2]);
    let grid = TimeGrid::uniform(0.0, 1.0, 10).unwrap();
    solve_fixed(method, &mut field, &grid, &mut y, &mut ()).unwrap();
    y.square().sum(Kind::Double)
}

#[test]
fn gradients_through_a_solve_equal_finite_differences() {
    for method in FixedMethod::ALL {
        for assign in [true, false] {
            let w = Tensor::from(0.7_f64).set_requires_grad(true);
            loss(method, &w, assign).backward();
            let at = |w: f64| no_grad(|| loss(method, &Tensor::from(w), assign).double_value(&[]));
            let difference = (at(0.7 + 1e-5) - at(0.7 - 1e-5)) / 2e-5;
            assert_relative_eq!(w.grad().double_value(&[]), difference, max_relative = 1e-8);
        }
    }
}

#[test]
fn handles_kept_by_others_do_not_change() {
    let grid = TimeGrid::uniform(0.0, 1.0, 5).unwrap();
    let mut y = Tensor::ones([2, 2], CPU32);
    let start = y.shallow_clone();
    let mut kept = Vec::new();
    let mut observer = |_: usize, _: f64, y: &Tensor| {
        kept.push((y.shallow_clone(), y.copy()));
        Flow::Continue
    };
    no_grad(|| solve_fixed(FixedMethod::Rk4, &mut in_place, &grid, &mut y, &mut observer)).unwrap();
    assert!(kept.iter().all(|(handle, copy)| handle == copy));
    assert_eq!(start, Tensor::ones([2, 2], CPU32));
}

#[test]
fn strided_tensors_are_the_same_state() {
    let grid = TimeGrid::uniform(0.0, 1.0, 5).unwrap();
    let mut y = Tensor::linspace(-2.0, 2.0, 12, CPU64).view([4, 3]);
    let mut strided = y.tr().contiguous().tr();
    for y in [&mut y, &mut strided] {
        solve_fixed(FixedMethod::Heun, &mut rebinding, &grid, y, &mut ()).unwrap();
    }
    assert_eq!(y, strided);
}

#[test]
fn bad_tensors_are_errors() {
    let grid = TimeGrid::uniform(0.0, 1.0, 5).unwrap();
    let solve = |field: Field, mut y: Tensor| {
        solve_fixed(FixedMethod::Euler, &mut { field }, &grid, &mut y, &mut ()).unwrap_err()
    };

    let y = Tensor::ones([4, 3], CPU32);
    let _ = y.get(2).get(1).fill_(f64::NAN);
    assert!(matches!(solve(rebinding, y), SolveError::NonFiniteState { step: 5, sample: 2, .. }));

    let error = solve(rebinding, Tensor::ones([0, 3], CPU32));
    assert!(matches!(error, SolveError::EmptyBatch { .. }));

    let double: Field = |_, y, out| {
        *out = y.to_kind(Kind::Double);
        Ok(())
    };
    let message = solve(double, Tensor::ones([4, 3], CPU32)).to_string();
    assert_eq!(
        message,
        "the field returned Double [4, 3] on cpu at t = 0, the state is Float [4, 3] on cpu; a derivative is laid out as its state"
    );
}

/// Accepts times per sample.
fn by_rows(t: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
    let Time::Rows(times) = t else { return rebinding(t, y, out) };
    let rows: Vec<Tensor> = times.iter().enumerate().map(|(i, &t)| velocity(t, &y.get(i as i64))).collect();
    *out = Tensor::stack(&rows, 0);
    Ok(())
}

fn points() -> (Array2<f64>, Tensor) {
    let array = Array2::from_shape_fn((8, 3), |(i, j)| (i as f64 - 4.0) * 0.6 + 0.3 * j as f64);
    let tensor = Tensor::from_slice(array.as_slice().unwrap()).view([8, 3]);
    (array, tensor)
}

#[test]
fn adaptive_solves_of_tensors_take_the_steps_of_arrays() {
    let grid = TimeGrid::new(vec![0.0, 0.4, 1.0]).unwrap();
    for method in EmbeddedMethod::ALL {
        for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
            let tolerance = Tolerance::new(1e-6, 1e-6).unwrap();
            let solver = AdaptiveSolver { method, norm, tolerance, jumps: true, ..AdaptiveSolver::default() };
            let times = TimeGrid::uniform(0.0, 1.0, 13).unwrap();
            let (mut array, start) = points();
            let mut expected = Trajectory::new(&times, &array);
            let of_arrays = solver.solve(&mut Gaussian, &grid, &mut array, &mut expected).unwrap();
            for record in [false, true] {
                let mut y = start.copy().set_requires_grad(record);
                let mut saved = Trajectory::new(&times, &y);
                let stats = solver.solve(&mut rebinding, &grid, &mut y, &mut saved).unwrap();
                assert_eq!(
                    (stats.steps, stats.rejected, stats.nfe),
                    (of_arrays.steps, of_arrays.rejected, of_arrays.nfe)
                );
                assert_eq!((saved.states().len(), y.requires_grad()), (14, record), "{method}");
                for (a, b) in saved.states().iter().zip(expected.states()) {
                    for (a, b) in values(a).iter().zip(b) {
                        assert_relative_eq!(a, b, epsilon = 1e-11, max_relative = 1e-11);
                    }
                }
            }
        }
    }
}

#[test]
fn per_sample_solves_of_tensors_take_the_steps_of_arrays() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
        let (mut array, start) = points();
        let times = TimeGrid::uniform(0.0, 1.0, 13).unwrap();
        let mut expected = Trajectory::new(&times, &array);
        let of_arrays = solver.solve_per_sample(&mut Gaussian, &grid, &mut array, &mut expected).unwrap();
        for record in [false, true] {
            let mut y = start.copy().set_requires_grad(record);
            let mut saved = Trajectory::new(&times, &y);
            let stats = solver.solve_per_sample(&mut by_rows, &grid, &mut y, &mut saved).unwrap();
            assert_eq!((&stats, saved.states().len()), (&of_arrays, 14), "{method}");
            // Sums in another order round an error estimate differently, by some 8 roundings of values up to 3. Estimates above
            // (0.9/10)^5 = 6e-6 of the tolerance decide the step freely, so it may differ by a share of 5e-15/6e-6/tolerance,
            // and the result by that share of an error of the size of the tolerance.
            let pairs = saved.states().iter().zip(expected.states()).chain([(&y, &array)]);
            for (a, b) in pairs.flat_map(|(a, b)| values(a).into_iter().zip(b)) {
                assert_relative_eq!(a, *b, epsilon = 1e-9);
            }
        }
    }
}

#[test]
fn gradients_through_an_adaptive_solve_equal_finite_differences() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    // Equal steps: a finite difference across a change of the number of steps would be no derivative.
    let tolerance = Tolerance::new(0.0, 1e6).unwrap();
    for method in EmbeddedMethod::ALL {
        let solver =
            AdaptiveSolver { method, tolerance, first_step: Some(0.125), h_max: 0.125, ..AdaptiveSolver::default() };
        let loss = |w: &Tensor| {
            let mut field = |_: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
                *out = (y * w).tanh();
                Ok(())
            };
            let mut y = Tensor::linspace(-1.0, 2.0, 6, CPU64).view([3, 2]);
            solver.solve(&mut field, &grid, &mut y, &mut ()).unwrap();
            y.square().sum(Kind::Double)
        };
        let w = Tensor::from(0.7_f64).set_requires_grad(true);
        loss(&w).backward();
        let at = |w: f64| no_grad(|| loss(&Tensor::from(w)).double_value(&[]));
        let difference = (at(0.7 + 1e-5) - at(0.7 - 1e-5)) / 2e-5;
        assert_relative_eq!(w.grad().double_value(&[]), difference, max_relative = 1e-8);
    }
}

#[test]
fn trials_of_tensors_that_are_not_finite_name_the_sample() {
    let mut breaks = |t: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        let u = velocity(t.row(0), y);
        if t.row(0) > 0.3 {
            let _ = u.get(5).fill_(f64::NAN);
        }
        *out = u;
        Ok(())
    };
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let error = AdaptiveSolver::default().solve(&mut breaks, &grid, &mut points().1, &mut ()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { sample: 5, t, .. } if t <= 0.3), "{error}");
}
