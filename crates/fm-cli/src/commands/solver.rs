//! The solver on the command line: a method by its name, and the options of its family laid over the configured ones.
//!
//! Every method has one flat name here, and the name decides the family, because a person thinks of a method first. An
//! option of another family is an error and never ignored.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use fm_nn::{AdaptiveConfig, ErrorNorm, FixedConfig, SdeConfig, SolverConfig, SolverKind};
use fm_paths::DiffusionCoefficient;
use fm_solvers::{AtSmallestStep, EmbeddedMethod, FixedMethod, SdeMethod, StepControl};

/// The options of a solver.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Solver")]
pub struct SolverArgs {
    /// Method:
    ///   equal steps  euler, midpoint, heun, ralston, rk4, ab2, ab3, ab4, abm4
    ///   adaptive     bosh3, dopri5, tsit5, dop853
    ///   stochastic   euler-maruyama, milstein, srk, sde-heun, reversible-heun
    #[arg(long, value_name = "NAME", verbatim_doc_comment)]
    solver: Option<Method>,
    /// Steps of a method with equal steps, stochastic or not
    #[arg(long, value_name = "N", conflicts_with = "nfe")]
    steps: Option<usize>,
    /// Network evaluations for each sample, at most: decides the number of equal steps; an adaptive solve that needs more
    /// is an error, or with --keep-partial ends where it is
    #[arg(long, value_name = "N")]
    nfe: Option<u64>,
    /// Relative tolerance of a step (adaptive)
    #[arg(long, value_name = "TOL")]
    rtol: Option<f64>,
    /// Absolute tolerance of a step, in the units of the model (adaptive)
    #[arg(long, value_name = "TOL")]
    atol: Option<f64>,
    /// Whose error decides about a step: batch-rms, max-over-samples, or per-sample for steps of each sample's own
    /// (adaptive)
    #[arg(long, value_enum, value_name = "NORM", hide_possible_values = true)]
    norm: Option<Norm>,
    /// How the step follows the error: i, pi, or the coefficients of a PID controller as P,I,D (adaptive)
    #[arg(long, value_name = "CONTROL", allow_hyphen_values = true)]
    control: Option<Control>,
    /// Length of the first step, as a part of the time from 0 to 1 (adaptive)
    #[arg(long, value_name = "H")]
    first_step: Option<f64>,
    /// Aim at this fraction of the step that would just do (adaptive)
    #[arg(long, value_name = "X")]
    safety: Option<f64>,
    /// A step shrinks at most to this fraction at once (adaptive)
    #[arg(long, value_name = "X")]
    min_factor: Option<f64>,
    /// A step grows at most to this multiple at once (adaptive)
    #[arg(long, value_name = "X")]
    max_factor: Option<f64>,
    /// The smallest step (adaptive)
    #[arg(long, value_name = "H")]
    h_min: Option<f64>,
    /// What becomes of a smallest step whose error is too large: fail, or accept, which is counted (adaptive)
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    at_h_min: Option<AtHMin>,
    /// The largest step (adaptive)
    #[arg(long, value_name = "H")]
    h_max: Option<f64>,
    /// Trial steps at most (adaptive)
    #[arg(long, value_name = "N")]
    max_steps: Option<usize>,
    /// Smaller trials after one that is not finite, before it is an error (adaptive)
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Times at which a step has to end, in ascending order (adaptive)
    #[arg(long, value_name = "T,T,...", value_delimiter = ',', allow_hyphen_values = true)]
    stops: Option<Vec<f64>>,
    /// The field jumps at the stops: take it from before at the end of a step, from after at the beginning (adaptive)
    #[arg(long)]
    jumps: bool,
    /// How much noise: sigma=C for g^2 = C sigma(t), eta=E for E times the noise of the reversed diffusion process,
    /// constant=G; a name alone stands for 1 (stochastic)
    #[arg(long, value_name = "KIND=X")]
    diffusion: Option<Diffusion>,
}

