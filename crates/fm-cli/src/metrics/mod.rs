//! What `fm eval` measures with nothing but arrays: does a classifier recognise the samples, and are they copies?
//!
//! Everything here is exact and without randomness. Nearest neighbours are found by comparing all pairs: that is a
//! fraction of a second for the sizes that an evaluation has, and a tree gains nothing in 64 dimensions.

mod energy;
mod knn;
mod neighbours;

pub use self::energy::{normalised_path_energy, path_energy};
pub use self::knn::KnnClassifier;
pub use self::neighbours::memorisation_ratio;

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Uniform points in a cube.
    pub(super) fn cloud(n: usize, d: usize, seed: u64) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((n, d), || rng.random_range(-1.0..1.0))
    }
}
