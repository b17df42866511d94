//! Drawing the increments of one interval for many samples.
//!
//! A normal is a function of where it is: sample, cell, position in the cell, value. Values of a sample share a stream in
//! groups, because a block of the generator holds four words and the address of a single value would use two.

#![expect(
    clippy::inline_always,
    reason = "a function is compiled for the processor of its caller only if it is a part of it"
)]

use pulp::{Arch, NullaryFnOnce};
use rand::Rng;
use rand_distr::StandardNormal;

use super::BrownianPath;
use super::philox::Philox;
use super::segment::Segment;
use crate::Element;

/// Cells are halved at multiples of `2^-53` of their length, the resolution of an `f64` in the unit interval.
const BITS: u32 = 53;
pub(super) const CELL: u64 = 1 << BITS;

/// Values of a sample that share a stream of normals.
const GROUP: usize = 64;

/// Samples whose streams begin together.
const TOGETHER: usize = 2;

/// Values above which threads pay for being woken.
const PARALLEL: usize = 1 << 14;

/// A place in time: a cell and a position in it.
pub(super) type Place = (usize, u64);

/// One question, for some samples.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) path: &'a BrownianPath,
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) reversed: bool,
    /// Values of a sample.
    pub(super) length: usize,
}

/// [`Rows::fill_cell`] to be compiled for the processor at hand: a closure of this size would be left out of that.
struct WholeCell<'a, A> {
    rows: Rows<'a>,
    first: usize,
    dw: &'a mut [A],
}

impl<A: Element> NullaryFnOnce for WholeCell<'_, A> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.rows.fill_cell(self.first, self.dw);
    }
}

impl Rows<'_> {
    /// Fills the rows from `first` on; in parts on several threads if there are many, which changes no number.
    pub(super) fn fill<A: Element>(self, first: usize, dw: &mut [A], mut area: Option<&mut [A]>) {
        let rows = dw.len() / self.length;
        if dw.len() >= PARALLEL && rows > 1 {
            let half = rows / 2;
            let (dw0, dw1) = dw.split_at_mut(half * self.length);
            let (area0, area1) = area.map(|area| area.split_at_mut(half * self.length)).unzip();
            rayon::join(|| self.fill(first, dw0, area0), || self.fill(first + half, dw1, area1));
            return;
        }
        let whole_cell = self.from.1 == 0 && self.to == (self.from.0 + 1, 0);
        if whole_cell && area.is_none() {
            return Arch::new().dispatch(WholeCell { rows: self, first, dw });
        }
        for (i, row) in dw.chunks_mut(self.length).enumerate() {
            let sample = self.sample(first + i);
            for (group, dw) in row.chunks_mut(GROUP).enumerate() {
                let at = i * self.length + group * GROUP;
                let area = area.as_deref_mut().map(|area| &mut area[at..][..dw.len()]);
                self.fill_group(sample, group, dw, area);
            }
        }
    }

    /// The increments of a whole cell, which is what a step along the knots asks for: one normal for each value.
    #[inline(always)]
    fn fill_cell<A: Element>(self, first: usize, dw: &mut [A]) {
        let cell = self.from.0;
        let scale = self.sign() * self.path.length(cell).sqrt();
        let fill = |normals: &mut Philox, dw: &mut [A]| {
            for dw in dw {
                *dw = A::from_f64(scale * normals.sample::<f64, _>(StandardNormal));
            }
        };
        for (i, rows) in dw.chunks_mut(TOGETHER * self.length).enumerate() {
            let first = first + i * TOGETHER;
            let count = rows.len() / self.length;
            let samples: [u64; TOGETHER] = std::array::from_fn(|j| self.sample(first + j.min(count - 1)));
            for group in 0..self.length.div_ceil(GROUP) {
                let addresses = samples.map(|sample| Self::address(sample, cell, 0, group));
                let mut streams = Philox::several(self.path.seed, addresses);
                for (normals, row) in streams.iter_mut().zip(rows.chunks_mut(self.length)) {
                    let end = row.len().min((group + 1) * GROUP);
                    fill(normals, &mut row[group * GROUP..end]);
                }
            }
        }
    }

    fn fill_group<A: Element>(self, sample: u64, group: usize, dw: &mut [A], area: Option<&mut [A]>) {
        let sign = self.sign();
        let mut sums = [Segment::default(); GROUP];
        let sums = &mut sums[..dw.len()];
        for cell in self.from.0..=self.to.0 {
            let begin = if cell == self.from.0 { self.from.1 } else { 0 };
            let end = if cell == self.to.0 { self.to.1 } else { CELL };
            if begin < end {
                self.add_cell((sample, cell, group), (begin, end), area.is_some(), sums);
            }
        }
        for (dw, sum) in dw.iter_mut().zip(&*sums) {
            *dw = A::from_f64(sign * sum.increment);
        }
        for (area, sum) in area.into_iter().flatten().zip(sums) {
            *area = A::from_f64(sum.area);
        }
    }

    /// Adds a part of a cell to the segments of a group.
    fn add_cell(
        self,
        (sample, cell, group): (u64, usize, usize),
        (begin, end): (u64, u64),
        with_area: bool,
        sums: &mut [Segment],
    ) {
        let length = self.path.length(cell);
        let whole = begin == 0 && end == CELL;
        let mut increments = self.normals(sample, cell, 0, group);
        // No halving is at the end of its cell: the position is free for the areas.
        let mut areas = (with_area || !whole).then(|| self.normals(sample, cell, CELL, group));
        for (i, sum) in sums.iter_mut().enumerate() {
            let area = areas.as_mut().map_or(0.0, |normals| normals.sample(StandardNormal));
            let mut part = Segment::draw(length, increments.sample(StandardNormal), area);
            if !whole {
                let value = group * GROUP + i;
                part = part.part(BITS, begin, end, |position| {
                    let mut normals = self.normals(sample, cell, position, value);
                    (normals.sample(StandardNormal), normals.sample(StandardNormal))
                });
            }
            *sum = sum.join(part);
        }
    }

    /// The normals of a position in a cell, far from those of the next `index`.
    fn normals(self, sample: u64, cell: usize, position: u64, index: usize) -> Philox {
        Philox::new(self.path.seed, Self::address(sample, cell, position, index))
    }

    fn address(sample: u64, cell: usize, position: u64, index: usize) -> [u64; 4] {
        [sample, cell as u64, position, (index as u64) << 16]
    }

    fn sign(self) -> f64 {
        if self.reversed { -1.0 } else { 1.0 }
    }

    /// The number of the sample in a row.
    fn sample(self, row: usize) -> u64 {
        self.path.samples.as_ref().map_or(row as u64, |samples| samples[row])
    }
}
