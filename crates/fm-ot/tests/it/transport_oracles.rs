//! Weighted plans against answers found in other ways.

use fm_ot::{Cost, OtError, assignment, partial_transport, transport, transport_points, wasserstein2};
use ndarray::{Array2, Axis};
use proptest::prelude::*;

use crate::limited::limited;
use crate::samples::{lattice, mixture, normal};
use crate::transport::{certify, weights};

/// Every point as often as it weighs.
fn replicate(weights: &[f64]) -> Vec<usize> {
    weights.iter().enumerate().flat_map(|(i, w)| std::iter::repeat_n(i, *w as usize)).collect()
}

fn check(cost: &Array2<f64>, a: &[f64], b: &[f64]) {
    let replicated = cost.select(Axis(0), &replicate(a)).select(Axis(1), &replicate(b));
    match (transport(cost.view(), a, b), assignment(replicated.view())) {
        (Ok(plan), Ok(best)) => {
            certify(cost.view(), a, b, &plan, None);
            assert!(
                (plan.cost - best.cost).abs() <= 1e-12 * (1.0 + best.cost.abs()),
                "{} is not {}",
                plan.cost,
                best.cost
            );
            assert!(plan.mass.iter().all(|mass| mass.fract() == 0.0));
        }
        (plan, best) => {
            assert!(matches!(plan, Err(OtError::Infeasible { .. })), "{plan:?}");
            assert!(matches!(best, Err(OtError::Infeasible { .. })), "{best:?}");
        }
    }
}

