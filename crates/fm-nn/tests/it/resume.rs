//! An interrupted run ends where an uninterrupted one does, to the last bit.

use fm_nn::{Checkpoint, Config, NnError, OptimizerConfig, Trainer, TrainingData};
use fm_ot::CouplingKind;

use super::{labelled, moons, small_config};

fn train(config: &Config, data: &TrainingData, stops: &[u64]) -> Checkpoint {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut trainer = Trainer::new(config.clone(), data.clone()).unwrap();
    while trainer.steps_done() < config.training.steps {
        trainer.step().unwrap();
        if stops.contains(&trainer.steps_done()) {
            trainer.checkpoint([].into()).unwrap().save(&path).unwrap();
            trainer = Trainer::resume(config.clone(), data.clone(), &Checkpoint::load(&path).unwrap(), &path).unwrap();
        }
    }
    trainer.checkpoint([].into()).unwrap()
}

#[test]
fn resumed_runs_are_bit_identical() {
    let mut coupled = small_config();
    coupled.coupling.kind = CouplingKind::Exact;
    for (config, data) in [(small_config(), labelled()), (coupled, moons())] {
        let whole = train(&config, &data, &[]);
        assert_eq!(train(&config, &data, &[1, 7, 19]), whole);
        let other = train(&Config { seed: 4, ..config }, &data, &[]);
        assert_ne!(other.weights, whole.weights);
    }
}

#[test]
fn divergence_is_an_error_and_not_a_checkpoint() {
    let optimizer = OptimizerConfig { learning_rate: 1e30, warmup_steps: 0, ..Default::default() };
    let config = Config { optimizer, ..small_config() };
    let mut trainer = Trainer::new(config, moons()).unwrap();
    let error = (0..20).find_map(|_| trainer.step().err()).unwrap();
    assert!(matches!(error, NnError::Diverged { .. }), "{error}");
}
