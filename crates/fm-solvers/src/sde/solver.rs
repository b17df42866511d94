//! Solving a stochastic equation over a fixed grid.
//!
//! # References
//! Those of [`SdeMethod`].

use super::{Sde, SdeMethod, SdeState, SdeStepper};
use crate::fixed::walk;
use crate::{FiniteCheck, Noise, Observer, SolveError, Stats, TimeGrid};

/// A solve of a stochastic equation with its options.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `method` | [`EulerMaruyama`](SdeMethod::EulerMaruyama) | the method |
/// | `check` | [`AtEnd`](FiniteCheck::AtEnd) | when the state is checked for NaN and infinity |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SdeSolver {
    /// The method.
    pub method: SdeMethod,
    /// When the state is checked for NaN and infinity.
    pub check: FiniteCheck,
}

impl SdeSolver {
    /// Takes `y` along `grid`, in place.
    ///
    /// Each sample's result is bit-identical whatever else is in the batch, as long as drift and diffusion treat samples
    /// alone and the noise knows which samples they are.
    ///
    /// # Errors
    /// [`SolveError::NoStepCount`], [`SolveError::EmptyBatch`], [`SolveError::WrongCalculus`],
    /// [`SolveError::LayoutMismatch`], [`SolveError::NonFiniteState`], and what drift, diffusion, noise and observer
    /// return. `y` then holds the state after the last completed step.
    ///
    /// # Examples
    /// Geometric Brownian motion, whose median at time 1 is `exp(mu - sigma^2/2)`:
    /// ```
    /// # use fm_solvers::{BrownianPath, Calculus, Diffusion, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
    /// # use ndarray::Array1;
    /// let scaled = |by: f64| {
    ///     move |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
    ///         out.zip_mut_with(x, |out, x| *out = by * x);
    ///         Ok(())
    ///     }
    /// };
    /// let (mut drift, mut diffusion) = (scaled(0.1), scaled(0.5));
    /// let sde =
    ///     Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Diagonal(&mut diffusion) };
    /// let grid = TimeGrid::uniform(0.0, 1.0, 50)?;
    /// let mut x = Array1::ones(1001);
    /// let solver = SdeSolver { method: SdeMethod::Srk, ..SdeSolver::default() };
    /// let stats = solver.solve(sde, &BrownianPath::new(5, &grid), &grid, &mut x, &mut ())?;
    /// let mut sorted = x.to_vec();
    /// sorted.sort_by(f64::total_cmp);
    /// assert!((sorted[500] - (0.1_f64 - 0.125).exp()).abs() < 0.1);
    /// assert_eq!((stats.nfe, stats.diffusion_nfe), (100, 200));
    /// # Ok::<(), SolveError>(())
    /// ```
    pub fn solve<S: SdeState>(
        self,
        sde: Sde<'_, S>,
        noise: &dyn Noise<S>,
        grid: &TimeGrid,
        y: &mut S,
        observer: &mut dyn Observer<S>,
    ) -> Result<Stats, SolveError> {
        let mut stepper = SdeStepper::new(self.method, sde, y)?;
        walk(grid, self.check, y, observer, |t0, t1, y, stats| {
            stepper.step(noise, t0, t1, y)?;
            (stats.nfe, stats.diffusion_nfe) = stepper.nfe();
            Ok(())
        })
    }
}
