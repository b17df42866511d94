//! The one loop: K inputs, M outputs, K·M coefficients for each row.

use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension, RemoveAxis, Zip};

use super::Real;
use crate::PathError;
use crate::runs::{BLOCK, Runs, vectorised};

/// The widest row whose coefficients are spread out element by element.
const NARROW: usize = 4;

/// Elements of one array above which threads pay, and that one thread then takes at least.
const PARALLEL: usize = 1 << 18;
const GRAIN: usize = 1 << 16;

/// Elements of a row that stay in the nearest cache from one output to the next.
const PIECE: usize = 1024;

/// The coefficients of a block of rows, `[output][input][row]`.
pub(super) type Block<const K: usize, const M: usize> = [Runs<K>; M];

/// Writes the coefficients of `count` rows from `first` on, in the order (first, count, block).
pub(super) trait Fill<const K: usize, const M: usize>:
    Fn(usize, usize, &mut Block<K, M>) -> Result<(), PathError> + Sync
{
}

impl<F, const K: usize, const M: usize> Fill<K, M> for F where
    F: Fn(usize, usize, &mut Block<K, M>) -> Result<(), PathError> + Sync
{
}

/// `outputs[m][i] = Σ_k c[i][m][k]·inputs[k][i]` along the first axis, for arrays of one shape.
///
/// The sum is taken from left to right in every branch, so all give the same bits. On an error, which is that of the
/// first bad row, the outputs are left in an unspecified state.
pub(super) fn combine<A: Real, D: Dimension + RemoveAxis, const K: usize, const M: usize>(
    fill: &impl Fill<K, M>,
    inputs: &[ArrayView<'_, A, D>; K],
    mut outputs: [ArrayViewMut<'_, A, D>; M],
) -> Result<(), PathError> {
    let rows = inputs[0].shape()[0];
    let mut slices = [&[][..]; K];
    let contiguous = inputs.iter().zip(&mut slices).all(|(input, slice)| match input.as_slice() {
        Some(found) => {
            *slice = found;
            true
        }
        None => false,
    }) && outputs.iter_mut().all(|output| output.is_standard_layout());
    if contiguous {
        let row_len = slices[0].len() / rows.max(1);
        let outputs = outputs.each_mut().map(|output| output.as_slice_mut().expect("the layout is checked above"));
        let threads = rows * row_len >= PARALLEL && rayon::current_num_threads() > 1;
        return split(fill, 0, rows, row_len, if threads { GRAIN } else { usize::MAX }, slices, outputs);
    }
    let grain = if inputs[0].len() >= PARALLEL && rayon::current_num_threads() > 1 { GRAIN } else { usize::MAX };
    strided(fill, 0, grain, inputs.each_ref().map(|input| input.view()), outputs)
}

/// Arrays of any layout, row by row; halved among threads as those that lie in one piece.
fn strided<A: Real, D: Dimension + RemoveAxis, const K: usize, const M: usize>(
    fill: &impl Fill<K, M>,
    first: usize,
    grain: usize,
    inputs: [ArrayView<'_, A, D>; K],
    mut outputs: [ArrayViewMut<'_, A, D>; M],
) -> Result<(), PathError> {
    let rows = inputs[0].shape()[0];
    if rows >= 2 && inputs[0].len() > grain {
        let half = rows / 2;
        let (mut later_inputs, mut later_outputs) = (Vec::with_capacity(K), Vec::with_capacity(M));
        let inputs = inputs.map(|input| {
            let (input, rest) = input.split_at(Axis(0), half);
            later_inputs.push(rest);
            input
        });
        let outputs = outputs.map(|output| {
            let (output, rest) = output.split_at(Axis(0), half);
            later_outputs.push(rest);
            output
        });
        let mut later = (later_inputs.into_iter(), later_outputs.into_iter());
        let later_inputs = std::array::from_fn(|_| later.0.next().expect("as many inputs"));
        let later_outputs = std::array::from_fn(|_| later.1.next().expect("as many outputs"));
        let (earlier, later) = rayon::join(
            || strided(fill, first, grain, inputs, outputs),
            || strided(fill, first + half, grain, later_inputs, later_outputs),
        );
        return earlier.and(later);
    }
    let mut block = [[[0.0; BLOCK]; K]; M];
    for start in (0..rows).step_by(BLOCK) {
        let count = BLOCK.min(rows - start);
        fill(first + start, count, &mut block)?;
        for (output, c) in outputs.iter_mut().zip(&block) {
            for row in 0..count {
                let mut output = output.index_axis_mut(Axis(0), start + row);
                for (k, (input, c)) in inputs.iter().zip(c).enumerate() {
                    let (c, input) = (A::nearest(c[row]), input.index_axis(Axis(0), start + row));
                    if k == 0 {
                        Zip::from(&mut output).and(&input).for_each(|out, &x| *out = c * x);
                    } else {
                        Zip::from(&mut output).and(&input).for_each(|out, &x| *out += c * x);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Halves the rows among threads down to `grain` elements; the earlier half's error comes first.
fn split<A: Real, const K: usize, const M: usize>(
    fill: &impl Fill<K, M>,
    first: usize,
    rows: usize,
    row_len: usize,
    grain: usize,
    inputs: [&[A]; K],
    outputs: [&mut [A]; M],
) -> Result<(), PathError> {
    if rows < 2 || rows * row_len <= grain {
        return blocks(fill, first, rows, row_len, inputs, outputs);
    }
    let half = rows / 2;
    let (mut inputs, mut later_inputs) = (inputs, inputs);
    for (input, later) in inputs.iter_mut().zip(&mut later_inputs) {
        (*input, *later) = input.split_at(half * row_len);
    }
    let mut later_outputs: [&mut [A]; M] = std::array::from_fn(|_| <&mut [A]>::default());
    let mut later = later_outputs.iter_mut();
    let outputs = outputs.map(|output| {
        let (output, rest) = output.split_at_mut(half * row_len);
        *later.next().expect("as many outputs") = rest;
        output
    });
    let (earlier, later) = rayon::join(
        || split(fill, first, half, row_len, grain, inputs, outputs),
        || split(fill, first + half, rows - half, row_len, grain, later_inputs, later_outputs),
    );
    earlier.and(later)
}

/// One thread's rows, block by block, on the widest vector unit there is.
fn blocks<A: Real, const K: usize, const M: usize>(
    fill: &impl Fill<K, M>,
    first: usize,
    rows: usize,
    row_len: usize,
    inputs: [&[A]; K],
    mut outputs: [&mut [A]; M],
) -> Result<(), PathError> {
    vectorised(
        #[inline(always)]
        || {
            let mut block = [[[0.0; BLOCK]; K]; M];
            let mut spread = [[[A::zero(); BLOCK * NARROW]; K]; M];
            for start in (0..rows).step_by(BLOCK) {
                let count = BLOCK.min(rows - start);
                fill(first + start, count, &mut block)?;
                let span = start * row_len..(start + count) * row_len;
                let inputs = inputs.map(|input| &input[span.clone()]);
                let outputs = outputs.each_mut().map(|output| &mut output[span.clone()]);
                match row_len {
                    0 => {}
                    1 => narrow::<A, K, M, 1>(&block, &mut spread, inputs, outputs),
                    2 => narrow::<A, K, M, 2>(&block, &mut spread, inputs, outputs),
                    3 => narrow::<A, K, M, 3>(&block, &mut spread, inputs, outputs),
                    4 => narrow::<A, K, M, 4>(&block, &mut spread, inputs, outputs),
                    _ => wide(&block, count, inputs, outputs),
                }
            }
            Ok(())
        },
    )
}

/// Rows of `W ≤ NARROW` numbers: the coefficients repeated for each number, then one loop over the block.
#[inline(always)]
fn narrow<A: Real, const K: usize, const M: usize, const W: usize>(
    block: &Block<K, M>,
    spread: &mut [[[A; BLOCK * NARROW]; K]; M],
    inputs: [&[A]; K],
    outputs: [&mut [A]; M],
) {
    for ((c, spread), output) in block.iter().zip(spread).zip(outputs) {
        for (c, spread) in c.iter().zip(&mut *spread) {
            for (place, &c) in spread.as_chunks_mut::<W>().0.iter_mut().zip(c) {
                *place = [A::nearest(c); W];
            }
        }
        let n = output.len();
        let spread = spread.each_ref().map(|spread| &spread[..n]);
        let inputs = inputs.map(|input| &input[..n]);
        for i in 0..n {
            let mut sum = spread[0][i] * inputs[0][i];
            for k in 1..K {
                sum += spread[k][i] * inputs[k][i];
            }
            output[i] = sum;
        }
    }
}

/// Rows that are worth a loop each. The inputs are read from memory once; the outputs are written one after the other, for two streams
/// of stores to memory slow each other down by half.
#[inline(always)]
fn wide<A: Real, const K: usize, const M: usize>(
    block: &Block<K, M>,
    count: usize,
    inputs: [&[A]; K],
    mut outputs: [&mut [A]; M],
) {
    let row_len = inputs[0].len() / count;
    for row in 0..count {
        let c = block.each_ref().map(|c| c.each_ref().map(|c| A::nearest(c[row])));
        let span = row * row_len..(row + 1) * row_len;
        let inputs = inputs.map(|input| &input[span.clone()]);
        let mut outputs = outputs.each_mut().map(|output| &mut output[span.clone()]);
        for from in (0..row_len).step_by(PIECE) {
            let piece = from..row_len.min(from + PIECE);
            for (c, output) in c.iter().zip(&mut outputs) {
                let inputs = inputs.map(|input| &input[piece.clone()]);
                let output = &mut output[piece.clone()];
                for i in 0..output.len() {
                    let mut sum = c[0] * inputs[0][i];
                    for k in 1..K {
                        sum += c[k] * inputs[k][i];
                    }
                    output[i] = sum;
                }
            }
        }
    }
}
