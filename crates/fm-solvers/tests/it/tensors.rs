//! Tensors: the same numbers as arrays, legal under autograd, and handles that are never written behind a back.

use approx::assert_relative_eq;
use fm_solvers::{FixedMethod, Flow, SolveError, Time, TimeGrid, solve_fixed};
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
    assert_eq!(message, "the field returned Double [4, 3] on cpu at t = 0, the state is Float [4, 3] on cpu");
}
