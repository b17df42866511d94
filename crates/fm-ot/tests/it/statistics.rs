//! Energy distance and MMD against sums over pairs, distribution functions and Gaussian integrals.

use fm_ot::{Estimator, Kernel, OtError, energy_distance, median_bandwidth, mmd};
use ndarray::{Array2, ArrayView1, array, concatenate};

use crate::limited::limited;
use crate::samples::{lattice, mixture, normal};

const BOTH: [Estimator; 2] = [Estimator::Biased, Estimator::Unbiased];

fn distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// `mean k(x, x') + mean k(y, y') - 2 mean k(x, y)`, pair by pair.
fn by_pairs(
    x: &Array2<f64>,
    y: &Array2<f64>,
    estimator: Estimator,
    k: impl Fn(ArrayView1<'_, f64>, ArrayView1<'_, f64>) -> f64,
) -> f64 {
    let mean = |a: &Array2<f64>, b: &Array2<f64>, within: bool| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (i, p) in a.outer_iter().enumerate() {
            for (j, q) in b.outer_iter().enumerate() {
                if !(within && i == j && estimator == Estimator::Unbiased) {
                    (sum, count) = (sum + k(p, q), count + 1.0);
                }
            }
        }
        sum / count
    };
    mean(x, x, true) + mean(y, y, true) - 2.0 * mean(x, y, false)
}

#[test]
fn they_are_what_the_sums_over_pairs_say() {
    let _limited = limited();
    for (n, m, d) in [(7, 9, 1), (300, 150, 3), (140, 131, 40)] {
        let (x, y) = (normal(n, d, 70), mixture(m, d, 71) + 1.0);
        for estimator in BOTH {
            let close = |found: f64, expected: f64, terms: f64| {
                // A few roundings of terms of this size, and the sums of n m of them.
                assert!((found - expected).abs() <= 1e-13 * terms, "{found} is not {expected}, {n} {m} {d}");
            };
            let found = energy_distance(x.view(), y.view(), estimator).unwrap();
            close(found, -by_pairs(&x, &y, estimator, distance), 100.0);
            let rbf = Kernel::Rbf { bandwidths: vec![0.5, 3.0] };
            let k = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| {
                let squared = distance(a, b).powi(2);
                f64::midpoint((-squared / 0.5).exp(), (-squared / 18.0).exp())
            };
            close(mmd(x.view(), y.view(), &rbf, estimator).unwrap(), by_pairs(&x, &y, estimator, k), 10.0);
            let found = mmd(x.view(), y.view(), &Kernel::Linear, estimator).unwrap();
            close(found, by_pairs(&x, &y, estimator, |a, b| a.dot(&b)), 1000.0);
        }
    }
}

/// On the line the biased energy distance is twice the integral of the squared difference of the distribution functions
/// (Székely & Rizzo 2013, section 2).
#[test]
fn on_the_line_it_compares_distribution_functions() {
    let _limited = limited();
    for (x, y) in [(normal(60, 1, 72), mixture(45, 1, 73)), (lattice(50, 1, 74), lattice(70, 1, 75))] {
        let mut jumps: Vec<f64> = x.iter().chain(&y).copied().collect();
        jumps.sort_by(f64::total_cmp);
        let cdf =
            |points: &Array2<f64>, at: f64| points.iter().filter(|&&p| p <= at).count() as f64 / points.nrows() as f64;
        let integral: f64 = jumps.windows(2).map(|w| (w[1] - w[0]) * (cdf(&x, w[0]) - cdf(&y, w[0])).powi(2)).sum();
        let energy = energy_distance(x.view(), y.view(), Estimator::Biased).unwrap();
        assert!((energy - 2.0 * integral).abs() < 1e-13, "{energy} is not twice {integral}");
    }
}

#[test]
fn identical_samples_are_at_distance_zero_with_the_biased_estimator() {
    let _limited = limited();
    for d in [1, 3, 50] {
        let x = mixture(200, d, 76) + 30.0;
        assert_eq!(energy_distance(x.view(), x.view(), Estimator::Biased).unwrap(), 0.0);
        let rbf = Kernel::Rbf { bandwidths: vec![1.0] };
        for kernel in [rbf, Kernel::Linear] {
            assert_eq!(mmd(x.view(), x.view(), &kernel, Estimator::Biased).unwrap(), 0.0);
        }
    }
}

