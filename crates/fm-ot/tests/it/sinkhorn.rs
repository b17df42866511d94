//! Entropic plans against closed forms, a dense iteration in `f64`, and each other.

use fm_ot::{Annealing, Cost, Epsilon, Marginals, OtError, Side, Sinkhorn, assignment};
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use crate::limited::limited;
use crate::samples::{mixture, normal, rng, uniform};

pub(crate) fn costs(n: usize, m: usize, d: usize, seed: u64) -> Array2<f64> {
    let (x, y) = (normal(n, d, seed), mixture(m, d, seed + 1));
    Array2::from_shape_fn((n, m), |(i, j)| (&x.row(i) - &y.row(j)).mapv(|v| v * v).sum())
}

pub(crate) fn weights(n: usize, seed: u64) -> Vec<f64> {
    let raw: Vec<f64> = uniform(n, 1, seed).into_iter().map(|u| 0.1 - u.ln()).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum).collect()
}

pub(crate) fn l1(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum()
}

pub(crate) fn absolute(epsilon: f64) -> Sinkhorn {
    Sinkhorn { epsilon: Epsilon::Absolute(epsilon), ..Sinkhorn::default() }
}

/// Alternating scalings of a dense kernel in `f64`, as in the textbook, until they move by rounding alone.
fn dense(cost: &Array2<f64>, a: &[f64], b: &[f64], epsilon: f64, damping: [f64; 2]) -> Array2<f64> {
    let kernel = Array2::from_shape_fn(cost.dim(), |(i, j)| a[i] * b[j] * (-cost[[i, j]] / epsilon).exp());
    let (a, b) = (Array1::from(a.to_vec()), Array1::from(b.to_vec()));
    let (mut u, mut v) = (Array1::ones(a.len()), Array1::ones(b.len()));
    for _ in 0..20_000 {
        u = (&a / &kernel.dot(&v)).mapv(|r| r.powf(damping[0]));
        v = (&b / &kernel.t().dot(&u)).mapv(|r| r.powf(damping[1]));
    }
    Array2::from_shape_fn(cost.dim(), |(i, j)| u[i] * kernel[[i, j]] * v[j])
}

#[test]
fn plans_agree_with_a_dense_iteration() {
    let _limited = limited();
    for (n, m) in [(1, 1), (1, 5), (7, 1), (15, 17), (32, 31), (33, 64), (65, 100)] {
        let (cost, a, b) = (costs(n, m, 3, 70), weights(n, 71), weights(m, 72));
        let plan = Sinkhorn { tolerance: 1e-12, ..absolute(2.0) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(plan.converged, "{n} x {m}: {}", plan.marginal_l1);
        let exact = dense(&cost, &a, &b, 2.0, [1.0, 1.0]);
        let apart = (plan.plan() - exact).mapv(f64::abs).sum();
        assert!(apart < 1e-11, "{n} x {m}: {apart}");
    }
}

#[test]
fn the_reported_error_is_that_of_the_potentials() {
    let _limited = limited();
    for tolerance in [1e-3, 1e-6, 1e-9] {
        for epsilon in [0.05, 0.005] {
            let cost = costs(200, 150, 2, 73);
            let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(epsilon), tolerance, ..Sinkhorn::default() };
            let (a, b) = (weights(200, 74), weights(150, 75));
            for plan in [
                solver.solve(cost.view(), Some(&a), Some(&b)).unwrap(),
                solver.solve(cost.t(), Some(&b), Some(&a)).unwrap(),
            ] {
                assert!(plan.converged, "{} after {}", plan.marginal_l1, plan.iterations);
                let transposed = plan.dim().0 == 150;
                let (rows, columns) = plan.marginals();
                let (a, b) = if transposed { (&b, &a) } else { (&a, &b) };
                assert!(l1(&rows, a) <= plan.source_l1);
                assert!(l1(&columns, b) <= plan.target_l1 + plan.source_l1);
                // The bound of the rounding is in it once, and what was measured is off by that at most.
                assert!(l1(&columns, b) >= plan.target_l1 - 2.0 * plan.source_l1);
                assert_eq!(plan.marginal_l1, plan.target_l1.max(plan.source_l1));
                // Eight units of `f32`, where it is not in the tolerance itself.
                assert!(plan.source_l1 <= tolerance + if tolerance < 1e-6 { 0.0 } else { 1e-6 });
            }
        }
    }
}

#[test]
fn the_dual_never_decreases_without_acceleration() {
    let _limited = limited();
    let cost = costs(60, 80, 2, 80);
    let solver =
        Sinkhorn { epsilon: Epsilon::RelativeToMean(0.01), tolerance: 1e-12, memory: 0, ..Sinkhorn::default() };
    let dual = |max_iterations| Sinkhorn { max_iterations, ..solver }.solve(cost.view(), None, None).unwrap().dual;
    let duals: Vec<f64> = (1..60).map(dual).collect();
    // Row sums in `f32` are within 1e-6, which moves potentials by that times epsilon.
    let allowance = 1e-6 * 0.01 * cost.mean().unwrap();
    assert!(duals.windows(2).all(|pair| pair[1] >= pair[0] - allowance), "{duals:?}");
    assert!(duals[58] > duals[0]);
}

