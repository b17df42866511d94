//! From a solver's configuration to a solve, for any state.
//!
//! A [`Plan`] is a configuration whose budget has become steps. It is made before anything is drawn, so that a budget that
//! is too small is refused at once, and it is generic over the state: what a network on tensors is integrated with, an
//! exact field on arrays is measured with.

use fm_solvers::{
    AdaptiveSolver, BrownianPath, Calculus, Diffusion, FiniteCheck, FixedMethod, FixedSolver, Noise, Observer,
    RowState, SampleStats, Sde, SdeMethod, SdeSolver, SdeState, SolveError, Stats, TimeGrid, VectorField,
};

use crate::config::{ErrorNorm, planned_steps};
use crate::{ConfigError, FixedConfig, NnError, SdeConfig, SolverConfig, SolverKind};

/// Steps of the grid at whose times the states of an adaptive solve are kept.
const KEPT: usize = 50;

/// What evaluations of a field cost in network evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCost {
    /// Network evaluations in one of the field: 2 under guidance.
    pub each: u64,
    /// Evaluations of the field after the solve.
    pub after: u64,
}

impl Default for CallCost {
    fn default() -> Self {
        Self { each: 1, after: 0 }
    }
}

/// A solver with its budget turned into steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    scheme: Scheme,
    /// The setting that bounds an adaptive solve, and its value.
    limit: (&'static str, u64),
}

#[derive(Clone, Debug, PartialEq)]
enum Scheme {
    Fixed { method: FixedMethod, steps: usize },
    Adaptive { solver: AdaptiveSolver, stops: Vec<f64>, per_sample: bool },
    Sde { method: SdeMethod, steps: usize },
}

/// What a plan is carried out on.
pub struct Problem<'a, S> {
    /// The velocity; the drift for a stochastic equation.
    pub field: &'a mut dyn VectorField<S>,
    /// The diffusion coefficient of a stochastic equation.
    pub diffusion: &'a dyn Fn(f64) -> f64,
    /// Its Brownian motion.
    pub noise: &'a dyn Noise<S>,
    /// The first and the last time.
    pub span: [f64; 2],
    /// When equal steps look for NaN and infinity.
    pub check: FiniteCheck,
    /// Whether the states of an adaptive solve that reached its limit are a result, and not an error.
    pub partial: bool,
}

/// What came of a solve.
#[derive(Clone, Debug, PartialEq)]
pub struct Solved {
    /// What it took.
    pub work: Work,
    /// The time of each sample's state: the last one, but for the samples of a partial result that did not get there.
    pub t: Vec<f64>,
}

impl<S> std::fmt::Debug for Problem<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Problem").field("span", &self.span).finish_non_exhaustive()
    }
}

/// What a solve took for each of its samples: the largest numbers of any, and the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Evaluations of the field.
    pub nfe: u64,
    /// Their mean over the samples, which differs where samples have steps of their own.
    pub mean_nfe: f64,
    /// Completed steps.
    pub steps: usize,
    /// Rejected trial steps.
    pub rejected: usize,
    /// Steps of the smallest length that were accepted with too large an error.
    pub forced: usize,
}

impl Work {
    /// This and other samples together, as their numbers say.
    #[must_use]
    pub(crate) fn and(self, samples: usize, other: Self, others: usize) -> Self {
        let [n, m] = [samples, others].map(|count| count as f64 / (samples + others) as f64);
        Self {
            nfe: self.nfe.max(other.nfe),
            mean_nfe: n * self.mean_nfe + m * other.mean_nfe,
            steps: self.steps.max(other.steps),
            rejected: self.rejected.max(other.rejected),
            forced: self.forced.max(other.forced),
        }
    }
}

impl From<Stats> for Work {
    fn from(Stats { nfe, steps, rejected, forced, .. }: Stats) -> Self {
        Self { nfe, mean_nfe: nfe as f64, steps, rejected, forced }
    }
}

impl From<&SampleStats> for Work {
    fn from(SampleStats { nfe, steps, rejected, forced, .. }: &SampleStats) -> Self {
        let most = |counts: &[usize]| counts.iter().copied().max().unwrap_or(0);
        Self {
            nfe: nfe.iter().copied().max().unwrap_or(0),
            mean_nfe: nfe.iter().sum::<u64>() as f64 / nfe.len() as f64,
            steps: most(steps),
            rejected: most(rejected),
            forced: most(forced),
        }
    }
}