/// A method of any family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    Fixed(FixedMethod),
    Adaptive(EmbeddedMethod),
    Sde(SdeMethod),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Norm {
    BatchRms,
    MaxOverSamples,
    PerSample,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AtHMin {
    Fail,
    Accept,
}

/// The coefficients p, i and d; how far steps may change at once are options of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Control([f64; 3]);

/// A diffusion coefficient as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diffusion(pub DiffusionCoefficient);

impl Method {
    /// Every method of a family.
    fn families() -> [(&'static str, Vec<Self>); 3] {
        [
            ("with equal steps", FixedMethod::ALL.map(Self::Fixed).to_vec()),
            ("adaptive", EmbeddedMethod::ALL.map(Self::Adaptive).to_vec()),
            ("stochastic", SdeMethod::ALL.map(Self::Sde).to_vec()),
        ]
    }

    /// The method of a configuration.
    pub fn of(kind: &SolverKind) -> Self {
        match kind {
            SolverKind::Fixed(config) => Self::Fixed(config.method),
            SolverKind::Adaptive(config) => Self::Adaptive(config.method),
            SolverKind::Sde(config) => Self::Sde(config.method),
        }
    }

    /// The configuration with this method, the other options as they are if they belong to it, else the defaults.
    pub fn over(self, kind: SolverKind) -> SolverKind {
        match (self, kind) {
            (Self::Fixed(method), SolverKind::Fixed(config)) => SolverKind::Fixed(FixedConfig { method, ..config }),
            (Self::Fixed(method), _) => SolverKind::Fixed(FixedConfig { method, ..FixedConfig::default() }),
            (Self::Adaptive(method), SolverKind::Adaptive(config)) => {
                SolverKind::Adaptive(AdaptiveConfig { method, ..config })
            }
            (Self::Adaptive(method), _) => SolverKind::Adaptive(AdaptiveConfig { method, ..AdaptiveConfig::default() }),
            (Self::Sde(method), SolverKind::Sde(config)) => SolverKind::Sde(SdeConfig { method, ..config }),
            (Self::Sde(method), _) => SolverKind::Sde(SdeConfig { method, ..SdeConfig::default() }),
        }
    }
}

/// The two Heun methods need two names where there is one list.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fixed(method) => method.name(),
            Self::Adaptive(method) => method.name(),
            Self::Sde(SdeMethod::Heun) => "sde-heun",
            Self::Sde(method) => method.name(),
        })
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let families = Self::families();
        let found = families.iter().flat_map(|(_, methods)| methods).find(|method| method.to_string() == name);
        found.copied().ok_or_else(|| {
            let names = |methods: &[Self]| methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let known = families.iter().map(|(family, methods)| format!("{family} {}", names(methods)));
            format!("there is no such method; known are {}", known.collect::<Vec<_>>().join("; "))
        })
    }
}

impl FromStr for Control {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = || text.split(',').map(|part| part.trim().parse::<f64>().ok()).collect::<Option<Vec<_>>>();
        let of = |StepControl { p, i, d, .. }: StepControl| [p, i, d];
        Ok(Self(match text {
            "i" => of(StepControl::I),
            "pi" => of(StepControl::PI),
            _ => match numbers().as_deref() {
                Some(&[p, i, d]) => [p, i, d],
                _ => return Err("write i, pi, or three numbers P,I,D such as 0.3,0.3,0.1".to_owned()),
            },
        }))
    }
}

impl FromStr for Diffusion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = match text.split_once('=') {
            None => (text, Ok(1.0)),
            Some((kind, value)) => (kind, value.parse::<f64>()),
        };
        Ok(Self(match (kind, value) {
            ("sigma", Ok(scale)) => DiffusionCoefficient::Sigma { scale },
            ("eta", Ok(eta)) => DiffusionCoefficient::Eta { eta },
            ("constant", Ok(g)) => DiffusionCoefficient::Constant { g },
            _ => return Err("write sigma, eta or constant, alone or with a number as in sigma=0.5".to_owned()),
        }))
    }
}