/// At the optimum the primal equals the dual: `<pi, c> + epsilon KL(pi | a x b)`.
#[test]
fn the_dual_is_the_primal_at_the_optimum() {
    let _limited = limited();
    let (cost, a, b) = (costs(40, 30, 2, 81), weights(40, 82), weights(30, 83));
    let plan = Sinkhorn { tolerance: 1e-12, ..absolute(1.0) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let divergence: f64 = plan.plan().indexed_iter().map(|((i, j), p)| p * (p / (a[i] * b[j])).ln()).sum();
    assert!((plan.transport_cost() + divergence - plan.dual).abs() < 1e-9);
}

#[test]
fn small_epsilon_tends_to_the_assignment() {
    let _limited = limited();
    let cost = costs(50, 50, 2, 84);
    let exact = assignment(cost.view()).unwrap().cost / 50.0;
    for share in [1e-2, 1e-3] {
        let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(share), tolerance: 1e-6, ..Sinkhorn::default() };
        let plan = solver.solve(cost.view(), None, None).unwrap();
        assert!(plan.converged, "{} after {}", plan.marginal_l1, plan.iterations);
        // The entropy of a plan with these marginals is within log n of that of the assignment; mass that is missing may be the
        // dearest.
        let largest = cost.iter().fold(0.0, |m: f64, &c| m.max(c));
        let excess = plan.transport_cost() - exact;
        assert!(excess > -1e-6 * largest && excess <= plan.epsilon * 50.0_f64.ln(), "{excess}");
    }
}

#[test]
fn large_epsilon_tends_to_the_product() {
    let _limited = limited();
    let (cost, a, b) = (costs(30, 20, 3, 85), weights(30, 86), weights(20, 87));
    let plan = Sinkhorn { tolerance: 1e-12, ..absolute(1e9) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let largest = cost.iter().fold(0.0, |m: f64, &c| m.max(c));
    for ((i, j), p) in plan.plan().indexed_iter() {
        // Potentials and cost together stay within twice the range of the cost.
        assert!((p / (a[i] * b[j]) - 1.0).abs() < 4.0 * largest / 1e9);
    }
}

/// Between `N(0, s^2)` and `N(0, t^2)` the optimal plan is normal with covariance
/// `(sqrt(4 s^2 t^2 + e^2 / 4) - e / 2) / 2` (Janati, Muzellec, Peyré & Cuturi 2020, theorem 1, with `e = 2 sigma^2`). Sums over a
/// grid are exact to rounding for normals, as long as the grid resolves the kernel.
#[test]
fn normals_on_a_line_have_the_known_covariance() {
    let _limited = limited();
    let (s, t, epsilon) = (1.0_f64, 1.5_f64, 0.8_f64);
    let grid: Vec<f64> = (0..301).map(|k| (f64::from(k) - 150.0) * 0.08).collect();
    let weigh = |s: f64| grid.iter().map(|x| (-x * x / (2.0 * s * s)).exp()).collect::<Vec<_>>();
    let points = Array2::from_shape_vec((301, 1), grid.clone()).unwrap();
    let solver = Sinkhorn { tolerance: 1e-10, ..absolute(epsilon) };
    let normalised = |w: Vec<f64>| {
        let sum: f64 = w.iter().sum();
        w.into_iter().map(|w| w / sum).collect::<Vec<_>>()
    };
    let (a, b) = (normalised(weigh(s)), normalised(weigh(t)));
    let plan = solver.solve_points(points.view(), points.view(), Some(&a), Some(&b)).unwrap();
    let covariance: f64 = plan.plan().indexed_iter().map(|((i, j), p)| p * grid[i] * grid[j]).sum();
    let exact = 0.5 * ((4.0 * s * s * t * t + epsilon * epsilon / 4.0).sqrt() - epsilon / 2.0);
    assert!((covariance - exact).abs() < 1e-6, "{covariance} is not {exact}");
}

#[test]
fn a_symmetric_problem_has_equal_potentials() {
    let _limited = limited();
    let x = normal(60, 2, 88);
    let solver = Sinkhorn { tolerance: 1e-10, ..absolute(5.0) };
    let plan = solver.solve_points(x.view(), x.view(), None, None).unwrap();
    assert!(plan.converged);
    // A potential is off by epsilon times the relative error of its marginal, over the spectral gap of the iteration (some 0.1).
    let apart = plan.f.iter().zip(&plan.g).map(|(f, g)| (f - g).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-6, "{apart}");
}

#[test]
fn points_of_weight_zero_change_nothing() {
    let _limited = limited();
    let (cost, mut a, mut b) = (costs(20, 30, 2, 89), weights(20, 90), weights(30, 91));
    for i in [0, 7, 19] {
        a[i] = 0.0;
        b[i + 3] = 0.0;
    }
    for weights in [&mut a, &mut b] {
        let sum: f64 = weights.iter().sum();
        for w in weights.iter_mut() {
            *w /= sum;
        }
    }
    let solver = Sinkhorn { tolerance: 1e-12, ..absolute(1.0) };
    let plan = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let (rows, columns): (Vec<_>, Vec<_>) =
        ((0..20).filter(|&i| a[i] > 0.0).collect(), (0..30).filter(|&j| b[j] > 0.0).collect());
    let less = Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| cost[[rows[i], columns[j]]]);
    let pick = |w: &[f64], of: &[usize]| of.iter().map(|&i| w[i]).collect::<Vec<_>>();
    let without = solver.solve(less.view(), Some(&pick(&a, &rows)), Some(&pick(&b, &columns))).unwrap();
    assert!((plan.dual - without.dual).abs() < 1e-9);
    assert!(plan.f.iter().chain(&plan.g).all(|p| p.is_finite()));
    assert_eq!(plan.row(7), vec![0.0; 30]);
}