/// A matrix with whole weights of equal totals, some of them zero.
fn problem(entry: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = (Array2<f64>, Vec<f64>, Vec<f64>)> {
    (1_usize..=6, 1_usize..=6).prop_flat_map(move |(n, m)| {
        let side = |n: usize| proptest::collection::vec((0_u8..4).prop_map(f64::from), n);
        let entries = proptest::collection::vec(entry.clone(), n * m);
        (entries, side(n), side(m)).prop_map(move |(values, mut a, mut b)| {
            a[0] += 1.0;
            let difference = a.iter().sum::<f64>() - b.iter().sum::<f64>();
            b[m - 1] += difference.max(0.0);
            a[n - 1] -= difference.min(0.0);
            (Array2::from_shape_vec((n, m), values).unwrap(), a, b)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_costs((cost, a, b) in problem(-10.0..10.0)) {
        let _limited = limited();
        check(&cost, &a, &b);
    }

    #[test]
    fn few_distinct_costs((cost, a, b) in problem((0_u8..3).prop_map(f64::from))) {
        let _limited = limited();
        check(&cost, &a, &b);
    }

    #[test]
    fn forbidden_pairs((cost, a, b) in problem(prop_oneof![0.0..10.0, Just(f64::INFINITY)])) {
        let _limited = limited();
        check(&cost, &a, &b);
    }

    #[test]
    fn partial_plans_move_what_they_are_told((cost, a, b) in problem(-10.0..10.0), part in 0.0..1.0) {
        let _limited = limited();
        let mass = part * a.iter().sum::<f64>();
        let plan = partial_transport(cost.view(), &a, &b, mass).unwrap();
        certify(cost.view(), &a, &b, &plan, Some(mass));
    }
}

/// A problem that any language can repeat: a linear congruence in whole numbers.
fn congruence(n: usize, m: usize, seed: u64) -> (Array2<f64>, Vec<f64>, Vec<f64>) {
    let mut state = seed;
    let mut next = |modulus: u64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state % modulus) as f64
    };
    let cost = Array2::from_shape_simple_fn((n, m), || next(1000));
    let mut a: Vec<f64> = (0..n).map(|_| 1.0 + next(50)).collect();
    let mut b: Vec<f64> = (0..m).map(|_| 1.0 + next(50)).collect();
    let difference = a.iter().sum::<f64>() - b.iter().sum::<f64>();
    b[m - 1] += difference.max(0.0);
    a[n - 1] -= difference.min(0.0);
    (cost, a, b)
}

/// The optimal costs of all mass and of a part of it, by SciPy 1.17.1 `linprog(method="highs")` on the same numbers;
/// POT 0.9.7.post1 `emd2` agrees on the former.
#[test]
fn costs_of_a_general_linear_program() {
    let _limited = limited();
    let golden = [
        (1, 9, 1, 81756.0, 60.0, 16030.0),
        (5, 3, 2, 66472.0, 66.0, 9804.0),
        (16, 17, 3, 69822.0, 180.0, 6068.0),
        (33, 31, 4, 58858.0, 333.0, 3758.0),
        (64, 64, 5, 50180.0, 626.0, 4208.0),
        (64, 40, 6, 134_276.0, 657.0, 5124.0),
    ];
    for (n, m, seed, complete, mass, partial) in golden {
        let (cost, a, b) = congruence(n, m, seed);
        let plan = transport(cost.view(), &a, &b).unwrap();
        certify(cost.view(), &a, &b, &plan, None);
        assert_eq!(plan.cost, complete, "{n} x {m}");
        let plan = partial_transport(cost.view(), &a, &b, mass).unwrap();
        certify(cost.view(), &a, &b, &plan, Some(mass));
        assert_eq!(plan.cost, partial, "{mass} of {n} x {m}");
    }
}

#[test]
fn equal_weights_are_an_assignment() {
    let _limited = limited();
    let (x, y) = (normal(128, 2, 200), mixture(128, 2, 201));
    let plan = transport_points(x.view(), y.view(), &[1.0 / 128.0; 128], &[1.0 / 128.0; 128]).unwrap();
    let distance = wasserstein2(x.view(), y.view()).unwrap();
    assert!((plan.cost.sqrt() - distance).abs() <= 1e-12 * distance);
    assert_eq!(plan.mass, [1.0 / 128.0; 128]);
}

#[test]
fn several_sources_for_each_target_are_an_assignment_with_capacities() {
    let _limited = limited();
    let (n, m, k) = (240, 60, 4);
    let cost = Cost::SquaredEuclidean.matrix(normal(n, 2, 202).view(), mixture(m, 2, 203).view()).unwrap();
    let shares = transport(cost.view(), &vec![1.0 / n as f64; n], &vec![1.0 / m as f64; m]).unwrap();
    let whole = transport(cost.view(), &vec![1.0; n], &vec![k as f64; m]).unwrap();
    certify(cost.view(), &vec![1.0; n], &vec![k as f64; m], &whole, None);
    assert_eq!(whole.rows, (0..n).collect::<Vec<_>>());
    assert_eq!(whole.mass, vec![1.0; n]);
    assert_eq!((&shares.rows, &shares.cols), (&whole.rows, &whole.cols));
    assert!((0..m).all(|j| whole.cols.iter().filter(|c| **c == j).count() == k));
    let replicated = cost.select(Axis(1), &(0..n).map(|j| j % m).collect::<Vec<_>>());
    assert!((assignment(replicated.view()).unwrap().cost - whole.cost).abs() <= 1e-12 * whole.cost);

    let back = transport(cost.t(), &vec![k as f64; m], &vec![1.0; n]).unwrap();
    assert_eq!(back.mass, vec![1.0; n]);
    assert!((back.cost - whole.cost).abs() <= 1e-12 * whole.cost);
}

#[test]
fn sorting_equals_the_general_solver() {
    let _limited = limited();
    for (x, y) in [(normal(300, 1, 204), mixture(200, 1, 205)), (lattice(90, 1, 206), lattice(110, 1, 207))] {
        let (a, b) = (weights(x.nrows(), 208), weights(y.nrows(), 209));
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        let sorted = transport_points(x.view(), y.view(), &a, &b).unwrap();
        let general = transport(cost.view(), &a, &b).unwrap();
        certify(cost.view(), &a, &b, &general, None);
        assert!((sorted.cost - general.cost).abs() <= 1e-12 * general.cost);
        assert!(sorted.gap().abs() <= 1e-9 * sorted.cost);
        let (source, target) = sorted.marginal_errors(&a, &b);
        assert!(source.max(target) <= 1e-14 * 500.0);
        // The potentials come from a recursion over neighbours, so rounding adds up along the line.
        for ((i, j), c) in cost.indexed_iter() {
            assert!(sorted.dual_source[i] + sorted.dual_target[j] <= c + 1e-9, "infeasible at ({i}, {j})");
        }
    }
}

#[test]
fn a_part_leaves_the_outliers() {
    let _limited = limited();
    let mut x = normal(100, 2, 210);
    x.slice_mut(ndarray::s![..10, ..]).fill(50.0);
    let cost = Cost::SquaredEuclidean.matrix(x.view(), normal(90, 2, 211).view()).unwrap();
    let plan = partial_transport(cost.view(), &[1.0; 100], &[1.0; 90], 90.0).unwrap();
    certify(cost.view(), &[1.0; 100], &[1.0; 90], &plan, Some(90.0));
    assert_eq!(plan.rows, (10..100).collect::<Vec<_>>());
    let all = partial_transport(cost.t(), &[1.0; 90], &[1.0; 100], 90.0).unwrap();
    assert!((all.cost - plan.cost).abs() <= 1e-12 * plan.cost);
    assert!(partial_transport(cost.view(), &[1.0; 100], &[1.0; 90], 0.0).unwrap().mass.is_empty());
}

#[test]
fn the_least_cost_of_a_part_is_convex_in_its_mass() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(normal(40, 2, 212).view(), mixture(50, 2, 213).view()).unwrap();
    let (a, b) = (weights(40, 214), weights(50, 215));
    let plans: Vec<_> =
        (0..=10).map(|k| partial_transport(cost.view(), &a, &b, f64::from(k) / 10.0).unwrap()).collect();
    for (k, pair) in plans.windows(2).enumerate() {
        // The potential of the mass is a slope: never more than what the next part costs, never less than the last did.
        let slope = (pair[1].cost - pair[0].cost) * 10.0;
        assert!(pair[0].dual_mass <= slope * (1.0 + 1e-9) && slope <= pair[1].dual_mass * (1.0 + 1e-9), "part {k}");
    }
    let complete = transport(cost.view(), &a, &b).unwrap();
    assert!((plans[10].cost - complete.cost).abs() <= 1e-9 * complete.cost);
}
