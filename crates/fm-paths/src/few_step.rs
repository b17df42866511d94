//! Few-step models: networks that are asked where the flow goes, not how fast it is.
//!
//! The flow of a velocity field carries the state at one time to the state at another. MeanFlow and shortcut networks
//! predict its average velocity over a [`Jump`], consistency networks the end of it. What they have in common is written
//! once, and each family is a rule of coefficients beside it:
//!
//! | family | network | target (coefficients here) | step |
//! |---|---|---|---|
//! | [`MeanFlow`] | average velocity ū(z, from, to) | u + (to − from)·dū: [`MeanFlow::target`] | [`Jump::step`] |
//! | shortcut, [`Shortcut`] | ū, over steps of 2⁻ᵏ | the mean of two half steps: [`Jump::split`] | [`Jump::step`] |
//! | consistency, [`ConsistencyBoundary`] | the end of the flow at level ε | itself at a cleaner time of [`ConsistencyGrid`] | to the end, [`ConsistencyBoundary::renoise`] |
//! | consistency flow matching | ū(z, t, 1) | itself at a cleaner time | [`Jump::step`] with `to = 1` |
//!
//! Every target is held fixed in training (stop-gradient): it contains the network itself, and the loss that also moves
//! it has other minimisers. On the slice `from = to` an average velocity is the velocity, learnt by plain flow matching;
//! [`JumpSampler`] mixes the two.
//!
//! As everywhere, only coefficients are computed here: a network crate evaluates its network at the times it is given,
//! a Jacobian-vector product along the [`Tangents`] it is given, and blends. The rejected alternative is a loss function
//! that takes the network as a closure: it would have to know tensors, stop-gradients and argument orders.
//!
//! # Examples
//!
//! For data N(0, s²) on the linear path everything is known; the average velocity obeys the rule that trains it.
//!
//! ```
//! use fm_paths::{TimeDirection, few_step::{Jump, MeanFlow}};
//!
//! let std = |t: f64| (0.25 * t * t + (1.0 - t) * (1.0 - t)).sqrt(); // of the state, s = 1/2
//! let u = |z: f64, t: f64| (0.25 * t - (1.0 - t)) / std(t).powi(2) * z;
//! let average = |z: f64, jump: Jump| (std(jump.to) / std(jump.from) - 1.0) * z / jump.length();
//!
//! let (z, jump) = (0.7, Jump { from: 0.3, to: 0.9 });
//! let rule = MeanFlow { network_time: TimeDirection::SourceToData };
//! // The derivative along the tangents, here by a difference; in a network by a Jacobian-vector product.
//! let (along, h) = (rule.tangents(), 1e-5);
//! let moved = |h: f64| {
//!     average(z + h * along.state * u(z, 0.3), Jump { from: 0.3 + h * along.from, to: 0.9 + h * along.to })
//! };
//! let derivative = (moved(h) - moved(-h)) / (2.0 * h);
//! let [velocity, along] = rule.target(&[jump])?[0];
//! assert!((velocity * u(z, 0.3) + along * derivative - average(z, jump)).abs() < 1e-8);
//! # Ok::<(), fm_paths::PathError>(())
//! ```
//!
//! # References
//! - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025.
//! - K. Frans et al., *One Step Diffusion via Shortcut Models*, ICLR 2025.
//! - Y. Song et al., *Consistency Models*, ICML 2023.
//! - L. Yang et al., *Consistency Flow Matching*, 2024.
//! - N. M. Boffi, M. S. Albergo, E. Vanden-Eijnden, *Flow Map Matching*, 2024 (the flow map behind all of them).

mod boundary;
mod curriculum;
mod grid;
mod jump;
mod law;
mod mean_flow;
mod shortcut;

pub use boundary::ConsistencyBoundary;
pub use curriculum::Curriculum;
pub use grid::ConsistencyGrid;
pub use jump::Jump;
pub use law::{JumpLaw, JumpSampler};
pub use mean_flow::{AdaptiveWeight, MeanFlow, Tangents, folded_guidance};
pub use shortcut::Shortcut;
