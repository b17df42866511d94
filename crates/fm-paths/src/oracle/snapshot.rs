//! The mixture at one time: tables for each component, then sums over components for each state.

use std::f64::consts::TAU;

use ndarray::linalg::general_mat_vec_mul;
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1};

use super::GaussianMixture;
use crate::{PathError, Prediction, SchedulePoint};

/// A law seen through the path at one time.
///
/// In the axes of component k, a wanted quantity is `data·m_k + pull_k·g_k` with `g_k = (z − α·m_k)/C_k`, in every
/// coordinate.
pub(super) struct Snapshot<'a> {
    law: &'a GaussianMixture,
    alpha: f64,
    /// Coefficient of the component's mean.
    data: f64,
    /// `1/C`, in the shape of the law's variances.
    precisions: Vec<f64>,
    /// `pull`, likewise.
    pulls: Vec<f64>,
    /// `−½ Σ_j log(2π·C_kj)`, one for each row of variances.
    log_norms: Vec<f64>,
}

/// Room for one state, so that rows do not allocate.
pub(super) struct Scratch {
    pub(super) z: Vec<f64>,
    pub(super) out: Vec<f64>,
    weights: Vec<f64>,
    mean_score: Vec<f64>,
    /// The state, the mean score and the mean of the wanted quantity in the axes of a component.
    turned: [Vec<f64>; 3],
}

impl Scratch {
    pub(super) fn new(components: usize, dim: usize) -> Self {
        let room = |n| vec![0.0; n];
        let turned = [room(dim), room(dim), room(dim)];
        Self { z: room(dim), out: room(dim), weights: room(components), mean_score: room(dim), turned }
    }
}

/// One component in its own axes.
struct Component<'a> {
    mean: &'a [f64],
    /// One for all coordinates, or one for each.
    precisions: &'a [f64],
    pulls: &'a [f64],
}

