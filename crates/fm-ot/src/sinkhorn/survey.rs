//! A look at all costs before anything is computed from them.

use std::hint::black_box;

use super::lanes::LANES;
use crate::Real;

/// Sum, least and largest of some costs. What is not finite makes the sum so, and so may costs near the end of the range.
#[inline(always)]
pub(super) fn survey<A: Real>(costs: &[A]) -> (f64, A, A) {
    // So few, times four, are added up in the precision of the costs that a mean is exact to single precision.
    const CHUNKS: usize = 2;
    let smaller = |a: A, b: A| if b < a { b } else { a };
    let larger = |a: A, b: A| if b > a { b } else { a };
    let mut sum = [0.0; LANES];
    let (mut least, mut most) = ([A::infinity(); LANES], [A::neg_infinity(); LANES]);
    let (chunks, tail) = costs.as_chunks::<LANES>();
    // From four places at a time, at which memory is faster than at one.
    let quarter = chunks.len() / 4;
    let [first, second, third, fourth] = std::array::from_fn(|k| chunks[quarter * k..][..quarter].chunks(CHUNKS));
    for (((a, b), c), d) in first.zip(second).zip(third).zip(fourth) {
        let mut sums = [A::zero(); LANES];
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            for l in 0..LANES {
                sums[l] += (a[l] + b[l]) + (c[l] + d[l]);
                least[l] = smaller(smaller(least[l], smaller(a[l], b[l])), smaller(c[l], d[l]));
                most[l] = larger(larger(most[l], larger(a[l], b[l])), larger(c[l], d[l]));
            }
        }
        for l in 0..LANES {
            sum[l] += sums[l].widen();
        }
    }
    let rest = chunks[4 * quarter..].as_flattened().iter().chain(tail);
    for (k, &c) in rest.enumerate() {
        let l = k % LANES;
        sum[l] += c.widen();
        least[l] = smaller(least[l], c);
        most[l] = larger(most[l], c);
    }
    // Out of the registers first: the compiler would vectorise by pairs from here on, and then also in the loop above.
    let (sum, [least, most]) = black_box((sum, [least, most]));
    (
        sum.into_iter().sum(),
        least.into_iter().fold(A::infinity(), smaller),
        most.into_iter().fold(A::neg_infinity(), larger),
    )
}

#[cfg(test)]
mod tests {
    use super::survey;
    use crate::limited::limited;

    #[test]
    fn a_survey_sees_every_entry() {
        let _limited = limited();
        for n in [1, 31, 32, 33, 100, 129, 300, 1100] {
            let row: Vec<f32> = (0..n).map(|k| ((k * 7 + 3) % n) as f32).collect();
            assert_eq!(survey(&row), ((n * (n - 1) / 2) as f64, 0.0, (n - 1) as f32));
            for place in 0..n {
                let mut bad = row.clone();
                bad[place] = f32::NAN;
                assert!(survey(&bad).0.is_nan());
            }
        }
    }
}
