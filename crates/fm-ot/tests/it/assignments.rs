//! Other ways into the exact solver, and the answers of another one.

use fm_ot::{Cost, OtError, assign_batches, assign_line, assign_points, assignment, assignment_from};
use ndarray::{Array2, array};

use crate::certificate::certify;
use crate::limited::limited;
use crate::samples::{mixture, normal, uniform};

/// The optimal costs of SciPy 1.17.1 for matrices of a linear congruential generator, seeded by the size:
///
/// ```text
/// s = s * 1103515245 + 12345 mod 2^31, cost = s >> 11, row by row; scipy.optimize.linear_sum_assignment
/// ```
#[test]
fn scipy_finds_the_same_costs() {
    let _limited = limited();
    for (n, expected) in [(2, 442_332.0), (9, 1_305_601.0), (16, 1_912_377.0), (31, 1_594_155.0), (64, 1_652_913.0)] {
        let mut state = n as u64;
        let cost = Array2::from_shape_simple_fn((n, n), || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            (state >> 11) as f64
        });
        let best = assignment(cost.view()).unwrap();
        certify(cost.view(), &best);
        assert_eq!(best.cost, expected, "n = {n}");
        if n == 9 {
            assert_eq!(best.target_of, [7, 3, 8, 5, 1, 6, 0, 4, 2]);
        }
    }
}

#[test]
fn a_start_changes_the_work_and_not_the_answer() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(normal(300, 2, 90).view(), mixture(300, 2, 91).view()).unwrap();
    let best = assignment(cost.view()).unwrap();
    let bad: Vec<f64> = (0..300).map(|j| f64::from(j) * 1e6).collect();
    let far = vec![1e300; 300];
    for start in [&best.dual_target, &bad, &far, &vec![0.0; 300]] {
        let again = assignment_from(cost.view(), start).unwrap();
        certify(cost.view(), &again);
        assert_eq!(again.target_of, best.target_of);
    }
    let single = cost.mapv(|c| c as f32);
    certify(single.view(), &assignment_from(single.view(), &far).unwrap());

    let error = assignment_from(array![[1.0, 2.0], [3.0, 4.0]].view(), &[0.0, f64::NAN]).unwrap_err();
    assert!(matches!(error, OtError::InvalidPotential { column: 1, .. }));
}

#[test]
#[should_panic(expected = "3 potentials for 2 columns")]
fn a_start_has_a_potential_for_each_column() {
    let _limited = limited();
    let _ = assignment_from(array![[1.0, 2.0], [3.0, 4.0]].view(), &[0.0; 3]);
}

#[test]
fn batches_are_solved_alike_on_any_number_of_threads() {
    let _limited = limited();
    let points: Vec<_> = (0..6).map(|k| (normal(60 + k, 2, 92), mixture(60 + k, 2, 93 + k as u64))).collect();
    let mut batches: Vec<_> = points.iter().map(|(x, y)| (x.view(), y.view())).collect();
    batches.push((points[0].0.view(), points[1].1.view()));
    let one_by_one: Vec<_> = batches.iter().map(|&(x, y)| assign_points(x, y, Cost::Euclidean)).collect();
    assert_eq!(one_by_one[6], Err(OtError::UnequalSizes { source_len: 60, target_len: 61 }));
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| assign_batches(&batches, Cost::Euclidean)), one_by_one, "{threads} threads");
    }
}

#[test]
fn large_problems_go_through_samples_and_lists() {
    let _limited = limited();
    let narrow = |points: Array2<f64>| points.mapv(|v| v as f32);
    for (x, y) in [(normal(1700, 2, 94), mixture(1700, 2, 95)), (normal(1501, 40, 96), mixture(1501, 40, 97))] {
        let cost = Cost::SquaredEuclidean.matrix(narrow(x).view(), narrow(y).view()).unwrap();
        certify(cost.view(), &assignment(cost.view()).unwrap());
    }
    // More rows want a repeated column than a list is long, and a row may go nowhere else.
    let mut cost = uniform(1600, 1600, 98).mapv(|c| (c * 4.0).floor() as f32);
    cost.row_mut(1599).fill(f32::INFINITY);
    assert_eq!(assignment(cost.view()).unwrap_err(), OtError::Infeasible { row: 1599 });
    cost[[1599, 7]] = 3.0;
    certify(cost.view(), &assignment(cost.view()).unwrap());
}

#[test]
fn convex_costs_on_the_line() {
    let _limited = limited();
    let (x, y) = (normal(50, 1, 99), mixture(50, 1, 100));
    let cost = |d: f64| d.powf(1.5);
    let sorted = assign_line(x.column(0), y.column(0), cost).unwrap();
    let matrix = Array2::from_shape_fn((50, 50), |(i, j)| cost((x[[i, 0]] - y[[j, 0]]).abs()));
    assert!((sorted.cost - assignment(matrix.view()).unwrap().cost).abs() < 1e-12 * sorted.cost);
    assert!(sorted.gap().abs() < 1e-9 * sorted.cost);
    let error = assign_line(array![0.0, f64::NAN].view(), array![0.0, 1.0].view(), cost).unwrap_err();
    assert!(matches!(error, OtError::NonFinitePoint { row: 1, column: 0, .. }));
}
