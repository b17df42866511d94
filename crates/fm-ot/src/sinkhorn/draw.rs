//! Pairs drawn from an entropic plan.

use rand::Rng;
use rayon::prelude::*;

use super::plan::BLOCK;
use crate::{EntropicPlan, Pairing, Real};

impl<A: Real> EntropicPlan<'_, A> {
    /// Draws the target of source `i` from its conditional law, in `O(m)`.
    ///
    /// # Panics
    /// If there is no such row, or nothing leaves source `i`.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// let mut rng = rand::rng();
    /// let stay = (0..10_000).filter(|_| plan.draw_target(0, &mut rng) == 0).count();
    /// assert!((6900..7800).contains(&stay), "some 73 %");
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn draw_target(&self, i: usize, rng: &mut (impl Rng + ?Sized)) -> usize {
        assert!(i < self.f.len(), "row {i} of {}", self.f.len());
        self.target_at(i, self.costs.block(i..i + 1, &mut Vec::new()), rng.random())
    }

    /// As [`draw_target`](Self::draw_target) for every source in turn, on all threads of the current `rayon` pool.
    ///
    /// # Panics
    /// If nothing leaves one of them.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(0.01), ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// assert_eq!(solver.solve(cost.view(), None, None)?.draw_targets(&mut rand::rng()), [0, 1]);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn draw_targets(&self, rng: &mut (impl Rng + ?Sized)) -> Vec<usize> {
        let (n, m) = self.dim();
        let levels: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        let of_block = |(block, levels): (usize, &[f64])| {
            let (first, mut made) = (block * BLOCK, Vec::new());
            let costs = self.costs.block(first..first + levels.len(), &mut made);
            let target = |(k, &level)| self.target_at(first + k, &costs[k * m..][..m], level);
            levels.iter().enumerate().map(target).collect::<Vec<_>>()
        };
        levels.par_chunks(BLOCK).enumerate().flat_map_iter(of_block).collect()
    }

    /// The target of source `i` at a level between zero and one of its conditional law.
    fn target_at(&self, i: usize, costs: &[A], level: f64) -> usize {
        // The weight of the source cancels, so one of weight zero has a law too.
        let upto = cumulated(self.conditional(i, costs).map(|(p, _)| p));
        at_level(&upto, level).unwrap_or_else(|| panic!("no mass leaves source point {i}"))
    }

    /// Draws pairs from the plan: a source by its mass, then its target, in `O(n + m)` each at most.
    ///
    /// # Panics
    /// If there are no points to draw and `count` is not zero.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// let pairing = plan.draw(100, &mut rand::rng());
    /// assert_eq!(pairing.len(), 100);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn draw(&self, count: usize, rng: &mut (impl Rng + ?Sized)) -> Pairing {
        if count == 0 {
            return Pairing::default();
        }
        let upto = cumulated(self.marginals().0.into_iter());
        let source = |level| at_level(&upto, level).expect("a plan without mass has no pairs to draw");
        let drawn: Vec<(usize, f64)> = (0..count).map(|_| (source(rng.random()), rng.random())).collect();
        let target = |&(i, level): &(usize, f64)| self.target_at(i, self.costs.block(i..i + 1, &mut Vec::new()), level);
        Pairing { target: drawn.par_iter().map(target).collect(), source: drawn.into_iter().map(|(i, _)| i).collect() }
    }
}

/// The sums of the first masses, of one and more.
fn cumulated(masses: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    let add = |mass| {
        total += mass;
        total
    };
    masses.map(add).collect()
}

/// The first place whose sum is above a part `level` of the total, if there is a total. It has mass; rounding can only put the
/// level at the end.
fn at_level(upto: &[f64], level: f64) -> Option<usize> {
    let total = upto.last().copied().filter(|&total| total > 0.0)?;
    let last = upto.partition_point(|&sum| sum < total);
    Some(upto.partition_point(|&sum| sum <= level * total).min(last))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use crate::Sinkhorn;
    use crate::limited::limited;

    #[test]
    fn targets_drawn_together_are_those_drawn_one_by_one() {
        let _limited = limited();
        let cost = Array2::from_shape_fn((150, 70), |(i, j)| ((i * 37 + j * 11) % 101) as f64);
        let plan = Sinkhorn::default().solve(cost.view(), None, None).unwrap();
        let [mut one, mut other] = [ChaCha8Rng::seed_from_u64(1), ChaCha8Rng::seed_from_u64(1)];
        let one_by_one: Vec<usize> = (0..150).map(|i| plan.draw_target(i, &mut one)).collect();
        assert_eq!(plan.draw_targets(&mut other), one_by_one);
    }
}
