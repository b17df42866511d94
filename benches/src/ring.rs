//! The exact velocity to the ring of eight Gaussians for many points at once, in `f32`.
//!
//! What a field in compiled code looks like when somebody cares: sixteen points a time in vector registers, with an
//! exponential that needs no call. A field that calls the exponential of the system for each mode takes ten times as long and
//! hides every solver behind it.

#![expect(clippy::inline_always, reason = "a function has the vector unit of its caller only if it is a part of it")]

use fm_solvers::{SolveError, Time, VectorField};
use ndarray::Array2;

use crate::{MODES, RING, STD};

const LANES: usize = 16;

type Lanes = [f32; LANES];

/// The field of [`ring_velocity`](crate::ring_velocity) for whole batches.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingVelocity {
    arch: pulp::Arch,
}

/// What the velocity needs to know of a time.
#[derive(Clone, Copy)]
struct Moment {
    t: f32,
    slope: f32,
    gain: f32,
}

impl Moment {
    #[inline(always)]
    fn new(t: f64) -> Self {
        let variance = (1.0 - t) * (1.0 - t) + (t * STD) * (t * STD);
        let gain = (t * STD * STD - (1.0 - t)) / variance;
        Self { t: t as f32, slope: (-0.5 / variance) as f32, gain: gain as f32 }
    }
}

impl VectorField<Array2<f32>> for RingVelocity {
    fn eval(&mut self, t: Time<'_>, x: &Array2<f32>, out: &mut Array2<f32>) -> Result<(), SolveError> {
        let x = x.as_slice().expect("in standard layout");
        let out = out.as_slice_mut().expect("in standard layout");
        self.arch.dispatch(|| {
            let mut points = [0.0; 2 * LANES];
            for (block, (x, out)) in x.chunks(2 * LANES).zip(out.chunks_mut(2 * LANES)).enumerate() {
                points[..x.len()].copy_from_slice(x);
                let velocities = match t {
                    Time::All(t) => velocities(&[Moment::new(t); LANES], &points),
                    Time::Rows(times) => {
                        let times = &times[block * LANES..][..x.len() / 2];
                        let moment = |i: usize| Moment::new(times[i.min(times.len() - 1)]);
                        velocities(&std::array::from_fn(moment), &points)
                    }
                };
                out.copy_from_slice(&velocities[..x.len()]);
            }
        });
        Ok(())
    }
}

#[inline(always)]
fn velocities(moments: &[Moment; LANES], points: &[f32; 2 * LANES]) -> [f32; 2 * LANES] {
    let (t, slope, gain) = (moments.map(|m| m.t), moments.map(|m| m.slope), moments.map(|m| m.gain));
    let axes: [Lanes; 2] = [0, 1].map(|axis| std::array::from_fn(|i| points[2 * i + axis]));
    // A cosine of a quarter turn is 6e-17, and products with it would leave the normal numbers, where arithmetic is slow.
    let centres = RING.map(|centre| centre.map(|c| if c.abs() < 1e-9 { 0.0 } else { c as f32 }));
    let mut exponents = [[0.0; LANES]; MODES];
    let mut largest = [f32::NEG_INFINITY; LANES];
    for (exponent, centre) in exponents.iter_mut().zip(&centres) {
        for i in 0..LANES {
            let (dx, dy) = (axes[0][i] - t[i] * centre[0], axes[1][i] - t[i] * centre[1]);
            exponent[i] = slope[i] * (dx * dx + dy * dy);
            largest[i] = if exponent[i] > largest[i] { exponent[i] } else { largest[i] };
        }
    }
    let (mut total, mut means) = ([0.0; LANES], [[0.0; LANES]; 2]);
    for (exponent, centre) in exponents.iter().zip(&centres) {
        for i in 0..LANES {
            let weight = exp(exponent[i] - largest[i]);
            total[i] += weight;
            means[0][i] += weight * centre[0];
            means[1][i] += weight * centre[1];
        }
    }
    let mut out = [0.0; 2 * LANES];
    for i in 0..LANES {
        for axis in 0..2 {
            let mean = means[axis][i] / total[i];
            out[2 * i + axis] = mean + gain[i] * (axes[axis][i] - t[i] * mean);
        }
    }
    out
}

/// The exponential of a number in `[-60, 0]`, or of -60 for those below, to two roundings: `2^n` times a polynomial on `[-ln 2/2, ln 2/2]`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding it leaves the nearest whole number in the last bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = if x > -60.0 { x } else { -60.0 };
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    // ln 2 in two parts, the first with few digits: the product is exact.
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    p * f32::from_bits(shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{noise, ring_velocity, rng};

    #[test]
    fn the_exponential_is_exact_to_two_roundings() {
        for i in 0..6000 {
            let x = -0.01 * i as f32;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2.5e-7, "{x}");
        }
    }

    #[test]
    fn points_together_move_as_points_alone() {
        let x = noise(37, 2, &mut rng());
        let times: Vec<f64> = (0..37).map(|i| f64::from(i) / 36.0).collect();
        let mut rows = Array2::zeros((37, 2));
        RingVelocity::default().eval(Time::Rows(&times), &x, &mut rows).unwrap();
        for (i, &t) in times.iter().enumerate() {
            let mut all = Array2::zeros((37, 2));
            RingVelocity::default().eval(Time::All(t), &x, &mut all).unwrap();
            assert_eq!(rows.row(i), all.row(i));
            let (point, mut exact) = ([f64::from(x[[i, 0]]), f64::from(x[[i, 1]])], [0.0; 2]);
            ring_velocity(t, &point, &mut exact);
            // The slope at the last time is 5, and exponents reach 200.
            assert!(
                (0..2).all(|axis| (f64::from(rows[[i, axis]]) - exact[axis]).abs() < 1e-3),
                "{t}: {rows} {exact:?}"
            );
        }
    }
}
