//! One step of a stochastic method, for any state.
//!
//! The stepper owns the equation, because which coefficients a method has depends on whether its noise is additive.
//!
//! # References
//! Those of [`SdeMethod`].

use super::diffusions::{Diffusions, Driver};
use super::method::SdeScheme;
use super::reversible::Shadow;
use super::tableau::StochasticTableau;
use super::{Diffusion, NoiseWeight, Sde, SdeMethod, SdeState};
use crate::runge_kutta::evaluate;
use crate::{Noise, SolveError, Tableau, Time};

/// A method with its equation and the buffers that it needs for states of one layout.
///
/// Buffers are allocated once; steps on arrays allocate nothing. Use it to own the loop, and
/// [`SdeSolver`](crate::SdeSolver) otherwise.
///
/// # Examples
/// The reversible Heun method retraces its path, in the same stepper:
/// ```
/// # use fm_solvers::{BrownianPath, Calculus, Diffusion, Sde, SdeMethod, SdeStepper, SolveError, Time, TimeGrid};
/// # use ndarray::{Array1, array};
/// let mut drift = |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
///     out.zip_mut_with(x, |f, x| *f = -x.powi(3));
///     Ok(())
/// };
/// let sde = Sde { calculus: Calculus::Stratonovich, drift: &mut drift, diffusion: Diffusion::Additive(&|t| 1.0 + t) };
/// let mut x = array![0.5, -2.0];
/// let mut stepper = SdeStepper::new(SdeMethod::ReversibleHeun, sde, &x)?;
/// let grid = TimeGrid::uniform(0.0, 1.0, 100)?;
/// let noise = BrownianPath::new(3, &grid);
/// for grid in [&grid, &grid.reversed()] {
///     for step in grid.times().windows(2) {
///         stepper.step(&noise, step[0], step[1], &mut x)?;
///     }
/// }
/// assert!((x - array![0.5, -2.0]).iter().all(|difference| difference.abs() < 1e-10));
/// assert_eq!(stepper.nfe(), (201, 0));
/// # Ok::<(), SolveError>(())
/// ```
pub struct SdeStepper<'a, S: SdeState> {
    method: SdeMethod,
    scheme: SdeScheme,
    sde: Sde<'a, S>,
    shadow: Option<Shadow<S>>,
    work: S,
    noise: Driver<S>,
    drifts: S::Stages,
    diffusions: Diffusions<S>,
    nfe: (u64, u64),
}

impl<'a, S: SdeState> SdeStepper<'a, S> {
    /// Allocates for states with the layout of `y`.
    ///
    /// # Errors
    /// [`SolveError::WrongCalculus`] if the noise is diagonal and the method integrates it in another sense.
    pub fn new(method: SdeMethod, sde: Sde<'a, S>, y: &S) -> Result<Self, SolveError> {
        let scheme = method.scheme(sde.calculus, &sde.diffusion)?;
        let (drifts, diffusions) = match scheme {
            SdeScheme::Ito(tableau) => (tableau.c0.len(), tableau.c1.len()),
            SdeScheme::Stratonovich(tableau) => (tableau.stages(), tableau.stages()),
            SdeScheme::Reversible => (2, 2),
            SdeScheme::Milstein => (1, 2),
        };
        let additive = matches!(sde.diffusion, Diffusion::Additive(_));
        let with_area = matches!(scheme, SdeScheme::Ito(tableau) if tableau.needs_area());
        Ok(Self {
            method,
            scheme,
            sde,
            shadow: matches!(scheme, SdeScheme::Reversible).then(|| Shadow::new(y)),
            work: y.alloc_like(),
            noise: Driver { dw: y.alloc_like(), area: with_area.then(|| y.alloc_like()) },
            drifts: y.stages(drifts),
            diffusions: Diffusions {
                stages: y.stages(if additive { 0 } else { diffusions }),
                levels: vec![0.0; diffusions],
                additive,
                terms: Vec::with_capacity(diffusions),
            },
            nfe: (0, 0),
        })
    }

    /// Takes `y` from `t0` to `t1`, in either direction.
    ///
    /// [`ReversibleHeun`](SdeMethod::ReversibleHeun) goes on from where its last step ended, with what it remembers from
    /// there; a `y` that was changed in between needs a new stepper.
    ///
    /// # Errors
    /// What drift, diffusion and noise return, and [`SolveError::LayoutMismatch`]. `y` is unchanged then.
    ///
    /// # Panics
    /// If `y` has another layout than the state given to [`new`](Self::new).
    #[track_caller]
    pub fn step(&mut self, noise: &dyn Noise<S>, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        assert!(y.same_layout(&self.work), "a stepper made for {} cannot take {}", self.work.layout(), y.layout());
        let Driver { dw, area } = &mut self.noise;
        noise.increment(t0, t1, dw, area.as_mut())?;
        match self.scheme {
            SdeScheme::Ito(tableau) => self.ito(tableau, t0, t1, y),
            SdeScheme::Stratonovich(tableau) => self.stratonovich(tableau, t0, t1, y),
            SdeScheme::Reversible => self.reversible(t0, t1, y),
            SdeScheme::Milstein => self.milstein(t0, t1, y),
        }
    }

    /// Evaluations so far: of the drift, and of the diffusion on states.
    pub fn nfe(&self) -> (u64, u64) {
        self.nfe
    }