/// For x ~ N(0, I) and y ~ N(m, I): E k(x, y) = (h^2 / (h^2 + 2))^(d/2) exp(-|m|^2 / (2 (h^2 + 2))).
#[test]
fn the_unbiased_mmd_of_normals_is_on_average_the_integral() {
    let _limited = limited();
    let (h, d, draws) = (1.5_f64, 3, 40);
    let shift = array![[0.5, 0.0, -0.2]];
    let width = h * h + 2.0;
    let between = |squared: f64| (h * h / width).powf(f64::from(d) / 2.0) * (-squared / (2.0 * width)).exp();
    let exact = 2.0 * (between(0.0) - between(0.29));
    let values: Vec<f64> = (0..draws)
        .map(|draw| {
            let (x, y) = (normal(100, d as usize, 1000 + draw), normal(60, d as usize, 2000 + draw) + &shift);
            mmd(x.view(), y.view(), &Kernel::Rbf { bandwidths: vec![h] }, Estimator::Unbiased).unwrap()
        })
        .collect();
    let mean = values.iter().sum::<f64>() / draws as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (draws - 1) as f64;
    let error = (variance / draws as f64).sqrt();
    assert!((mean - exact).abs() < 4.0 * error, "{mean} ± {error}, exact {exact}");
    assert!(error < 0.1 * exact, "the test has no power: {error} of {exact}");
}

#[test]
fn units_and_precision_do_not_matter() {
    let _limited = limited();
    let (x, y) = (normal(150, 4, 77), mixture(90, 4, 78));
    let energy = energy_distance(x.view(), y.view(), Estimator::Biased).unwrap();
    for scale in [1e-200, 1e-3, 1e200] {
        let scaled = energy_distance((&x * scale).view(), (&y * scale).view(), Estimator::Biased).unwrap();
        assert!((scaled / scale - energy).abs() < 1e-12 * energy, "{scale:e}");
        let median = median_bandwidth((&x * scale).view(), (&y * scale).view()).unwrap();
        let rbf = |bandwidth| Kernel::Rbf { bandwidths: vec![bandwidth] };
        let value = mmd((&x * scale).view(), (&y * scale).view(), &rbf(median), Estimator::Biased).unwrap();
        let plain = mmd(x.view(), y.view(), &rbf(median / scale), Estimator::Biased).unwrap();
        assert!((value - plain).abs() < 1e-12, "{scale:e}");
    }
    let single = |points: &Array2<f64>| points.mapv(|v| v as f32);
    let narrow = energy_distance(single(&x).view(), single(&y).view(), Estimator::Biased).unwrap();
    // Each coordinate is rounded by at most 6e-8 of about 10.
    assert!((narrow - energy).abs() < 4e-6);
}

#[test]
fn the_median_is_that_of_all_pairs() {
    let _limited = limited();
    let (x, y) = (normal(40, 2, 79), normal(31, 2, 80) + 2.0);
    let pooled = concatenate![ndarray::Axis(0), x, y];
    let mut all: Vec<f64> = (0..71)
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| distance(pooled.row(i), pooled.row(j)))
        .collect();
    all.sort_by(f64::total_cmp);
    let median = median_bandwidth(x.view(), y.view()).unwrap();
    assert!((median - all[all.len() / 2]).abs() < 1e-14);
    // Of many points some stand for all: about 5e5 distances, whose median has an error well below this.
    let large = median_bandwidth(normal(3000, 2, 81).view(), normal(2000, 2, 82).view()).unwrap();
    // |x - x'|^2 / 4 is exponential in the plane, so the median distance is sqrt(4 ln 2).
    assert!((large - (4.0 * 2.0_f64.ln()).sqrt()).abs() < 0.1, "{large}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let _limited = limited();
    let (two, one, none) = (normal(2, 3, 83), normal(1, 3, 84), Array2::<f64>::zeros((0, 3)));
    let few = |needed, found| Err(OtError::TooFewPoints { needed, found });
    assert_eq!(energy_distance(two.view(), one.view(), Estimator::Unbiased), few(2, 1));
    assert_eq!(energy_distance(none.view(), two.view(), Estimator::Biased), few(1, 0));
    assert!(energy_distance(one.view(), two.view(), Estimator::Biased).unwrap() > 0.0);
    assert_eq!(median_bandwidth(one.view(), none.view()), few(2, 1));
    let coincide = Array2::<f64>::zeros((5, 3));
    let error = median_bandwidth(coincide.view(), one.view()).unwrap_err();
    assert!(matches!(error, OtError::InvalidParameter { name: "bandwidth", .. }), "{error}");
    for bandwidths in [vec![], vec![1.0, 0.0], vec![-1.0], vec![f64::NAN], vec![f64::INFINITY]] {
        let error = mmd(two.view(), two.view(), &Kernel::Rbf { bandwidths }, Estimator::Biased).unwrap_err();
        assert!(matches!(error, OtError::InvalidParameter { name: "bandwidth", .. }), "{error}");
    }
    let mut bad = two.clone();
    bad[[1, 2]] = f64::NAN;
    let error = energy_distance(two.view(), bad.view(), Estimator::Biased).unwrap_err();
    assert!(matches!(error, OtError::NonFinitePoint { row: 1, column: 2, .. }));
    assert!(matches!(
        mmd(two.view(), normal(2, 4, 85).view(), &Kernel::Linear, Estimator::Biased),
        Err(OtError::DimensionMismatch { source_dim: 3, target_dim: 4 })
    ));
}
