//! The weights of a network as one flat buffer with named views.
//!
//! An optimizer, an average of weights, a gradient norm and a checkpoint all treat the weights as one long vector.
//! Stored as one, each of them is a handful of LibTorch calls instead of a handful per tensor; for the small networks
//! of this field that is most of the cost of a step. A network is [bound](Params::get) to the views by name, so the
//! same network can be bound to the raw weights and to their average.
//!
//! The rejected alternative is `tch::nn::VarStore` with `tch::nn::Optimizer`, whose moments cannot be saved.

use rand::Rng;
use tch::{Device, Kind, Tensor};

/// How a weight starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform on `[−bound, bound]`.
    Uniform {
        /// The bound; `1/√fan_in` for the weight and bias of a linear layer.
        bound: f64,
    },
    /// Zero.
    Zero,
}

/// Name, shape and start of one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// Unique name, such as `block.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Its start.
    pub init: Init,
}

impl ParamSpec {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product::<i64>() as usize
    }

    /// Whether the weight holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A set of named weights over one contiguous `f32` buffer.
#[derive(Debug)]
pub struct Params {
    specs: Vec<ParamSpec>,
    flat: Tensor,
    views: Vec<Tensor>,
}

impl Params {
    /// Fresh weights, drawn on the host so that a seed means the same weights on every device.
    pub fn init(specs: Vec<ParamSpec>, rng: &mut impl Rng, device: Device) -> Self {
        let mut values = Vec::with_capacity(specs.iter().map(ParamSpec::len).sum());
        for spec in &specs {
            match spec.init {
                Init::Zero => values.resize(values.len() + spec.len(), 0.0_f32),
                Init::Uniform { bound } => {
                    values.extend((0..spec.len()).map(|_| rng.random_range(-bound..=bound) as f32));
                }
            }
        }
        Self::from_flat(specs, Tensor::from_slice(&values).to_device(device), true)
    }

    /// The weights of `specs` over an existing buffer; `trainable` views are leaves of the autograd graph.
    ///
    /// # Panics
    /// If the buffer's length is not the sum of the sizes.
    #[track_caller]
    pub fn from_flat(specs: Vec<ParamSpec>, flat: Tensor, trainable: bool) -> Self {
        let mut offset = 0;
        let views = specs
            .iter()
            .map(|spec| {
                let len = spec.len() as i64;
                let view = flat.narrow(0, offset, len).view(spec.shape.as_slice()).detach();
                offset += len;
                view.set_requires_grad(trainable)
            })
            .collect();
        assert_eq!(offset, flat.size1().unwrap_or(-1), "the buffer does not fit the weights");
        Self { specs, flat, views }
    }

    /// The specifications, in buffer order.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// The buffer. Writing to it in place, without gradients, changes the weights.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// The views, in buffer order.
    pub fn views(&self) -> &[Tensor] {
        &self.views
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.specs.iter().map(ParamSpec::len).sum()
    }

    /// Whether there is no weight at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A handle on the weight `name`, sharing its storage.
    ///
    /// # Panics
    /// If there is no weight of that name: a network asks for what its own specification lists.
    #[track_caller]
    pub fn get(&self, name: &str) -> Tensor {
        let index = self.specs.iter().position(|spec| spec.name == name);
        self.views[index.unwrap_or_else(|| panic!("no weight is called {name}"))].shallow_clone()
    }

    /// The gradient of a scalar loss as one flat vector in buffer order.
    pub fn gradient(&self, loss: &Tensor) -> Tensor {
        let gradients = Tensor::run_backward(&[loss], &self.views, false, false);
        let flat: Vec<_> = gradients.iter().map(|g| g.reshape([-1])).collect();
        Tensor::cat(&flat, 0)
    }

    /// Independent, frozen weights with the same values: the start of an average, or a snapshot to sample from.
    #[must_use]
    pub fn frozen_copy(&self) -> Self {
        Self::from_flat(self.specs.clone(), self.flat.detach().copy(), false)
    }

    /// Whether every weight is finite; reads one value back from the device.
    pub fn is_finite(&self) -> bool {
        self.flat.sum(Kind::Float).isfinite().int64_value(&[]) == 1
    }
}