impl fmt::Display for Diffusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DiffusionCoefficient::Sigma { scale } => write!(f, "sigma={scale}"),
            DiffusionCoefficient::Eta { eta } => write!(f, "eta={eta}"),
            DiffusionCoefficient::Constant { g } => write!(f, "constant={g}"),
            ref other => write!(f, "{other:?}"),
        }
    }
}

impl SolverArgs {
    /// The configured solver with these options.
    pub fn over(&self, configured: SolverConfig) -> Result<SolverConfig> {
        ensure!(self.steps != Some(0), "--steps 0 is not allowed: the integrator needs at least one step");
        let mut config = configured;
        if let Some(method) = self.solver {
            config.kind = method.over(config.kind);
        }
        if let Some(nfe) = self.nfe {
            config.nfe = Some(nfe);
        }
        match &mut config.kind {
            SolverKind::Fixed(FixedConfig { steps, .. }) | SolverKind::Sde(SdeConfig { steps, .. }) => {
                // Of steps and a budget, the one that is named here replaces the one that was configured.
                if self.steps.is_some() {
                    (*steps, config.nfe) = (self.steps, None);
                } else if self.nfe.is_some() {
                    *steps = None;
                }
            }
            SolverKind::Adaptive(_) => {}
        }
        match &mut config.kind {
            SolverKind::Adaptive(adaptive) => self.adapt(adaptive),
            SolverKind::Sde(sde) => sde.diffusion = self.diffusion.map_or(sde.diffusion, |diffusion| diffusion.0),
            SolverKind::Fixed(_) => {}
        }
        self.refuse_others(Method::of(&config.kind))?;
        Ok(config)
    }

    fn adapt(&self, config: &mut AdaptiveConfig) {
        let set = |to: &mut f64, value: Option<f64>| *to = value.unwrap_or(*to);
        set(&mut config.rtol, self.rtol);
        set(&mut config.atol, self.atol);
        set(&mut config.h_min, self.h_min);
        if let Some(Control([p, i, d])) = self.control {
            config.control = StepControl { p, i, d, ..config.control };
        }
        set(&mut config.control.safety, self.safety);
        set(&mut config.control.min_factor, self.min_factor);
        set(&mut config.control.max_factor, self.max_factor);
        config.norm = self.norm.map_or(config.norm, |norm| match norm {
            Norm::BatchRms => ErrorNorm::BatchRms,
            Norm::MaxOverSamples => ErrorNorm::MaxOverSamples,
            Norm::PerSample => ErrorNorm::PerSample,
        });
        config.at_h_min = self.at_h_min.map_or(config.at_h_min, |what| match what {
            AtHMin::Fail => AtSmallestStep::Fail,
            AtHMin::Accept => AtSmallestStep::Accept,
        });
        config.first_step = self.first_step.or(config.first_step);
        config.h_max = self.h_max.or(config.h_max);
        config.max_steps = self.max_steps.unwrap_or(config.max_steps);
        config.retries = self.retries.unwrap_or(config.retries);
        if let Some(stops) = &self.stops {
            // Other times are not those at which the configured field was said to jump.
            (config.stops, config.jumps) = (stops.clone(), false);
        }
        config.jumps |= self.jumps;
    }