/// The plan has the marginals that it says, also where these are next to nothing: `e^-312` in the tails of the widest grid.
#[test]
fn the_tails_of_a_density_do_not_drown_the_rest() {
    let _limited = limited();
    for width in [6.0, 15.0, 25.0_f64] {
        let grid: Vec<f64> = (-100..=100).map(|k| f64::from(k) * width / 100.0).collect();
        let density = |deviation: f64, mean: f64| {
            let raw: Vec<f64> = grid.iter().map(|x| (-((x - mean) / deviation).powi(2) / 2.0).exp()).collect();
            let sum: f64 = raw.iter().sum();
            raw.into_iter().map(|w| w / sum).collect::<Vec<_>>()
        };
        let (a, b) = (density(1.0, 0.5), density(0.7, -1.0));
        let points = Array2::from_shape_vec((201, 1), grid.clone()).unwrap();
        for (epsilon, tolerance) in [(0.1, 1e-3), (0.1, 1e-8), (2.0, 1e-3), (2.0, 1e-8)] {
            let solver = Sinkhorn { tolerance, ..absolute(epsilon) };
            let plan = solver.solve_points(points.view(), points.view(), Some(&a), Some(&b)).unwrap();
            assert!(plan.converged, "{width} {epsilon}: {}", plan.marginal_l1);
            let (rows, columns) = plan.marginals();
            let error = l1(&rows, &a).max(l1(&columns, &b));
            assert!(error <= plan.marginal_l1 + plan.source_l1, "{width} {epsilon}: {error}");
        }
    }
}

