//! Two-dimensional toy densities, each with one fixed definition.
//!
//! "8 Gaussians" and "moons" mean several incompatible things in the literature, often within one repository. Here
//! every number of a definition is a parameter, and the defaults are those behind the tables of Tong et al. 2024.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use ndarray_rand::RandomExt;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use crate::PathError;

/// A density that can be sampled.
///
/// | `kind` | parameters (default) | definition |
/// |---|---|---|
/// | `normal` (default) | `dim` (2) | standard normal |
/// | `eight-gaussians` | `radius` (5), `std` (1) | equal Gaussians on a circle, the first at angle 0 |
/// | `moons` | `noise` (0.05), `scale` (2) | two half circles of radius 1 as in scikit-learn's `make_moons`, plus noise, times `scale`, first coordinate minus 1; evenly spread |
/// | `s-curve` | `noise` (0.05), `scale` (1.5) | coordinates 0 and 2 of scikit-learn's `make_s_curve`, times `scale` |
/// | `checkerboard` | `cells` (4), `width` (8) | uniform on the dark cells of a centred board with an even number of cells a side |
///
/// As in `make_moons`, a sample of the moons is spread evenly: half of it on each, one point in each equal part of their
/// length, in random order. Each point has the density's law; two samples are closer to each other than independent
/// points would be, which is what published distances between samples of the moons refer to.
///
/// # Examples
/// ```
/// use fm_paths::Toy;
/// use rand::SeedableRng;
///
/// let board = Toy::Checkerboard { cells: 4, width: 8.0 }; // cells of side 2 on [−4, 4]²
/// let x = board.sample(100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
/// assert!(x.rows().into_iter().all(|x| ((x[0] / 2.0).floor() + (x[1] / 2.0).floor()) % 2.0 == 0.0)); // dark
/// ```
///
/// # References
/// - A. Tong et al., *Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport*,
///   TMLR 2024, Section 5.1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are described in the table")]
pub enum Toy {
    /// The standard normal distribution.
    Normal {
        #[cfg_attr(feature = "serde", serde(default = "defaults::dim"))]
        dim: usize,
    },
    /// A ring of eight Gaussians.
    EightGaussians {
        #[cfg_attr(feature = "serde", serde(default = "defaults::radius"))]
        radius: f64,
        #[cfg_attr(feature = "serde", serde(default = "defaults::std"))]
        std: f64,
    },
    /// Two interleaved half circles.
    Moons {
        #[cfg_attr(feature = "serde", serde(default = "defaults::noise"))]
        noise: f64,
        #[cfg_attr(feature = "serde", serde(default = "defaults::moons_scale"))]
        scale: f64,
    },
    /// The letter S.
    SCurve {
        #[cfg_attr(feature = "serde", serde(default = "defaults::noise"))]
        noise: f64,
        #[cfg_attr(feature = "serde", serde(default = "defaults::s_curve_scale"))]
        scale: f64,
    },
    /// Alternating squares.
    Checkerboard {
        #[cfg_attr(feature = "serde", serde(default = "defaults::cells"))]
        cells: usize,
        #[cfg_attr(feature = "serde", serde(default = "defaults::width"))]
        width: f64,
    },
}

/// The defaults of the table, for configuration files that leave a parameter out.
#[cfg(feature = "serde")]
mod defaults {
    pub(super) fn dim() -> usize {
        2
    }
    pub(super) fn radius() -> f64 {
        5.0
    }
    pub(super) fn std() -> f64 {
        1.0
    }
    pub(super) fn noise() -> f64 {
        0.05
    }
    pub(super) fn moons_scale() -> f64 {
        2.0
    }
    pub(super) fn s_curve_scale() -> f64 {
        1.5
    }
    pub(super) fn cells() -> usize {
        4
    }
    pub(super) fn width() -> f64 {
        8.0
    }
}

impl Default for Toy {
    fn default() -> Self {
        Self::Normal { dim: 2 }
    }
}

