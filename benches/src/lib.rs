//! The inputs of the benchmarks, seeded, so that every run and every file sees the same numbers.
//!
//! The Python peers draw from the same laws with their own generators: `benches/peers/inputs.py` mirrors this file.

mod clock;
mod facts;
mod ring;
mod schedules;

use std::f64::consts::TAU;
use std::sync::LazyLock;

use fm_paths::Toy;
use fm_solvers::{Element, SolveError, Time};
use ndarray::{Array2, Zip};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use clock::{Clock, criterion};
pub use facts::{Facts, record};
pub use ring::RingVelocity;
pub use schedules::schedules;

/// The number of Gaussians on the ring.
const MODES: usize = 8;
const RADIUS: f64 = 5.0;
/// Variance 0.1: narrow modes, well apart.
const STD: f64 = 0.316_227_766;

/// The generator of all inputs.
pub fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1234)
}

/// Standard normal points. Shape `[n, d]`.
pub fn noise(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f32> {
    Toy::Normal { dim: d }.sample(n, rng)
}

/// Points of a mixture of eight Gaussians: a ring in the plane, random centres in more dimensions. Shape `[n, d]`.
pub fn mixture(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f32> {
    if d == 2 {
        return Toy::EightGaussians { radius: RADIUS, std: STD }.sample(n, rng);
    }
    let centres = noise(MODES, d, rng);
    let mut points = noise(n, d, rng) * 0.5;
    for mut point in points.rows_mut() {
        point += &centres.row(rng.random_range(0..MODES));
    }
    points
}

/// Times of a batch, uniform in `[0, 1)`.
pub fn times(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| rng.random()).collect()
}

/// The exact marginal velocity of the linear path from a standard normal to the ring of eight Gaussians, in `f64`.
///
/// ```text
/// u(t, x) = E[x1 - x0 | z = x] = sum_k w_k(x) [ m_k + (t s^2 - (1 - t)) / v * (x - t m_k) ],   v = (1 - t)^2 + t^2 s^2
/// ```
///
/// # Errors
/// None; the type is that of a field.
pub fn mixture_velocity(time: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
    let t = time.row(0);
    let variance = (1.0 - t).powi(2) + (t * STD).powi(2);
    let gain = (t * STD * STD - (1.0 - t)) / variance;
    let centres = *RING;
    Zip::from(out.rows_mut()).and(x.rows()).for_each(|mut out, x| {
        let exponent = centres.map(|m| -((x[0] - t * m[0]).powi(2) + (x[1] - t * m[1]).powi(2)) / (2.0 * variance));
        let largest = exponent.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut mean) = (0.0, [0.0; 2]);
        for (exponent, m) in exponent.iter().zip(&centres) {
            let weight = (exponent - largest).exp();
            total += weight;
            mean[0] += weight * m[0];
            mean[1] += weight * m[1];
        }
        for axis in 0..2 {
            let mean = mean[axis] / total;
            out[axis] = mean + gain * (x[axis] - t * mean);
        }
    });
    Ok(())
}

/// The same velocity of one point, in the precision of the point.
pub fn ring_velocity<A: Element>(t: f64, x: &[A], out: &mut [A]) {
    let cast = A::from_f64;
    let variance = (1.0 - t).powi(2) + (t * STD).powi(2);
    let (slope, gain) = (cast(-0.5 / variance), cast((t * STD * STD - (1.0 - t)) / variance));
    let (point, t) = ([x[0], x[1]], cast(t));
    let mut exponents = [A::zero(); MODES];
    for (exponent, centre) in exponents.iter_mut().zip(RING.iter()) {
        let [dx, dy] = [0, 1].map(|axis| point[axis] - t * cast(centre[axis]));
        *exponent = slope * (dx * dx + dy * dy);
    }
    let largest = exponents.iter().copied().fold(A::neg_infinity(), A::max);
    let (mut total, mut mean) = (A::zero(), [A::zero(); 2]);
    for (exponent, centre) in exponents.iter().zip(RING.iter()) {
        let weight = (*exponent - largest).exp();
        total += weight;
        mean[0] += weight * cast(centre[0]);
        mean[1] += weight * cast(centre[1]);
    }
    for axis in 0..2 {
        let mean = mean[axis] / total;
        out[axis] = mean + gain * (point[axis] - t * mean);
    }
}

/// The centres of the ring.
pub(crate) static RING: LazyLock<[[f64; 2]; MODES]> = LazyLock::new(|| {
    std::array::from_fn(|k| {
        let angle = TAU * k as f64 / MODES as f64;
        [RADIUS * angle.cos(), RADIUS * angle.sin()]
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_repeat() {
        assert_eq!(mixture(10, 3, &mut rng()), mixture(10, 3, &mut rng()));
    }

    #[test]
    fn the_velocity_of_a_point_is_that_of_a_batch() {
        let x = noise(50, 2, &mut rng()).mapv(f64::from);
        let (mut u, mut own) = (Array2::zeros((50, 2)), [0.0; 2]);
        mixture_velocity(Time::All(0.6), &x, &mut u).unwrap();
        for (x, u) in x.rows().into_iter().zip(u.rows()) {
            ring_velocity(0.6, x.as_slice().unwrap(), &mut own);
            assert!((own[0] - u[0]).abs() < 1e-12 && (own[1] - u[1]).abs() < 1e-12, "{own:?} {u}");
        }
    }

    #[test]
    fn the_velocity_at_the_source_is_the_mean_of_the_target_minus_the_point() {
        let x = Array2::from_elem((1, 2), 0.7);
        let mut u = Array2::zeros((1, 2));
        mixture_velocity(Time::All(0.0), &x, &mut u).unwrap();
        assert!(u.iter().all(|u| (u + 0.7).abs() < 1e-12), "{u}");
    }
}