/// A target without weight may have the largest potential of all, and must not decide what a row is measured by.
#[test]
fn weightless_targets_do_not_hide_the_others() {
    let _limited = limited();
    let cost = uniform(40, 50, 131);
    let thin = |n: usize, seed: u64, every: usize| {
        let mut kept = weights(n, seed);
        kept.iter_mut().enumerate().filter(|(i, _)| i % every != 0).for_each(|(_, w)| *w = 0.0);
        let sum: f64 = kept.iter().sum();
        kept.into_iter().map(|w| w / sum).collect::<Vec<_>>()
    };
    let (a, b) = (thin(40, 132, 2), thin(50, 133, 10));
    for (epsilon, tolerance) in [(1e-2, 1e-3), (1e-3, 1e-3), (1e-3, 1e-8)] {
        let plan = Sinkhorn { tolerance, ..absolute(epsilon) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(plan.converged, "{epsilon}: {}", plan.marginal_l1);
        let (rows, columns) = plan.marginals();
        let error = l1(&rows, &a).max(l1(&columns, &b));
        assert!(error <= plan.marginal_l1 + plan.source_l1, "{epsilon}: {error}");
        assert!(plan.plan().iter().all(|p| p.is_finite()));
    }
}

#[test]
fn the_scale_of_the_cost_and_a_constant_do_not_matter() {
    let _limited = limited();
    let cost = costs(40, 50, 3, 92);
    let solver = Sinkhorn { epsilon: Epsilon::RelativeToStd(0.1), tolerance: 1e-9, ..Sinkhorn::default() };
    let plan = solver.solve(cost.view(), None, None).unwrap().plan();
    for scale in [1e-280, 1e-30, 1e30, 1e280] {
        let cost = &cost * scale;
        let scaled = solver.solve(cost.view(), None, None).unwrap();
        assert!((scaled.plan() - &plan).mapv(f64::abs).sum() < 1e-8, "{scale:e}");
    }
    let raised = &cost + 1e6;
    let moved = solver.solve(raised.view(), None, None).unwrap();
    assert!((moved.plan() - &plan).mapv(f64::abs).sum() < 1e-6);
    for scale in [1e-30_f32, 1e30] {
        // A cost rounded to `f32` is another by 6e-8 of it, which epsilon magnifies.
        let cost = cost.mapv(|c| c as f32 * scale);
        let scaled = solver.solve(cost.view(), None, None).unwrap();
        assert!((scaled.plan() - &plan).mapv(f64::abs).sum() < 1e-4, "{scale:e}");
    }
}

#[test]
fn points_of_any_magnitude_are_rescaled() {
    let _limited = limited();
    let (x, y) = (normal(30, 3, 93), mixture(40, 3, 94));
    let solver = Sinkhorn { tolerance: 1e-8, ..Sinkhorn::default() };
    let plan = solver.solve_points(x.view(), y.view(), None, None).unwrap();
    for scale in [1e-30, 1e30, 1e100] {
        let scaled = solver.solve_points((&x * scale).view(), (&y * scale).view(), None, None).unwrap();
        assert!((scaled.plan() - plan.plan()).mapv(f64::abs).sum() < 1e-6, "{scale:e}");
        assert!((scaled.dual / scale / scale / plan.dual - 1.0).abs() < 1e-6, "{scale:e}");
    }
    let far = (&x * 1e30).mapv(|v| v as f32);
    assert!(solver.solve_points(far.view(), far.view(), None, None).unwrap().converged);
}

#[test]
fn unbalanced_plans_agree_with_a_dense_iteration() {
    let _limited = limited();
    let (cost, a, b) = (costs(30, 40, 2, 95), weights(30, 96), weights(40, 97));
    let heavy: Vec<f64> = b.iter().map(|b| 1.7 * b).collect();
    let epsilon = 2.0;
    for (source, target) in [(1.0, 5.0), (f64::INFINITY, 3.0), (100.0, 0.1)] {
        let marginals = Marginals::Unbalanced { source, target };
        let solver = Sinkhorn { marginals, tolerance: 1e-12, ..absolute(epsilon) };
        let plan = solver.solve(cost.view(), Some(&a), Some(&heavy)).unwrap();
        assert!(plan.converged);
        let damping = [source, target].map(|rho| if rho.is_finite() { rho / (rho + epsilon) } else { 1.0 });
        let exact = dense(&cost, &a, &heavy, epsilon, damping);
        assert!((plan.plan() - &exact).mapv(f64::abs).sum() < 1e-9);
        let divergence = |p: f64, q: f64| p * (p / q).ln() - p + q;
        let (rows, columns) = plan.marginals();
        let price = |rho: f64, marginal: &[f64], weights: &[f64]| -> f64 {
            let sum: f64 = marginal.iter().zip(weights).map(|(&p, &q)| divergence(p, q)).sum();
            if rho.is_finite() { rho * sum } else { 0.0 }
        };
        let entropy: f64 = plan.plan().indexed_iter().map(|((i, j), &p)| divergence(p, a[i] * heavy[j])).sum();
        let penalties = price(source, &rows, &a) + price(target, &columns, &heavy);
        let primal = plan.transport_cost() + epsilon * entropy + penalties;
        assert!((primal - plan.dual).abs() < 1e-8, "{primal} is not {}", plan.dual);
    }
    let infinite = Marginals::Unbalanced { source: f64::INFINITY, target: f64::INFINITY };
    let solver = Sinkhorn { tolerance: 1e-10, ..absolute(1.0) };
    let balanced = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let same = Sinkhorn { marginals: infinite, ..solver }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    assert_eq!((balanced.f, balanced.g), (same.f, same.g));
}

#[test]
fn partial_plans_move_their_mass_and_no_more_than_the_weights() {
    let _limited = limited();
    let (cost, a, b) = (costs(30, 40, 2, 98), weights(30, 99), weights(40, 100));
    for (mass, share) in [(0.1, 0.05), (0.6, 0.05), (0.6, 0.002), (1.0, 0.05)] {
        let marginals = Marginals::Partial { mass };
        let epsilon = Epsilon::RelativeToMean(share);
        let solver = Sinkhorn { marginals, epsilon, tolerance: 1e-9, ..Sinkhorn::default() };
        let plan = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(plan.converged, "{mass} {share}: {}", plan.marginal_l1);
        let (rows, columns) = plan.marginals();
        assert!((rows.iter().sum::<f64>() - mass).abs() < 1e-8);
        assert!(rows.iter().zip(&a).chain(columns.iter().zip(&b)).all(|(p, w)| *p <= w + 1e-8));
        let divergence = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() - p + q } else { q };
        let entropy: f64 = plan.plan().indexed_iter().map(|((i, j), &p)| divergence(p, a[i] * b[j])).sum();
        let primal = plan.transport_cost() + plan.epsilon * entropy;
        assert!((primal - plan.dual).abs() < 1e-6 * primal.abs(), "{primal} is not {}", plan.dual);
    }
    // The cheapest pair takes all, as epsilon vanishes.
    let cost = array![[1.0, 10.0], [10.0, 5.0]];
    let solver = Sinkhorn { marginals: Marginals::Partial { mass: 0.5 }, ..absolute(0.01) };
    let plan = solver.solve(cost.view(), None, None).unwrap();
    assert!((plan.transport_cost() - 0.5).abs() < 1e-2);
}

