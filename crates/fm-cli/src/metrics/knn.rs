//! A k-nearest-neighbour classifier, the judge of class-conditional samples.
//!
//! It has no training that could go wrong and no parameters besides `k`, and on the digits it is right 98 to 99 times of
//! 100: good enough to tell whether a sample is the digit that was asked for, and the same on every machine.

use ndarray::{Array2, ArrayRef2};

use super::neighbours::nearest;

/// Labelled data that classify by a vote of the nearest.
#[derive(Clone, Debug)]
pub struct KnnClassifier {
    x: Array2<f32>,
    labels: Vec<u32>,
    k: usize,
}

impl KnnClassifier {
    /// Keeps labelled data, `k` of which will vote.
    ///
    /// # Shapes
    /// `x`: `[n, d]`; `labels`: `n`.
    ///
    /// # Panics
    /// If there is not one label per row, or `k` is zero.
    #[track_caller]
    pub fn fit(x: Array2<f32>, labels: Vec<u32>, k: usize) -> Self {
        assert_eq!(x.nrows(), labels.len(), "one label per row");
        assert!(k > 0, "at least one neighbour has to vote");
        Self { x, labels, k }
    }

    /// The most frequent label among the `k` nearest rows of each query; of labels with equally many votes, the one whose
    /// nearest row is nearest. `None` for a query that is not finite: it looks like nothing.
    ///
    /// # Panics
    /// If the rows differ in length from the fitted ones.
    #[track_caller]
    pub fn predict(&self, queries: &ArrayRef2<f32>) -> Vec<Option<u32>> {
        let lists = nearest(queries, &self.x, self.k, false);
        lists.iter().map(|list| vote(list.iter().map(|&(_, row)| self.labels[row]))).collect()
    }

    /// The fraction of queries that are taken for the label that was asked for.
    ///
    /// # Panics
    /// If there are no queries, not one label per query, or the rows differ in length from the fitted ones.
    #[track_caller]
    pub fn accuracy(&self, queries: &ArrayRef2<f32>, asked: &[u32]) -> f64 {
        assert_eq!(queries.nrows(), asked.len(), "one asked label per query");
        assert!(!asked.is_empty(), "the accuracy over no queries");
        let predicted = self.predict(queries);
        let right = predicted.iter().zip(asked).filter(|&(got, want)| *got == Some(*want)).count();
        right as f64 / asked.len() as f64
    }
}

/// The most frequent label, the first to appear among equals.
fn vote(labels: impl Iterator<Item = u32>) -> Option<u32> {
    let mut counts: Vec<(u32, usize)> = Vec::new();
    for label in labels {
        match counts.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    let most = counts.iter().map(|&(_, count)| count).max()?;
    counts.into_iter().find(|&(_, count)| count == most).map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::tests::cloud;
    use super::*;

    #[test]
    fn the_majority_wins_and_the_nearest_breaks_ties() {
        let x = array![[0.0], [1.0], [1.5], [3.0], [4.0]];
        let labels = vec![7, 2, 2, 5, 5];
        let predict = |k, at: f32| KnnClassifier::fit(x.clone(), labels.clone(), k).predict(&array![[at]])[0];
        assert_eq!(predict(1, 0.1), Some(7));
        assert_eq!(predict(3, 0.1), Some(2), "two against one");
        assert_eq!(predict(2, 0.4), Some(7), "one each, 7 is nearer");
        assert_eq!(predict(4, 2.1), Some(2), "two each, 2 is nearer");
        assert_eq!(predict(100, 10.0), Some(5), "all five vote, 5 is nearer than 2");
        assert_eq!(predict(3, f32::NAN), None);
    }

    #[test]
    fn separated_classes_are_recognised() {
        let centre = |label: u32| label as f32 * 3.0;
        let labels: Vec<u32> = (0..300).map(|i| i % 3).collect();
        let shifted = |seed| {
            let mut x = cloud(300, 5, seed);
            for (mut row, &label) in x.outer_iter_mut().zip(&labels) {
                row += centre(label);
            }
            x
        };
        let judge = KnnClassifier::fit(shifted(1), labels.clone(), 5);
        let mut queries = shifted(2);
        assert_eq!(judge.accuracy(&queries, &labels), 1.0);
        queries[[0, 0]] = f32::NAN;
        assert_eq!(judge.accuracy(&queries, &labels), 299.0 / 300.0);
    }
}
