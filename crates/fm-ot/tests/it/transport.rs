//! Weighted plans: optimality is proved by feasible potentials whose objective equals the cost.

use fm_ot::{Cost, Real, TransportPlan, transport, transport_points};
use ndarray::{Array2, ArrayView2};
use rand::Rng;

use crate::limited::limited;
use crate::samples::{lattice, mixture, normal, rng, uniform};

/// Exponential weights: some a thousand times larger than others.
pub(crate) fn weights(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = rng(seed);
    let weights: Vec<f64> = (0..n).map(|_| -rng.random::<f64>().ln()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / total).collect()
}

/// A plan of the weights on allowed pairs; feasible potentials, up to the rounding of one sum; no gap. Of a partial plan,
/// the weights are upper bounds.
pub(crate) fn certify<A: Real>(cost: ArrayView2<'_, A>, a: &[f64], b: &[f64], plan: &TransportPlan, mass: Option<f64>) {
    assert!(plan.converged);
    let (n, m) = cost.dim();
    let entries = || plan.rows.iter().zip(&plan.cols).zip(&plan.mass).map(|((i, j), mass)| (*i, *j, *mass));
    let places: Vec<(usize, usize)> = entries().map(|(i, j, _)| (i, j)).collect();
    assert!(places.is_sorted_by(|p, q| p < q), "entries out of order");
    // A partial plan is a tree with one more source and target, of whose entries at least one is not in it.
    assert!(places.len() < n + m + usize::from(mass.is_some()), "{} entries", places.len());
    assert!(entries().all(|(i, j, mass)| mass > 0.0 && cost[[i, j]].is_finite()));

    let total = a.iter().sum::<f64>();
    let rounding = 1e-14 * (n + m) as f64 * total;
    let (source, target) = plan.marginal_errors(a, b);
    if let Some(mass) = mass {
        assert!((plan.mass.iter().sum::<f64>() - mass).abs() <= rounding);
        assert!(
            (source - (total - mass)).abs() <= rounding && (target - (b.iter().sum::<f64>() - mass)).abs() <= rounding
        );
        assert!(plan.dual_source.iter().chain(&plan.dual_target).all(|p| *p <= 0.0));
    } else {
        assert!(source.max(target) <= rounding, "marginals are off by {source} and {target}");
        assert_eq!(plan.dual_mass, 0.0);
    }

    for ((i, j), c) in cost.indexed_iter().filter(|(_, c)| c.is_finite()) {
        let duals = [plan.dual_source[i], plan.dual_target[j], plan.dual_mass];
        let rounding = 8.0 * f64::EPSILON * (c.widen().abs() + duals.iter().map(|d| d.abs()).sum::<f64>());
        assert!(duals.iter().sum::<f64>() <= c.widen() + rounding, "potentials infeasible at ({i}, {j})");
    }
    let primal: f64 = entries().map(|(i, j, mass)| cost[[i, j]].widen() * mass).sum();
    let scale: f64 = entries().map(|(i, j, mass)| cost[[i, j]].widen().abs() * mass).sum();
    // Where the optimum is zero, the potentials still round at the magnitude of the costs that they bound.
    let largest = cost.iter().filter(|c| c.is_finite()).fold(0.0, |l: f64, c| l.max(c.widen().abs()));
    let tolerance = 1e-9 * scale + 1e-13 * largest * total;
    assert!((plan.cost - primal).abs() <= tolerance);
    let side = |weights: &[f64], duals: &[f64]| weights.iter().zip(duals).map(|(w, d)| w * d).sum::<f64>();
    let dual = side(a, &plan.dual_source) + side(b, &plan.dual_target) + mass.unwrap_or(0.0) * plan.dual_mass;
    assert!((plan.dual - dual).abs() <= tolerance, "dual {} is not {dual}", plan.dual);
    assert!(plan.gap().abs() <= tolerance, "gap {} of cost {}", plan.gap(), plan.cost);
}

fn solve_and_certify<A: Real>(cost: &Array2<A>, a: &[f64], b: &[f64]) -> TransportPlan {
    let plan = transport(cost.view(), a, b).unwrap();
    certify(cost.view(), a, b, &plan, None);
    plan
}

fn both_precisions(x: &Array2<f64>, y: &Array2<f64>, seed: u64) {
    let (a, b) = (weights(x.nrows(), seed), weights(y.nrows(), seed + 1));
    solve_and_certify(&Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap(), &a, &b);
    let (x, y) = (x.mapv(|v| v as f32), y.mapv(|v| v as f32));
    solve_and_certify(&Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap(), &a, &b);
}

