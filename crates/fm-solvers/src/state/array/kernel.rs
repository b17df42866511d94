//! The loops of array states over slices.
//!
//! A combination reads each operand once and keeps its sums in registers, a few lanes at a time, however many terms there
//! are; the loops are compiled for each vector unit. The sums run in the order of the terms, and large arrays are divided
//! among rayon's threads at fixed places, so that neither lanes nor vector units nor threads change a bit. Rejected: a loop
//! for each number of terms, which is no faster where memory is the limit and is compiled sixteen times.

#![expect(clippy::inline_always, reason = "a function has the vector unit of its caller only if it is a part of it")]

use pulp::Arch;

use super::Element;

/// Terms that are added in one pass; the methods of this crate have no more.
pub(super) const TERMS: usize = 16;

/// Values of a combination that are in registers together.
pub(super) const LANES: usize = 32;

/// Values above which threads pay for being woken.
pub(super) const PARALLEL: usize = 1 << 17;

/// Parts for threads are multiples of this, so that none ends within a cache line.
pub(super) const BLOCK: usize = 1024;

/// The terms `c_j k_j` of a combination, on the stack.
pub(super) struct Terms<'a, A> {
    coefficients: [A; TERMS],
    slices: [&'a [A]; TERMS],
    count: usize,
}

impl<'a, A: Element> Terms<'a, A> {
    #[inline]
    pub(super) fn none() -> Self {
        Self { coefficients: [A::zero(); TERMS], slices: [&[]; TERMS], count: 0 }
    }

    /// Becomes the terms of `row` that are not zero, at most [`TERMS`], times `h`; `None` if one of them is not a slice.
    #[inline]
    pub(super) fn set(&mut self, h: f64, row: &[f64], slices: impl Iterator<Item = Option<&'a [A]>>) -> Option<()> {
        let mut count = 0;
        for (&factor, slice) in row.iter().zip(slices).filter(|(factor, _)| **factor != 0.0) {
            self.slices[count] = slice?;
            self.coefficients[count] = A::from_f64(h * factor);
            count += 1;
        }
        self.count = count;
        Some(())
    }

    /// Becomes the terms of the same row for another `h`.
    pub(super) fn scale(&mut self, h: f64, row: &[f64]) {
        let factors = row.iter().filter(|factor| **factor != 0.0);
        for (coefficient, factor) in self.coefficients.iter_mut().zip(factors) {
            *coefficient = A::from_f64(h * factor);
        }
    }

    /// Adds the terms of the values from `at` on.
    #[inline(always)]
    pub(super) fn add_lanes<const N: usize>(&self, at: usize, mut sums: [A; N]) -> [A; N] {
        for (&c, k) in self.coefficients.iter().zip(&self.slices).take(self.count) {
            let k: &[A; N] = k[at..].first_chunk().expect("as long as the result");
            for (sum, &k) in sums.iter_mut().zip(k) {
                *sum += c * k;
            }
        }
        sums
    }

    #[inline(always)]
    pub(super) fn add(&self, at: usize, sum: A) -> A {
        let terms = self.coefficients.iter().zip(&self.slices).take(self.count);
        terms.fold(sum, |sum, (&c, k)| sum + c * k[at])
    }

    /// `out = base + sum_j c_j k_j` over the values from `first` on; without a base, added to what `out` holds.
    #[inline(always)]
    fn combine(&self, out: &mut [A], base: Option<&[A]>, first: usize) {
        let (chunks, rest) = out.as_chunks_mut::<LANES>();
        let at_rest = first + chunks.len() * LANES;
        for (i, out) in chunks.iter_mut().enumerate() {
            let at = first + i * LANES;
            let base = base.map_or(&*out, |base| base[at..].first_chunk().expect("as long as the result"));
            *out = self.add_lanes(at, *base);
        }
        for (i, out) in rest.iter_mut().enumerate() {
            *out = self.add(at_rest + i, base.map_or(*out, |base| base[at_rest + i]));
        }
    }
}

/// `out = base + sum_j c_j k_j`; without a base, added to what `out` holds.
#[inline]
pub(super) fn combine<A: Element>(out: &mut [A], base: Option<&[A]>, terms: &Terms<'_, A>) {
    let arch = Arch::new();
    divide(out, 0, &|out, first| arch.dispatch(|| terms.combine(out, base, first)));
}

/// The same sums for fewer than [`LANES`] values, where gathering the terms would take longer than adding them.
#[inline]
pub(super) fn combine_few<'a, A: Element>(
    out: &mut [A],
    base: &[A],
    h: f64,
    row: &[f64],
    slices: impl Iterator<Item = Option<&'a [A]>>,
) -> Option<()> {
    let mut terms = row.iter().zip(slices).filter(|(factor, _)| **factor != 0.0);
    let Some((&factor, k)) = terms.next() else {
        out.copy_from_slice(base);
        return Some(());
    };
    let c = A::from_f64(h * factor);
    for ((out, &base), &k) in out.iter_mut().zip(base).zip(k?) {
        *out = base + c * k;
    }
    for (&factor, k) in terms {
        let c = A::from_f64(h * factor);
        for (out, &k) in out.iter_mut().zip(k?) {
            *out += c * k;
        }
    }
    Some(())
}

