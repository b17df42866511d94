//! Every value outside its range and every combination without meaning is refused by name.

use fm_nn::{
    AdaptiveConfig, Config, DataError, NnError, Scaling, SdeConfig, SolverConfig, SolverKind, SourceConfig, Trainer,
    TrainingData,
};
use fm_ot::{ClassRule, CouplingKind};
use fm_paths::{DiffusionCoefficient, NamedSchedule, Prediction, TimeLaw, Toy, Ve, Weighting};
use fm_solvers::FixedMethod;
use ndarray::Array2;

use super::{moons, small_config};

type Change = Box<dyn FnOnce(&mut Config)>;

fn message(change: impl FnOnce(&mut Config)) -> String {
    let mut config = small_config();
    change(&mut config);
    config.validate().unwrap_err().to_string()
}

#[test]
fn the_defaults_are_valid() {
    assert_eq!(Config::default().validate(), Ok(()));
}

#[test]
fn a_configuration_without_the_newer_keys_is_still_one() {
    let config: Config = serde_json::from_str(r#"{ "coupling": { "kind": "exact" } }"#).unwrap();
    assert_eq!((config.coupling.kind, config.coupling.batches), (CouplingKind::Exact, 1));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&written).unwrap(), config);
}

#[test]
fn values_outside_their_range_are_named() {
    let bridge = |sigma| CouplingKind::SchrodingerBridge { sigma, tolerance: 1e-3, max_iterations: 100 };
    let adaptive = |change: fn(&mut AdaptiveConfig)| {
        move |c: &mut Config| {
            let mut solver = AdaptiveConfig::default();
            change(&mut solver);
            c.solver.kind = SolverKind::Adaptive(solver);
        }
    };
    let sde = |diffusion| {
        move |c: &mut Config| c.solver.kind = SolverKind::Sde(SdeConfig { diffusion, ..SdeConfig::default() })
    };
    let cases: [(&str, Change); 24] = [
        ("coupling.batches", Box::new(|c| c.coupling.batches = 0)),
        ("[coupling]: penalty", Box::new(|c| c.coupling.classes = ClassRule::Penalty { penalty: -1.0 })),
        ("[coupling]: sigma", Box::new(move |c| c.coupling.kind = bridge(0.0))),
        ("training.steps", Box::new(|c| c.training.steps = 0)),
        ("training.batch_size", Box::new(|c| c.training.batch_size = 0)),
        ("training.log_every", Box::new(|c| c.training.log_every = 0)),
        ("training.checkpoint_every", Box::new(|c| c.training.checkpoint_every = 0)),
        ("solver.steps", Box::new(|c| c.solver = SolverConfig::fixed(FixedMethod::Euler, 0))),
        ("solver.nfe", Box::new(|c| c.solver.nfe = Some(0))),
        (
            "solver.steps = 4 and solver.nfe = 8",
            Box::new(|c| {
                c.solver = SolverConfig { nfe: Some(8), ..SolverConfig::fixed(FixedMethod::Euler, 4) };
            }),
        ),
        ("solver.rtol", Box::new(adaptive(|solver| solver.rtol = -1.0))),
        ("solver.atol", Box::new(adaptive(|solver| solver.atol = 0.0))),
        ("h_min", Box::new(adaptive(|solver| (solver.h_min, solver.h_max) = (0.2, Some(0.1))))),
        ("solver.max_steps", Box::new(adaptive(|solver| solver.max_steps = 0))),
        ("control.p + i + d", Box::new(adaptive(|solver| solver.control.i = 0.0))),
        ("diffusion.scale", Box::new(sde(DiffusionCoefficient::Sigma { scale: -1.0 }))),
        ("optimizer.learning_rate", Box::new(|c| c.optimizer.learning_rate = f64::NAN)),
        ("optimizer.learning_rate", Box::new(|c| c.optimizer.learning_rate = -1.0)),
        ("optimizer.beta2", Box::new(|c| c.optimizer.beta2 = 1.0)),
        ("ema.decay", Box::new(|c| c.ema.decay = 1.0)),
        ("guidance.label_drop", Box::new(|c| c.guidance.label_drop = 1.0)),
        ("guidance.scale", Box::new(|c| c.guidance.scale = f64::INFINITY)),
        ("t_min", Box::new(|c| c.time.t_min = -0.5)),
        ("std", Box::new(|c| c.time.law = TimeLaw::LogitNormal { mean: 0.0, std: 0.0 })),
    ];
    for (name, change) in cases {
        let message = message(change);
        assert!(message.contains(name), "{name}: {message}");
    }
}

