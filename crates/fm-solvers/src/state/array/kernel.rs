//! The loops of array states over slices.
//!
//! A combination adds its terms four at a time to a block that stays in the first-level cache, so that memory is read
//! once per operand however many there are. The sums run in the order of the terms whatever the grouping, and large
//! arrays are divided among rayon's threads at fixed places, so that neither changes a bit.

use std::ops::Range;

use super::Element;

/// Elements per pass over the operands: 8 KiB of `f64`.
const BLOCK: usize = 1024;

/// Elements of small samples that are measured together.
const SAMPLES: usize = 256;

/// Elements above which threads pay for being woken.
const PARALLEL: usize = 1 << 17;

/// `out = base + sum_j c_j k_j`. `terms` gives the terms that belong to a range of the elements.
pub(super) fn combine<'a, A: Element, I>(out: &mut [A], base: &[A], terms: impl Fn() -> I + Sync)
where
    I: Iterator<Item = (A, &'a [A])>,
{
    divide(out, 0, &|out, first| {
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = first + i * BLOCK;
            let range = from..from + out.len();
            out.copy_from_slice(&base[range.clone()]);
            add(out, terms().map(|(c, k)| (c, &k[range.clone()])));
        }
    });
}

/// `out += sum_j c_j k_j`, in the order of the terms.
pub(super) fn add<'a, A: Element>(out: &mut [A], mut terms: impl Iterator<Item = (A, &'a [A])>) {
    fn fused<A: Element, const N: usize>(out: &mut [A], group: &[(A, &[A]); N]) {
        let n = out.len();
        let group = group.map(|(c, k)| (c, &k[..n]));
        for (i, out) in out.iter_mut().enumerate() {
            *out = group.iter().fold(*out, |sum, (c, k)| sum + *c * k[i]);
        }
    }
    while let Some(a) = terms.next() {
        let Some(b) = terms.next() else { return fused(out, &[a]) };
        let Some(c) = terms.next() else { return fused(out, &[a, b]) };
        let Some(d) = terms.next() else { return fused(out, &[a, b, c]) };
        fused(out, &[a, b, c, d]);
    }
}

/// `out_i += h_i sum_j a_j k_ij` for the samples `i` of `length` values each, in the order of the terms.
///
/// Four terms at a time over all samples, so that what a term costs to find is not paid for each sample.
pub(super) fn add_samples<'a, A: Element>(
    out: &mut [A],
    length: usize,
    h: impl Fn(usize) -> f64,
    mut terms: impl Iterator<Item = (f64, &'a [A])>,
) {
    let mut fused = |group: &[(f64, &'a [A])]| {
        for (i, out) in out.chunks_mut(length).enumerate() {
            let h = h(i);
            let range = i * length..i * length + out.len();
            add(out, group.iter().map(|(a, k)| (A::from_f64(h * a), &k[range.clone()])));
        }
    };
    while let Some(a) = terms.next() {
        let Some(b) = terms.next() else { return fused(&[a]) };
        let Some(c) = terms.next() else { return fused(&[a, b]) };
        let Some(d) = terms.next() else { return fused(&[a, b, c]) };
        fused(&[a, b, c, d]);
    }
}

/// Calls `work` on parts of `out`, with the index of their first element; on several threads if there are many.
fn divide<A: Send>(out: &mut [A], first: usize, work: &(impl Fn(&mut [A], usize) + Sync)) {
    if out.len() < PARALLEL {
        return work(out, first);
    }
    let half = (out.len() / 2).next_multiple_of(BLOCK);
    let (lower, upper) = out.split_at_mut(half);
    rayon::join(|| divide(lower, first, work), || divide(upper, first + half, work));
}

/// The operands of an error estimate, as slices of the same elements.
pub(super) struct Scaled<'a, A> {
    pub(super) start: &'a [A],
    pub(super) end: &'a [A],
    pub(super) rtol: A,
    pub(super) atol: A,
}

