//! The sliced distance: one dimension, translations, thread counts.

use fm_ot::{Order, OtError, sliced_wasserstein, wasserstein1, wasserstein2};
use ndarray::{Array2, Axis, array, concatenate};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

#[test]
fn on_the_line_it_is_the_exact_distance() {
    let _limited = limited();
    let (x, y) = (normal(200, 1, 90), mixture(200, 1, 91));
    for (order, exact) in
        [(Order::One, wasserstein1(x.view(), y.view())), (Order::Two, wasserstein2(x.view(), y.view()))]
    {
        let sliced = sliced_wasserstein(x.view(), y.view(), order, 3, &mut rng(0)).unwrap();
        assert!((sliced - exact.unwrap()).abs() < 1e-12);
    }
}

#[test]
fn repeated_points_are_heavier_points() {
    let _limited = limited();
    let (x, y) = (normal(30, 3, 92), mixture(20, 3, 93));
    let (x2, y3) = (concatenate![Axis(0), x, x], concatenate![Axis(0), y, y, y]);
    for order in [Order::One, Order::Two] {
        let distance =
            |x: &Array2<f64>, y: &Array2<f64>| sliced_wasserstein(x.view(), y.view(), order, 40, &mut rng(1)).unwrap();
        // 60 against 60 is the formula of equal sizes; the other two go through the quantile functions.
        let equal = distance(&x2, &y3);
        assert!((distance(&x, &y) - equal).abs() < 1e-12);
        assert!((distance(&x2, &y) - equal).abs() < 1e-12);
    }
}

/// A translation by v moves each projection by direction . v, whose square has mean |v|^2/d and variance
/// |v|^4 (3/(d (d + 2)) - 1/d^2) over the sphere.
#[test]
fn a_translation_is_seen_by_every_direction() {
    let _limited = limited();
    let (d, projections) = (3.0_f64, 4000);
    let x = normal(50, 3, 94);
    let moved = &x + &array![[2.0, 0.0, 0.0]];
    let sliced = sliced_wasserstein(x.view(), moved.view(), Order::Two, projections, &mut rng(2)).unwrap();
    let error = (16.0 * (3.0 / (d * (d + 2.0)) - 1.0 / (d * d)) / projections as f64).sqrt();
    assert!((sliced.powi(2) - 4.0 / d).abs() < 4.0 * error, "{} is not {} ± {error}", sliced.powi(2), 4.0 / d);
}

#[test]
fn it_is_below_the_distance_it_slices() {
    let _limited = limited();
    let (x, y) = (normal(100, 5, 95), mixture(100, 5, 96));
    for (order, exact) in
        [(Order::One, wasserstein1(x.view(), y.view())), (Order::Two, wasserstein2(x.view(), y.view()))]
    {
        let sliced = sliced_wasserstein(x.view(), y.view(), order, 100, &mut rng(3)).unwrap();
        assert!(sliced > 0.0 && sliced <= exact.unwrap());
    }
}

#[test]
fn threads_do_not_matter_and_seeds_do() {
    let _limited = limited();
    let (x, y) = (normal(64, 7, 97).mapv(|v| v as f32), mixture(50, 7, 98).mapv(|v| v as f32));
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sliced_wasserstein(x.view(), y.view(), Order::Two, 100, &mut rng(seed)).unwrap())
    };
    assert_eq!(on(1, 4).to_bits(), on(5, 4).to_bits());
    assert_ne!(on(1, 4), on(1, 5));
}

#[test]
fn extreme_points_neither_overflow_nor_vanish() {
    let _limited = limited();
    let (x, y) = (normal(40, 3, 99), mixture(40, 3, 100));
    let distance =
        |scale: f64| sliced_wasserstein((&x * scale).view(), (&y * scale).view(), Order::Two, 20, &mut rng(6)).unwrap();
    for exponent in [-600, 600_i32] {
        let scale = f64::from(exponent).exp2();
        assert_eq!(distance(scale) / scale, distance(1.0), "2^{exponent}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let _limited = limited();
    let (x, none) = (normal(4, 2, 101), Array2::<f64>::zeros((0, 2)));
    let measure =
        |y: &Array2<f64>, projections| sliced_wasserstein(x.view(), y.view(), Order::One, projections, &mut rng(0));
    assert_eq!(measure(&none, 5), Err(OtError::Empty));
    assert!(matches!(measure(&x, 0), Err(OtError::InvalidParameter { name: "projections", .. })));
    assert!(matches!(measure(&normal(4, 3, 102), 5), Err(OtError::DimensionMismatch { .. })));
}
