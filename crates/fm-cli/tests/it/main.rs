//! The program itself, run as a person runs it: one binary, because each link takes seconds.
//!
//! Every test has a folder of its own, a network of a few hundred weights and some dozen steps.
#![cfg(not(feature = "doc-only"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_checkpoint;
mod bad_data;
mod bad_disk;
mod bad_requests;
mod bad_settings;
mod couple;
mod distance;
mod divergence;
mod files;
mod formats;
mod labelled;
mod main_road;
mod program;
mod refused_resume;
mod resume;
mod solvers;
mod step_options;
