//! Integration tests of fm-ot: one binary, a module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

mod assignments;
mod certificate;
mod classes;
mod costs;
mod couplings;
mod distances;
mod entropic;
mod errors;
mod floor;
mod limited;
mod line;
mod optimal;
mod persistent;
mod samples;
mod sinkhorn;
mod sliced;
mod statistics;
mod ties;
mod transport;
mod transport_errors;
mod transport_oracles;
