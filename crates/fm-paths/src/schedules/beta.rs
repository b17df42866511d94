//! The rates of noise of variance-preserving schedules, one file each.

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