impl SolverConfig {
    /// The steps that the budget allows. `kept` says whether states between the steps are asked for, which costs
    /// evaluations with some adaptive methods.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), and [`ConfigError::Budget`] for one that is spent before the first step.
    pub fn plan(&self, cost: CallCost, kept: bool) -> Result<Plan, ConfigError> {
        self.validate()?;
        let calls = self.nfe.map(|nfe| (nfe / cost.each).saturating_sub(cost.after));
        let too_small = |method, least: u64| ConfigError::Budget {
            nfe: self.nfe.unwrap_or(0),
            method,
            least: (least + cost.after) * cost.each,
        };
        let mut limit = ("solver.nfe", self.nfe.unwrap_or(0));
        let scheme = match &self.kind {
            &SolverKind::Fixed(FixedConfig { method, steps }) => {
                let steps = planned_steps(steps, calls, |steps| method.nfe(steps));
                Scheme::Fixed { method, steps: steps.map_err(|least| too_small(method.name(), least))? }
            }
            &SolverKind::Sde(SdeConfig { method, steps, .. }) => {
                let steps = planned_steps(steps, calls, |steps| method.nfe(steps));
                Scheme::Sde { method, steps: steps.map_err(|least| too_small(method.name(), least))? }
            }
            SolverKind::Adaptive(config) => {
                let mut solver = config.solver()?;
                let trials = calls.map(|calls| {
                    let (start, each) = trial_cost(&solver, kept);
                    // With steps of their own samples get to the stops one by one, and each time all are evaluated again.
                    let again = config.jumps && solver.method.tableau().fsal;
                    let (start, each) = match config.norm {
                        ErrorNorm::PerSample => (start, each + u64::from(again)),
                        _ => (start + if config.jumps { config.stops.len() as u64 } else { 0 }, each),
                    };
                    let trials = calls.saturating_sub(start) / each;
                    if trials > 0 { Ok(trials) } else { Err(too_small(config.method.name(), start + each)) }
                });
                match trials.transpose()?.map(|trials| usize::try_from(trials).unwrap_or(usize::MAX)) {
                    Some(trials) if trials < solver.max_steps => solver.max_steps = trials,
                    _ => limit = ("solver.max_steps", solver.max_steps as u64),
                }
                let per_sample = config.norm == ErrorNorm::PerSample;
                Scheme::Adaptive { solver, stops: config.stops.clone(), per_sample }
            }
        };
        Ok(Plan { scheme, limit })
    }
}

/// Evaluations before the first trial step of an adaptive solve, and the most that a trial costs.
fn trial_cost(solver: &AdaptiveSolver, kept: bool) -> (u64, u64) {
    let tableau = solver.method.tableau();
    let start = if solver.first_step.is_some() { 1 } else { 2 };
    let stages = tableau.method.stages() - 1 + usize::from(!tableau.fsal);
    (start, (stages + if kept { tableau.dense_a.len() } else { 0 }) as u64)
}

impl Plan {
    /// Whether states are seen on the way; not where samples have steps of their own.
    pub fn observes(&self) -> bool {
        !matches!(self.scheme, Scheme::Adaptive { per_sample: true, .. })
    }

    /// The times at which states are kept: those of the steps, or equally spaced ones of an adaptive solve.
    ///
    /// # Errors
    /// [`SolveError::NotMonotone`] if the ends of the span are too near for that many times.
    pub fn times(&self, [start, end]: [f64; 2]) -> Result<TimeGrid, SolveError> {
        match self.scheme {
            Scheme::Fixed { steps, .. } | Scheme::Sde { steps, .. } => TimeGrid::uniform(start, end, steps),
            Scheme::Adaptive { .. } => TimeGrid::uniform(start, end, KEPT),
        }
    }

    /// Takes `z` over the span.
    ///
    /// # Errors
    /// [`NnError::Unfinished`] for an adaptive solve that reached its limit, if a partial result is not asked for,
    /// [`NnError::Solve`] if the solve fails.
    pub fn solve<S: SdeState + RowState>(
        &self,
        problem: Problem<'_, S>,
        z: &mut S,
        observer: &mut dyn Observer<S>,
    ) -> Result<Solved, NnError> {
        let Problem { field, diffusion, noise, span, check, partial } = problem;
        let samples = z.batch();
        let common = |stats: Stats| Solved { work: stats.into(), t: vec![stats.t; samples] };
        let solved = match &self.scheme {
            &Scheme::Fixed { method, .. } => {
                common(FixedSolver { method, check }.solve(field, &self.times(span)?, z, observer)?)
            }
            &Scheme::Sde { method, .. } => {
                let sde = Sde { calculus: Calculus::Ito, drift: field, diffusion: Diffusion::Additive(diffusion) };
                common(SdeSolver { method, check }.solve(sde, noise, &self.times(span)?, z, observer)?)
            }
            Scheme::Adaptive { solver, stops, per_sample } => {
                let ends = TimeGrid::new([&span[..1], stops, &span[1..]].concat())?;
                if *per_sample {
                    let stats = solver.solve_per_sample(field, &ends, z, &mut ())?;
                    Solved { work: (&stats).into(), t: stats.t }
                } else {
                    common(solver.solve(field, &ends, z, observer)?)
                }
            }
        };
        let (limit, value) = self.limit;
        let t = solved.t.iter().copied().fold(span[1], f64::min);
        if t < span[1] && !partial { Err(NnError::Unfinished { limit, value, t, end: span[1] }) } else { Ok(solved) }
    }

    /// The Brownian motion of the samples `first`, `first + 1`, ...: `count` of them.
    ///
    /// # Errors
    /// As [`times`](Self::times).
    pub fn brownian(
        &self,
        seed: u64,
        span: [f64; 2],
        samples: std::ops::Range<usize>,
    ) -> Result<BrownianPath, SolveError> {
        let samples = samples.map(|sample| sample as u64).collect();
        Ok(BrownianPath::new(seed, &self.times(span)?).for_samples(samples))
    }
}