#[test]
fn points_agree_with_their_matrix_when_rows_are_made_in_blocks() {
    let _limited = limited();
    let (x, y) = (normal(4100, 2, 101).mapv(|v| v as f32), mixture(4100, 2, 102).mapv(|v| v as f32));
    let solver = Sinkhorn { max_iterations: 2, ..Sinkhorn::default() };
    let blocks = solver.solve_points(x.view(), y.view(), None, None).unwrap();
    let cost = fm_ot::Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
    let matrix = solver.solve(cost.view(), None, None).unwrap();
    assert_eq!(blocks.iterations, 2);
    assert!((blocks.epsilon / matrix.epsilon - 1.0).abs() < 1e-6);
    let apart = blocks.g.iter().zip(&matrix.g).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-3 * matrix.epsilon, "{apart}");
}

#[test]
fn threads_do_not_change_a_bit() {
    let _limited = limited();
    let (x, y) = (normal(1030, 2, 103).mapv(|v| v as f32), mixture(1040, 2, 104).mapv(|v| v as f32));
    let solve = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Sinkhorn::default().solve_points(x.view(), y.view(), None, None).unwrap())
    };
    let one = solve(1);
    for threads in [2, 3] {
        let many = solve(threads);
        assert_eq!((&one.f, &one.g, one.marginal_l1.to_bits()), (&many.f, &many.g, many.marginal_l1.to_bits()));
        assert_eq!(one.marginals(), many.marginals());
    }
}

#[test]
fn acceleration_ends_where_the_plain_iteration_does() {
    let _limited = limited();
    let cost = costs(100, 100, 2, 105);
    let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(0.01), tolerance: 1e-9, ..Sinkhorn::default() };
    let fast = solver.solve(cost.view(), None, None).unwrap();
    let plain = Sinkhorn { memory: 0, ..solver }.solve(cost.view(), None, None).unwrap();
    assert!((fast.plan() - plain.plan()).mapv(f64::abs).sum() < 1e-6);
    assert!(fast.iterations < plain.iterations, "{} against {}", fast.iterations, plain.iterations);
}

#[test]
fn too_few_iterations_are_said_to_be_too_few() {
    let _limited = limited();
    let cost = costs(40, 40, 2, 106);
    let solver = Sinkhorn { max_iterations: 3, tolerance: 1e-9, ..Sinkhorn::default() };
    let plan = solver.solve(cost.view(), None, None).unwrap();
    assert!(!plan.converged && plan.iterations == 3);
    let error = l1(&plan.marginals().1, &[1.0 / 40.0; 40]);
    assert!(error > 1e-9 && (error - plan.marginal_l1).abs() < 1e-6);
}

#[test]
fn a_start_from_the_answer_needs_one_pass() {
    let _limited = limited();
    let (x, y) = (normal(50, 2, 107), mixture(60, 2, 108));
    let solver = Sinkhorn { tolerance: 1e-6, ..Sinkhorn::default() };
    let plan = solver.solve_points(x.view(), y.view(), None, None).unwrap();
    let again = solver.solve_points_from(x.view(), y.view(), None, None, (&plan.f, &plan.g)).unwrap();
    assert_eq!(again.iterations, 1);
    // Row sums in `f32`, in two kernels.
    assert!((again.dual - plan.dual).abs() < 1e-6 * plan.epsilon);
}

/// A start that is far off, on either side or both, costs passes and changes nothing else.
#[test]
fn any_start_ends_at_the_same_plan() {
    let _limited = limited();
    let (cost, a, b) = (costs(40, 30, 2, 124), weights(40, 125), weights(30, 126));
    let solver = Sinkhorn { tolerance: 1e-9, ..Sinkhorn::default() };
    let plan = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let far: Vec<f64> = (0..30).map(|j| f64::from(j - 15) * 100.0).collect();
    let raised: Vec<f64> = plan.g.iter().map(|g| g + 1e6).collect();
    // Duals are apart by the error of the marginals times potentials within twice the range of the cost; that over epsilon bounds
    // the divergence of the plans, and its root their distance (Pinsker).
    let range = cost.iter().fold(0.0, |m: f64, &c| m.max(c));
    let bound = (2.0 * 2.0 * solver.tolerance * 2.0 * range / plan.epsilon).sqrt();
    for start in [&plan.g, &far, &raised, &vec![0.0; 30]] {
        let again = solver.solve_from(cost.view(), Some(&a), Some(&b), (&[0.0; 40], start)).unwrap();
        assert!(again.converged, "{}", again.marginal_l1);
        let apart = (again.plan() - plan.plan()).mapv(f64::abs).sum();
        assert!(apart <= bound, "{apart} is more than {bound}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bad = plan.g.clone();
        bad[11] = value;
        let error = solver.solve_from(cost.view(), Some(&a), Some(&b), (&plan.f, &bad)).unwrap_err();
        assert!(matches!(error, OtError::InvalidPotential { column: 11, .. }), "{error}");
    }
}

/// A plan that has the form of an entropic one and the right marginals is the entropic one.
#[test]
fn sizes_around_the_vector_width() {
    let _limited = limited();
    for n in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
        for m in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33] {
            let (x, y) = (normal(n, 3, 127), mixture(m, 3, 128));
            let (a, b) = (weights(n, 129), weights(m, 130));
            for tolerance in [1e-4, 1e-9] {
                let solver = Sinkhorn { tolerance, ..absolute(2.0) };
                let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
                let from_matrix = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
                let from_points = solver.solve_points(x.view(), y.view(), Some(&a), Some(&b)).unwrap();
                let single = cost.mapv(|c| c as f32);
                let from_single = solver.solve(single.view(), Some(&a), Some(&b)).unwrap();
                let all = [from_matrix.marginals(), from_points.marginals(), from_single.marginals()];
                assert!(from_matrix.converged && from_points.converged && from_single.converged, "{n} x {m}");
                for (rows, columns) in all {
                    // What is measured in `f32` is off by its rounding.
                    let allowance = tolerance + if tolerance < 1e-6 { 0.0 } else { 1e-6 };
                    assert!(l1(&rows, &a).max(l1(&columns, &b)) <= allowance, "{n} x {m}");
                }
            }
        }
    }
}

