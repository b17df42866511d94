//! How samples are integrated: a family of methods, the method, its options, and a budget.
//!
//! What has to be said of a method depends on its family alone, so the family is the `kind` of the section, and an option
//! of another family is an unknown key. The rejected alternative is one flat section with the options of all methods, most
//! of whose combinations have no meaning and would have to be refused one by one, or be ignored in silence.

use fm_paths::DiffusionCoefficient;
use fm_solvers::{
    AdaptiveSolver, AtSmallestStep, EmbeddedMethod, FixedMethod, Norm, SdeMethod, SolveError, StepControl, Tolerance,
};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::ConfigError;

/// How samples are integrated.
///
/// | `kind` | keys |
/// |---|---|
/// | `fixed` (default) | [`FixedConfig`] |
/// | `adaptive` | [`AdaptiveConfig`] |
/// | `sde` | [`SdeConfig`] |
///
/// `nfe` is a key of each: a budget of network evaluations for each sample, all of them counted, also the second one under
/// guidance and the one after the last step where `time.t_max` is below 1. With equal steps it decides how many are taken;
/// an adaptive solve that spends it before the end is an error, unless [`Request::partial`](crate::Request::partial) asks for
/// what there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SolverConfig {
    /// The family, with the method and its options.
    #[serde(flatten, deserialize_with = "fixed_unless_said_otherwise")]
    pub kind: SolverKind,
    /// The budget of network evaluations; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nfe: Option<u64>,
}

/// A family of methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SolverKind {
    /// Equal steps on the probability flow.
    Fixed(FixedConfig),
    /// Steps on the probability flow that follow their error.
    Adaptive(AdaptiveConfig),
    /// Equal steps on a stochastic equation with the same marginals.
    Sde(SdeConfig),
}

impl Default for SolverKind {
    fn default() -> Self {
        Self::Fixed(FixedConfig::default())
    }
}

/// Steps where neither steps nor a budget are given.
const STEPS: usize = 50;

/// Steps of a grid at most; their times are kept.
const MOST_STEPS: usize = 10_000_000;

/// Equal steps.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `method` | `midpoint` | a [`FixedMethod`] | |
/// | `steps` | 50 | how many; not together with `nfe` | 1 ... 10 000 000 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FixedConfig {
    /// The method.
    pub method: FixedMethod,
    /// The number of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

/// Steps that follow their error. Times run from 0 to 1, and so step sizes are parts of 1.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `method` | `dopri5` | an [`EmbeddedMethod`] | |
/// | `rtol`, `atol` | 1e-5 | tolerance of each step, in the units of the model | at least 0, above 0 |
/// | `norm` | `batch-rms` | an [`ErrorNorm`] | |
/// | `[solver.control]` | `i = 1`, `p` and `d` 0 | a [`StepControl`] | |
/// | `first_step` | from the field | length of the first step | above 0 |
/// | `h_min` | 0 | the smallest step | at least 0 |
/// | `at_h_min` | `fail` | what becomes of a step of that length with too large an error: an [`AtSmallestStep`] | |
/// | `h_max` | none | the largest step | above `h_min` |
/// | `max_steps` | 10000 | trial steps, after which the solve is an error or a partial result | at least 1 |
/// | `retries` | 10 | smaller trials after one that is not finite | |
/// | `stops` | none | times at which a step has to end | ascending, inside the times of the solve |
/// | `jumps` | false | whether the field may jump at the `stops`; costs an evaluation at each, and under `per-sample` whenever a sample gets to one | |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "described in the table")]
pub struct AdaptiveConfig {
    pub method: EmbeddedMethod,
    pub rtol: f64,
    pub atol: f64,
    pub norm: ErrorNorm,
    pub control: StepControl,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_step: Option<f64>,
    pub h_min: f64,
    pub at_h_min: AtSmallestStep,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h_max: Option<f64>,
    pub max_steps: usize,
    pub retries: u32,
    pub stops: Vec<f64>,
    pub jumps: bool,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        let AdaptiveSolver {
            method, tolerance, control, first_step, h_min, at_h_min, max_steps, retries, jumps, ..
        } = AdaptiveSolver::default();
        Self {
            method,
            rtol: tolerance.rtol(),
            atol: tolerance.atol(),
            norm: ErrorNorm::default(),
            control,
            first_step,
            h_min,
            at_h_min,
            h_max: None,
            max_steps,
            retries,
            stops: Vec::new(),
            jumps,
        }
    }
}

