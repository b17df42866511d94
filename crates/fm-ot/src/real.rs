//! The scalar types of points and costs.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the vector unit of the function that it is inlined into"
)]

use ndarray::NdFloat;

use crate::lanes::Lanes;

/// A scalar that points and costs are made of: `f32` or `f64`.
///
/// Sums, potentials and results are `f64` whatever the input is. Sealed: vectors of other types are not provided for.
pub trait Real: NdFloat + Lanes {
    /// Widens; exact.
    fn widen(self) -> f64;

    /// Rounds to this type.
    fn narrow(value: f64) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}
