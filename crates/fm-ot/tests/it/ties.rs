//! Structure that makes naive auctions loop for ever: ties, repeated points, identical batches.

use fm_ot::{Cost, assign_points, assignment};
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;

use crate::certificate::certify;
use crate::limited::limited;
use crate::samples::{lattice, mixture, normal, rng};

#[test]
fn all_costs_equal() {
    let _limited = limited();
    for n in [1, 7, 200] {
        let cost = Array2::from_elem((n, n), 3.5);
        let best = assignment(cost.view()).unwrap();
        certify(cost.view(), &best);
        assert_eq!(best.cost, 3.5 * n as f64);
    }
}

#[test]
fn eight_targets_repeated() {
    let _limited = limited();
    let (x, y) = (normal(600, 2, 20), mixture(8, 2, 21));
    let repeated = Array2::from_shape_fn((600, 2), |(i, j)| y[[i % 8, j]]);
    let cost = Cost::SquaredEuclidean.matrix(x.view(), repeated.view()).unwrap().mapv(|c| c as f32);
    certify(cost.view(), &assignment(cost.view()).unwrap());
}

#[test]
fn integer_lattice() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean
        .matrix(lattice(600, 2, 22).view(), lattice(600, 2, 23).view())
        .unwrap()
        .mapv(|c| c as f32);
    certify(cost.view(), &assignment(cost.view()).unwrap());
}

/// At sizes that are solved on lists of the cheapest columns: more columns tie than a list holds.
#[test]
fn more_ties_than_a_list_is_long() {
    let _limited = limited();
    let n = 1600;
    let (x, y) = (normal(n, 2, 200), mixture(8, 2, 201));
    let repeated = Array2::from_shape_fn((n, 2), |(i, j)| y[[i % 8, j]]);
    for (x, y) in [(x, repeated), (lattice(n, 2, 202), lattice(n, 2, 203))] {
        let [x, y] = [x, y].map(|points| points.mapv(|v| v as f32));
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        certify(cost.view(), &assignment(cost.view()).unwrap());
        let columns = cost.t();
        certify(columns, &assignment(columns).unwrap());
    }
}

#[test]
fn a_permuted_batch_is_found_again() {
    let _limited = limited();
    for d in [2, 3, 64] {
        let x = normal(500, d, 24).mapv(|v| v as f32 + 100.0);
        let mut order: Vec<usize> = (0..500).collect();
        order.shuffle(&mut rng(25));
        let y = x.select(Axis(0), &order);
        let best = assign_points(x.view(), y.view(), Cost::SquaredEuclidean).unwrap();
        assert_eq!(best.cost, 0.0, "d = {d}");
        assert!(best.target_of.iter().enumerate().all(|(i, &j)| order[j] == i), "d = {d}");
    }
}

#[test]
fn a_symmetric_problem_costs_the_same_both_ways() {
    let _limited = limited();
    let (x, y) = (mixture(200, 3, 26), normal(200, 3, 27));
    let there = assign_points(x.view(), y.view(), Cost::SquaredEuclidean).unwrap();
    let back = assign_points(y.view(), x.view(), Cost::SquaredEuclidean).unwrap();
    assert!((there.cost - back.cost).abs() <= 1e-12 * there.cost);
    assert!(there.target_of.iter().enumerate().all(|(i, &j)| back.target_of[j] == i));
}

#[test]
fn the_same_input_gives_the_same_bits() {
    let _limited = limited();
    let cost = Cost::SquaredEuclidean.matrix(lattice(300, 2, 28).view(), lattice(300, 2, 29).view()).unwrap();
    assert_eq!(assignment(cost.view()).unwrap(), assignment(cost.view()).unwrap());
}

/// Random numbers of few values, where matches without loss abound, and distances of random bits, where they do not.
#[test]
fn whole_numbers_of_few_values() {
    let _limited = limited();
    for n in [150, 700] {
        for values in [2, 10, 100] {
            let cost = normal(n, n, 30).mapv(|v| (v.abs() * 1e4).trunc() as f32 % values as f32);
            certify(cost.view(), &assignment(cost.view()).unwrap());
        }
        let [x, y] = [31, 32].map(|seed| normal(n, 48, seed).mapv(|v| if v > 0.3 { 1.0_f32 } else { 0.0 }));
        let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
        certify(cost.view(), &assignment(cost.view()).unwrap());
    }
}

/// Of the size of pixels' squared distances every `f32` is whole, and no difference that matters is below one.
#[test]
fn large_whole_numbers() {
    let _limited = limited();
    for scale in [1e4_f32, 1e15, 1e34] {
        let cost = normal(400, 400, 33).mapv(|v| (v.abs() as f32 * scale).trunc());
        certify(cost.view(), &assignment(cost.view()).unwrap());
    }
}
