//! Distances between two samples.
//!
//! Every function takes two matrices of points and returns one number about the *samples*; what it says about the laws
//! behind them depends on the number of points, and differently for each distance. So none of them is reported alone:
//! [`sample_floor`] measures, with the same function at the same sizes, how far two samples of one law are apart.
//!
//! | distance | zero for equal laws | what it sees | cost |
//! |---|---|---|---|
//! | [`wasserstein1`], [`wasserstein2`], [`weighted_wasserstein`] | no, above by a floor that falls slowly with n | everything, in units of length | `O(n^2.5)` |
//! | [`sliced_wasserstein`] | no, a floor that falls as `n^(-1/2)` in any dimension | everything, through projections | `O(L n (d + log n))` |
//! | [`sinkhorn_divergence`] | no, a floor that is lower for larger epsilon | everything coarser than `sqrt(epsilon)` | `O(n^2 d)` and passes |
//! | [`energy_distance`], [`mmd`] with an RBF kernel | on average, with the unbiased estimator | everything, weakly in high dimension | `O(n^2 d)` |
//! | [`mmd`] with the linear kernel | on average, with the unbiased estimator | the means only | `O(n d)` |
//!
//! Rejected: a trait `Distance` with one type for each. The functions differ in their parameters and agree in nothing but
//! two matrices, which is what a closure is for.

mod energy;
mod floor;
mod mmd;
mod pairs;
mod sinkhorn;
mod sliced;
mod wasserstein;

pub use energy::energy_distance;
pub use floor::{Floor, sample_floor};
pub use mmd::{Kernel, median_bandwidth, mmd};
pub use pairs::Estimator;
pub use sinkhorn::{SinkhornDivergence, sinkhorn_divergence};
pub use sliced::{Order, sliced_wasserstein};
pub use wasserstein::{wasserstein1, wasserstein2, weighted_wasserstein};
