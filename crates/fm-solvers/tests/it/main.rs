//! Integration tests of fm-solvers: one binary, a module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::unnecessary_wraps, reason = "fields return what the trait asks for")]

mod adaptive;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod adjoint;
mod allocations;
mod arrays;
mod batches;
mod complaints;
mod counters;
mod embedded;
mod errors;
mod gaussian;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod gradients;
mod grids;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod half;
mod jumps;
mod likelihood;
mod methods;
mod mixture;
mod noise;
mod order;
mod pairs;
mod per_sample;
mod per_sample_saving;
mod problems;
mod scalar_noise;
mod sde_law;
mod sde_order;
mod sde_solving;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod sde_tensors;
mod sde_weak;
mod smallest_step;
mod solving;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod tensors;