impl Toy {
    /// Dimension of one sample.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Toy;
    /// assert_eq!((Toy::Normal { dim: 7 }.dim(), Toy::Moons { noise: 0.05, scale: 2.0 }.dim()), (7, 2));
    /// ```
    pub fn dim(&self) -> usize {
        match self {
            Self::Normal { dim } => *dim,
            _ => 2,
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] naming the first one outside its domain: positive sizes, non-negative noise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Toy;
    /// assert!(Toy::Checkerboard { cells: 3, width: 8.0 }.validate().is_err()); // odd
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let size =
            |name, value: f64| PathError::require(value.is_finite() && value > 0.0, name, value, "positive and finite");
        let noise = |name, value: f64| {
            PathError::require(value.is_finite() && value >= 0.0, name, value, "non-negative and finite")
        };
        match *self {
            Self::Normal { dim } => size("dim", dim as f64),
            Self::EightGaussians { radius, std } => size("radius", radius).and(noise("std", std)),
            Self::Moons { noise: level, scale } | Self::SCurve { noise: level, scale } => {
                size("scale", scale).and(noise("noise", level))
            }
            Self::Checkerboard { cells, width } => {
                PathError::require(cells >= 2 && cells % 2 == 0, "cells", cells as f64, "even and at least 2")
                    .and(size("width", width))
            }
        }
    }

    /// Draws `n` samples.
    ///
    /// # Shapes
    /// `[n, dim]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Toy;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    /// let x = Toy::EightGaussians { radius: 5.0, std: 0.0 }.sample(100, &mut rng);
    /// assert!(x.rows().into_iter().all(|row| (row.dot(&row).sqrt() - 5.0).abs() < 1e-5));
    /// ```
    pub fn sample<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Array2<f32> {
        if let Self::Normal { dim } = *self {
            return Array2::random_using((n, dim), StandardNormal, rng);
        }
        let mut strata: Vec<usize> = (0..n).collect();
        if let Self::Moons { .. } = self {
            strata.shuffle(rng);
        }
        let mut x = Array2::zeros((n, 2));
        for (mut row, stratum) in x.rows_mut().into_iter().zip(strata) {
            let [a, b] = self.point((stratum as f64 + rng.random::<f64>()) / n as f64, rng);
            row[0] = a as f32;
            row[1] = b as f32;
        }
        x
    }

    /// One point of the two-dimensional densities; the moons take their place along both arcs from `u`, uniform on (0, 1).
    fn point<R: Rng + ?Sized>(&self, u: f64, rng: &mut R) -> [f64; 2] {
        let normal = |std: f64, rng: &mut R| -> f64 { std * Distribution::<f64>::sample(&StandardNormal, rng) };
        match *self {
            Self::Normal { .. } => [normal(1.0, rng), normal(1.0, rng)],
            Self::EightGaussians { radius, std } => {
                let angle = TAU * f64::from(rng.random_range(0..8_u8)) / 8.0;
                [radius * angle.cos() + normal(std, rng), radius * angle.sin() + normal(std, rng)]
            }
            Self::Moons { noise, scale } => {
                let angle = TAU * u;
                let (x, y) = if u < 0.5 { (angle.cos(), angle.sin()) } else { (1.0 + angle.cos(), 0.5 + angle.sin()) };
                [scale * (x + normal(noise, rng)) - 1.0, scale * (y + normal(noise, rng))]
            }
            Self::SCurve { noise, scale } => {
                let angle = 3.0 * PI * (rng.random::<f64>() - 0.5);
                let (x, y) = (angle.sin(), angle.signum() * (angle.cos() - 1.0));
                [scale * (x + normal(noise, rng)), scale * (y + normal(noise, rng))]
            }
            Self::Checkerboard { cells, width } => {
                let cell = width / cells as f64;
                let row = rng.random_range(0..cells);
                let column = 2 * rng.random_range(0..cells / 2) + row % 2;
                let at = |index: usize, rng: &mut R| (index as f64 + rng.random::<f64>()) * cell - width / 2.0;
                [at(column, rng), at(row, rng)]
            }
        }
    }
}
