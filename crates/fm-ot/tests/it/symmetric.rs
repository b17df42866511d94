//! Problems with a symmetry, which their solutions have too.

use fm_ot::{
    Cost, Coupling, CouplingKind, Endpoints, ExactOt, Marginals, Sinkhorn, assign_points, assignment, transport,
    transport_points,
};
use ndarray::Array2;

use crate::certificate::certify;
use crate::limited::limited;
use crate::samples::{lattice, mixture, normal, rng, uniform};
use crate::sinkhorn::{absolute, weights};
use crate::transport::certify as certify_plan;

/// The same there and back, without a triangle inequality.
fn symmetric(n: usize, seed: u64) -> Array2<f64> {
    let half = uniform(n, n, seed);
    &half + &half.t()
}

#[test]
fn a_symmetric_matrix_costs_the_same_both_ways() {
    let _limited = limited();
    for n in [1, 2, 17, 64, 150] {
        let cost = symmetric(n, 300);
        let best = assignment(cost.view()).unwrap();
        certify(cost.view(), &best);
        let back = assignment(cost.t()).unwrap();
        assert_eq!(best.cost, back.cost, "the same entries in the same order");
        // The inverse permutation is optimal too.
        let inverse: f64 = best.target_of.iter().enumerate().map(|(i, &j)| cost[[j, i]]).sum();
        assert!((inverse - best.cost).abs() <= 1e-12 * best.cost);
        let a = weights(n, 301);
        let plan = transport(cost.view(), &a, &a).unwrap();
        certify_plan(cost.view(), &a, &a, &plan, None);
        let back = transport(cost.t(), &a, &a).unwrap();
        assert!((plan.cost - back.cost).abs() <= 1e-12 * plan.cost);
    }
}

#[test]
fn a_sample_against_itself_stays_where_it_is() {
    let _limited = limited();
    for (x, ties) in [(normal(120, 2, 302), false), (mixture(90, 40, 303), false), (lattice(100, 2, 304), true)] {
        let n = x.nrows();
        let single = x.mapv(|v| v as f32);
        for cost in [Cost::SquaredEuclidean, Cost::Euclidean] {
            let best = assign_points(x.view(), x.view(), cost).unwrap();
            assert_eq!((best.cost, best.gap()), (0.0, 0.0), "{cost:?}");
            // Points that coincide may be exchanged.
            assert!(ties || best.target_of.into_iter().eq(0..n), "{cost:?}");
        }
        let a = weights(n, 305);
        let plan = transport_points(x.view(), x.view(), &a, &a).unwrap();
        assert!(plan.cost == 0.0 && plan.gap().abs() <= 1e-12 && plan.converged);
        assert!(ties || plan.rows == plan.cols);
        let pairing = ExactOt.couple(Endpoints::new(single.view(), single.view()), &mut rng(0)).unwrap();
        assert!(pairing.source.iter().zip(&pairing.target).all(|(&i, &j)| single.row(i) == single.row(j)));
    }
}

/// `f = g` for a symmetric cost, equal weights and equal constraints; apart by what the error allows: epsilon times the
/// relative error of a marginal, over the gap of the iteration, which is above a tenth at these epsilons.
#[test]
fn potentials_of_a_symmetric_problem_are_equal() {
    let _limited = limited();
    let (cost, a) = (symmetric(50, 306), weights(50, 307));
    let least = a.iter().copied().fold(1.0, f64::min);
    let marginals = [Marginals::Balanced, Marginals::Unbalanced { source: 2.0, target: 2.0 }];
    for marginals in marginals {
        for (epsilon, tolerance) in [(0.5, 1e-10), (2.0, 1e-6)] {
            let solver = Sinkhorn { marginals, tolerance, ..absolute(epsilon) };
            let plan = solver.solve(cost.view(), Some(&a), Some(&a)).unwrap();
            assert!(plan.converged);
            let apart = plan.f.iter().zip(&plan.g).map(|(f, g)| (f - g).abs()).fold(0.0, f64::max);
            assert!(apart <= 10.0 * epsilon * tolerance / least, "{marginals:?} at {epsilon}: {apart}");
        }
    }
}

/// Coinciding batches are no special case for any of them.
#[test]
fn every_kind_couples_a_batch_with_itself() {
    let _limited = limited();
    let x = normal(40, 2, 308).mapv(|v| v as f32);
    for kind in CouplingKind::ALL {
        let pairing = kind.build().couple(Endpoints::new(x.view(), x.view()), &mut rng(1)).unwrap();
        assert_eq!(pairing.source, (0..40).collect::<Vec<_>>(), "{kind}");
        assert!(pairing.target.iter().all(|&j| j < 40), "{kind}");
    }
}
