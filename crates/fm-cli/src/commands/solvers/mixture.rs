//! Eight Gaussians on a ring in the plane, whose velocity and score are known: no network, everything in `f64`.

use anyhow::Result;
use fm_nn::random::{Purpose, stream};
use fm_nn::{AdaptiveConfig, CallCost, Problem, SdeConfig, SolverConfig, SolverKind};
use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{AffinePath, DiffusionCoefficient, Linear, Prediction, nd};
use fm_solvers::{BrownianPath, EmbeddedMethod, FiniteCheck, SdeMethod, SolveError, Time, TimeGrid};
use ndarray::Array2;

use super::study::Subject;

/// The flow from a standard normal to the ring, along the linear path.
#[derive(Debug)]
pub struct Mixture {
    exact: Exact<Linear>,
    noise: Array2<f64>,
    brownian: BrownianPath,
    /// The standard deviation of the data.
    spread: f64,
}

/// Steps of the reference of a stochastic equation; the error of a method of strong order 3/2 is then far below those
/// that are drawn.
const REFERENCE_STEPS: usize = 4096;

impl Mixture {
    pub fn new(n: usize, seed: u64) -> Result<Self> {
        let (radius, variance) = (5.0_f64, 0.1_f64);
        let source = GaussianMixture::standard_normal(2)?;
        Ok(Self {
            exact: Exact::new(Linear, GaussianMixture::ring(8, radius, variance.sqrt())?),
            noise: source.sample(n, &mut stream(seed, Purpose::Generation, 0)),
            // One cell: a path that no grid is finer than, so that all of them follow it.
            brownian: BrownianPath::new(seed, &TimeGrid::uniform(0.0, 1.0, 1)?),
            spread: (radius * radius / 2.0 + variance).sqrt(),
        })
    }
}

impl Subject for Mixture {
    fn solve(&self, solver: SolverConfig) -> Result<(Array2<f64>, f64)> {
        let (path, diffusion) = (AffinePath::new(Linear), solver.diffusion());
        let mut field = |t: Time<'_>, z: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
            let t = match &t {
                Time::All(t) => std::slice::from_ref(t),
                Time::Rows(times) => *times,
            };
            let failed = |error| SolveError::field(t[0], error);
            self.exact.predict_into(Prediction::Velocity, t, z, out).map_err(failed)?;
            if let Some(diffusion) = diffusion {
                let velocity = |point| Prediction::Velocity.row(point);
                let drift = path.convert_rows(velocity, |point| diffusion.drift(point), t).map_err(failed)?;
                // Stochastic steps have one time for all samples.
                *out = nd::blend(&vec![drift[0]; z.nrows()], z, out);
            }
            Ok(())
        };
        let coefficient = |t| diffusion.map_or(0.0, |diffusion| diffusion.at(&Linear, t));
        let (span, check, partial) = ([0.0, 1.0], FiniteCheck::default(), false);
        let problem =
            Problem { field: &mut field, diffusion: &coefficient, noise: &self.brownian, span, check, partial };
        let mut z = self.noise.clone();
        let solved = solver.plan(CallCost::default(), false)?.solve(problem, &mut z, &mut ())?;
        Ok((z / self.spread, solved.work.mean_nfe))
    }

    fn reference(&self, diffusion: Option<DiffusionCoefficient>) -> Result<Array2<f64>> {
        let kind = match diffusion {
            Some(diffusion) => {
                SolverKind::Sde(SdeConfig { method: SdeMethod::Srk, steps: Some(REFERENCE_STEPS), diffusion })
            }
            None => SolverKind::Adaptive(AdaptiveConfig {
                method: EmbeddedMethod::Dop853,
                rtol: 1e-12,
                atol: 1e-12,
                ..AdaptiveConfig::default()
            }),
        };
        Ok(self.solve(SolverConfig { kind, nfe: None })?.0)
    }

    fn shares_noise(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        "Eight Gaussians, exact field".to_owned()
    }
}
