//! The two ends of epsilon, against the exact solvers and the product of the weights; and the ends of what can be solved.

use fm_ot::{
    Cost, Coupling, Endpoints, EntropicPlan, Epsilon, ExactOt, Marginals, OtError, Sinkhorn, SinkhornOt, TransportPlan,
    assignment, partial_transport, transport,
};
use ndarray::{Array2, array};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};
use crate::sinkhorn::{absolute, costs, l1, weights};

/// How much dearer the second best permutation is than the best: the least over its pairs of what it costs to forbid one.
fn lead(cost: &Array2<f64>) -> f64 {
    let best = assignment(cost.view()).unwrap();
    let without = |(i, &j): (usize, &usize)| {
        let mut cost = cost.clone();
        cost[[i, j]] = f64::INFINITY;
        assignment(cost.view()).unwrap().cost - best.cost
    };
    best.target_of.iter().enumerate().map(without).fold(f64::INFINITY, f64::min)
}

/// An entropic plan costs at most `epsilon log n` more than the best one. It is a mixture of permutations, each of which but the
/// best costs at least the lead more in `n` pairs: so at most `epsilon n log n / lead` of the mass is elsewhere.
#[test]
fn a_small_epsilon_leaves_the_assignment_alone() {
    let _limited = limited();
    let mut unique = 0;
    for (n, seed) in [4, 7, 12].into_iter().flat_map(|n| (320..326).map(move |seed| (n, seed))) {
        // Whole costs: the best permutation leads by one at least, or is not the only one.
        let cost = costs(n, n, 2, seed).mapv(|c| (16.0 * c).round());
        let (lead, entropy) = (lead(&cost), (n as f64).ln());
        if lead == 0.0 {
            continue;
        }
        unique += 1;
        let exact = assignment(cost.view()).unwrap().target_of;
        for share in [0.5, 0.05] {
            let tolerance = 1e-7;
            let epsilon = share * lead / (n as f64 * entropy);
            let plan = Sinkhorn { tolerance, ..absolute(epsilon) }.solve(cost.view(), None, None).unwrap();
            assert!(plan.converged, "{n}: {} after {}", plan.marginal_l1, plan.iterations);
            let dense = plan.plan();
            let there: f64 = exact.iter().enumerate().map(|(i, &j)| dense[[i, j]]).sum();
            // Mass that the marginals lack may come from anywhere, and saves at most the largest cost.
            let slack = tolerance * (1.0 + cost.iter().fold(0.0, |l: f64, c| l.max(*c)) * n as f64 / lead);
            assert!(1.0 - there <= share + slack, "{n} at {share}: {there}");
        }
    }
    assert!(unique > 10, "{unique} problems with one solution");
}

/// Every pair goes where the exact coupling sends it, once the mass elsewhere is below a thousandth of a pair.
#[test]
fn a_small_epsilon_couples_exactly() {
    let _limited = limited();
    let n = 12;
    let (x0, x1) = (normal(n, 2, 323).mapv(|v| v as f32), mixture(n, 2, 324).mapv(|v| v as f32));
    let ends = Endpoints::new(x0.view(), x1.view());
    let cost = Cost::SquaredEuclidean.matrix(x0.view(), x1.view()).unwrap().mapv(f64::from);
    let epsilon = 1e-3 * lead(&cost) / (n * n) as f64 / (n as f64).ln();
    let solver = Sinkhorn { tolerance: 1e-5, ..absolute(epsilon) };
    let exact = ExactOt.couple(ends, &mut rng(0)).unwrap();
    assert_eq!(SinkhornOt { solver }.couple(ends, &mut rng(1)).unwrap(), exact);
}

/// `sum_ij p log(p / (a_i b_j)) - p`, of which nothing is infinite.
fn divergence(entries: impl Iterator<Item = (usize, usize, f64)>, a: &[f64], b: &[f64]) -> f64 {
    entries.map(|(i, j, p)| if p > 0.0 { p * (p / (a[i] * b[j])).ln() - p } else { 0.0 }).sum()
}

/// Each of two plans of one problem is the best by its own measure: the exact one by the cost, the entropic one by the cost and
/// epsilon times the divergence.
#[track_caller]
fn each_is_best(exact: &TransportPlan, entropic: &EntropicPlan<'_, f64>, cost: &Array2<f64>, a: &[f64], b: &[f64]) {
    assert!(entropic.converged, "{} after {}", entropic.marginal_l1, entropic.iterations);
    let entries = exact.rows.iter().zip(&exact.cols).zip(&exact.mass).map(|((&i, &j), &p)| (i, j, p));
    let plan = entropic.plan();
    let dense = plan.indexed_iter().map(|((i, j), &p)| (i, j, p));
    let [of_exact, of_entropic] = [divergence(entries, a, b), divergence(dense, a, b)];
    let largest = cost.iter().fold(0.0, |l: f64, c| l.max(*c));
    // Mass that is where the weights do not want it costs the largest cost, or a potential, which is no larger than twice that.
    let slack = 4.0 * largest * entropic.marginal_l1;
    let moved = entropic.transport_cost();
    assert!(moved >= exact.cost - slack, "{moved} is less than {}", exact.cost);
    let (objective, other) = (moved + entropic.epsilon * of_entropic, exact.cost + entropic.epsilon * of_exact);
    assert!(objective <= other + slack, "{objective} is more than {other}");
}