impl Component<'_> {
    /// (1/C, pull) of a coordinate.
    fn at(&self, j: usize) -> (f64, f64) {
        let j = if self.precisions.len() == 1 { 0 } else { j };
        (self.precisions[j], self.pulls[j])
    }

    /// `Σ_j (z − α·m)²/C`.
    fn distance(&self, alpha: f64, z: &[f64]) -> f64 {
        let square = |m: f64, z: f64| (z - alpha * m) * (z - alpha * m);
        if let [shared] = self.precisions {
            // Eight sums, because one alone has to wait for itself: this loop is all the time of a large data set.
            let ((means, last_m), (states, last_z)) = (self.mean.as_chunks::<8>(), z.as_chunks::<8>());
            let mut sums = [0.0; 8];
            for (means, states) in means.iter().zip(states) {
                for i in 0..8 {
                    sums[i] += square(means[i], states[i]);
                }
            }
            let rest: f64 = last_m.iter().zip(last_z).map(|(&m, &z)| square(m, z)).sum();
            return shared * (sums.iter().sum::<f64>() + rest);
        }
        self.precisions.iter().zip(self.mean).zip(z).map(|((precision, &m), &z)| precision * square(m, z)).sum()
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
        let (mut precisions, mut pulls) = (Vec::with_capacity(variances.len()), Vec::with_capacity(variances.len()));
        for &v in variances {
            let covariance = alpha * alpha * v + sigma2;
            let precision = 1.0 / covariance;
            if !(covariance > 0.0 && covariance.is_finite() && precision.is_finite()) {
                return Err(PathError::Degenerate { t, index });
            }
            precisions.push(precision);
            pulls.push(data * alpha * v + noise);
        }
        let repeats = (law.dim() / variances.ncols()) as f64;
        let log_norms = precisions
            .chunks_exact(variances.ncols())
            .map(|row| 0.5 * repeats * row.iter().map(|&precision| (precision / TAU).ln()).sum::<f64>())
            .collect();
        Ok(Self { law, alpha, data, precisions, pulls, log_norms })
    }

    fn component(&self, k: usize) -> Component<'_> {
        let (rows, columns) = self.law.variances().dim();
        let row = if rows == 1 { 0 } else { k };
        let span = row * columns..(row + 1) * columns;
        let mean = self.law.means().row(k).to_slice().expect("means are stored row by row");
        Component { mean, precisions: &self.precisions[span.clone()], pulls: &self.pulls[span] }
    }

    /// The axes to turn to, and none where the coordinates are in them.
    fn axes(&self, k: usize) -> Option<ArrayView2<'_, f64>> {
        // A lone component's states come in its axes: the whole batch is turned at once.
        if self.law.len() == 1 { None } else { self.law.axes(k) }
    }

    /// A vector in the axes of component `k`; `room` is written only where they are not those of the coordinates.
    fn turned<'v>(&self, k: usize, vector: &'v [f64], room: &'v mut [f64]) -> &'v [f64] {
        let Some(axes) = self.axes(k) else { return vector };
        general_mat_vec_mul(1.0, &axes, &ArrayView1::from(vector), 0.0, &mut ArrayViewMut1::from(&mut *room));
        room
    }

    /// Adds the vector with the coordinates `value(j)` in the axes of component `k`.
    fn add(&self, k: usize, out: &mut [f64], value: impl Fn(usize) -> f64) {
        match self.axes(k) {
            None => out.iter_mut().enumerate().for_each(|(j, out)| *out += value(j)),
            Some(axes) => {
                for (j, axis) in axes.rows().into_iter().enumerate() {
                    let value = value(j);
                    out.iter_mut().zip(axis).for_each(|(out, axis)| *out += value * axis);
                }
            }
        }
    }

    /// Fills the posterior weights of the components and returns `log p(z)`.
    pub(super) fn log_density(&self, scratch: &mut Scratch) -> f64 {
        let Scratch { z, weights, turned: [room, ..], .. } = scratch;
        for (k, weight) in weights.iter_mut().enumerate() {
            let distance = self.component(k).distance(self.alpha, self.turned(k, z, room));
            let norm = self.log_norms[if self.log_norms.len() == 1 { 0 } else { k }];
            *weight = self.law.log_weights()[k] + norm - 0.5 * distance;
        }
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for weight in &mut *weights {
            *weight = (*weight - largest).exp();
            total += *weight;
        }
        for weight in weights {
            *weight /= total;
        }
        largest + total.ln()
    }

    /// The posterior mean of the wanted quantity, into the scratch's `out`.
    pub(super) fn predict(&self, scratch: &mut Scratch) {
        self.log_density(scratch);
        let Scratch { z, out, weights, turned: [room, ..], .. } = scratch;
        out.fill(0.0);
        for (k, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            let component = self.component(k);
            if let (None, [precision], [pull]) = (self.axes(k), component.precisions, component.pulls) {
                // The rest of the time of a large data set: nothing but the coordinates differs between rounds.
                let (alpha, data, gain) = (self.alpha, self.data, pull * precision);
                for ((out, &m), &z) in out.iter_mut().zip(component.mean).zip(&*z) {
                    *out += weight * (data * m + gain * (z - alpha * m));
                }
                continue;
            }
            let z = self.turned(k, z, room);
            self.add(k, out, |j| weight * self.wanted(&component, j, z[j]));
        }
    }

    /// What component k alone would answer, in one coordinate.
    fn wanted(&self, component: &Component<'_>, j: usize, z: f64) -> f64 {
        let (m, (precision, pull)) = (component.mean[j], component.at(j));
        self.data * m + pull * precision * (z - self.alpha * m)
    }

    /// The divergence of the posterior mean: mean trace plus covariance of component scores and component fields.
    pub(super) fn divergence(&self, scratch: &mut Scratch) -> f64 {
        self.log_density(scratch);
        let Scratch { z, out, weights, mean_score, turned: [room_z, room_score, room_wanted] } = scratch;
        let kept = || weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
        out.fill(0.0);
        mean_score.fill(0.0);
        for (k, weight) in kept() {
            let (component, z) = (self.component(k), self.turned(k, z, room_z));
            self.add(k, out, |j| weight * self.wanted(&component, j, z[j]));
            self.add(k, mean_score, |j| -weight * component.at(j).0 * (z[j] - self.alpha * component.mean[j]));
        }
        let mut divergence = 0.0;
        for (k, weight) in kept() {
            let component = self.component(k);
            let z = self.turned(k, z, room_z);
            let (mean_score, mean_wanted) = (self.turned(k, mean_score, room_score), self.turned(k, out, room_wanted));
            for (j, &m) in component.mean.iter().enumerate() {
                let (precision, pull) = component.at(j);
                let g = precision * (z[j] - self.alpha * m);
                let spread = (-g - mean_score[j]) * (self.wanted(&component, j, z[j]) - mean_wanted[j]);
                divergence += weight * (pull * precision + spread);
            }
        }
        divergence
    }
}
