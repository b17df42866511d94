//! The floor of a distance: an identity of finite populations, and what is refused.

use fm_ot::{Estimator, OtError, energy_distance, sample_floor, wasserstein2};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

/// Over random disjoint subsets of n and m rows, the biased energy distance is on average (1/n + 1/m) times the mean
/// distance of two different rows, and the unbiased one zero: an identity for any finite set of rows.
#[test]
fn the_floor_of_the_energy_distance_is_known() {
    let _limited = limited();
    let target = mixture(200, 3, 110);
    let (n, m, draws) = (40, 25, 200);
    let mut sum = 0.0;
    for (i, p) in target.outer_iter().enumerate() {
        for q in target.outer_iter().take(i) {
            sum += (&p - &q).mapv(|d| d * d).sum().sqrt();
        }
    }
    let mean_distance = sum / (200.0 * 199.0 / 2.0);
    for (estimator, exact) in
        [(Estimator::Biased, (1.0 / 40.0 + 1.0 / 25.0) * mean_distance), (Estimator::Unbiased, 0.0)]
    {
        let energy =
            |x: ndarray::ArrayView2<'_, f64>, y: ndarray::ArrayView2<'_, f64>| energy_distance(x, y, estimator);
        let floor = sample_floor(target.view(), [n, m], draws, &mut rng(111), energy).unwrap();
        let error = floor.std / (draws as f64).sqrt();
        assert!((floor.mean - exact).abs() < 4.0 * error, "{estimator:?}: {} ± {error}, exact {exact}", floor.mean);
        assert_eq!((floor.sizes, floor.draws), ([n, m], draws));
    }
}

/// A floor at half the rows is above the floor at all of them.
#[test]
fn fewer_rows_have_a_higher_floor() {
    let _limited = limited();
    let target = normal(800, 2, 112);
    let floor = |n| sample_floor(target.view(), [n, n], 8, &mut rng(113), wasserstein2).unwrap();
    let (few, many) = (floor(50), floor(400));
    // Rates between n^(-1/4) and n^(-1/2) make a factor of 1.7 to 2.8; the scatter is 10 %.
    assert!(few.mean > 1.4 * many.mean, "{few:?} {many:?}");
    assert!(few.std > 0.0 && few.std < few.mean);
}

#[test]
fn a_seed_gives_one_floor() {
    let _limited = limited();
    let target = mixture(60, 2, 114).mapv(|v| v as f32);
    let floor = |seed, draws| sample_floor(target.view(), [30, 30], draws, &mut rng(seed), wasserstein2).unwrap();
    assert_eq!(floor(1, 3), floor(1, 3));
    assert_ne!(floor(1, 3), floor(2, 3));
    assert_eq!(floor(1, 1).std, 0.0);
}

#[test]
fn what_cannot_be_estimated_is_refused() {
    let _limited = limited();
    let target = normal(10, 2, 115);
    let floor = |sizes, draws| sample_floor(target.view(), sizes, draws, &mut rng(0), wasserstein2);
    assert_eq!(floor([6, 5], 1), Err(OtError::TooFewPoints { needed: 11, found: 10 }));
    assert!(matches!(floor([5, 5], 0), Err(OtError::InvalidParameter { name: "draws", .. })));
    assert_eq!(floor([0, 0], 1), Err(OtError::Empty));
}