#[test]
fn draws_follow_the_plan() {
    let _limited = limited();
    let (cost, a, b) = (costs(4, 3, 2, 109), weights(4, 110), weights(3, 111));
    let plan = Sinkhorn { tolerance: 1e-9, ..absolute(10.0) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
    let count = 40_000;
    let pairs = plan.draw(count, &mut rng(112));
    let mut seen = Array2::<f64>::zeros((4, 3));
    pairs.source.iter().zip(&pairs.target).for_each(|(&i, &j)| seen[[i, j]] += 1.0 / count as f64);
    for ((cell, p), seen) in plan.plan().indexed_iter().zip(&seen) {
        let error = (p * (1.0 - p) / count as f64).sqrt();
        assert!((p - seen).abs() < 5.0 * error, "{cell:?}: {seen} for {p}");
    }
    let mut rng = rng(113);
    let row = plan.row(2);
    let targets: Vec<usize> = (0..count).map(|_| plan.draw_target(2, &mut rng)).collect();
    for (j, p) in row.iter().enumerate() {
        let (p, seen) = (p / a[2], targets.iter().filter(|&&t| t == j).count() as f64 / count as f64);
        assert!((p - seen).abs() < 5.0 * (p * (1.0 - p) / count as f64).sqrt() + 1e-9);
    }
}

#[test]
fn forbidden_pairs_carry_no_mass() {
    let _limited = limited();
    let mut cost = costs(20, 25, 2, 114);
    for i in 0..20 {
        for j in 0..25 {
            if (i + j) % 3 == 0 {
                cost[[i, j]] = f64::INFINITY;
            }
        }
    }
    let plan = Sinkhorn { tolerance: 1e-9, ..Sinkhorn::default() }.solve(cost.view(), None, None).unwrap();
    assert!(plan.converged && plan.transport_cost().is_finite());
    assert!(plan.plan().iter().zip(&cost).all(|(&p, &c)| (p == 0.0) == (c == f64::INFINITY)));
}

#[test]
fn no_points_and_equal_costs() {
    let _limited = limited();
    let solver = Sinkhorn::default();
    let nothing = Array2::<f64>::zeros((0, 0));
    let empty = solver.solve(nothing.view(), None, None).unwrap();
    assert!(empty.converged && empty.f.is_empty() && empty.plan().is_empty() && empty.draw(0, &mut rng(0)).is_empty());
    let one_sided = solver.solve(Array2::<f64>::zeros((0, 3)).view(), None, None).unwrap_err();
    assert_eq!(one_sided, OtError::UnequalMass { source_mass: 0.0, target_mass: 1.0 });
    for value in [0.0, -7.0, 1e-300] {
        let cost = Array2::from_elem((3, 4), value);
        let plan = solver.solve(cost.view(), None, None).unwrap();
        assert!(
            plan.plan().iter().all(|p| (p - 1.0 / 12.0).abs() < 1e-9) && (plan.transport_cost() - value).abs() < 1e-9
        );
    }
}

#[test]
fn bad_input_is_an_error_that_names_the_place() {
    let _limited = limited();
    let cost = costs(4, 4, 2, 115);
    let solve = |cost: &Array2<f64>| Sinkhorn::default().solve(cost.view(), None, None).map(|_| ());
    for value in [f64::NAN, f64::NEG_INFINITY, 1e301] {
        let mut bad = cost.clone();
        bad[[2, 1]] = value;
        assert!(matches!(solve(&bad), Err(OtError::InvalidCost { row: 2, column: 1, .. })), "{value}");
    }
    let (mut row, mut column) = (cost.clone(), cost.clone());
    row.row_mut(3).fill(f64::INFINITY);
    column.column_mut(1).fill(f64::INFINITY);
    assert_eq!(solve(&row).unwrap_err(), OtError::Isolated { side: Side::Source, index: 3 });
    assert_eq!(solve(&column).unwrap_err(), OtError::Isolated { side: Side::Target, index: 1 });
    let weigh = |a: &[f64]| Sinkhorn::default().solve(cost.view(), Some(a), None).map(|_| ());
    for value in [f64::NAN, -0.1, f64::INFINITY] {
        let error = weigh(&[0.5, 0.5, value, 0.0]).unwrap_err();
        assert!(matches!(error, OtError::InvalidWeight { side: Side::Source, index: 2, .. }));
    }
    assert_eq!(weigh(&[0.0; 4]).unwrap_err(), OtError::NoMass { side: Side::Source });
    assert!(matches!(weigh(&[0.3; 4]).unwrap_err(), OtError::UnequalMass { .. }));
    assert_eq!(weigh(&[0.25 + 2e-8; 4]), Ok(()));
    let settings = |solver: Sinkhorn| match solver.solve(cost.view(), None, None).unwrap_err() {
        OtError::InvalidParameter { name, .. } => name,
        other => panic!("{other}"),
    };
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(settings(absolute(value)), "epsilon");
        assert_eq!(settings(Sinkhorn { tolerance: value, ..Sinkhorn::default() }), "tolerance");
    }
    assert_eq!(settings(Sinkhorn { max_iterations: 0, ..Sinkhorn::default() }), "max_iterations");
    let marginals = |marginals| settings(Sinkhorn { marginals, ..Sinkhorn::default() });
    assert_eq!(marginals(Marginals::Unbalanced { source: 0.0, target: 1.0 }), "marginals.source");
    assert_eq!(marginals(Marginals::Unbalanced { source: 1.0, target: f64::NAN }), "marginals.target");
    assert_eq!(marginals(Marginals::Partial { mass: 1.1 }), "marginals.mass");
    assert_eq!(marginals(Marginals::Partial { mass: 0.0 }), "marginals.mass");
    let negative = Sinkhorn::default().solve(cost.mapv(|c| -c).view(), None, None).unwrap_err();
    assert!(matches!(negative, OtError::InvalidParameter { name: "epsilon", .. }));
    let points = array![[f32::NAN, 0.0]];
    let error = Sinkhorn::default().solve_points(points.view(), points.view(), None, None).unwrap_err();
    assert!(matches!(error, OtError::NonFinitePoint { .. }));
}

