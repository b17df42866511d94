//! One dimension: sorting, and the general solver on the same costs.

use fm_ot::{Cost, assign_points, assignment};
use ndarray::array;

use crate::certificate::certify;
use crate::limited::limited;
use crate::samples::{lattice, mixture, normal};

#[test]
fn sorting_equals_the_general_solver() {
    let _limited = limited();
    for (x, y) in [(normal(400, 1, 30), mixture(400, 1, 31)), (lattice(400, 1, 32), lattice(400, 1, 33))] {
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        let (sorted, general) =
            (assign_points(x.view(), y.view(), Cost::SquaredEuclidean).unwrap(), assignment(cost.view()).unwrap());
        certify(cost.view(), &general);
        assert!((sorted.cost - general.cost).abs() <= 1e-12 * general.cost);
        assert!(sorted.gap().abs() <= 1e-9 * sorted.cost);
        // The potentials come from a recursion over neighbours, so rounding adds up along the line.
        for ((i, j), c) in cost.indexed_iter() {
            assert!(sorted.dual_source[i] + sorted.dual_target[j] <= c + 1e-9, "infeasible at ({i}, {j})");
        }
    }
}

#[test]
fn ranks_are_matched() {
    let _limited = limited();
    let best = assign_points(
        array![[3.0_f32], [1.0], [2.0]].view(),
        array![[10.0], [30.0], [20.0]].view(),
        Cost::SquaredEuclidean,
    )
    .unwrap();
    assert_eq!(best.target_of, [1, 0, 2]);
    assert_eq!(best.cost, 81.0 + 18.0 * 18.0 + 27.0 * 27.0);
}
