//! The coefficients of a block of rows, each a run of numbers.
//!
//! A batch takes its times in blocks. What a row needs is laid out by coefficient, not by row, so that each loop over the
//! rows of a block is straight: no branch, a stride of one, as many rows at a time as the processor's vector unit holds.
//! What is singular becomes a number that is not finite, found by one look at the block; the scalar formula then says what
//! is wrong with it. Rejected: a `Result` for each row, which costs more than the coefficients.

use pulp::{Arch, Simd, WithSimd};

use crate::points::PointBlock;
use crate::{AffinePath, Mix, PathError, Prediction, Schedule, SchedulePoint, mix};

/// Rows of a block.
pub(crate) const BLOCK: usize = 64;

/// The coefficients of K inputs, `[input][row]`. Rows beyond those of the batch hold anything.
pub(crate) type Runs<const K: usize> = [[f64; BLOCK]; K];

/// Runs `body`, and all that is inlined into it, compiled for the widest vector unit of this processor.
///
/// Multiplications and additions are never fused, so every unit gives the same bits. What is behind a pointer is not
/// inlined: a schedule whose loops are plain arithmetic calls this itself. Loops that call functions of the platform's
/// library are better left alone; those functions know nothing of wide registers, and saving these costs more.
#[inline(always)]
pub(crate) fn vectorised<R>(body: impl FnMut() -> R) -> R {
    /// A closure called by reference: calling it by value goes through a function that nothing inlines.
    struct Body<F>(F);

    impl<R, F: FnMut() -> R> WithSimd for Body<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    widest().dispatch(Body(body))
}

/// The widest vector unit; tests choose another.
#[cfg(not(test))]
#[inline(always)]
fn widest() -> Arch {
    Arch::new()
}
#[cfg(test)]
use tests::widest;

/// What makes the runs of M quantities from the points of a block whose first row has the given index.
pub(crate) trait Make<const M: usize>: Fn(usize, &PointBlock, &mut [Runs<2>; M]) {}

impl<F: Fn(usize, &PointBlock, &mut [Runs<2>; M]), const M: usize> Make<M> for F {}

/// Writes `row(point)` for each point.
#[inline(always)]
fn write(points: &PointBlock, [data, noise]: &mut Runs<2>, row: impl Fn(SchedulePoint) -> Mix) {
    for ((point, data), noise) in points.iter().zip(data).zip(noise) {
        let row = row(point);
        (*data, *noise) = (row.data, row.noise);
    }
}

/// The rows of the state.
#[inline(always)]
pub(crate) fn state(points: &PointBlock, runs: &mut Runs<2>) {
    write(points, runs, SchedulePoint::state);
}

impl Prediction {
    /// [`Prediction::row`] of each point.
    #[inline(always)]
    pub(crate) fn runs(self, points: &PointBlock, runs: &mut Runs<2>) {
        // One loop each, in which the kind is a constant.
        match self {
            Self::Data => write(points, runs, |point| Self::Data.row(point)),
            Self::Noise => write(points, runs, |point| Self::Noise.row(point)),
            Self::Velocity => write(points, runs, |point| Self::Velocity.row(point)),
            Self::V => write(points, runs, |point| Self::V.row(point)),
            Self::Score => write(points, runs, |point| Self::Score.row(point)),
        }
    }
}

/// [`crate::solve`] at each point: the rows in `runs` become the coefficients (state, prediction).
#[inline(always)]
pub(crate) fn from_prediction(points: &PointBlock, given: Prediction, runs: &mut Runs<2>) {
    let (mut z, mut p) = ([[0.0; BLOCK]; 2], [[0.0; BLOCK]; 2]);
    state(points, &mut z);
    given.runs(points, &mut p);
    let row = |runs: &Runs<2>, i: usize| Mix { data: runs[0][i], noise: runs[1][i] };
    for i in 0..points.len() {
        let found = mix::combination(row(&z, i), row(&p, i), row(runs, i));
        (runs[0][i], runs[1][i]) = (found.state, found.prediction);
    }
}

