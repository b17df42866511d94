//! The integration tests of fm-paths, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alloc;
mod arrays;
mod bridge;
mod conversions;
mod endpoints;
mod equations;
mod errata;
mod few_step;
mod gaussian_bridge;
mod guidance;
mod oracle;
mod schedules;
mod theorems;
mod time;
mod toy;
mod zero_terminal;
