//! The array forms are the coefficient forms, applied.

use fm_paths::{AffinePath, Cosine, Prediction, nd};
use ndarray::{Array, Array1, Array2, Array4, ShapeBuilder};

fn ramp<D: ndarray::Dimension>(shape: impl ndarray::ShapeArg<Dim = D>, step: f64) -> Array<f64, D> {
    let n = 24;
    Array1::from_iter((0..n).map(|i| f64::from(i) * step - 1.0)).into_shape_with_order(shape).unwrap()
}

#[test]
fn arrays_apply_the_coefficients_at_any_rank() {
    let path = AffinePath::new(Cosine);
    let t = [0.1, 0.5, 0.9];
    let (x1, x0): (Array4<f64>, Array4<f64>) = (ramp((3, 2, 2, 2), 0.1), ramp((3, 2, 2, 2), -0.3));
    let z = path.arrays().state(&t, &x1, &x0).unwrap();
    let u = path.arrays().target(Prediction::Velocity, &t, &x1, &x0).unwrap();
    let back = path.arrays().convert(Prediction::Velocity, Prediction::Data, &t, &z, &u).unwrap();
    assert!((&back - &x1).iter().all(|e| e.abs() < 1e-14));
    let end = path.arrays().transfer(Prediction::Velocity, &t, &[1.0; 3], &z, &u).unwrap();
    assert!((&end - &x1).iter().all(|e| e.abs() < 1e-14));
}

#[test]
fn layout_and_precision_do_not_matter() {
    let w = [[0.3, -0.7], [1.1, 0.2], [0.0, 2.0]];
    let (x, y): (Array2<f64>, Array2<f64>) = (ramp((3, 8), 0.1), ramp((3, 8), 0.7));
    let want = nd::blend(&w, &x, &y);
    let mut fortran = Array2::<f64>::zeros((3, 8).f());
    fortran.assign(&x);
    assert_eq!(nd::blend(&w, &fortran, &y), want);
    assert_eq!(
        nd::blend(&w, &x.slice(ndarray::s![.., ..;2]), &y.slice(ndarray::s![.., ..;2])),
        want.slice(ndarray::s![.., ..;2])
    );
    let single = nd::blend(&w, &x.mapv(|v| v as f32), &y.mapv(|v| v as f32));
    assert!((&single.mapv(f64::from) - &want).iter().all(|e| e.abs() < 4.0 * 2.0 * f64::from(f32::EPSILON) * 18.0));
}

#[test]
fn empty_batches_are_fine() {
    let empty = Array2::<f32>::zeros((0, 5));
    assert_eq!(nd::blend(&[], &empty, &empty).shape(), [0, 5]);
    let no_columns = Array2::<f32>::zeros((2, 0));
    assert_eq!(nd::blend(&[[1.0, 1.0]; 2], &no_columns, &no_columns).shape(), [2, 0]);
}

#[test]
#[should_panic(expected = "x and y differ in shape")]
fn shapes_must_match() {
    nd::blend(&[[1.0, 1.0]; 2], &Array2::<f32>::zeros((2, 3)), &Array2::zeros((2, 4)));
}

#[test]
#[should_panic(expected = "one coefficient pair for each row of shape [2, 3]")]
fn coefficients_must_match() {
    nd::blend(&[[1.0, 1.0]; 3], &Array2::<f32>::zeros((2, 3)), &Array2::zeros((2, 3)));
}