    fn ito(&mut self, tableau: &StochasticTableau, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        let (h, length) = (t1 - t0, (t1 - t0).abs());
        for i in 0..tableau.c0.len().max(tableau.c1.len()) {
            if let Some(&c) = tableau.c0.get(i) {
                if i > 0 {
                    self.work.combine(y, h, tableau.a0[i], &self.drifts);
                    let weights = tableau.b0[i].iter().map(|&b| StochasticTableau::AREA.times(b));
                    self.diffusions.add(&mut self.work, &self.noise, weights);
                }
                self.drift(i, at(t0, t1, c), y)?;
            }
            if let Some(&c) = tableau.c1.get(i) {
                if i > 0 && !self.diffusions.additive {
                    self.work.combine(y, h, tableau.a1[i], &self.drifts);
                    let weights = tableau.b1[i].iter().map(|&b| constant(b * length.sqrt()));
                    self.diffusions.add(&mut self.work, &self.noise, weights);
                }
                self.diffusion(i, at(t0, t1, c), y)?;
            }
        }
        let weights = (0..tableau.c1.len()).map(|i| tableau.weight(i, length));
        self.finish(h, tableau.alpha, weights, y);
        Ok(())
    }

    fn stratonovich(&mut self, tableau: &Tableau, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        let h = t1 - t0;
        for (i, (row, &c)) in tableau.a.iter().zip(tableau.c).enumerate() {
            if i > 0 {
                self.work.combine(y, h, row, &self.drifts);
                self.diffusions.add(&mut self.work, &self.noise, row.iter().map(|&a| increment(a)));
            }
            self.drift(i, at(t0, t1, c), y)?;
            self.diffusion(i, at(t0, t1, c), y)?;
        }
        self.finish(h, tableau.b, tableau.b.iter().map(|&b| increment(b)), y);
        Ok(())
    }

    fn milstein(&mut self, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        self.drift(0, t0, y)?;
        self.diffusion(0, t0, y)?;
        if let Diffusion::DiagonalWithDerivative { product, .. } = &mut self.sde.diffusion {
            self.nfe.1 += 1;
            S::set_stage(&mut self.diffusions.stages, 1, |out| evaluate(*product, Time::All(t0), y, out))?;
        }
        let length = (t1 - t0).abs();
        let ito = NoiseWeight { powers: [-0.5 * length, 0.0, 0.5, 0.0], area: 0.0 };
        self.finish(t1 - t0, &[1.0], [increment(1.0), ito].into_iter(), y);
        Ok(())
    }

    fn reversible(&mut self, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        let mut shadow = self.shadow.take().expect("made with the scheme");
        let result = self.reversible_step(&mut shadow, t0, t1, y);
        self.shadow = Some(shadow);
        result
    }

    fn reversible_step(&mut self, shadow: &mut Shadow<S>, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        if !shadow.started {
            shadow.start(y);
            self.drift(0, t0, y)?;
            self.diffusion(0, t0, y)?;
            shadow.started = true;
        }
        shadow.reflect(y, &mut self.work);
        shadow.next.combine(&self.work, t1 - t0, &[1.0], &self.drifts);
        self.diffusions.add(&mut shadow.next, &self.noise, [increment(1.0)].into_iter());
        self.work.copy_from(&shadow.next);
        self.drift(1, t1, y)?;
        self.diffusion(1, t1, y)?;
        self.finish(t1 - t0, &[0.5, 0.5], [increment(0.5); 2].into_iter(), y);
        shadow.advance();
        S::move_stage(&mut self.drifts, 1, 0);
        if self.diffusions.additive {
            self.diffusions.levels.swap(0, 1);
        } else {
            S::move_stage(&mut self.diffusions.stages, 1, 0);
        }
        Ok(())
    }

    /// Evaluates drift `i`, the first at `y` and the others at the state in `work`.
    fn drift(&mut self, i: usize, t: f64, y: &S) -> Result<(), SolveError> {
        let Self { sde, work, drifts, .. } = self;
        self.nfe.0 += 1;
        S::set_stage(drifts, i, |out| evaluate(sde.drift, Time::All(t), if i == 0 { y } else { work }, out))
    }

    fn diffusion(&mut self, i: usize, t: f64, y: &S) -> Result<(), SolveError> {
        let Self { sde, work, diffusions, .. } = self;
        match &mut sde.diffusion {
            Diffusion::Additive(g) => {
                diffusions.levels[i] = g(t);
                Ok(())
            }
            Diffusion::Diagonal(field) | Diffusion::DiagonalWithDerivative { diffusion: field, .. } => {
                self.nfe.1 += 1;
                let at = if i == 0 { y } else { work };
                S::set_stage(&mut diffusions.stages, i, |out| evaluate(*field, Time::All(t), at, out))
            }
        }
    }

    /// `y` becomes the new state.
    fn finish(&mut self, h: f64, row: &[f64], weights: impl Iterator<Item = NoiseWeight>, y: &mut S) {
        self.work.combine(y, h, row, &self.drifts);
        self.diffusions.add(&mut self.work, &self.noise, weights);
        std::mem::swap(y, &mut self.work);
    }
}

/// A time within a step; its end is met exactly.
fn at(t0: f64, t1: f64, c: f64) -> f64 {
    if c == 1.0 { t1 } else { t0 + c * (t1 - t0) }
}

fn constant(factor: f64) -> NoiseWeight {
    NoiseWeight { powers: [factor, 0.0, 0.0, 0.0], area: 0.0 }
}

fn increment(factor: f64) -> NoiseWeight {
    NoiseWeight { powers: [0.0, factor, 0.0, 0.0], area: 0.0 }
}

impl<S: SdeState> std::fmt::Debug for SdeStepper<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SdeStepper")
            .field("method", &self.method)
            .field("sde", &self.sde)
            .field("layout", &self.work.layout())
            .finish_non_exhaustive()
    }
}
