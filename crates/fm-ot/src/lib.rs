//! Mini-batch optimal-transport couplings: points in, index pairs out.
//!
//! Flow matching draws a source batch and a target batch and has to decide which source point flows to which target
//! point. Pairing them by optimal transport gives straighter trajectories that cross less (Tong et al. 2024,
//! *Improving and generalizing flow-based generative models with minibatch optimal transport*, section 3.3; Pooladian et
//! al. 2023, *Multisample flow matching*). The exact plan between two uniform batches of equal size is a permutation, so
//! this crate returns indices and never a dense plan: gathering rows is the caller's, in whatever library holds the data.
//!
//! | level | names |
//! |---|---|
//! | what a training loop calls | [`Coupling`], [`Independent`], [`ExactOt`], [`SinkhornOt`], [`PersistentOt`], [`CouplingKind`], [`couple_many`] |
//! | what is put around a coupling | [`ClassConditional`], [`Resampled`] |
//! | what they are made of | [`Cost`], [`assignment`], [`assign_points`], [`assign_line`] |
//! | weights, unequal sizes, a part of the mass | [`transport`], [`transport_points`], [`partial_transport`] |
//! | entropic transport | [`Sinkhorn`], [`EntropicPlan`], [`Epsilon`], [`Marginals`] |
//! | what an evaluation calls | [`wasserstein2`], [`wasserstein1`], [`weighted_wasserstein`], [`sliced_wasserstein`], [`sinkhorn_divergence`], [`energy_distance`], [`mmd`], [`sample_floor`] |
//!
//! # Examples
//! ```
//! use fm_ot::{Coupling, Endpoints, ExactOt};
//! use ndarray::array;
//!
//! let x0 = array![[0.0_f32, 0.0], [5.0, 5.0]];
//! let x1 = array![[5.0_f32, 4.0], [1.0, 0.0]];
//! let mut rng = rand::rng();
//! let pairing = ExactOt.couple(Endpoints::new(x0.view(), x1.view()), &mut rng)?;
//! assert_eq!((pairing.source, pairing.target), (vec![0, 1], vec![1, 0]));
//! # Ok::<(), fm_ot::OtError>(())
//! ```

#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

mod aligned;
mod assignment;
mod coincident;
mod cost;
mod coupling;
mod distance;
mod error;
mod lanes;
mod lap;
#[cfg(test)]
#[path = "../tests/it/limited.rs"]
mod limited;
mod line;
mod points;
mod product;
mod real;
mod scan;
mod sinkhorn;
mod transport;

pub use assignment::{Assignment, assign_batches, assign_points, assignment, assignment_from};
pub use cost::Cost;
pub use coupling::{
    ClassConditional, ClassRule, Coupling, CouplingKind, Endpoints, ExactOt, Independent, Pairing, PersistentOt,
    Resampled, SinkhornOt, couple_many,
};
pub use distance::{
    Estimator, Floor, Kernel, Order, SinkhornDivergence, energy_distance, median_bandwidth, mmd, sample_floor,
    sinkhorn_divergence, sliced_wasserstein, wasserstein1, wasserstein2, weighted_wasserstein,
};
pub use error::{OtError, Side};
pub use line::assign_line;
pub use real::Real;
pub use sinkhorn::{Annealing, EntropicPlan, Epsilon, Marginals, Sinkhorn};
pub use transport::{TransportPlan, partial_transport, transport, transport_points};
