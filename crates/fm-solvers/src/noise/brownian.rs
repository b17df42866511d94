//! Brownian paths that can be asked for any interval in any order, and store none of it.
//!
//! The path's knots divide time into cells, and every cell has normals of its own. A step from knot to knot costs one draw
//! for each value, and times between knots are reached by halving a cell, at integer positions: the number of halvings
//! is bounded, there is no tolerance, and both ends of an interval are met exactly.
//!
//! Rejected: one tree over the whole interval, as in torchsde and diffrax. Its nodes are dyadic times, so that every point of
//! a grid of 100 steps is as deep as the tree goes, and a step costs dozens of draws for each value.

use ndarray::{Array, Dimension};

use super::rows::{CELL, Place, Rows};
use crate::{Element, Noise, SolveError, State, TimeGrid};

/// An independent Brownian motion for every value of every sample.
///
/// ```text
/// W(t) = sum over the cells before t of sqrt(length) n(seed, sample, cell) + a bridge within the cell of t
/// ```
///
/// Give it the grid of the solve: each step then costs one normal for each value. To compare step sizes, give it the
/// finest grid; coarser ones that pass through its times see the same path. A grid between its times is served by
/// halving, some ten times as dear for each level: `TimeGrid::uniform(t0, t1, 1)` makes a path that depends on no grid
/// and costs up to 53 halvings for a time that is not a short binary fraction of the interval.
///
/// A sample's noise depends on its number alone: by default its row in the batch, and with
/// [`for_samples`](Self::for_samples) whatever the caller says. The direction of the grid does not matter. Numbers are drawn
/// in `f64`, and an `f32` state gets them rounded.
///
/// # Examples
/// ```
/// # use fm_solvers::{BrownianPath, Noise, SolveError, TimeGrid};
/// # use ndarray::Array2;
/// let path = BrownianPath::new(7, &TimeGrid::uniform(0.0, 1.0, 10)?);
/// let between = |t0, t1| -> Result<Array2<f64>, SolveError> {
///     let mut dw = Array2::zeros((3, 2));
///     path.increment(t0, t1, &mut dw, None)?;
///     Ok(dw)
/// };
/// let sum = between(0.0, 0.123)? + between(0.123, 1.0)?;
/// assert!((sum - between(0.0, 1.0)?).iter().all(|difference| difference.abs() < 1e-14));
/// assert!(between(1.0, 1.1).unwrap_err().to_string().starts_with("the noise is defined from 0 to 1 and was asked for t = 1.1"));
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BrownianPath {
    pub(super) seed: u64,
    /// Ascending.
    knots: TimeGrid,
    pub(super) samples: Option<Vec<u64>>,
    /// Whether all values of a sample have one motion.
    scalar: bool,
}

impl BrownianPath {
    /// The path of a seed, with the times of `knots` as the ends of its cells.
    pub fn new(seed: u64, knots: &TimeGrid) -> Self {
        let knots = if knots.direction() < 0.0 { knots.reversed() } else { knots.clone() };
        Self { seed, knots, samples: None, scalar: false }
    }

    /// The same path for a batch that consists of the samples with these numbers.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::{BrownianPath, Noise, SolveError, TimeGrid};
    /// # use ndarray::Array1;
    /// let path = BrownianPath::new(7, &TimeGrid::uniform(0.0, 1.0, 1)?);
    /// let (mut all, mut two) = (Array1::<f32>::zeros(5), Array1::<f32>::zeros(2));
    /// path.increment(0.0, 1.0, &mut all, None)?;
    /// path.for_samples(vec![3, 1]).increment(0.0, 1.0, &mut two, None)?;
    /// assert_eq!((two[0], two[1]), (all[3], all[1]));
    /// # Ok::<(), SolveError>(())
    /// ```
    #[must_use]
    pub fn for_samples(&self, samples: Vec<u64>) -> Self {
        Self { samples: Some(samples), ..self.clone() }
    }