#[test]
fn combinations_without_meaning_are_refused() {
    let score = |c: &mut Config| {
        c.prediction.kind = Prediction::Score;
        (c.time.t_min, c.time.t_max) = (0.01, 0.99);
    };
    let mut valid = small_config();
    score(&mut valid);
    assert_eq!(valid.validate(), Ok(()));
    for kind in CouplingKind::ALL.into_iter().filter(|kind| *kind != CouplingKind::Independent) {
        let with_coupling = message(|c| {
            score(c);
            c.coupling.kind = kind;
        });
        assert!(with_coupling.contains("independent"), "{with_coupling}");
    }
    let with_source = message(|c| {
        score(c);
        c.source = SourceConfig::Toy { density: Toy::EightGaussians { radius: 5.0, std: 1.0 } };
    });
    assert!(with_source.contains("standard normal source"), "{with_source}");
    let schedule = message(|c| c.path = NamedSchedule::Ve(Ve { sigma_min: 0.0, sigma_max: 1.0 }));
    assert!(schedule.contains("sigma_min"), "{schedule}");
    assert!(message(|c| c.path = NamedSchedule::LinearVp).contains("t = 1"));
    assert!(message(|c| c.prediction.kind = Prediction::Noise).contains("t = 0"));
    assert!(message(|c| c.prediction.kind = Prediction::Data).contains("t = 1"));
    let weight = message(|c| c.weighting = Weighting::Prediction { space: Prediction::Score });
    assert!(weight.contains("score"), "{weight}");
}

#[test]
fn a_stochastic_solver_needs_a_score_that_is_finite() {
    let sde =
        |diffusion| SolverConfig { kind: SolverKind::Sde(SdeConfig { diffusion, ..SdeConfig::default() }), nfe: None };
    let mut config = small_config();
    assert_eq!(config.validate_solver(&sde(DiffusionCoefficient::default())), Ok(()));
    let eta = sde(DiffusionCoefficient::Eta { eta: 1.0 });
    let constant = sde(DiffusionCoefficient::Constant { g: 1.0 });
    let message = |config: &Config, solver| config.validate_solver(solver).unwrap_err().to_string();
    // All that is noise at t = 0, and none left at t = 1.
    assert!(message(&config, &eta).contains("singular at t = 0"), "{}", message(&config, &eta));
    assert!(message(&config, &constant).contains("singular at t = 1"), "{}", message(&config, &constant));
    (config.time.t_min, config.time.t_max) = (0.01, 0.99);
    assert_eq!((config.validate_solver(&eta), config.validate_solver(&constant)), (Ok(()), Ok(())));
    config.coupling.kind = CouplingKind::Exact;
    assert!(message(&config, &eta).contains("drawn independently"));
    config.solver = eta;
    assert!(config.validate().is_err(), "also where it is configured");
}

#[test]
fn data_that_cannot_be_trained_on_is_refused() {
    let table = |x: Array2<f32>, labels: Option<Vec<u32>>, shape: Vec<usize>| {
        TrainingData::table(x, shape, labels, 2, Scaling::default()).map(drop).unwrap_err()
    };
    let x = || Array2::<f32>::zeros((3, 4));
    assert_eq!(table(Array2::zeros((1, 4)), None, vec![4]), DataError::TooFewRows { rows: 1 });
    assert_eq!(table(Array2::zeros((3, 1)), None, vec![]), DataError::NoAxes);
    assert!(matches!(table(x(), None, vec![2, 3]), DataError::Shape { expected: 6, found: 4, .. }));
    let mut bad = x();
    bad[[2, 1]] = f32::NAN;
    assert!(matches!(table(bad, None, vec![4]), DataError::NotFinite { row: 2, column: 1, .. }));
    assert_eq!(table(x(), Some(vec![0; 2]), vec![4]), DataError::LabelCount { labels: 2, rows: 3 });
    assert_eq!(table(x(), Some(vec![0, 2, 1]), vec![4]), DataError::LabelRange { row: 1, label: 2, classes: 2 });
}

#[test]
fn cuda_that_is_not_there_is_an_error() {
    if tch::Cuda::is_available() {
        return;
    }
    let mut config = small_config();
    config.training.device = fm_nn::DeviceConfig::Cuda;
    assert!(matches!(Trainer::new(config, moons()), Err(NnError::NoCuda { .. })));
}
