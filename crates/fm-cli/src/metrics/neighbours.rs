//! Nearest neighbours by comparing all pairs.
//!
//! Distances are sums of squared differences, not `|x|^2 + |y|^2 - 2 x.y`: the latter is a matrix product and faster, but
//! its rounding error is largest where the distance is smallest, which is where copies are to be told from near copies.

use ndarray::ArrayRef2;
use rayon::prelude::*;

/// Queries that pass over the reference together, so that each reference row is fetched once for all of them.
const BLOCK: usize = 16;

/// The `k` nearest rows of `reference` for every row of `queries`: squared distance and index, nearest first.
///
/// Equal distances keep the order of the rows. A list is shorter than `k` where fewer rows are at a finite distance, and
/// empty for a query that is not finite. With `exclude_self`, row `i` is no neighbour of query `i`.
///
/// # Panics
/// If the rows differ in length or are empty.
#[track_caller]
pub(super) fn nearest(
    queries: &ArrayRef2<f32>,
    reference: &ArrayRef2<f32>,
    k: usize,
    exclude_self: bool,
) -> Vec<Vec<(f32, usize)>> {
    assert_eq!(queries.ncols(), reference.ncols(), "queries and reference differ in dimension");
    assert!(queries.ncols() > 0, "rows without values have no distance");
    let (queries, reference) = (queries.as_standard_layout(), reference.as_standard_layout());
    let (Some(values), Some(rows)) = (queries.as_slice(), reference.as_slice()) else {
        unreachable!("arrays in standard layout are slices")
    };
    let d = queries.ncols();
    let blocks = values.par_chunks(BLOCK * d).enumerate().map(|(number, block)| {
        let mut lists = vec![Vec::with_capacity(k + 1); block.len() / d];
        for (index, row) in rows.chunks_exact(d).enumerate() {
            for (at, (query, list)) in block.chunks_exact(d).zip(&mut lists).enumerate() {
                if !(exclude_self && number * BLOCK + at == index) {
                    insert(list, k, squared_distance(query, row), index);
                }
            }
        }
        lists
    });
    blocks.flatten_iter().collect()
}

/// Keeps the `k` smallest, sorted.
fn insert(list: &mut Vec<(f32, usize)>, k: usize, distance: f32, index: usize) {
    let worst = if list.len() < k { f32::INFINITY } else { list.last().map_or(f32::NEG_INFINITY, |last| last.0) };
    // False for NaN too.
    if distance < worst {
        let at = list.partition_point(|&(other, _)| other <= distance);
        list.insert(at, (distance, index));
        list.truncate(k);
    }
}

/// Sums in eight lanes, which the compiler can vectorise where one running sum would fix the order.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            let difference = a[lane] - b[lane];
            lanes[lane] += difference * difference;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// The Euclidean distance from every query to the nearest reference row.
///
/// Infinite where there is none: for a query that is not finite, or an empty reference. Pass the reference itself with
/// `exclude_self` for the distances within one set.
///
/// # Shapes
/// `queries`: `[m, d]`; `reference`: `[n, d]`; returns `m` distances.
///
/// # Panics
/// If the rows differ in length or are empty.
#[track_caller]
fn nearest_distances(queries: &ArrayRef2<f32>, reference: &ArrayRef2<f32>, exclude_self: bool) -> Vec<f32> {
    let lists = nearest(queries, reference, 1, exclude_self);
    lists.iter().map(|list| list.first().map_or(f32::INFINITY, |(squared, _)| squared.sqrt())).collect()
}

/// The median, the mean of the middle two for an even count.
///
/// # Panics
/// If there are no values.
#[track_caller]
fn median(values: &[f32]) -> f64 {
    assert!(!values.is_empty(), "the median of no values");
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    f64::midpoint(f64::from(low), f64::from(high))
}

