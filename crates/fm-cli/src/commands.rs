//! One file for each command.

pub mod couple;
pub mod distance;
mod entropy;
pub mod eval;
pub mod info;
mod pictures;
pub mod plot;
mod report;
pub mod sample;
mod sampling;
mod solver;
pub mod solvers;
pub mod train;
mod two_files;
