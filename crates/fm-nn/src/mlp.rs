//! A residual multilayer perceptron with time and class embedding.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::{Condition, ConfigError, Init, Model, ParamSpec, Params};

/// A multilayer perceptron on flattened samples.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `hidden` | 128 | width | 1 ... 65536 |
/// | `blocks` | 3 | residual blocks after the input layer | at most 1024 |
/// | `time_features` | 32 | sines and cosines of the time at geometric frequencies; 0 feeds the time itself | even |
/// | `activation` | `silu` | `silu`, `selu`, `gelu`, `relu` or `tanh` | |
///
/// ```text
/// c = W_t·features(t) + E[y]
/// h = act(W_in·z + c),    h ← h + act(W_k·h + U_k·c)  for each block,    output = W_out·h,  W_out = 0 at the start
/// ```
///
/// # References
/// - K. He et al., *Deep Residual Learning for Image Recognition*, CVPR 2016 (residual blocks).
/// - A. Vaswani et al., *Attention Is All You Need*, NeurIPS 2017, Section 3.5 (sinusoidal features).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlpConfig {
    /// Width of the hidden layers.
    pub hidden: usize,
    /// Number of residual blocks.
    pub blocks: usize,
    /// Number of time features.
    pub time_features: usize,
    /// The nonlinearity.
    pub activation: Activation,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self { hidden: 128, blocks: 3, time_features: 32, activation: Activation::Silu }
    }
}

/// A nonlinearity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the functions")]
pub enum Activation {
    #[default]
    Silu,
    Selu,
    Gelu,
    Relu,
    Tanh,
}

impl Activation {
    fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Self::Silu => x.silu(),
            Self::Selu => x.selu(),
            Self::Gelu => x.gelu("none"),
            Self::Relu => x.relu(),
            Self::Tanh => x.tanh(),
        }
    }
}

impl MlpConfig {
    /// The highest frequency of the time features, in radians per unit of time; the lowest is 1.
    const HIGHEST_FREQUENCY: f64 = 100.0;

    /// Checks every value against its range.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let require = |key, value: usize, holds, domain| ConfigError::require(holds, key, value as f64, domain);
        require("network.hidden", self.hidden, (1..=65_536).contains(&self.hidden), "between 1 and 65536")?;
        require("network.blocks", self.blocks, self.blocks <= 1024, "at most 1024")?;
        let features = self.time_features;
        require("network.time_features", features, features.is_multiple_of(2) && features <= 4096, "even, at most 4096")
    }

    /// The weights of a network for samples of `dim` values and `classes` classes (0 for none).
    pub fn specs(&self, dim: usize, classes: usize) -> Vec<ParamSpec> {
        let h = self.hidden;
        let mut specs = Vec::new();
        let mut push = |name: String, shape: &[usize], init| {
            specs.push(ParamSpec { name, shape: shape.iter().map(|&n| n as i64).collect(), init });
        };
        let mut linear = |name: &str, from: usize, to: usize, bias: bool| {
            let init = Init::Uniform { bound: 1.0 / (from as f64).sqrt() };
            push(format!("{name}.weight"), &[to, from], init);
            if bias {
                push(format!("{name}.bias"), &[to], init);
            }
        };
        linear("input", dim, h, true);
        linear("time", self.time_features.max(1), h, true);
        for k in 0..self.blocks {
            linear(&format!("block.{k}"), h, h, true);
            linear(&format!("block.{k}.condition"), h, h, false);
        }
        if classes > 0 {
            // The last row is "no class".
            push("class.weight".to_owned(), &[classes + 1, h], Init::Uniform { bound: 1.0 });
        }
        push("output.weight".to_owned(), &[dim, h], Init::Zero);
        push("output.bias".to_owned(), &[dim], Init::Zero);
        specs
    }
}

/// A fully connected layer bound to its weights.
#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    fn bind(name: &str, params: &Params, bias: bool) -> Self {
        let get = |part: &str| params.get(&format!("{name}.{part}"));
        Self { weight: get("weight"), bias: bias.then(|| get("bias")) }
    }

    fn apply(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, self.bias.as_ref())
    }
}

/// The perceptron of [`MlpConfig`], bound to weights.
#[derive(Debug)]
pub struct Mlp {
    activation: Activation,
    frequencies: Option<Tensor>,
    input: Linear,
    time: Linear,
    class: Option<Tensor>,
    blocks: Vec<(Linear, Linear)>,
    output: Linear,
}

impl Mlp {
    /// Binds the network to `params`, which are those of [`MlpConfig::specs`].
    ///
    /// # Panics
    /// If a weight is missing.
    #[track_caller]
    pub fn bind(config: &MlpConfig, params: &Params) -> Self {
        let half = config.time_features / 2;
        let frequency = |k: usize| MlpConfig::HIGHEST_FREQUENCY.powf(k as f64 / (half.max(2) - 1) as f64) as f32;
        let frequencies = (half > 0).then(|| {
            let values: Vec<f32> = (0..half).map(frequency).collect();
            Tensor::from_slice(&values).to_device(params.flat().device())
        });
        let has_classes = params.specs().iter().any(|spec| spec.name == "class.weight");
        let block = |k| {
            let name = format!("block.{k}");
            (Linear::bind(&name, params, true), Linear::bind(&format!("{name}.condition"), params, false))
        };
        Self {
            activation: config.activation,
            frequencies,
            input: Linear::bind("input", params, true),
            time: Linear::bind("time", params, true),
            class: has_classes.then(|| params.get("class.weight")),
            blocks: (0..config.blocks).map(block).collect(),
            output: Linear::bind("output", params, true),
        }
    }

    /// Features of the times, `[B] -> [B, features]`.
    fn time_features(&self, t: &Tensor) -> Tensor {
        match &self.frequencies {
            None => t.unsqueeze(1),
            Some(frequencies) => {
                let phase = t.unsqueeze(1) * frequencies; // [B, features / 2]
                Tensor::cat(&[phase.sin(), phase.cos()], 1)
            }
        }
    }
}

impl Model for Mlp {
    fn predict(&self, z: &Tensor, t: &Tensor, condition: &Condition) -> Tensor {
        let act = |x: &Tensor| self.activation.apply(x);
        let mut c = self.time.apply(&self.time_features(t)); // [B, hidden]
        if let Some(classes) = &self.class {
            let labels = condition.labels.as_ref().map_or_else(
                || Tensor::full_like(t, classes.size()[0] - 1).to_kind(Kind::Int64),
                Tensor::shallow_clone,
            );
            c += Tensor::embedding(classes, &labels, -1, false, false);
        }
        let mut h = act(&(self.input.apply(&z.flatten(1, -1)) + &c));
        for (layer, modulation) in &self.blocks {
            h = &h + act(&(layer.apply(&h) + modulation.apply(&c)));
        }
        self.output.apply(&h).view_as(z)
    }
}
