//! A field of arrays written for one sample.

use ndarray::{Array, Dimension};
use rayon::prelude::*;

use super::{Time, VectorField};
use crate::{Element, SolveError};

/// Values below which a batch is not divided among threads.
const PARALLEL: usize = 2048;

/// Samples that a thread takes at least.
const GRAIN: usize = 64;

/// A field that treats each sample alone: `f(t, y, out)` on the values of one sample.
///
/// It serves common and per-sample solves alike, and divides large batches among rayon's threads; the result is the same
/// for any number of them. Not for fields that evaluate a batch at once, such as a network.
///
/// # Examples
/// ```
/// # use fm_solvers::{FixedMethod, Samplewise, SolveError, TimeGrid, solve_fixed};
/// # use ndarray::array;
/// // A rotation of each point of the plane; a quarter turn.
/// let mut field = Samplewise(|_t: f64, y: &[f64], out: &mut [f64]| {
///     out[0] = -y[1];
///     out[1] = y[0];
/// });
/// let mut y = array![[1.0, 0.0], [0.0, 2.0]];
/// let grid = TimeGrid::uniform(0.0, std::f64::consts::FRAC_PI_2, 50)?;
/// solve_fixed(FixedMethod::Rk4, &mut field, &grid, &mut y, &mut ())?;
/// assert!((y[[0, 1]] - 1.0).abs() < 1e-7 && (y[[1, 0]] + 2.0).abs() < 1e-6);
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Samplewise<F>(pub F);

impl<A, D, F> VectorField<Array<A, D>> for Samplewise<F>
where
    A: Element,
    D: Dimension,
    F: Fn(f64, &[A], &mut [A]) + Sync,
{
    fn eval(&mut self, t: Time<'_>, y: &Array<A, D>, out: &mut Array<A, D>) -> Result<(), SolveError> {
        let f = &self.0;
        let length = (y.len() / y.shape().first().copied().unwrap_or(1)).max(1);
        let y = y.as_standard_layout();
        let y = y.as_slice().expect("in standard layout");
        let out = out.as_slice_mut().expect("buffers of a solve are in standard layout");
        if y.len() < PARALLEL {
            for (i, (out, y)) in out.chunks_mut(length).zip(y.chunks(length)).enumerate() {
                f(t.row(i), y, out);
            }
        } else {
            let samples = out.par_chunks_mut(length).zip(y.par_chunks(length)).with_min_len(GRAIN).enumerate();
            samples.for_each(|(i, (out, y))| f(t.row(i), y, out));
        }
        Ok(())
    }
}
