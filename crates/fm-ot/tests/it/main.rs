//! Integration tests of fm-ot: one binary, a module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

mod assignments;
mod certificate;
mod costs;
mod couplings;
mod distances;
mod errors;
mod line;
mod optimal;
mod samples;
mod ties;