/// The first of `count` rows with a coefficient that is not finite.
#[inline(always)]
pub(crate) fn first_bad<const K: usize, const M: usize>(count: usize, block: &[Runs<K>; M]) -> Option<usize> {
    let mut finite = true;
    for run in block.iter().flatten() {
        for c in &run[..count] {
            finite &= c.is_finite();
        }
    }
    if finite { None } else { (0..count).find(|&row| block.iter().flatten().any(|run| !run[row].is_finite())) }
}

impl<S: Schedule> AffinePath<S> {
    /// The runs of `block` for `count` times from `first` on; `error` says what is wrong with the first row that is not finite.
    #[inline(always)]
    pub(crate) fn fill<const M: usize>(
        &self,
        t: &[f64],
        (first, count): (usize, usize),
        block: &mut [Runs<2>; M],
        make: &impl Make<M>,
        error: &impl Fn(usize) -> PathError,
    ) -> Result<(), PathError> {
        let times = &t[first..first + count];
        let mut points = PointBlock::new();
        self.points(times, &mut points);
        make(first, &points, block);
        if let Some(row) = first_bad(points.len(), block) {
            return Err(error(first + row));
        }
        match times.get(points.len()) {
            Some(&t) => Err(PathError::TimeOutOfRange { index: first + points.len(), t }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Cosine, DdpmBeta, Edm, IddpmBeta, Linear, LinearBeta, LinearVp, Polynomial, Ve, Vp, path};

    /// The vector units of this machine, and none.
    fn units() -> Vec<Arch> {
        let mut units = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            units.extend(pulp::x86::V3::try_new().map(Arch::V3));
            units.extend(pulp::x86::V4::try_new().map(Arch::V4));
        }
        units
    }

    thread_local! {
        static CHOSEN: Cell<Option<Arch>> = const { Cell::new(None) };
    }

    /// The unit that a test has chosen.
    pub(super) fn widest() -> Arch {
        CHOSEN.get().unwrap_or_default()
    }

    /// The bits of every conversion at times that fill a block and part of another, ends included, on one unit. Of a block
    /// with a singular row, those before it.
    fn bits(unit: Arch, path: &AffinePath<impl Schedule>) -> Vec<[u64; 2]> {
        CHOSEN.set(Some(unit));
        let t: Vec<f64> = (0..BLOCK + 6).map(|i| i as f64 / (BLOCK + 5) as f64).collect();
        let mut bits = Vec::new();
        for given in Prediction::ALL {
            for wanted in Prediction::ALL {
                let make = path::make_conversion(given, wanted);
                for (first, count) in [(1, BLOCK), (BLOCK, 6), (0, 2)] {
                    let mut block = [[[0.0; BLOCK]; 2]];
                    let error = |index| PathError::Singular { given, wanted, t: t[index], index };
                    let done = vectorised(
                        #[inline(always)]
                        || path.fill(&t, (first, count), &mut block, &make, &error),
                    );
                    let [[state, prediction]] = &block;
                    let rows = match done {
                        Ok(()) => count,
                        Err(PathError::Singular { index, .. }) => index - first,
                        Err(other) => panic!("{other}"),
                    };
                    bits.extend((0..rows).map(|i| [state[i], prediction[i]].map(f64::to_bits)));
                }
            }
        }
        bits
    }

    #[test]
    fn every_vector_unit_gives_the_same_bits() {
        fn agrees(name: &str, schedule: impl Schedule) {
            let path = AffinePath::new(schedule);
            let widest = bits(Arch::new(), &path);
            for unit in units() {
                assert_eq!(bits(unit, &path), widest, "{name} on {unit:?}");
            }
        }
        agrees("linear", Linear);
        agrees("cosine", Cosine);
        agrees("polynomial", Polynomial { power: 2.5 });
        agrees("linear-vp", LinearVp);
        agrees("vp", Vp::<LinearBeta>::default());
        agrees("ddpm", Vp::<DdpmBeta>::default());
        agrees("iddpm", Vp::<IddpmBeta>::default());
        agrees("ve", Ve::default());
        agrees("edm", Edm::default());
    }
}
