//! Stochastic differential equations.
//!
//! ```text
//! dX = f(t, X) dt + g(t, X) dW,    every value of X with a Brownian motion of its own
//! ```
//!
//! Drift, diffusion, noise, method and grid are chosen apart, as they are for an ODE. The calculus is part of the equation,
//! because the same `f` and `g` mean two different processes: for `dX = s X dW` the means differ by the factor
//! `exp(s^2 T/2)`. A method that integrates in the other sense than the equation is refused. The rejected alternative is to
//! let the choice of the method decide what the equation means, as `method="heun"` does elsewhere.
//!
//! # References
//! Kloeden & Platen, *Numerical Solution of Stochastic Differential Equations*, 1992, section 4.9 (the two calculi).

mod diffusions;
mod method;
mod noisy;
mod reversible;
mod solver;
mod stepper;
mod tableau;

use std::fmt;

pub use method::SdeMethod;
pub use noisy::{NoiseTerm, NoiseWeight, SdeState};
pub use solver::SdeSolver;
pub use stepper::SdeStepper;

use crate::VectorField;

/// Where in a step the integrand of the stochastic integral is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calculus {
    /// At its beginning. The calculus of diffusion models.
    Ito,
    /// In its middle. The calculus of smooth noise made ever rougher, with the ordinary chain rule.
    Stratonovich,
}

impl fmt::Display for Calculus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ito => "Ito",
            Self::Stratonovich => "Stratonovich",
        })
    }
}

/// The diffusion `g` of an equation.
pub enum Diffusion<'a, S> {
    /// `g(t)`, the same for every value: no evaluation on states at all, higher orders at the same price, and one meaning in
    /// both calculi. The noise of diffusion models.
    Additive(&'a dyn Fn(f64) -> f64),
    /// `g_i(t, x_i)`: each value's noise depends on time and on that value alone. The field writes the `g_i`. Where `g_i`
    /// depends on other values too, [`EulerMaruyama`](crate::SdeMethod::EulerMaruyama) keeps its order; the others do not.
    ///
    /// With the noise of [`BrownianPath::scalar`](crate::BrownianPath::scalar), one motion for all values of a sample, they
    /// may depend on all of them, and every method keeps its order.
    Diagonal(&'a mut dyn VectorField<S>),
    /// The same with its derivative, for [`Milstein`](crate::SdeMethod::Milstein), which without it takes a difference; the
    /// other methods do not look at it.
    DiagonalWithDerivative {
        /// `g`, as of [`Diagonal`](Self::Diagonal).
        diffusion: &'a mut dyn VectorField<S>,
        /// Writes the products `g_i dg_i/dx_i`; for scalar noise `sum_j g_j dg_i/dx_j`.
        product: &'a mut dyn VectorField<S>,
    },
}

impl<S> fmt::Debug for Diffusion<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Additive(_) => "Additive",
            Self::Diagonal(_) => "Diagonal",
            Self::DiagonalWithDerivative { .. } => "DiagonalWithDerivative",
        })
    }
}

/// A stochastic differential equation.
///
/// A solve back in time, over a descending grid, integrates in the order of its steps: for an Ito equation this is the
/// equation in the reversed time, with `-f`, and not the path of a forward solve retraced.
///
/// # Examples
/// Samples of `N(0, 1)` kept in equilibrium by an Ornstein-Uhlenbeck process:
/// ```
/// # use fm_solvers::{BrownianPath, Calculus, Diffusion, Sde, SdeSolver, SolveError, Time, TimeGrid};
/// # use ndarray::Array2;
/// let mut drift = |_: Time<'_>, x: &Array2<f32>, out: &mut Array2<f32>| -> Result<(), SolveError> {
///     out.zip_mut_with(x, |f, x| *f = -0.5 * x);
///     Ok(())
/// };
/// let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&|_| 1.0) };
/// let grid = TimeGrid::uniform(0.0, 10.0, 100)?;
/// let mut x = Array2::zeros((1000, 2));
/// let stats = SdeSolver::default().solve(sde, &BrownianPath::new(1, &grid), &grid, &mut x, &mut ())?;
/// let variance = x.mapv(|x| x * x).mean().expect("2000 values");
/// assert!((variance - 1.0).abs() < 0.1);
/// assert_eq!((stats.steps, stats.nfe, stats.diffusion_nfe, stats.t), (100, 100, 0, 10.0));
/// # Ok::<(), SolveError>(())
/// ```
pub struct Sde<'a, S> {
    /// What the stochastic integral means.
    pub calculus: Calculus,
    /// `f`. For a generative process with velocity `u`: `u + g^2/2 score`, from one evaluation of a network.
    pub drift: &'a mut dyn VectorField<S>,
    /// `g`.
    pub diffusion: Diffusion<'a, S>,
}

impl<S> fmt::Debug for Sde<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calculus, diffusion, .. } = self;
        f.debug_struct("Sde").field("calculus", calculus).field("diffusion", diffusion).finish_non_exhaustive()
    }
}
