//! Adam with decoupled weight decay, on the flat weights.

use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use crate::{ConfigError, Params};

/// The optimizer and its learning rate.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `learning_rate` | 1e-3 | step size after the warm-up | positive |
/// | `weight_decay` | 0 | decoupled decay; 0 is plain Adam | at least 0 |
/// | `beta1` | 0.9 | decay of the mean of gradients | [0, 1) |
/// | `beta2` | 0.999 | decay of the mean of squared gradients | [0, 1) |
/// | `eps` | 1e-8 | added to the root of the second moment | positive |
/// | `max_grad_norm` | 1 | gradients are scaled down to this norm; 0 is no clipping | at least 0 |
/// | `warmup_steps` | 100 | the learning rate grows linearly over these steps | |
/// | `decay` | `constant` | then `constant`, or `cosine` down to zero at the last step | |
///
/// # References
/// - D. P. Kingma, J. Ba, *Adam*, ICLR 2015, Algorithm 1.
/// - I. Loshchilov, F. Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019, Algorithm 2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerConfig {
    /// Step size after the warm-up.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Largest norm of the gradient; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Length of the linear warm-up.
    pub warmup_steps: u64,
    /// What the learning rate does after the warm-up.
    pub decay: Decay,
}

/// The course of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// No change.
    #[default]
    Constant,
    /// Half a cosine down to zero at the last step of the training.
    Cosine,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            weight_decay: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            max_grad_norm: 1.0,
            warmup_steps: 100,
            decay: Decay::Constant,
        }
    }
}

impl OptimizerConfig {
    /// Checks every value against its range.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let within = |key, value: f64, holds: bool, domain| ConfigError::require(holds, key, value, domain);
        let (rate, eps, norm) = (self.learning_rate, self.eps, self.max_grad_norm);
        within("optimizer.learning_rate", rate, rate > 0.0 && rate.is_finite(), "a positive number")?;
        let decay = self.weight_decay;
        within("optimizer.weight_decay", decay, decay >= 0.0 && decay.is_finite(), "zero or a positive number")?;
        within("optimizer.beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "in [0, 1)")?;
        within("optimizer.beta2", self.beta2, (0.0..1.0).contains(&self.beta2), "in [0, 1)")?;
        within("optimizer.eps", eps, eps > 0.0 && eps.is_finite(), "a positive number")?;
        within("optimizer.max_grad_norm", norm, norm >= 0.0 && norm.is_finite(), "zero or a positive number")
    }

    /// The learning rate of step `step` (counted from 0) out of `total`.
    pub fn rate(&self, step: u64, total: u64) -> f64 {
        let warm_up = if step < self.warmup_steps { (step + 1) as f64 / self.warmup_steps as f64 } else { 1.0 };
        let decay = match self.decay {
            Decay::Constant => 1.0,
            Decay::Cosine => {
                let done = step.saturating_sub(self.warmup_steps) as f64;
                let length = total.saturating_sub(self.warmup_steps).max(1) as f64;
                0.5 * (1.0 + (std::f64::consts::PI * (done / length).min(1.0)).cos())
            }
        };
        self.learning_rate * warm_up * decay
    }
}

/// Adam's two moments.
#[derive(Debug)]
pub struct Adam {
    config: OptimizerConfig,
    /// Mean of gradients.
    pub(crate) first: Tensor,
    /// Mean of squared gradients.
    pub(crate) second: Tensor,
}

impl Adam {
    /// Zero moments for `params`.
    pub fn new(config: OptimizerConfig, params: &Params) -> Self {
        let zeros = || params.flat().zeros_like().detach();
        Self { config, first: zeros(), second: zeros() }
    }

    /// One update at step `step` (counted from 0) with learning rate `rate`.
    ///
    /// ```text
    /// m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← (1−ηλ)θ − η·(m/(1−β₁ᵏ)) / (√(v/(1−β₂ᵏ)) + ε),  k = step + 1
    /// ```
    ///
    /// The gradient is first scaled so that its norm is at most `max_grad_norm`; nothing is read back from the device.
    pub fn step(&mut self, params: &Params, gradient: Tensor, step: u64, rate: f64) {
        let OptimizerConfig { weight_decay, beta1, beta2, eps, max_grad_norm, .. } = self.config;
        no_grad(|| {
            let gradient = if max_grad_norm > 0.0 {
                let scale = (max_grad_norm / (gradient.norm() + 1e-12)).clamp_max(1.0);
                gradient * scale
            } else {
                gradient
            };
            let _ = self.first.lerp_(&gradient, 1.0 - beta1);
            let _ = self.second.lerp_(&gradient.square(), 1.0 - beta2);
            let k = (step + 1) as f64;
            let root = (1.0 - beta2.powf(k)).sqrt();
            let mut denominator = self.second.sqrt();
            denominator /= root;
            denominator += eps;
            let mut update = &self.first / denominator;
            update *= -rate / (1.0 - beta1.powf(k));
            let mut flat = params.flat().shallow_clone();
            if weight_decay > 0.0 {
                flat *= 1.0 - rate * weight_decay;
            }
            flat += update;
        });
    }
}