impl<A: Element> Scaled<'_, A> {
    /// The sum over `range` of `(sum_j c_j k_j / (atol + rtol max(|start|, |end|)))^2`.
    ///
    /// The order of the additions depends on the length of the range alone.
    pub(super) fn sum_of_squares<'a, I>(&self, range: Range<usize>, terms: &(impl Fn() -> I + Sync)) -> f64
    where
        A: 'a,
        I: Iterator<Item = (A, &'a [A])>,
    {
        if range.len() >= PARALLEL {
            let middle = range.start + (range.len() / 2).next_multiple_of(BLOCK);
            let (lower, upper) = rayon::join(
                || self.sum_of_squares(range.start..middle, terms),
                || self.sum_of_squares(middle..range.end, terms),
            );
            return lower + upper;
        }
        self.sum_of_squares_of_few(range, terms)
    }

    fn sum_of_squares_of_few<'a, I>(&self, range: Range<usize>, terms: &impl Fn() -> I) -> f64
    where
        A: 'a,
        I: Iterator<Item = (A, &'a [A])>,
    {
        let mut buffer = [A::zero(); BLOCK];
        let mut total = 0.0;
        for from in range.clone().step_by(BLOCK) {
            let part = from..range.end.min(from + BLOCK);
            let buffer = &mut buffer[..part.len()];
            buffer.fill(A::zero());
            add(buffer, terms().map(|(c, k)| (c, &k[part.clone()])));
            total += self.block(buffer, part);
        }
        total
    }

    /// Hands the sums of squares of each sample of `length` values to `visit`, in order: one for each of the one or two
    /// rows that `terms` knows.
    pub(super) fn sample_sums<'a, I>(
        &self,
        length: usize,
        h: impl Fn(usize) -> f64,
        rows: usize,
        terms: &impl Fn(usize) -> I,
        mut visit: impl FnMut(usize, [f64; 2]),
    ) where
        A: 'a,
        I: Iterator<Item = (f64, &'a [A])>,
    {
        let mut buffers = [[A::zero(); SAMPLES]; 2];
        let samples = (SAMPLES / length).max(1);
        for first in (0..self.end.len() / length).step_by(samples) {
            if length > SAMPLES {
                let range = first * length..(first + 1) * length;
                let mut sums = [0.0; 2];
                for (row, sum) in sums.iter_mut().enumerate().take(rows) {
                    let scaled = || terms(row).map(|(a, k)| (A::from_f64(h(first) * a), k));
                    *sum = self.sum_of_squares_of_few(range.clone(), &scaled);
                }
                visit(first, sums);
                continue;
            }
            let part = first * length..self.end.len().min((first + samples) * length);
            for (row, buffer) in buffers.iter_mut().enumerate().take(rows) {
                let buffer = &mut buffer[..part.len()];
                buffer.fill(A::zero());
                add_samples(buffer, length, |i| h(first + i), terms(row).map(|(a, k)| (a, &k[part.clone()])));
            }
            for i in 0..part.len() / length {
                let own = i * length..(i + 1) * length;
                let from = part.start + own.start;
                let mut sums = [0.0; 2];
                for (sum, buffer) in sums.iter_mut().zip(&mut buffers).take(rows) {
                    *sum = self.block(&mut buffer[own.clone()], from..from + length);
                }
                visit(first + i, sums);
            }
        }
    }

    fn block(&self, estimate: &mut [A], part: Range<usize>) -> f64 {
        let ends = self.start[part.clone()].iter().zip(&self.end[part]);
        for (e, (start, end)) in estimate.iter_mut().zip(ends) {
            let (start, end) = (start.abs(), end.abs());
            // Written so that a NaN in `end` is kept; `max` would drop it.
            let scale = self.atol + self.rtol * if start > end { start } else { end };
            // An infinite state has an infinite scale, and would hide every error: infinity times zero is NaN.
            *e = *e / scale + A::zero() * scale;
        }
        let mut lanes = [0.0; 8];
        let chunks = estimate.chunks_exact(8);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, e) in lanes.iter_mut().zip(chunk) {
                *lane += square(*e);
            }
        }
        for (lane, e) in lanes.iter_mut().zip(rest) {
            *lane += square(*e);
        }
        lanes.iter().sum()
    }
}

/// In `f64`, where the square of an `f32` cannot overflow.
fn square<A: Element>(e: A) -> f64 {
    let e: f64 = e.into();
    e * e
}
