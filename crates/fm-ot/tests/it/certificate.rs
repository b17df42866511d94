//! Optimality is proved, not compared: feasible potentials whose sum equals the cost.

use fm_ot::{Assignment, Cost, Real, assign_points, assignment};
use ndarray::{Array2, ArrayView2};

use crate::limited::limited;
use crate::samples::{lattice, mixture, normal, uniform};

/// A permutation; feasible potentials, up to the rounding of one subtraction; no gap.
pub(crate) fn certify<A: Real>(cost: ArrayView2<'_, A>, best: &Assignment) {
    let mut targets = best.target_of.clone();
    targets.sort_unstable();
    assert!(targets.into_iter().eq(0..cost.nrows()), "not a permutation");

    let total: f64 = best.target_of.iter().enumerate().map(|(i, &j)| cost[[i, j]].widen()).sum();
    assert_eq!(best.cost, total);
    for ((i, j), c) in cost.indexed_iter().filter(|(_, c)| c.is_finite()) {
        let (u, v) = (best.dual_source[i], best.dual_target[j]);
        let rounding = 4.0 * f64::EPSILON * (c.widen().abs() + u.abs() + v.abs());
        assert!(u + v <= c.widen() + rounding, "potentials infeasible at ({i}, {j})");
    }
    let scale: f64 = best.target_of.iter().enumerate().map(|(i, &j)| cost[[i, j]].widen().abs()).sum();
    // Where the optimum is zero, the potentials still round at the magnitude of the costs that they bound.
    let largest = cost.iter().filter(|c| c.is_finite()).fold(0.0, |m: f64, c| m.max(c.widen().abs()));
    let rounding = 4.0 * f64::EPSILON * largest * cost.nrows() as f64;
    assert!(best.gap().abs() <= 1e-9 * scale + rounding, "gap {} of cost {}", best.gap(), best.cost);
}

fn solve_and_certify<A: Real>(cost: &Array2<A>) -> Assignment {
    let best = assignment(cost.view()).unwrap();
    certify(cost.view(), &best);
    best
}

fn both_precisions(x: &Array2<f64>, y: &Array2<f64>) {
    solve_and_certify(&Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap());
    let (x, y) = (x.mapv(|v| v as f32), y.mapv(|v| v as f32));
    solve_and_certify(&Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap());
}

#[test]
fn points_of_many_laws_and_sizes() {
    let _limited = limited();
    for (n, d) in [(17, 2), (64, 2), (255, 2), (600, 2), (100, 3), (256, 64), (150, 784)] {
        both_precisions(&normal(n, d, 2), &mixture(n, d, 3));
        both_precisions(&uniform(n, d, 4), &uniform(n, d, 5));
        both_precisions(&lattice(n, d.min(4), 6), &lattice(n, d.min(4), 7));
    }
}

#[test]
fn costs_that_come_from_no_points() {
    let _limited = limited();
    for n in [33, 300] {
        solve_and_certify(&uniform(n, n, 8));
        solve_and_certify(&normal(n, n, 9).mapv(|c| c as f32));
        // Every assignment but one is bad, and greedy choices are all wrong (Machol & Wien 1976).
        solve_and_certify(&Array2::from_shape_fn((n, n), |(i, j)| ((i + 1) * (j + 1)) as f64));
    }
}

#[test]
fn sizes_around_the_vector_width() {
    let _limited = limited();
    for n in (0..=5).chain([15, 16, 17, 31, 32, 33, 47, 48, 49]) {
        both_precisions(&normal(n, 2, 10), &mixture(n, 2, 11));
    }
}

#[test]
fn scales_and_offsets_of_the_costs() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(normal(80, 2, 12).view(), mixture(80, 2, 13).view()).unwrap();
    let expected = solve_and_certify(&cost).target_of;
    for scale in [1e-300, 1e-30, 1e30, 1e295] {
        assert_eq!(solve_and_certify(&(&cost * scale)).target_of, expected, "scale {scale:e}");
    }
    for scale in [1e-30, 1e30] {
        solve_and_certify(&cost.mapv(|c| (c * scale) as f32));
    }
    for offset in [-1e6, 1e6] {
        assert_eq!(solve_and_certify(&(&cost + offset)).target_of, expected, "offset {offset:e}");
        solve_and_certify(&cost.mapv(|c| (c + offset) as f32));
    }
}

#[test]
fn scales_of_the_points() {
    let _limited = limited();
    let (x, y) = (normal(60, 2, 14), mixture(60, 2, 15));
    let expected = assign_points(x.view(), y.view(), Cost::SquaredEuclidean).unwrap();
    for exponent in [-100, -40, 40, 100_i32] {
        let scale = f64::from(exponent).exp2();
        let best = assign_points((&x * scale).view(), (&y * scale).view(), Cost::SquaredEuclidean).unwrap();
        assert_eq!(best.target_of, expected.target_of, "2^{exponent}");
        assert_eq!(best.cost, expected.cost * scale * scale, "2^{exponent}");

        let narrow = |points: &Array2<f64>| points.mapv(|v| (v * scale) as f32);
        let best = assign_points(narrow(&x).view(), narrow(&y).view(), Cost::SquaredEuclidean).unwrap();
        assert_eq!(best.target_of, expected.target_of, "2^{exponent} in f32");
    }
    let huge = assign_points((&x * 1e200).view(), (&y * 1e200).view(), Cost::SquaredEuclidean).unwrap();
    assert_eq!(huge.target_of, expected.target_of);
    assert_eq!(huge.cost, f64::INFINITY);
}

#[test]
fn strided_input_is_the_same_problem() {
    let _limited = limited();
    let cost = normal(40, 40, 16);
    let direct = assignment(cost.view()).unwrap();
    let mut columns_first = Array2::zeros((40, 40)).reversed_axes();
    columns_first.assign(&cost);
    assert_eq!(assignment(columns_first.view()).unwrap(), direct);
}

#[test]
fn forbidden_pairs_are_avoided() {
    let _limited = limited();
    let n = 120;
    let mut cost = normal(n, n, 17).mapv(f64::abs);
    // Only a band is allowed, so that greedy choices block each other.
    for ((i, j), c) in &mut cost.indexed_iter_mut() {
        if i.abs_diff(j) > 2 {
            *c = f64::INFINITY;
        }
    }
    let best = solve_and_certify(&cost);
    assert!(best.cost.is_finite());
    solve_and_certify(&cost.mapv(|c| c as f32));
}
