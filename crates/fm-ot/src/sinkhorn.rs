//! Entropic optimal transport.
//!
//! The plan is `a_i b_j exp((f_i + g_j - c_ij) / epsilon)`, so two vectors say everything: the plan itself is never stored.
//! Potentials are relative to the weights and not absorbed into them, which keeps them finite where a weight is zero and
//! comparable between batches.
//!
//! Everything is one fixed-point iteration on `g` ([`iterate`]); balanced, unbalanced and partial transport differ in one
//! closed form ([`marginals`]), and precision and storage in how a pass over the cost is made ([`kernel`]). Larger epsilons on
//! the way ([`annealing`]) and a sample of the source points ([`start`]) only choose where it starts. Rejected: a solver for
//! each kind, as the peers have; and a second-order method, which pays only for tolerances far below what a coupling needs.

mod anderson;
mod annealing;
mod band;
mod costs;
mod draw;
mod dual;
mod epsilon;
mod iterate;
mod kernel;
mod lanes;
mod marginals;
mod plan;
mod solve;
mod solver;
mod start;
mod survey;

pub use annealing::Annealing;
pub use epsilon::Epsilon;
pub use marginals::Marginals;
pub use plan::EntropicPlan;
pub use solver::Sinkhorn;
