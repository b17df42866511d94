//! Seeded point sets that the other modules share.

use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::{StandardNormal, Uniform};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn normal(n: usize, d: usize, seed: u64) -> Array2<f64> {
    Array2::random_using((n, d), StandardNormal, &mut rng(seed))
}

pub(crate) fn uniform(n: usize, d: usize, seed: u64) -> Array2<f64> {
    Array2::random_using((n, d), Uniform::new(0.0, 1.0).unwrap(), &mut rng(seed))
}

/// Eight normals of deviation 0.3 around random centres of deviation 3.
pub(crate) fn mixture(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let centres = normal(8, d, 1);
    let mut rng = rng(seed);
    let noise = Array2::<f64>::random_using((n, d), StandardNormal, &mut rng);
    let component: Vec<usize> = (0..n).map(|_| rng.random_range(0..8)).collect();
    Array2::from_shape_fn((n, d), |(i, j)| 3.0 * centres[[component[i], j]] + 0.3 * noise[[i, j]])
}

/// Points with small integer coordinates: nearly every distance is tied with others.
pub(crate) fn lattice(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut rng = rng(seed);
    Array2::from_shape_simple_fn((n, d), || f64::from(rng.random_range(0_u8..7)))
}
