//! A loss that is not finite ends the run; the last good checkpoint stays.

use crate::files::read_npy;
use crate::program::Place;

#[test]
fn divergence_names_the_step_and_the_last_good_checkpoint() {
    let place = Place::new();
    // A value whose square is no single-precision number: the run is good until its sample is drawn.
    let rows = (0..40).map(|i| format!("{},{}", i % 7, i % 5)).chain(["1e30,0".to_owned()]);
    place.file("p.csv", rows.collect::<Vec<_>>().join("\n"));
    let sets = [
        "data.kind=file",
        "data.path=p.csv",
        "data.holdout=0",
        "data.scaling.kind=none",
        "training.batch_size=2",
        "training.steps=30",
        "training.checkpoint_every=1",
    ];
    let outcome = place.train("out", &sets);
    let step = place.saved("out").step;
    assert!(step > 0, "the sample should not come first: choose another seed");
    let diverged = format!("diverged at step {step}:");
    outcome.refused(&[&diverged, "the last good checkpoint is out/checkpoint.safetensors", "learning_rate", "scale"]);
    assert_eq!(place.names("out"), ["checkpoint.safetensors", "config.toml", "metrics.jsonl"]);

    place.fm(&["sample", "out", "-n", "10", "--weights", "raw", "--out", "x.npy"]).ok();
    assert!(read_npy(&place.path("x.npy")).iter().all(|value| value.is_finite()));
    // Continuing meets the same sample again.
    place.resume("out", &sets).refused(&[&diverged]);
}

#[test]
fn a_huge_learning_rate_diverges() {
    let place = Place::new();
    let sets = ["optimizer.learning_rate=1e30", "optimizer.warmup_steps=0"];
    place.train("early", &sets).refused(&["no checkpoint yet", "diverged at step ", "learning_rate"]);
    assert!(!place.path("early/checkpoint.safetensors").exists());

    let saving = [sets.as_slice(), &["training.checkpoint_every=1"]].concat();
    place.train("out", &saving).refused(&["last good checkpoint is out/checkpoint.safetensors", "diverged at step "]);
    place.fm(&["info", "out"]).ok();
}
