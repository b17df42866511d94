//! Every method at a ladder of budgets or tolerances.

use anyhow::Result;
use fm_nn::{AdaptiveConfig, ConfigError, NnError, SolverConfig, SolverKind};
use fm_paths::DiffusionCoefficient;
use fm_solvers::{EmbeddedMethod, FixedMethod, SdeMethod};
use ndarray::Array2;

use crate::commands::solver::Method;
use crate::progress::Progress;

/// Something to integrate, always from the same noise.
pub trait Subject {
    /// The ends of the solves, `[n, d]` in units of the data's spread, and the mean number of network evaluations.
    fn solve(&self, solver: SolverConfig) -> Result<(Array2<f64>, f64)>;

    /// The same without error, as far as that goes.
    fn reference(&self, diffusion: Option<DiffusionCoefficient>) -> Result<Array2<f64>>;

    /// Whether two stochastic solves with different steps follow the same Brownian path, so that their errors mean something.
    fn shares_noise(&self) -> bool;

    /// What it is.
    fn title(&self) -> String;
}

/// The errors of a method.
#[derive(Debug)]
pub struct Curve {
    pub method: Method,
    pub points: Vec<Measured>,
}

/// One solve.
#[derive(Debug)]
pub struct Measured {
    /// Steps or tolerance, in words.
    pub setting: String,
    pub nfe: f64,
    /// Root mean square over all values of all samples.
    pub error: f64,
    /// The median over the samples of their own.
    pub median: f64,
}

/// The curves of each family, up to a budget of `most` evaluations.
pub fn measure(subject: &dyn Subject, most: u64) -> Result<Vec<(&'static str, Vec<Curve>)>> {
    let fixed = FixedMethod::ALL.map(Method::Fixed).to_vec();
    let adaptive = EmbeddedMethod::ALL.map(Method::Adaptive).to_vec();
    // With noise that does not depend on the state, Milstein's method is that of Euler and Maruyama.
    let stochastic = SdeMethod::ALL.into_iter().filter(|method| *method != SdeMethod::Milstein).map(Method::Sde);
    let mut families = vec![("equal steps", fixed), ("adaptive", adaptive)];
    if subject.shares_noise() {
        families.push(("stochastic, same Brownian path", stochastic.collect()));
    }
    let total = families.iter().map(|(_, methods)| methods.len() as u64 + 1).sum();
    let (mut progress, mut done) = (Progress::new("measure", "methods", 0, total), 0);
    let mut measured = Vec::new();
    for (family, methods) in families {
        let reference = subject.reference(methods.first().and_then(|method| ladder(*method, most)[0].diffusion()))?;
        done += 1;
        let mut curves = Vec::new();
        for method in methods {
            progress.at(done, || method.to_string());
            let mut points = Vec::new();
            for solver in ladder(method, most) {
                points.extend(measure_one(subject, solver, &reference)?);
            }
            curves.push(Curve { method, points });
            done += 1;
        }
        measured.push((family, curves));
    }
    progress.finish();
    Ok(measured)
}

/// Budgets in powers of two, or tolerances in powers of ten for as long as twice the largest budget is enough.
fn ladder(method: Method, most: u64) -> Vec<SolverConfig> {
    let kind = method.over(SolverKind::default());
    match kind {
        SolverKind::Adaptive(config) => (1..=10)
            .map(|digits| {
                let tolerance = 10_f64.powi(-digits);
                let config = AdaptiveConfig { rtol: tolerance, atol: tolerance, ..config.clone() };
                SolverConfig { kind: SolverKind::Adaptive(config), nfe: Some(2 * most) }
            })
            .collect(),
        kind => {
            let budgets = (2..u64::BITS).map(|power| 1 << power).take_while(|&budget| budget <= most);
            budgets.map(|nfe| SolverConfig { kind: kind.clone(), nfe: Some(nfe) }).collect()
        }
    }
}

/// Nothing where the budget is too small for a step, or for the tolerance.
fn measure_one(subject: &dyn Subject, solver: SolverConfig, reference: &Array2<f64>) -> Result<Option<Measured>> {
    let setting = match &solver.kind {
        SolverKind::Adaptive(config) => format!("{:e}", config.rtol),
        SolverKind::Fixed(_) | SolverKind::Sde(_) => format!("{}", solver.nfe.unwrap_or(0)),
    };
    let (x, nfe) = match subject.solve(solver) {
        Err(error) if is_out_of_budget(&error) => return Ok(None),
        solved => solved?,
    };
    let mut squares: Vec<f64> =
        (x - reference).rows().into_iter().map(|row| row.dot(&row) / row.len() as f64).collect();
    squares.sort_by(f64::total_cmp);
    let error = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
    let median = squares[squares.len() / 2].sqrt();
    Ok(Some(Measured { setting, nfe, error, median }))
}

fn is_out_of_budget(error: &anyhow::Error) -> bool {
    let config = match error.downcast_ref() {
        Some(NnError::Unfinished { .. }) => return true,
        Some(NnError::Config(config)) => Some(config),
        _ => error.downcast_ref::<ConfigError>(),
    };
    matches!(config, Some(ConfigError::Budget { .. }))
}