#[test]
fn points_of_many_laws_and_sizes() {
    let _limited = limited();
    for (n, m, d) in [(64, 64, 2), (255, 130, 2), (300, 300, 2), (100, 7, 3), (7, 200, 3), (256, 256, 64)] {
        both_precisions(&normal(n, d, 2), &mixture(m, d, 3), 100);
        both_precisions(&uniform(n, d, 4), &uniform(m, d, 5), 102);
        both_precisions(&lattice(n, d.min(4), 6), &lattice(m, d.min(4), 7), 104);
    }
}

#[test]
fn sizes_around_the_vector_width() {
    let _limited = limited();
    for n in [1, 2, 3, 15, 16, 17, 31, 33] {
        for m in [1, 2, 15, 16, 17, 47, 48, 49] {
            both_precisions(&normal(n, 2, 10), &mixture(m, 2, 11), 106);
        }
    }
}

#[test]
fn costs_that_come_from_no_points() {
    let _limited = limited();
    let (a, b) = (weights(150, 108), weights(170, 109));
    solve_and_certify(&normal(150, 170, 8), &a, &b);
    solve_and_certify(&uniform(150, 170, 9).mapv(|c| c as f32), &a, &b);
    // Greedy choices are all wrong (Machol & Wien 1976).
    solve_and_certify(&Array2::from_shape_fn((150, 170), |(i, j)| ((i + 1) * (j + 1)) as f64), &a, &b);
}

#[test]
fn scales_and_offsets_of_costs_and_weights() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(normal(60, 2, 12).view(), mixture(80, 2, 13).view()).unwrap();
    let (a, b) = (weights(60, 110), weights(80, 111));
    let expected = solve_and_certify(&cost, &a, &b);
    for scale in [1e-300, 1e-30, 1e30, 1e295] {
        let plan = solve_and_certify(&(&cost * scale), &a, &b);
        assert_eq!((plan.rows, plan.cols), (expected.rows.clone(), expected.cols.clone()), "scale {scale:e}");
    }
    for scale in [1e-30, 1e30] {
        solve_and_certify(&cost.mapv(|c| (c * scale) as f32), &a, &b);
        let scaled = |weights: &[f64]| weights.iter().map(|w| w * scale).collect::<Vec<_>>();
        let plan = solve_and_certify(&cost, &scaled(&a), &scaled(&b));
        assert!((plan.cost / scale - expected.cost).abs() <= 1e-12 * expected.cost, "weights times {scale:e}");
    }
    for offset in [-1e6, 1e6] {
        let plan = solve_and_certify(&(&cost + offset), &a, &b);
        assert_eq!((plan.rows, plan.cols), (expected.rows.clone(), expected.cols.clone()), "offset {offset:e}");
        solve_and_certify(&cost.mapv(|c| (c + offset) as f32), &a, &b);
    }
}

#[test]
fn scales_of_the_points() {
    let _limited = limited();
    let (x, y) = (normal(40, 2, 14), mixture(50, 2, 15));
    let (a, b) = (weights(40, 112), weights(50, 113));
    let expected = transport_points(x.view(), y.view(), &a, &b).unwrap();
    for exponent in [-100, -40, 40, 100_i32] {
        let scale = f64::from(exponent).exp2();
        let plan = transport_points((&x * scale).view(), (&y * scale).view(), &a, &b).unwrap();
        assert_eq!(plan.cost, expected.cost * scale * scale, "2^{exponent}");
        assert_eq!((&plan.rows, &plan.cols), (&expected.rows, &expected.cols), "2^{exponent}");
        assert_eq!(plan.gap(), expected.gap() * scale * scale, "2^{exponent}");
    }
}

