//! The rates of noise of variance-preserving schedules, one file each.
//!
//! # References
//! - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Section 3.4
//!   (the variance-preserving SDE).

mod ddpm;
mod function;
mod iddpm;
mod linear;
mod table;

pub use ddpm::DdpmBeta;
pub use function::{BetaFn, BetaNumeric};
pub use iddpm::IddpmBeta;
pub use linear::LinearBeta;
pub use table::BetaTable;