/// The same with a step size for each sample of `length` values.
pub(super) fn combine_samples<A: Element>(
    out: &mut [A],
    base: Option<&[A]>,
    terms: &mut Terms<'_, A>,
    row: &[f64],
    (length, h): (usize, &[f64]),
) {
    if length < LANES {
        return Arch::new().dispatch(|| combine_short(out, base, terms, row, (length, h)));
    }
    let arch = Arch::new();
    for (i, (out, &h)) in out.chunks_mut(length).zip(h).enumerate() {
        terms.scale(h, row);
        arch.dispatch(|| terms.combine(out, base, i * length));
    }
}

/// Many short samples: every lane has the step size of its sample.
#[inline(always)]
fn combine_short<A: Element>(
    out: &mut [A],
    base: Option<&[A]>,
    terms: &Terms<'_, A>,
    row: &[f64],
    (length, h): (usize, &[f64]),
) {
    let together = LANES / length;
    for (i, (out, h)) in out.chunks_mut(together * length).zip(h.chunks(together)).enumerate() {
        let at = i * together * length;
        let steps = lanes(h, length);
        let mut sums = [A::zero(); LANES];
        sums[..out.len()].copy_from_slice(base.map_or(&*out, |base| &base[at..][..out.len()]));
        for (factor, k) in row.iter().filter(|factor| **factor != 0.0).zip(&terms.slices) {
            let mut values = [A::zero(); LANES];
            values[..out.len()].copy_from_slice(&k[at..][..out.len()]);
            for ((sum, &k), step) in sums.iter_mut().zip(&values).zip(&steps) {
                *sum += A::from_f64(step * factor) * k;
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}

/// The number of each sample once for each of its `length` values.
#[inline(always)]
fn lanes(samples: &[f64], length: usize) -> [f64; LANES] {
    let mut lanes = [0.0; LANES];
    for (lanes, &number) in lanes.chunks_mut(length).zip(samples) {
        lanes.fill(number);
    }
    lanes
}

/// Calls `work` on parts of `out`, with the index of their first value; on several threads if there are many.
fn divide<A: Send>(out: &mut [A], first: usize, work: &(impl Fn(&mut [A], usize) + Sync)) {
    if out.len() < PARALLEL {
        return work(out, first);
    }
    let half = (out.len() / 2).next_multiple_of(BLOCK);
    let (lower, upper) = out.split_at_mut(half);
    rayon::join(|| divide(lower, first, work), || divide(upper, first + half, work));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values without pattern, none of them a short binary fraction.
    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + seed * 101) as f32 * 0.618_034).sin()).collect()
    }

    /// The sums that all loops promise: base first, then the terms in their order, each coefficient rounded once.
    fn one_by_one(base: &[f32], h: impl Fn(usize) -> f64, row: &[f64], stages: &[Vec<f32>]) -> Vec<f32> {
        let sum = |i: usize| {
            let terms = row.iter().zip(stages).filter(|(a, _)| **a != 0.0);
            terms.fold(base[i], |sum, (a, k)| sum + (h(i) * a) as f32 * k[i])
        };
        (0..base.len()).map(sum).collect()
    }

    #[test]
    fn every_loop_adds_the_same_sums_to_the_last_bit() {
        let row = [0.3, 0.0, -1.7, 0.1, 2.9];
        for n in (1..150).chain([5000, PARALLEL + 7]) {
            let stages: Vec<_> = (0..row.len()).map(|j| values(n, j)).collect();
            let (base, mut out) = (values(n, 9), vec![0.0; n]);
            let expected = one_by_one(&base, |_| 0.123, &row, &stages);
            let slices = || stages.iter().map(|k| Some(&k[..]));
            let mut terms = Terms::none();
            terms.set(0.123, &row, slices()).unwrap();
            combine(&mut out, Some(&base), &terms);
            assert_eq!(out, expected, "{n}");
            out.fill(0.0);
            combine_few(&mut out, &base, 0.123, &row, slices()).unwrap();
            assert_eq!(out, expected, "{n}, few");
        }
    }

    #[test]
    fn every_sample_has_the_sums_of_its_own_step() {
        let row = [0.3, 0.0, -1.7, 0.1, 2.9];
        for (batch, length) in [(1, 1), (70, 1), (33, 2), (50, 3), (7, 31), (3, 32), (2, 100)] {
            let n = batch * length;
            let stages: Vec<_> = (0..row.len()).map(|j| values(n, j)).collect();
            let (base, mut out) = (values(n, 9), vec![0.0; n]);
            let h: Vec<f64> = (0..batch).map(|i| 0.01 * (i as f64 + 0.3)).collect();
            let mut terms = Terms::none();
            terms.set(1.0, &row, stages.iter().map(|k| Some(&k[..]))).unwrap();
            combine_samples(&mut out, Some(&base), &mut terms, &row, (length, &h));
            assert_eq!(out, one_by_one(&base, |i| h[i / length], &row, &stages), "{batch} of {length}");
        }
    }
}
