//! What a network is to the rest of the crate.

use std::fmt::Debug;

use tch::Tensor;

/// What a network is told besides the state and the time.
#[derive(Debug, Default)]
pub struct Condition {
    /// Class of each sample as `int64 [B]`; the number of classes itself stands for "no class".
    pub labels: Option<Tensor>,
}

/// A network that predicts one quantity of the path.
///
/// Object safe on purpose: behind every call stands a network evaluation, so dispatch costs nothing, and configurations
/// choose the network at run time.
pub trait Model: Debug + Send {
    /// The prediction for states `z` at times `t`.
    ///
    /// # Shapes
    /// `z`: `[B, ...]`; `t`: `[B]` of the same kind and device; returns the shape of `z`.
    fn predict(&self, z: &Tensor, t: &Tensor, condition: &Condition) -> Tensor;
}
