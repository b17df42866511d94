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
//! | what a training loop calls | [`Coupling`], [`Independent`], [`ExactOt`], [`CouplingKind`] |
//! | what they are made of | [`Cost`], [`assignment`], [`assign_points`], [`assign_line`] |
//! | what an evaluation calls | [`wasserstein2`] |
//!
//! # Examples
//! ```
//! use fm_ot::{Coupling, ExactOt};
//! use ndarray::array;
//!
//! let x0 = array![[0.0_f32, 0.0], [5.0, 5.0]];
//! let x1 = array![[5.0_f32, 4.0], [1.0, 0.0]];
//! let mut rng = rand::rng();
//! let pairing = ExactOt.couple(x0.view(), x1.view(), &mut rng)?;
//! assert_eq!((pairing.source, pairing.target), (vec![0, 1], vec![1, 0]));
//! # Ok::<(), fm_ot::OtError>(())
//! ```

#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

mod assignment;
mod cost;
mod coupling;
mod distance;
mod error;
mod lanes;
mod lap;
mod line;
mod points;
mod real;

pub use assignment::{Assignment, assign_batches, assign_points, assignment, assignment_from};
pub use cost::Cost;
pub use coupling::{Coupling, CouplingKind, ExactOt, Independent, Pairing};
pub use distance::wasserstein2;
pub use error::{OtError, Side};
pub use line::assign_line;
pub use real::Real;