#[test]
fn ties_and_degenerate_weights_end() {
    let _limited = limited();
    let integers = |n: usize, seed: u64| -> Vec<f64> {
        let mut rng = rng(seed);
        (0..n).map(|_| f64::from(rng.random_range(1..5_u8))).collect()
    };
    let (x, y) = (lattice(200, 2, 16), lattice(200, 2, 17));
    let repeated = Array2::from_shape_fn((200, 2), |(i, j)| y[[i % 8, j]]);
    let constant = Array2::from_elem((200, 200), 3.5);
    let lattices = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
    let repeats = Cost::SquaredEuclidean.matrix(x.view(), repeated.view()).unwrap();
    let zero_one = Array2::from_shape_fn((200, 200), |(i, j)| f64::from(u8::from(i % 3 == j % 5)));
    for cost in [lattices, repeats, constant, zero_one] {
        solve_and_certify(&cost, &[0.005; 200], &[0.005; 200]);
        let (a, mut b) = (integers(200, 114), integers(200, 115));
        let difference = a.iter().sum::<f64>() - b.iter().sum::<f64>();
        b[0] += difference.max(0.0);
        let surplus = difference.min(0.0);
        let a: Vec<f64> = a.iter().enumerate().map(|(i, w)| if i == 0 { w - surplus } else { *w }).collect();
        let plan = solve_and_certify(&cost, &a, &b);
        assert!(plan.mass.iter().all(|mass| mass.fract() == 0.0));
        solve_and_certify(&cost.mapv(|c| c as f32), &weights(200, 116), &weights(200, 117));
    }
}

#[test]
fn points_without_weight_do_not_matter_and_have_feasible_potentials() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(normal(60, 2, 18).view(), mixture(50, 2, 19).view()).unwrap();
    let idle = |index: usize| index % 3 == 1;
    let thin = |weights: Vec<f64>| -> Vec<f64> {
        let thinned: Vec<f64> = weights.into_iter().enumerate().map(|(i, w)| if idle(i) { 0.0 } else { w }).collect();
        let total: f64 = thinned.iter().sum();
        thinned.into_iter().map(|w| w / total).collect()
    };
    let (a, b) = (thin(weights(60, 118)), thin(weights(50, 119)));
    let all = solve_and_certify(&cost, &a, &b);
    let kept = |n: usize| (0..n).filter(|&i| !idle(i)).collect::<Vec<_>>();
    let without = |weights: &[f64]| weights.iter().copied().filter(|w| *w > 0.0).collect::<Vec<_>>();
    let fewer = cost.select(ndarray::Axis(0), &kept(60)).select(ndarray::Axis(1), &kept(50));
    let alone = solve_and_certify(&fewer, &without(&a), &without(&b));
    assert!((all.cost - alone.cost).abs() <= 1e-12 * all.cost);
    assert_eq!(all.mass.len(), alone.mass.len());
}

#[test]
fn forbidden_pairs_are_avoided() {
    let _limited = limited();
    let n = 90;
    // Only a band is allowed, and the weights of neighbours differ, so that mass has to move along it.
    let mut cost = normal(n, n, 20).mapv(f64::abs);
    cost.indexed_iter_mut().filter(|((i, j), _)| i.abs_diff(*j) > 6).for_each(|(_, c)| *c = f64::INFINITY);
    let a: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { 1.5 } else { 0.5 }).collect();
    let b: Vec<f64> = (0..n).map(|j| if j % 3 == 0 { 2.0 } else { 0.5 }).collect();
    assert!(solve_and_certify(&cost, &a, &b).cost.is_finite());
    // Two blocks that share no pair, of masses that are equal up to rounding.
    let cost = Array2::from_shape_fn((20, 20), |(i, j)| if (i < 7) == (j < 11) { 1.0 } else { f64::INFINITY });
    let a: Vec<f64> = (0..20).map(|i| if i < 7 { 0.3 / 7.0 } else { 0.7 / 13.0 }).collect();
    let b: Vec<f64> = (0..20).map(|j| if j < 11 { 0.3 / 11.0 } else { 0.7 / 9.0 }).collect();
    assert!((solve_and_certify(&cost, &a, &b).cost - 1.0).abs() < 1e-12);
}

#[test]
fn strided_input_is_the_same_problem() {
    let _limited = limited();
    let cost = normal(40, 30, 21);
    let (a, b) = (weights(40, 120), weights(30, 121));
    let mut columns_first = Array2::zeros((30, 40)).reversed_axes();
    columns_first.assign(&cost);
    assert_eq!(transport(columns_first.view(), &a, &b).unwrap(), transport(cost.view(), &a, &b).unwrap());
}

#[test]
fn there_and_back_cost_the_same() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(mixture(70, 3, 22).view(), normal(90, 3, 23).view()).unwrap();
    let (a, b) = (weights(70, 122), weights(90, 123));
    let (there, back) = (solve_and_certify(&cost, &a, &b), solve_and_certify(&cost.t().to_owned(), &b, &a));
    assert!((there.cost - back.cost).abs() <= 1e-12 * there.cost);
}
