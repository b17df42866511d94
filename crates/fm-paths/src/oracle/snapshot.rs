//! The mixture at one time: tables for each component, then sums over components for each state.

use std::f64::consts::TAU;

use ndarray::ArrayView1;

use super::GaussianMixture;
use crate::{PathError, Prediction, SchedulePoint};

/// A law seen through the path at one time.
///
/// A wanted quantity of component k is `data·m_k + pull_k·g_k` with `g_k = (z − α·m_k)/C_k`, in every coordinate.
pub(super) struct Snapshot<'a> {
    law: &'a GaussianMixture,
    alpha: f64,
    /// Coefficient of the component's mean.
    data: f64,
    /// `1/C` and `pull`, in the shape of the law's variances.
    tables: Vec<(f64, f64)>,
    /// `−½ Σ_j log(2π·C_kj)`, one for each row of variances.
    log_norms: Vec<f64>,
}

/// Room for one state, so that rows do not allocate.
pub(super) struct Scratch {
    z: Vec<f64>,
    weights: Vec<f64>,
    mean_score: Vec<f64>,
    mean_wanted: Vec<f64>,
}

impl Scratch {
    pub(super) fn new(components: usize, dim: usize) -> Self {
        let room = |n| vec![0.0; n];
        Self { z: room(dim), weights: room(components), mean_score: room(dim), mean_wanted: room(dim) }
    }

    pub(super) fn load(&mut self, z: &ArrayView1<'_, f64>) {
        for (own, &z) in self.z.iter_mut().zip(z) {
            *own = z;
        }
    }
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(
        law: &'a GaussianMixture,
        point: SchedulePoint,
        wanted: Prediction,
        t: f64,
        index: usize,
    ) -> Result<Self, PathError> {
        // The score row is infinite where σ = 0, the product with E[x₀ | z] = σ·g is not: the σ is cancelled by hand.
        let (data, noise) = match wanted {
            Prediction::Score => (0.0, -1.0),
            other => {
                let row = other.row(point);
                (row.data, row.noise * point.sigma)
            }
        };
        if !(data.is_finite() && noise.is_finite()) {
            return Err(PathError::Undefined { wanted, t, index });
        }
        let (alpha, sigma2) = (point.alpha, point.sigma * point.sigma);
        let variances = law.variances();
        let mut tables = Vec::with_capacity(variances.len());
        for &v in variances {
            let covariance = alpha * alpha * v + sigma2;
            if !(covariance > 0.0 && covariance.is_finite()) {
                return Err(PathError::Degenerate { t, index });
            }
            tables.push((1.0 / covariance, data * alpha * v + noise));
        }
        let repeats = (law.dim() / variances.ncols()) as f64;
        let log_norms = tables
            .chunks_exact(variances.ncols())
            .map(|row| 0.5 * repeats * row.iter().map(|&(precision, _)| (precision / TAU).ln()).sum::<f64>())
            .collect();
        Ok(Self { law, alpha, data, tables, log_norms })
    }

    /// Calls `f` with (m, 1/C, pull) for every coordinate of component `k`.
    fn coordinates(&self, k: usize) -> impl Iterator<Item = (f64, f64, f64)> {
        let columns = self.law.variances().ncols();
        let row = if self.law.variances().nrows() == 1 { 0 } else { k };
        let table = &self.tables[row * columns..(row + 1) * columns];
        // One column is repeated for every coordinate, d columns are taken once.
        let mean = self.law.means().row(k).to_slice().expect("means are stored row by row");
        mean.iter().zip(table.iter().cycle()).map(|(&m, &(precision, pull))| (m, precision, pull))
    }

    /// Fills the posterior weights of the components and returns `log p(z)`.
    pub(super) fn log_density(&self, scratch: &mut Scratch) -> f64 {
        for k in 0..self.law.len() {
            let distance: f64 = self
                .coordinates(k)
                .zip(&scratch.z)
                .map(|((m, precision, _), z)| precision * (z - self.alpha * m).powi(2))
                .sum();
            let norm = self.log_norms[if self.log_norms.len() == 1 { 0 } else { k }];
            scratch.weights[k] = self.law.log_weights()[k] + norm - 0.5 * distance;
        }
        let largest = scratch.weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for weight in &mut scratch.weights {
            *weight = (*weight - largest).exp();
            total += *weight;
        }
        for weight in &mut scratch.weights {
            *weight /= total;
        }
        largest + total.ln()
    }

    /// The posterior mean of the wanted quantity.
    pub(super) fn predict(&self, scratch: &mut Scratch, out: &mut [f64]) {
        self.log_density(scratch);
        out.fill(0.0);
        for (k, &weight) in scratch.weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            for (((m, precision, pull), z), out) in self.coordinates(k).zip(&scratch.z).zip(&mut *out) {
                *out += weight * (self.data * m + pull * precision * (z - self.alpha * m));
            }
        }
    }

    /// The divergence of the posterior mean: mean trace plus covariance of component scores and component fields.
    pub(super) fn divergence(&self, scratch: &mut Scratch) -> f64 {
        self.log_density(scratch);
        scratch.mean_score.fill(0.0);
        scratch.mean_wanted.fill(0.0);
        let Scratch { z, weights, mean_score, mean_wanted } = scratch;
        let kept = || weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
        for (k, weight) in kept() {
            for (j, (m, precision, pull)) in self.coordinates(k).enumerate() {
                let g = precision * (z[j] - self.alpha * m);
                mean_score[j] -= weight * g;
                mean_wanted[j] += weight * (self.data * m + pull * g);
            }
        }
        let mut divergence = 0.0;
        for (k, weight) in kept() {
            for (j, (m, precision, pull)) in self.coordinates(k).enumerate() {
                let g = precision * (z[j] - self.alpha * m);
                let spread = (-g - mean_score[j]) * (self.data * m + pull * g - mean_wanted[j]);
                divergence += weight * (pull * precision + spread);
            }
        }
        divergence
    }
}
