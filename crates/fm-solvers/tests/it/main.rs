//! Integration tests of fm-solvers: one binary, a module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::unnecessary_wraps, reason = "fields return what the trait asks for")]

mod allocations;
mod arrays;
mod batches;
mod counters;
mod embedded;
mod errors;
mod gaussian;
mod grids;
mod methods;
mod noise;
mod order;
mod problems;
mod sde_order;
mod solving;
#[cfg(all(feature = "tch", not(feature = "doc-only")))]
mod tensors;
