//! The exponential moving average of weights that one samples from.

use serde::{Deserialize, Serialize};
use tch::no_grad;

use crate::{ConfigError, Params};

/// The average and its decay.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `decay` | 0.999 | θ̄ ← decay·θ̄ + (1 − decay)·θ after every step; 0 turns the average off | [0, 1) |
/// | `warmup` | true | the decay of step n is at most (1 + n)/(10 + n), so that a short run forgets its start | |
///
/// # References
/// - B. T. Polyak, A. B. Juditsky, *Acceleration of Stochastic Approximation by Averaging*, SIAM J. Control 1992.
/// - J. Ho, A. Jain, P. Abbeel, *Denoising Diffusion Probabilistic Models*, NeurIPS 2020, Appendix B.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmaConfig {
    /// The decay per step.
    pub decay: f64,
    /// Whether early steps use a smaller decay.
    pub warmup: bool,
}

impl Default for EmaConfig {
    fn default() -> Self {
        Self { decay: 0.999, warmup: true }
    }
}

impl EmaConfig {
    /// Checks every value against its range.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::require((0.0..1.0).contains(&self.decay), "ema.decay", self.decay, "in [0, 1)")
    }

    /// The decay of step `step`, counted from 0.
    pub fn decay_at(&self, step: u64) -> f64 {
        let n = step as f64;
        if self.warmup { self.decay.min((1.0 + n) / (10.0 + n)) } else { self.decay }
    }
}

/// The running average of a set of weights.
#[derive(Debug)]
pub struct Ema {
    config: EmaConfig,
    params: Params,
}

impl Ema {
    /// An average that starts at the present weights.
    pub fn new(config: EmaConfig, params: &Params) -> Self {
        Self { config, params: params.frozen_copy() }
    }

    /// Takes in the weights after step `step`, counted from 0.
    pub fn update(&mut self, params: &Params, step: u64) {
        let weight = 1.0 - self.config.decay_at(step);
        no_grad(|| {
            let _ = self.params.flat().shallow_clone().lerp_(params.flat(), weight);
        });
    }

    /// The averaged weights.
    pub fn params(&self) -> &Params {
        &self.params
    }
}