#[test]
fn entropic_and_exact_plans_bound_each_other() {
    let _limited = limited();
    let (n, m) = (35, 28);
    let (cost, a, b) = (costs(n, m, 2, 325), weights(n, 326), weights(m, 327));
    let exact = transport(cost.view(), &a, &b).unwrap();
    for share in [1.0, 1e-1, 1e-2, 1e-3] {
        let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(share), tolerance: 1e-8, ..Sinkhorn::default() };
        each_is_best(&exact, &solver.solve(cost.view(), Some(&a), Some(&b)).unwrap(), &cost, &a, &b);
    }
    for mass in [0.05, 0.4, 0.95] {
        let exact = partial_transport(cost.view(), &a, &b, mass).unwrap();
        for share in [1e-1, 1e-2] {
            let marginals = Marginals::Partial { mass };
            let epsilon = Epsilon::RelativeToMean(share);
            let solver = Sinkhorn { epsilon, marginals, tolerance: 1e-9, ..Sinkhorn::default() };
            each_is_best(&exact, &solver.solve(cost.view(), Some(&a), Some(&b)).unwrap(), &cost, &a, &b);
        }
    }
}

/// Dear marginals are exact ones, and cheap ones move nothing that costs something.
#[test]
fn the_price_of_a_marginal_has_two_ends() {
    let _limited = limited();
    let (cost, a, b) = (costs(25, 30, 2, 328) + 1.0, weights(25, 329), weights(30, 330));
    let solver = Sinkhorn { tolerance: 1e-10, ..absolute(2.0) };
    let solve = |rho: f64| {
        let marginals = Marginals::Unbalanced { source: rho, target: rho };
        let plan = Sinkhorn { marginals, ..solver }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(plan.converged, "{rho}: {}", plan.marginal_l1);
        plan.plan()
    };
    let balanced = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    // A potential of at most twice the range of the cost moves a marginal by that over rho, relatively.
    let largest = cost.iter().fold(0.0, |l: f64, c| l.max(*c));
    let rho = 1e6 * largest;
    let apart = (solve(rho) - balanced.plan()).mapv(f64::abs).sum();
    assert!(apart < 8.0 * largest / rho * (largest / 2.0), "{apart}");
    // With free marginals the plan is the kernel itself.
    let kernel = Array2::from_shape_fn((25, 30), |(i, j)| a[i] * b[j] * (-cost[[i, j]] / 2.0).exp());
    let apart = (solve(1e-9) - &kernel).mapv(f64::abs).sum();
    assert!(apart < 1e-8, "{apart}");
}

#[test]
fn an_epsilon_that_double_precision_cannot_resolve_is_refused() {
    let _limited = limited();
    let cost = costs(12, 12, 2, 331);
    let largest = cost.iter().fold(0.0, |l: f64, c| l.max(*c));
    for epsilon in [1e-310, 1e-30, 1e-13 * largest] {
        let error = absolute(epsilon).solve(cost.view(), None, None).unwrap_err();
        assert!(matches!(error, OtError::InvalidParameter { name: "epsilon", .. }), "{error}");
    }
    let error = absolute(1e-30).solve(cost.view(), None, None).unwrap_err().to_string();
    assert!(error.starts_with("epsilon is 1e-30; it has to be at least 1e-12 of the largest cost"), "{error}");
    // Just above, what rounding does to the marginals is in the error that is reported, and decides what has converged.
    for tolerance in [1e-2, 1e-6] {
        let solver = Sinkhorn { tolerance, max_iterations: 500, ..absolute(2e-12 * largest) };
        let plan = solver.solve(cost.view(), None, None).unwrap();
        assert_eq!(plan.converged, plan.marginal_l1 <= tolerance);
        assert!(plan.source_l1 > 1e-6);
        let (rows, _) = plan.marginals();
        assert!(l1(&rows, &[1.0 / 12.0; 12]) <= plan.source_l1, "{rows:?}");
    }
    // Where all costs are the same there is nothing to resolve.
    let constant = Array2::from_elem((3, 4), 1e20);
    let plan = Sinkhorn::default().solve(constant.view(), None, None).unwrap();
    assert!(plan.converged && plan.plan().iter().all(|p| (p - 1.0 / 12.0).abs() < 1e-9));
}

/// What forbidden pairs make impossible is not reported as done, however long it takes to notice: potentials grow until they are
/// nothing but rounding, and then seem to be at rest.
#[test]
fn an_entropic_plan_that_cannot_be_does_not_converge() {
    let _limited = limited();
    let inf = f64::INFINITY;
    let cost = array![[1.0, inf, inf], [2.0, inf, inf], [1.0, 1.0, 1.0]];
    let plan = Sinkhorn { max_iterations: 300, ..absolute(0.5) }.solve(cost.view(), None, None).unwrap();
    assert!(!plan.converged);
    // The first column has two thirds of the mass where the weights want one.
    assert!(plan.marginal_l1 > 1.0 / 3.0, "{}", plan.marginal_l1);
    for seed in 332..338 {
        let mut cost = costs(3, 20, 2, seed);
        // The first source may go to one target only, and weighs more.
        cost.row_mut(0).slice_mut(ndarray::s![1..]).fill(inf);
        for epsilon in [50.0, 5.0, 0.5] {
            for tolerance in [1e-3, 1e-7] {
                let solver = Sinkhorn { tolerance, ..absolute(epsilon) };
                let plan = solver.solve(cost.view(), Some(&[0.5, 0.25, 0.25]), None).unwrap();
                assert!(!plan.converged && plan.marginal_l1 > tolerance, "{seed} {epsilon} {tolerance}");
                assert!(plan.f.iter().chain(&plan.g).all(|p| p.is_finite()));
            }
        }
    }
}
