//! Against every permutation, up to eight rows.

use fm_ot::assignment;
use ndarray::Array2;
use proptest::prelude::*;

use crate::certificate::certify;
use crate::limited::limited;

/// The smallest total cost over all permutations of the rows from `row` on.
fn brute_force(cost: &Array2<f64>, row: usize, used: &mut [bool]) -> f64 {
    if row == cost.nrows() {
        return 0.0;
    }
    let mut least = f64::INFINITY;
    for column in 0..cost.ncols() {
        if !used[column] {
            used[column] = true;
            least = least.min(cost[[row, column]] + brute_force(cost, row + 1, used));
            used[column] = false;
        }
    }
    least
}

fn check(cost: &Array2<f64>) {
    let least = brute_force(cost, 0, &mut vec![false; cost.nrows()]);
    match assignment(cost.view()) {
        Ok(best) => {
            certify(cost.view(), &best);
            assert!((best.cost - least).abs() <= 1e-12 * (1.0 + least.abs()), "{} is not {least}", best.cost);
        }
        Err(error) => assert_eq!(least, f64::INFINITY, "{error}"),
    }
}

fn matrix(entry: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = Array2<f64>> {
    (0_usize..=8).prop_flat_map(move |n| {
        let entries = proptest::collection::vec(entry.clone(), n * n);
        entries.prop_map(move |values| Array2::from_shape_vec((n, n), values).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_costs(cost in matrix(-10.0..10.0)) {
        let _limited = limited();
        check(&cost);
    }

    #[test]
    fn few_distinct_costs(cost in matrix((0_u8..3).prop_map(f64::from))) {
        let _limited = limited();
        check(&cost);
    }

    #[test]
    fn forbidden_pairs(cost in matrix(prop_oneof![0.0..10.0, Just(f64::INFINITY)])) {
        let _limited = limited();
        check(&cost);
    }
}