/// Whose error decides about a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorNorm {
    /// The root mean square over the batch, [`Norm::BatchRms`].
    #[default]
    BatchRms,
    /// That of the worst sample, [`Norm::MaxOverSamples`].
    MaxOverSamples,
    /// Each sample has steps of its own, [`AdaptiveSolver::solve_per_sample`]: its result does not depend on the others.
    PerSample,
}

/// Equal steps on `dX = (u + ½g²·score) dt + g dW`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `method` | `euler-maruyama` | an [`SdeMethod`] | |
/// | `steps` | 50 | how many; not together with `nfe` | 1 ... 10 000 000 |
/// | `[solver.diffusion]` | `sigma` | how much noise: a [`DiffusionCoefficient`] | |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SdeConfig {
    /// The method.
    pub method: SdeMethod,
    /// The number of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The diffusion.
    pub diffusion: DiffusionCoefficient,
}

impl SolverConfig {
    /// A fixed method with so many steps.
    pub fn fixed(method: FixedMethod, steps: usize) -> Self {
        Self { kind: SolverKind::Fixed(FixedConfig { method, steps: Some(steps) }), nfe: None }
    }

    /// The diffusion of a stochastic equation; none for the flow.
    pub fn diffusion(&self) -> Option<DiffusionCoefficient> {
        if let SolverKind::Sde(sde) = self.kind { Some(sde.diffusion) } else { None }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first one outside its range, [`ConfigError::Conflict`] for steps beside a budget.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if let Some(nfe) = self.nfe {
            ConfigError::require(nfe > 0, "solver.nfe", nfe as f64, "at least 1")?;
        }
        match &self.kind {
            SolverKind::Fixed(FixedConfig { steps, .. }) => self.validate_steps(*steps),
            SolverKind::Adaptive(config) => config.solver().map(drop),
            SolverKind::Sde(SdeConfig { steps, diffusion, .. }) => {
                self.validate_steps(*steps)?;
                Ok(diffusion.validate()?)
            }
        }
    }

    fn validate_steps(&self, steps: Option<usize>) -> Result<(), ConfigError> {
        let Some(steps) = steps else { return Ok(()) };
        let holds = (1..=MOST_STEPS).contains(&steps);
        ConfigError::require(holds, "solver.steps", steps as f64, "between 1 and 10000000")?;
        match self.nfe {
            None => Ok(()),
            Some(nfe) => Err(ConfigError::Conflict {
                what: format!("solver.steps = {steps} and solver.nfe = {nfe}"),
                remedy: "give the steps or the budget that decides them",
            }),
        }
    }
}

impl AdaptiveConfig {
    /// The solver with these options.
    pub(crate) fn solver(&self) -> Result<AdaptiveSolver, ConfigError> {
        let Self {
            method,
            rtol,
            atol,
            norm,
            control,
            first_step,
            h_min,
            at_h_min,
            h_max,
            max_steps,
            retries,
            jumps,
            ..
        } = *self;
        let require = ConfigError::require;
        require(rtol >= 0.0 && rtol.is_finite(), "solver.rtol", rtol, "zero or a positive number")?;
        require(atol > 0.0 && atol.is_finite(), "solver.atol", atol, "a positive number")?;
        require(max_steps > 0, "solver.max_steps", max_steps as f64, "at least 1")?;
        self.validate_stops([0.0, 1.0], "between 0 and 1, and ascending")?;
        if jumps && self.stops.is_empty() {
            return Err(ConfigError::Conflict {
                what: "solver.jumps without solver.stops".to_owned(),
                remedy: "name the times at which the field jumps",
            });
        }
        let solver = AdaptiveSolver {
            method,
            tolerance: Tolerance::new(rtol, atol).expect("checked"),
            // Not looked at where samples have steps of their own.
            norm: if norm == ErrorNorm::MaxOverSamples { Norm::MaxOverSamples } else { Norm::BatchRms },
            control,
            first_step,
            h_min,
            at_h_min,
            h_max: h_max.unwrap_or(f64::INFINITY),
            max_steps,
            retries,
            jumps,
        };
        match solver.validate() {
            Err(SolveError::InvalidOption { option: key, value, range: domain }) => {
                Err(ConfigError::Value { key, value, domain })
            }
            _ => Ok(solver),
        }
    }