#[test]
#[should_panic(expected = "(3, 4) potentials to start from for 4 source and 4 target points")]
fn a_start_of_the_wrong_length_is_a_bug() {
    let _limited = limited();
    let cost = costs(4, 4, 2, 116);
    let _ = Sinkhorn::default().solve_from(cost.view(), None, None, (&[0.0; 3], &[0.0; 4]));
}

#[test]
#[should_panic(expected = "3 weights for 4 target points")]
fn weights_of_the_wrong_length_are_a_bug() {
    let _limited = limited();
    let cost = costs(4, 4, 2, 117);
    let _ = Sinkhorn::default().solve(cost.view(), None, Some(&[0.1; 3]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Any costs, any weights, any epsilon: marginals are as good as reported, and nothing is NaN.
    #[test]
    fn marginals_are_as_reported(
        n in 1_usize..40, m in 1_usize..40, seed in 0_u64..1000, exponent in -2.5_f64..1.0, tolerance in 2.0_f64..8.0,
    ) {
        let _limited = limited();
        let (cost, mut a, mut b) = (costs(n, m, 2, seed), weights(n, seed + 1), weights(m, seed + 2));
        for (weights, every) in [(&mut a, 5), (&mut b, 7)] {
            weights.iter_mut().skip(1).step_by(every).for_each(|w| *w = 0.0);
            let sum: f64 = weights.iter().sum();
            for w in weights.iter_mut() {
            *w /= sum;
        }
        }
        let epsilon = Epsilon::RelativeToMean(10.0_f64.powf(exponent));
        let tolerance = 10.0_f64.powf(-tolerance);
        let solver = Sinkhorn { epsilon, tolerance, max_iterations: 3000, ..Sinkhorn::default() };
        let plan = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        let (rows, columns) = plan.marginals();
        prop_assert!(l1(&rows, &a) <= plan.source_l1, "{} {}", l1(&rows, &a), plan.source_l1);
        let (error, allowance) = (l1(&columns, &b), 2.0 * plan.source_l1);
        prop_assert!((error - plan.target_l1).abs() <= allowance, "{error} {} {allowance}", plan.target_l1);
        prop_assert!(plan.f.iter().chain(&plan.g).all(|p| p.is_finite()));
    }
}

proptest! {
    /// An error near its largest value has no room to double, which is how a bad extrapolation usually shows.
    #[test]
    fn extrapolation_never_stalls(
        x in prop::collection::vec(-10.0..10.0_f64, 1..6),
        y in prop::collection::vec(-10.0..10.0_f64, 1..6),
        share in prop::sample::select(vec![0.2, 0.05, 0.02]),
    ) {
        let _limited = limited();
        let (x, y) = (Array1::from(x).insert_axis(Axis(1)), Array1::from(y).insert_axis(Axis(1)));
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        let epsilon = Epsilon::RelativeToMean(share);
        let plain = Sinkhorn { epsilon, memory: 0, ..Sinkhorn::default() }.solve(cost.view(), None, None).unwrap();
        let fast = Sinkhorn { epsilon, ..Sinkhorn::default() }.solve(cost.view(), None, None).unwrap();
        // How many passes it wastes has no bound in those of the plain iteration, which starts elsewhere; a stall takes all.
        prop_assert!(!plain.converged || fast.converged);
    }
}

/// The plain iteration moves potentials by about epsilon a pass, and they have a distance of the order of the costs to go.
#[test]
fn annealing_saves_passes_where_epsilon_is_small() {
    let _limited = limited();
    let cost = array![[81.0_f32, 0.0, 90.25], [0.0, 81.0, 0.25]];
    let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(1e-3), memory: 0, ..Sinkhorn::default() };
    let annealed = solver.solve(cost.view(), None, None).unwrap();
    let plain = Sinkhorn { annealing: None, ..solver }.solve(cost.view(), None, None).unwrap();
    assert!(annealed.converged && plain.converged);
    assert!(annealed.iterations < plain.iterations, "{} {}", annealed.iterations, plain.iterations);
}

#[test]
fn passes_of_all_epsilons_are_counted_and_bounded() {
    let _limited = limited();
    let cost = costs(60, 60, 2, 118);
    let epsilon = Epsilon::RelativeToMean(1e-3);
    let marginals = [
        Marginals::Balanced,
        Marginals::Unbalanced { source: 1.0, target: f64::INFINITY },
        Marginals::Partial { mass: 0.5 },
    ];
    for marginals in marginals {
        for max_iterations in [1, 2, 17] {
            let solver = Sinkhorn { epsilon, max_iterations, marginals, tolerance: 1e-12, ..Sinkhorn::default() };
            let plan = solver.solve(cost.view(), None, None).unwrap();
            assert!(!plan.converged && plan.iterations == max_iterations, "{marginals:?} {}", plan.iterations);
        }
    }
}

#[test]
fn annealing_changes_the_way_and_not_the_plan() {
    let _limited = limited();
    let (cost, a, b) = (costs(70, 50, 2, 119), weights(70, 120), weights(50, 121));
    let marginals =
        [Marginals::Balanced, Marginals::Unbalanced { source: 1.0, target: 4.0 }, Marginals::Partial { mass: 0.7 }];
    for marginals in marginals {
        let epsilon = Epsilon::RelativeToMean(0.01);
        let solver = Sinkhorn { epsilon, marginals, tolerance: 1e-11, ..Sinkhorn::default() };
        let annealed = solver.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        let plain = Sinkhorn { annealing: None, ..solver }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(annealed.converged && plain.converged, "{marginals:?}");
        assert!((annealed.dual / plain.dual - 1.0).abs() < 1e-9, "{marginals:?}");
    }
    for (start, factor) in [(0.0, 0.5), (f64::NAN, 0.5), (0.1, 1.0), (0.1, 0.0), (0.1, f64::NAN)] {
        let solver = Sinkhorn { annealing: Some(Annealing { start, factor }), ..Sinkhorn::default() };
        let error = solver.solve(cost.view(), None, None).unwrap_err();
        assert!(matches!(error, OtError::InvalidParameter { name: "annealing.start" | "annealing.factor", .. }));
    }
}

#[test]
fn points_have_the_cost_that_is_asked_for() {
    let _limited = limited();
    let (x, y) = (normal(40, 3, 122), mixture(30, 3, 123));
    for cost in Cost::ALL {
        let solver = Sinkhorn { cost, tolerance: 1e-9, ..Sinkhorn::default() };
        let from_points = solver.solve_points(x.view(), y.view(), None, None).unwrap();
        let matrix = cost.matrix(x.view(), y.view()).unwrap();
        let from_matrix = solver.solve(matrix.view(), None, None).unwrap();
        assert!((from_points.epsilon / from_matrix.epsilon - 1.0).abs() < 1e-12, "{cost:?}");
        assert!((from_points.plan() - from_matrix.plan()).mapv(f64::abs).sum() < 1e-8, "{cost:?}");
        assert!((from_points.transport_cost() / from_matrix.transport_cost() - 1.0).abs() < 1e-8, "{cost:?}");
    }
    let origin = Array2::<f64>::zeros((1, 3));
    let solver = Sinkhorn { cost: Cost::Cosine, ..Sinkhorn::default() };
    let error = solver.solve_points(x.view(), origin.view(), None, None).unwrap_err();
    assert_eq!(error, OtError::ZeroVector { side: Side::Target, row: 0 });
}

#[test]
fn a_start_with_the_largest_error_is_left() {
    let _limited = limited();
    let cost = array![[81.0_f32, 0.0, 90.25], [0.0, 81.0, 0.25]];
    for share in [0.05, 0.02, 0.005] {
        let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(share), ..Sinkhorn::default() };
        assert!(solver.solve(cost.view(), None, None).unwrap().converged, "{share}");
    }
}
