//! Every value outside its range and every combination without meaning is refused by name.

use fm_nn::{Config, DataError, NnError, Scaling, SourceConfig, Trainer, TrainingData};
use fm_ot::{ClassRule, CouplingKind};
use fm_paths::{NamedSchedule, Prediction, TimeLaw, Toy, Ve, Weighting};
use ndarray::Array2;

use super::{moons, small_config};

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
    let cases: [(&str, Box<dyn FnOnce(&mut Config)>); 16] = [
        ("coupling.batches", Box::new(|c| c.coupling.batches = 0)),
        ("[coupling]: penalty", Box::new(|c| c.coupling.classes = ClassRule::Penalty { penalty: -1.0 })),
        ("[coupling]: sigma", Box::new(move |c| c.coupling.kind = bridge(0.0))),
        ("training.steps", Box::new(|c| c.training.steps = 0)),
        ("training.batch_size", Box::new(|c| c.training.batch_size = 0)),
        ("training.log_every", Box::new(|c| c.training.log_every = 0)),
        ("training.checkpoint_every", Box::new(|c| c.training.checkpoint_every = 0)),
        ("solver.steps", Box::new(|c| c.solver.steps = 0)),
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
