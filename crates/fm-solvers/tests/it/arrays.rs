//! Arrays of any rank and memory layout are the same state.

use fm_solvers::{FixedMethod, RungeKutta, Tableau};
use ndarray::{Array, Array0, Array1, Dimension, Ix1, Ix2, Ix3, Ix4, IxDyn, ShapeBuilder, arr0, s};

use crate::problems::{Gaussian, solve};

fn values() -> Array1<f64> {
    Array1::linspace(-2.0, 2.0, 3 * 2 * 2 * 500)
}

/// Solves the same numbers in another shape, and returns them in memory order.
fn solved<D: Dimension>(shape: D, method: FixedMethod) -> Vec<f64> {
    let mut y: Array<f64, D> = values().to_shape(shape).unwrap().into_owned();
    solve(method, &mut Gaussian, (0.0, 1.0, 5), &mut y);
    y.into_iter().collect()
}

#[test]
fn rank_does_not_matter() {
    for method in FixedMethod::ALL {
        let flat = solved(Ix1(6000), method);
        assert_eq!(solved(Ix2(12, 500), method), flat);
        assert_eq!(solved(Ix3(3, 2, 1000), method), flat);
        assert_eq!(solved(Ix4(3, 2, 2, 500), method), flat);
        assert_eq!(solved(IxDyn(&[3, 2, 2, 50, 10]), method), flat);
    }
}

#[test]
fn a_scalar_is_a_batch_of_one() {
    let (mut scalar, mut one): (Array0<f64>, _) = (arr0(0.7), Array1::from_elem(1, 0.7));
    solve(FixedMethod::Rk4, &mut Gaussian, (0.0, 1.0, 9), &mut scalar);
    solve(FixedMethod::Rk4, &mut Gaussian, (0.0, 1.0, 9), &mut one);
    assert_eq!(scalar.into_scalar(), one[0]);
}

#[test]
fn memory_layout_does_not_matter() {
    let standard = values().into_shape_with_order((60, 100)).unwrap();
    let mut expected = standard.clone();
    solve(FixedMethod::Rk4, &mut Gaussian, (0.0, 1.0, 4), &mut expected);

    let mut columns_first = Array::zeros((60, 100).f());
    columns_first.assign(&standard);
    let mut every_second = Array::zeros((60, 200)).slice_move(s![.., ..;2]);
    every_second.assign(&standard);
    let mut backwards = Array::zeros((60, 100));
    backwards.invert_axis(ndarray::Axis(0));
    backwards.assign(&standard);
    for mut y in [columns_first, every_second, backwards] {
        solve(FixedMethod::Rk4, &mut Gaussian, (0.0, 1.0, 4), &mut y);
        assert_eq!(y, expected);
    }
}

#[test]
#[should_panic(expected = "a stepper made for f64 [3] on host cannot take f64 [4] on host")]
fn a_stepper_refuses_a_state_of_another_shape() {
    let mut stepper = RungeKutta::new(&Tableau::EULER, &Array1::<f64>::zeros(3));
    drop(stepper.step(&mut Gaussian, 0.0, 1.0, &mut Array1::zeros(4)));
}
