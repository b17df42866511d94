//! The costs against their definitions in `f64`.

use fm_ot::{Cost, OtError, Side, assign_points};
use ndarray::{Array2, ArrayView1, array};

use crate::certificate::certify;
use crate::limited::limited;
use crate::samples::{mixture, normal};

fn definition(cost: Cost, x: ArrayView1<'_, f64>, y: ArrayView1<'_, f64>) -> f64 {
    let square: f64 = x.iter().zip(y).map(|(a, b)| (a - b).powi(2)).sum();
    match cost {
        Cost::SquaredEuclidean => square,
        Cost::Euclidean => square.sqrt(),
        _ => 1.0 - x.dot(&y) / x.dot(&x).sqrt() / y.dot(&y).sqrt(),
    }
}

#[test]
fn every_cost_is_what_it_says() {
    let _limited = limited();
    for d in [1, 2, 3, 40] {
        let (x, y) = (normal(20, d, 80), mixture(30, d, 81));
        for cost in Cost::ALL {
            let matrix = cost.matrix(x.view(), y.view()).unwrap();
            let narrow = |p: &Array2<f64>| p.mapv(|v| v as f32);
            let single = cost.matrix(narrow(&x).view(), narrow(&y).view()).unwrap();
            assert_eq!(matrix.dim(), (20, 30));
            for ((i, j), c) in matrix.indexed_iter() {
                let exact = definition(cost, x.row(i), y.row(j));
                let largest = definition(Cost::SquaredEuclidean, x.row(i), (-&y.row(j)).view()).max(1.0);
                assert!((c - exact).abs() <= 1e-14 * d as f64 * largest, "{cost:?}: {c} is not {exact}");
                assert!((f64::from(single[[i, j]]) - exact).abs() <= 1e-5 * largest, "{cost:?} in f32");
            }
        }
    }
}

/// Rows, columns and coordinates that leave a rest in every vector, and more rows than a block.
#[test]
fn sizes_around_the_vector_width() {
    let _limited = limited();
    for d in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33] {
        for (n, m) in [(1, 1), (3, 16), (17, 15), (33, 31), (8, 65), (513, 7)] {
            let (x, y) = (normal(n, d, 86), mixture(m, d, 87));
            let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
            assert_eq!(cost.dim(), (n, m));
            for ((i, j), c) in cost.indexed_iter() {
                let exact = definition(Cost::SquaredEuclidean, x.row(i), y.row(j));
                // A product may lose six bits of an entry, and of a sum of d terms.
                assert!((c - exact).abs() <= 64.0 * f64::EPSILON * d as f64 * exact, "({i}, {j}) of {n} x {m} x {d}");
            }
        }
    }
}

#[test]
fn any_cost_can_be_assigned() {
    let _limited = limited();
    let (x, y) = (normal(90, 3, 82), mixture(90, 3, 83));
    for cost in Cost::ALL {
        let best = assign_points(x.view(), y.view(), cost).unwrap();
        certify(cost.matrix(x.view(), y.view()).unwrap().view(), &best);
    }
}

#[test]
fn the_square_root_neither_overflows_nor_vanishes() {
    let _limited = limited();
    let (x, y) = (array![[3e30_f32, 0.0]], array![[0.0_f32, 4e30], [3e30, 0.0]]);
    assert_eq!(Cost::Euclidean.matrix(x.view(), y.view()).unwrap(), array![[5e30, 0.0]]);
    assert_eq!(Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap_err(), OtError::Overflow { row: 0, column: 0 });
    let (x, y) = (array![[3e-30_f32, 0.0]], array![[0.0_f32, 4e-30]]);
    assert_eq!(Cost::Euclidean.matrix(x.view(), y.view()).unwrap(), array![[5e-30]]);
}

#[test]
fn the_cosine_sees_directions_only() {
    let _limited = limited();
    let (x, y) = (normal(10, 5, 84), normal(10, 5, 85));
    let near = Cost::Cosine.matrix(x.view(), y.view()).unwrap();
    let far = Cost::Cosine.matrix((&x * 1e200).view(), (&y * 1e-200).view()).unwrap();
    assert!(near.iter().zip(&far).all(|(a, b)| (a - b).abs() < 1e-14));
    let same = Cost::Cosine.matrix(x.view(), (&x * 8.0).view()).unwrap();
    assert!(same.diag().iter().all(|&c| c < 1e-30), "{}", same.diag());

    let mut zero = y.clone();
    zero.row_mut(7).fill(0.0);
    let error = Cost::Cosine.matrix(x.view(), zero.view()).unwrap_err();
    assert_eq!(error, OtError::ZeroVector { side: Side::Target, row: 7 });
}