    /// The same path with one motion for all values of a sample: that of its first.
    ///
    /// This makes the noise of an equation scalar, `dX = f dt + g(t, X) dW` with a single `W`. With it every method keeps
    /// its order for diffusions whose values depend on all values of the sample.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::{BrownianPath, Noise, SolveError, TimeGrid};
    /// # use ndarray::Array2;
    /// let path = BrownianPath::new(7, &TimeGrid::uniform(0.0, 1.0, 1)?);
    /// let (mut each, mut one) = (Array2::<f32>::zeros((2, 3)), Array2::<f32>::zeros((2, 3)));
    /// path.increment(0.0, 1.0, &mut each, None)?;
    /// path.scalar().increment(0.0, 1.0, &mut one, None)?;
    /// assert!((0..2).all(|i| (0..3).all(|j| one[[i, j]] == each[[i, 0]])));
    /// # Ok::<(), SolveError>(())
    /// ```
    #[must_use]
    pub fn scalar(&self) -> Self {
        Self { scalar: true, ..self.clone() }
    }

    /// Writes the increments and the areas of `batch` samples, one sample after the other.
    #[track_caller]
    pub(super) fn fill<A: Element>(
        &self,
        (t0, t1): (f64, f64),
        batch: usize,
        dw: &mut [A],
        area: Option<&mut [A]>,
    ) -> Result<(), SolveError> {
        if let Some(samples) = &self.samples {
            assert!(samples.len() == batch, "noise for {} samples and a batch of {batch}", samples.len());
        }
        let (p0, p1) = (self.place(t0)?, self.place(t1)?);
        let length = dw.len() / batch.max(1);
        let rows = Rows { path: self, from: p0.min(p1), to: p0.max(p1), reversed: p1 < p0, length };
        if self.scalar && length > 1 {
            let mut area = area;
            Rows { length: 1, ..rows }.fill(0, &mut dw[..batch], area.as_deref_mut().map(|area| &mut area[..batch]));
            spread(dw, length);
            if let Some(area) = area {
                spread(area, length);
            }
        } else if !dw.is_empty() {
            rows.fill(0, dw, area);
        }
        Ok(())
    }

    fn place(&self, t: f64) -> Result<Place, SolveError> {
        let times = self.knots.times();
        let (start, end) = (self.knots.start(), self.knots.end());
        if !(start <= t && t <= end) {
            return Err(SolveError::OutsidePath { t, start, end });
        }
        let cell = times.partition_point(|&knot| knot <= t) - 1;
        let Some(next) = times.get(cell + 1) else { return Ok((cell, 0)) };
        let share = (t - times[cell]) / (next - times[cell]);
        let position = (share * CELL as f64).round() as u64;
        Ok(if position >= CELL { (cell + 1, 0) } else { (cell, position) })
    }

    /// The length of a cell.
    pub(super) fn length(&self, cell: usize) -> f64 {
        self.knots.times()[cell + 1] - self.knots.times()[cell]
    }
}

/// Large arrays are filled on several threads; the numbers are the same on any number of them.
impl<A: Element, D: Dimension> Noise<Array<A, D>> for BrownianPath {
    /// # Panics
    /// If the path is for another number of samples than the batch has.
    #[track_caller]
    fn increment(
        &self,
        t0: f64,
        t1: f64,
        dw: &mut Array<A, D>,
        area: Option<&mut Array<A, D>>,
    ) -> Result<(), SolveError> {
        let batch = dw.batch();
        let area = area.map(standard_slice);
        self.fill((t0, t1), batch, standard_slice(dw), area)
    }
}

/// Gives every sample of `length` values the value that stands at its number.
fn spread<A: Element>(values: &mut [A], length: usize) {
    for i in (0..values.len() / length).rev() {
        let value = values[i];
        values[i * length..(i + 1) * length].fill(value);
    }
}

fn standard_slice<A: Element, D: Dimension>(array: &mut Array<A, D>) -> &mut [A] {
    if !array.is_standard_layout() {
        *array = Array::zeros(array.raw_dim());
    }
    array.as_slice_mut().expect("in standard layout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_met_exactly() {
        let path = BrownianPath::new(0, &TimeGrid::new(vec![0.3, 0.1, -0.7]).unwrap());
        let places = [-0.7, -0.3, 0.1, 0.3].map(|t| path.place(t).unwrap());
        assert_eq!(places, [(0, 0), (0, CELL / 2), (1, 0), (2, 0)]);
        for t in [-0.700_001, 0.300_001, f64::NAN] {
            assert!(matches!(path.place(t), Err(SolveError::OutsidePath { .. })));
        }
        let before: f64 = 0.1_f64.next_down();
        let (cell, position) = path.place(before).unwrap();
        assert!((cell, position) == (1, 0) || cell == 0 && CELL - position < 4, "{position}");
    }
}