/// How far samples keep from the training data, in units of how far fresh real data keep from it.
///
/// ```text
/// median(distance of a sample to the nearest training row) / median(distance of a held-out row to the nearest training row)
/// ```
///
/// Near 1 for samples that are as new as real ones, near 0 for copies. A ratio far above 1 says nothing about copies and
/// much about quality. Infinite or NaN if the held-out rows are themselves in the training data.
///
/// # Shapes
/// `[m, d]`, `[n, d]` and `[h, d]`.
///
/// # Panics
/// If the rows differ in length or are empty, or there are no samples or no held-out rows.
#[track_caller]
pub fn memorisation_ratio(samples: &ArrayRef2<f32>, training: &ArrayRef2<f32>, held_out: &ArrayRef2<f32>) -> f64 {
    median(&nearest_distances(samples, training, false)) / median(&nearest_distances(held_out, training, false))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, array, concatenate, s};

    use super::super::tests::cloud;
    use super::*;

    fn by_hand(queries: &Array2<f32>, reference: &Array2<f32>, k: usize, exclude_self: bool) -> Vec<Vec<usize>> {
        let lists = queries.outer_iter().enumerate().map(|(i, query)| {
            let others = reference.outer_iter().enumerate().filter(|&(j, _)| !(exclude_self && i == j));
            let squared =
                |row: ndarray::ArrayView1<'_, f32>| (&query - &row).mapv(|v| f64::from(v) * f64::from(v)).sum();
            let mut all: Vec<(f64, usize)> = others.map(|(j, row)| (squared(row), j)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            all.into_iter().take(k).map(|(_, j)| j).collect()
        });
        lists.collect()
    }

    #[test]
    fn neighbours_agree_with_sorting_all_distances() {
        for (m, n, d, k) in [(1, 1, 1, 1), (33, 50, 2, 3), (40, 100, 11, 5), (17, 4, 64, 6)] {
            let (queries, reference) = (cloud(m, d, 1), cloud(n, d, 2));
            let found = nearest(&queries, &reference, k, false);
            let indices: Vec<Vec<usize>> = found.iter().map(|list| list.iter().map(|&(_, j)| j).collect()).collect();
            assert_eq!(indices, by_hand(&queries, &reference, k, false), "{m} {n} {d} {k}");
            let within = nearest(&reference, &reference, k, true);
            let indices: Vec<Vec<usize>> = within.iter().map(|list| list.iter().map(|&(_, j)| j).collect()).collect();
            assert_eq!(indices, by_hand(&reference, &reference, k, true), "within {n} {d} {k}");
        }
    }

    #[test]
    fn distances_by_hand() {
        let reference = array![[0.0, 0.0], [3.0, 4.0]];
        let queries = array![[3.0, 3.0], [0.0, -2.0], [f32::NAN, 0.0], [3e38, -3e38]];
        let distances = nearest_distances(&queries, &reference, false);
        assert_eq!(distances, [1.0, 2.0, f32::INFINITY, f32::INFINITY]);
        assert_eq!(nearest_distances(&reference, &reference, false), [0.0, 0.0]);
        assert_eq!(nearest_distances(&reference, &reference, true), [5.0, 5.0]);
        let columns = array![[3.0, 0.0], [3.0, -2.0]];
        assert_eq!(nearest_distances(&columns.t(), &reference, false), [1.0, 2.0]);
        assert_eq!(nearest_distances(&queries, &Array2::zeros((0, 2)), false), [f32::INFINITY; 4]);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[f32::INFINITY, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn copies_are_told_from_new_samples() {
        let (training, held_out, fresh) = (cloud(300, 4, 1), cloud(200, 4, 2), cloud(200, 4, 3));
        let ratio = |samples: &Array2<f32>| memorisation_ratio(samples, &training, &held_out);
        // Nearest distances are within a factor of two of their median here: 200 of them give it to about 5 %.
        assert!((ratio(&fresh) - 1.0).abs() < 0.2, "{}", ratio(&fresh));
        assert_eq!(ratio(&training), 0.0);
        let copies = &training + 1e-3;
        assert!(ratio(&copies) < 0.02, "{}", ratio(&copies));
        let half = concatenate![Axis(0), training.slice(s![..100, ..]), fresh.slice(s![..50, ..])];
        assert_eq!(ratio(&half), 0.0);
    }
}
