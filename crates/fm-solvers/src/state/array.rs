//! [`State`] for ndarray arrays of `f32` or `f64`, of any dimension.

use ndarray::{Array, Dimension, NdFloat};

use super::{Layout, State};
use crate::SolveError;

/// Elements per pass over the operands of a combination: 8 KiB of `f64`, so that the block being built stays in the
/// first-level cache while the derivatives stream past it, and memory is read once per operand however many there are.
const BLOCK: usize = 1024;

/// A scalar that array states are made of.
pub trait Element: NdFloat {
    /// The type's name, for messages.
    const NAME: &'static str;

    /// Rounds a host coefficient to this type.
    fn from_f64(value: f64) -> Self;
}

impl Element for f32 {
    const NAME: &'static str = "f32";

    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Element for f64 {
    const NAME: &'static str = "f64";

    fn from_f64(value: f64) -> Self {
        value
    }
}

impl<A: Element, D: Dimension> State for Array<A, D> {
    type Stages = Vec<Self>;

    fn batch(&self) -> usize {
        self.shape().first().copied().unwrap_or(1)
    }

    fn layout(&self) -> Layout {
        Layout { shape: self.shape().to_vec(), element: A::NAME.to_owned(), device: "host".to_owned() }
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.raw_dim() == other.raw_dim()
    }

    fn alloc_like(&self) -> Self {
        Self::zeros(self.raw_dim())
    }

    fn non_finite_sample(&self) -> Option<usize> {
        let bad = self.iter().position(|x| !x.is_finite())?;
        Some(bad / (self.len() / self.batch()))
    }

    fn stages(&self, count: usize) -> Vec<Self> {
        (0..count).map(|_| self.alloc_like()).collect()
    }

    fn set_stage(
        stages: &mut Vec<Self>,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        eval(&mut stages[index])
    }

    #[track_caller]
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Vec<Self>) {
        let stages = &stages[..row.len()];
        let terms = || row.iter().map(|&a| A::from_f64(h * a)).zip(stages).filter(|(c, _)| *c != A::zero());
        assert!(
            self.same_layout(base) && stages.iter().all(|k| self.same_layout(k)),
            "a combination needs operands of one shape"
        );
        if !self.is_standard_layout() {
            *self = self.alloc_like();
        }
        let (Some(x), true) = (base.as_slice(), stages.iter().all(Self::is_standard_layout)) else {
            return combine_strided(self, base, terms());
        };
        let out = self.as_slice_mut().expect("made standard above");
        for (i, (out, x)) in out.chunks_mut(BLOCK).zip(x.chunks(BLOCK)).enumerate() {
            out.copy_from_slice(x);
            for (c, k) in terms() {
                let k = &k.as_slice().expect("checked above")[i * BLOCK..][..out.len()];
                for (out, &k) in out.iter_mut().zip(k) {
                    *out += c * k;
                }
            }
        }
    }
}

/// The same sums in the same order, for the arrays that are not in standard layout: a transposed initial state in its
/// first step, or a field that returns one.
fn combine_strided<'a, A: Element, D: Dimension + 'a>(
    out: &mut Array<A, D>,
    base: &Array<A, D>,
    terms: impl Iterator<Item = (A, &'a Array<A, D>)>,
) {
    out.assign(base);
    for (c, k) in terms {
        out.scaled_add(c, k);
    }
}
