//! One file for each command.

pub mod eval;
pub mod info;
mod pictures;
pub mod plot;
pub mod sample;
mod sampling;
pub mod train;
