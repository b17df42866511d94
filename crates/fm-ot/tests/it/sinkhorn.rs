//! Entropic plans against closed forms, a dense iteration in `f64`, and each other.

use fm_ot::{Epsilon, Marginals, OtError, Side, Sinkhorn, assignment};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use crate::samples::{mixture, normal, rng, uniform};

fn costs(n: usize, m: usize, d: usize, seed: u64) -> Array2<f64> {
    let (x, y) = (normal(n, d, seed), mixture(m, d, seed + 1));
    Array2::from_shape_fn((n, m), |(i, j)| (&x.row(i) - &y.row(j)).mapv(|v| v * v).sum())
}

fn weights(n: usize, seed: u64) -> Vec<f64> {
    let raw: Vec<f64> = uniform(n, 1, seed).into_iter().map(|u| 0.1 - u.ln()).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum).collect()
}

fn l1(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum()
}

fn absolute(epsilon: f64) -> Sinkhorn {
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
    for (n, m) in [(1, 1), (1, 5), (7, 1), (15, 17), (32, 31), (33, 64), (65, 100)] {
        let (cost, a, b) = (costs(n, m, 3, 70), weights(n, 71), weights(m, 72));
        let plan = Sinkhorn { tolerance: 1e-13, ..absolute(2.0) }.solve(cost.view(), Some(&a), Some(&b)).unwrap();
        assert!(plan.converged, "{n} x {m}: {}", plan.marginal_l1);
        let exact = dense(&cost, &a, &b, 2.0, [1.0, 1.0]);
        let apart = (plan.plan() - exact).mapv(f64::abs).sum();
        assert!(apart < 1e-11, "{n} x {m}: {apart}");
    }
}

#[test]
fn the_reported_error_is_that_of_the_potentials() {
    for (tolerance, allowance) in [(1e-3, 1e-6), (1e-6, 2e-7), (1e-9, 1e-13)] {
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
                assert!(l1(&rows, a) < allowance);
                assert!((l1(&columns, b) - plan.marginal_l1).abs() < allowance);
            }
        }
    }
}
