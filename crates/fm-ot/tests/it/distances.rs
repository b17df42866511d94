//! Costs of points and the Wasserstein distances against closed forms.

use fm_ot::{Cost, Order, OtError, wasserstein1, wasserstein2, weighted_wasserstein};
use ndarray::{Array2, Axis, array, concatenate};

use crate::limited::limited;
use crate::samples::normal;

#[test]
fn products_and_differences_agree() {
    let _limited = limited();
    for (d, offset) in [(16, 0.0), (17, 0.0), (17, 1000.0), (300, 1000.0)] {
        let (x, y) = (normal(20, d, 40) + offset, normal(30, d, 41) + offset);
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        assert_eq!(cost.dim(), (20, 30));
        for ((i, j), &c) in cost.indexed_iter() {
            let exact: f64 = x.row(i).iter().zip(y.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            assert!((c - exact).abs() <= 1e-12 * exact, "{c} is not {exact}");
        }
    }
}

#[test]
fn identical_points_are_at_distance_zero_in_any_dimension() {
    let _limited = limited();
    for d in [2, 64, 500] {
        let x = (normal(10, d, 42) + 50.0).mapv(|v| v as f32);
        let cost = Cost::SquaredEuclidean.matrix(x.view(), x.view()).unwrap();
        assert!(cost.diag().iter().all(|&c| c == 0.0));
        assert!(cost.iter().all(|&c| c >= 0.0));
    }
}

#[test]
fn a_translation_moves_by_its_length() {
    let _limited = limited();
    let x = normal(300, 2, 43);
    let moved = &x + &array![[3.0, 4.0]];
    assert!((wasserstein2(x.view(), moved.view()).unwrap() - 5.0).abs() < 1e-12);
    assert!((wasserstein1(x.view(), moved.view()).unwrap() - 5.0).abs() < 1e-12);
}

#[test]
fn extreme_points_neither_overflow_nor_vanish() {
    let _limited = limited();
    let x = normal(50, 2, 44);
    let moved = &x + &array![[3.0, 4.0]];
    for scale in [1e-200, 1e200] {
        for wasserstein in [wasserstein1, wasserstein2] {
            let distance = wasserstein((&x * scale).view(), (&moved * scale).view()).unwrap();
            assert!((distance / scale - 5.0).abs() < 1e-12);
        }
    }
}

/// W2 of two centred normals of deviations s and r in d dimensions is `sqrt(d) |s - r|`; samples sit above it by their
/// floor, and two samples of one law are apart by the floor alone.
#[test]
fn two_normals_and_the_floor() {
    let _limited = limited();
    let distance = wasserstein2(normal(1000, 2, 45).view(), (normal(1000, 2, 46) * 3.0).view()).unwrap();
    let floor = wasserstein2(normal(1000, 2, 47).view(), normal(1000, 2, 48).view()).unwrap();
    let exact = 8.0_f64.sqrt();
    // The mean radius of 1000 normals of deviation 3 in the plane has standard error 3 * 0.655 / sqrt(1000) = 0.06.
    assert!((distance - exact).abs() < 4.0 * 0.06 + floor * floor, "{distance}, exact {exact}, floor {floor}");
    assert!(floor > 0.05 && floor < 0.3, "floor {floor}");
}

#[test]
fn points_without_coordinates_are_all_the_same() {
    let _limited = limited();
    let x = Array2::<f64>::zeros((4, 0));
    assert_eq!(wasserstein2(x.view(), x.view()).unwrap(), 0.0);
}

/// W1 leaves the shared point where it is and makes one long move; W2 makes two moves of medium length.
#[test]
fn the_orders_choose_different_pairs() {
    let _limited = limited();
    let (x, y) = (array![[0.0, 0.0], [1.0, 0.0]], array![[1.0, 0.0], [1.9, 0.5]]);
    let one = wasserstein1(x.view(), y.view()).unwrap();
    assert!((one - (1.9_f64 * 1.9 + 0.25).sqrt() / 2.0).abs() < 1e-15);
    let two = wasserstein2(x.view(), y.view()).unwrap();
    assert!((two - f64::midpoint(1.0, 0.9 * 0.9 + 0.25).sqrt()).abs() < 1e-15);
    assert!(one < two);
}

#[test]
fn weights_are_repeated_points() {
    let _limited = limited();
    let (x, y) = (normal(30, 3, 49), normal(20, 3, 50) + 1.0);
    let (twice, thrice) = (concatenate![Axis(0), x, x], concatenate![Axis(0), y, y, y]);
    let heavy: Vec<f64> = (0..60).map(|i| if i < 30 { 0.3 } else { 0.7 }).collect();
    for (order, exact) in [
        (Order::One, wasserstein1(twice.view(), thrice.view()).unwrap()),
        (Order::Two, wasserstein2(twice.view(), thrice.view()).unwrap()),
    ] {
        let plain = weighted_wasserstein(x.view(), y.view(), [None, None], order).unwrap();
        assert!((plain - exact).abs() < 1e-9 * exact, "{plain} is not {exact}");
        let weighted = weighted_wasserstein(twice.view(), y.view(), [Some(&heavy), Some(&[1.5; 20])], order).unwrap();
        assert!((weighted - exact).abs() < 1e-9 * exact, "{weighted} is not {exact}");
    }
    let unequal = weighted_wasserstein(x.view(), y.view(), [Some(&[1.0; 30]), Some(&[1.0; 20])], Order::Two);
    assert!(matches!(unequal, Err(OtError::UnequalMass { .. })));
}
