//! The scalar types of points and costs.

use ndarray::NdFloat;

/// A scalar that points and costs are made of: `f32` or `f64`.
///
/// Sums, potentials and results are `f64` whatever the input is.
pub trait Real: NdFloat {
    /// Widens; exact.
    fn widen(self) -> f64;

    /// Rounds to this type.
    fn narrow(value: f64) -> Self;
}

impl Real for f32 {
    fn widen(self) -> f64 {
        f64::from(self)
    }

    fn narrow(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    fn widen(self) -> f64 {
        self
    }

    fn narrow(value: f64) -> Self {
        value
    }
}
