//! From a configuration to weights and a network, the one place that knows every architecture.

use crate::{Mlp, Model, NetworkConfig, ParamSpec, Params};

impl NetworkConfig {
    /// The weights of the network for samples of `dim` values and `classes` classes (0 for none).
    pub fn specs(&self, dim: usize, classes: usize) -> Vec<ParamSpec> {
        match self {
            Self::Mlp(config) => config.specs(dim, classes),
        }
    }

    /// The network, bound to weights of these [`specs`](Self::specs).
    ///
    /// # Panics
    /// If a weight is missing.
    #[track_caller]
    pub fn bind(&self, params: &Params) -> Box<dyn Model> {
        match self {
            Self::Mlp(config) => Box::new(Mlp::bind(config, params)),
        }
    }

    /// The width that decides how many threads are worth starting.
    pub fn width(&self) -> usize {
        match self {
            Self::Mlp(config) => config.hidden,
        }
    }
}