    /// That no option of another family was given.
    fn refuse_others(&self, method: Method) -> Result<()> {
        let adaptive = [
            ("--rtol", self.rtol.is_some()),
            ("--atol", self.atol.is_some()),
            ("--norm", self.norm.is_some()),
            ("--control", self.control.is_some()),
            ("--first-step", self.first_step.is_some()),
            ("--safety", self.safety.is_some()),
            ("--min-factor", self.min_factor.is_some()),
            ("--max-factor", self.max_factor.is_some()),
            ("--h-min", self.h_min.is_some()),
            ("--at-h-min", self.at_h_min.is_some()),
            ("--h-max", self.h_max.is_some()),
            ("--max-steps", self.max_steps.is_some()),
            ("--retries", self.retries.is_some()),
            ("--stops", self.stops.is_some()),
            ("--jumps", self.jumps),
        ];
        let (steps, diffusion) = ([("--steps", self.steps.is_some())], [("--diffusion", self.diffusion.is_some())]);
        let foreign: [&[_]; 2] = match method {
            Method::Fixed(_) => [&adaptive, &diffusion],
            Method::Adaptive(_) => [&steps, &diffusion],
            Method::Sde(_) => [&adaptive, &[]],
        };
        if let Some((flag, _)) = foreign.concat().into_iter().find(|(_, given)| *given) {
            let instead = match flag {
                "--steps" => {
                    "an adaptive method chooses its steps; give --rtol and --atol, or name a method with equal steps"
                }
                "--diffusion" => "it belongs to the stochastic methods; name one with --solver, such as euler-maruyama",
                _ => "it belongs to the adaptive methods; name one with --solver, such as dopri5",
            };
            bail!("{flag} with {method}: {instead}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_name() {
        let methods = Method::families().map(|(_, methods)| methods).concat();
        assert_eq!(methods.len(), 18);
        for method in methods {
            assert_eq!(method.to_string().parse(), Ok(method));
            assert_eq!(Method::of(&method.over(SolverKind::default())), method);
        }
        assert!("rk5".parse::<Method>().unwrap_err().contains("abm4; adaptive bosh3"));
    }

    #[test]
    fn what_is_named_replaces_what_was_configured() {
        let args = |change: fn(&mut SolverArgs)| {
            let mut args = SolverArgs::default();
            change(&mut args);
            args
        };
        let heun = SolverConfig::fixed(FixedMethod::Heun, 25);
        assert_eq!(SolverArgs::default().over(heun.clone()).unwrap(), heun);
        let rk4 = args(|args| args.solver = Some(Method::Fixed(FixedMethod::Rk4))).over(heun.clone()).unwrap();
        assert_eq!(rk4, SolverConfig::fixed(FixedMethod::Rk4, 25), "steps are of the family");
        let budget = args(|args| args.nfe = Some(40)).over(heun.clone()).unwrap();
        assert_eq!(budget.kind, SolverKind::Fixed(FixedConfig { method: FixedMethod::Heun, steps: None }));
        let steps = args(|args| args.steps = Some(7)).over(budget).unwrap();
        assert_eq!(steps, SolverConfig::fixed(FixedMethod::Heun, 7));
        let tolerance =
            args(|args| (args.solver, args.rtol) = (Some(Method::Adaptive(EmbeddedMethod::Tsit5)), Some(1e-3)));
        let expected = AdaptiveConfig { method: EmbeddedMethod::Tsit5, rtol: 1e-3, ..AdaptiveConfig::default() };
        assert_eq!(tolerance.over(heun).unwrap().kind, SolverKind::Adaptive(expected));
    }

    #[test]
    fn options_are_read() {
        assert_eq!("pi".parse(), Ok(Control([StepControl::PI.p, StepControl::PI.i, 0.0])));
        assert_eq!("0.3, 0.3,-0.1".parse(), Ok(Control([0.3, 0.3, -0.1])));
        assert!(["", "pid", "1,2", "1,2,x"].iter().all(|text| text.parse::<Control>().is_err()));
        for text in ["sigma=1", "sigma=0.5", "eta=0.5", "constant=2"] {
            assert_eq!(text.parse::<Diffusion>().unwrap().to_string(), text);
        }
        assert_eq!("eta".parse(), Ok(Diffusion(DiffusionCoefficient::Eta { eta: 1.0 })));
        assert!(["", "1", "sigma=", "churn=1"].iter().all(|text| text.parse::<Diffusion>().is_err()));
    }
}