    /// Checks that the stops ascend inside a span.
    pub(crate) fn validate_stops(&self, [start, end]: [f64; 2], domain: &'static str) -> Result<(), ConfigError> {
        let mut last = start;
        for &stop in &self.stops {
            ConfigError::require(stop > last && stop < end, "solver.stops", stop, domain)?;
            last = stop;
        }
        Ok(())
    }
}

/// The steps that are asked for; those of the budget, which allows so many `calls`, where there is one.
pub(crate) fn planned_steps(
    asked: Option<usize>,
    calls: Option<u64>,
    nfe: impl Fn(usize) -> u64,
) -> Result<usize, u64> {
    let Some(calls) = calls else { return Ok(asked.unwrap_or(STEPS)) };
    // Every step costs something, and more steps cost more.
    let (mut low, mut high) = (0, usize::try_from(calls).unwrap_or(MOST_STEPS).min(MOST_STEPS));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if nfe(middle) <= calls {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if low > 0 { Ok(low) } else { Err(nfe(1)) }
}

/// A section without a `kind` is of equal steps, as all were before there were kinds.
fn fixed_unless_said_otherwise<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SolverKind, D::Error> {
    let mut section = serde_json::Map::deserialize(deserializer)?;
    section.entry("kind").or_insert_with(|| "fixed".into());
    SolverKind::deserialize(serde_json::Value::Object(section)).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SolverConfig {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn checkpoints_from_before_the_kinds_are_read() {
        let heun = SolverConfig::fixed(FixedMethod::Heun, 25);
        assert_eq!(read(r#"{"method": "heun", "steps": 25}"#), heun);
        assert_eq!(read(&serde_json::to_string(&heun).unwrap()), heun);
        assert_eq!(read("{}"), SolverConfig::default());
    }

    #[test]
    fn every_kind_survives_the_way_to_a_file_and_back() {
        for text in [
            r#"{"kind": "fixed", "method": "ab4", "nfe": 40}"#,
            r#"{"kind": "adaptive", "norm": "per-sample", "h_max": 0.5, "control": {"p": 0.2, "i": 0.65}}"#,
            r#"{"kind": "adaptive", "at_h_min": "accept", "retries": 3, "stops": [0.25, 0.5], "jumps": true}"#,
            r#"{"kind": "sde", "method": "heun", "steps": 9, "diffusion": {"kind": "eta", "eta": 0.5}}"#,
        ] {
            let config = read(text);
            assert_eq!(read(&serde_json::to_string(&config).unwrap()), config, "{text}");
            config.validate().unwrap();
        }
    }

    #[test]
    fn a_budget_is_spent_but_never_exceeded() {
        for method in FixedMethod::ALL {
            let first = method.nfe(1);
            assert_eq!(planned_steps(None, Some(first - 1), |steps| method.nfe(steps)), Err(first), "{method}");
            for calls in first..100 {
                let steps = planned_steps(None, Some(calls), |steps| method.nfe(steps)).unwrap();
                assert!(method.nfe(steps) <= calls && method.nfe(steps + 1) > calls, "{method} {calls}");
            }
        }
        assert_eq!(planned_steps(None, Some(u64::MAX), |steps| FixedMethod::Rk4.nfe(steps)), Ok(MOST_STEPS));
    }
}
