//! Interrupted runs: by Ctrl-C, by the end of the process at any moment, and what is left afterwards.
//!
//! The runs that are interrupted have no end of their own, so that none of them can be through before it is interrupted.
//! The last one is told to stop a few steps later, which the rules of resuming allow.

#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::files::points_csv;
use crate::program::{Outcome, Place, train_args};

/// Every generator stream is in use: epochs of a table, source, pairing, times, dropped labels.
const RUN: [&str; 6] = [
    "data.kind=file",
    "data.path=p.csv",
    "data.label_column=-1",
    "coupling.kind=exact",
    "guidance.label_drop=0.3",
    "training.batch_size=8",
];
const ENDLESS: &str = "training.steps=1000000000";
const DEADLINE: Duration = Duration::from_secs(120);

fn place() -> Place {
    let place = Place::new();
    place.file("p.csv", points_csv());
    place
}

fn start(place: &Place, more: &[&str], resume: bool) -> Child {
    let sets = [RUN.as_slice(), more].concat();
    let mut args = train_args("out", &sets);
    if resume {
        args.push("--resume");
    }
    place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the log has reached a step.
#[track_caller]
fn until_logged(place: &Place, child: &mut Child, step: u64) {
    let began = Instant::now();
    while place.logged("out").last().is_none_or(|&last| last < step) {
        assert!(began.elapsed() < DEADLINE, "step {step} is not reached");
        assert!(child.try_wait().unwrap().is_none(), "the run has ended by itself");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The rest of the run, and the same in one go.
#[track_caller]
fn finish_and_compare(place: &Place, steps: u64) {
    let steps_setting = format!("training.steps={steps}");
    let sets = [RUN.as_slice(), &[&steps_setting]].concat();
    place.resume("out", &sets).ok();
    place.train("uninterrupted", &sets).ok();
    place.saved("out").same_as(&place.saved("uninterrupted"));
    assert_eq!(place.logged("out"), (1..=steps).collect::<Vec<_>>(), "each step is logged once");
    assert_eq!(place.names("out"), ["checkpoint.safetensors", "config.toml", "metrics.jsonl"]);
}

#[test]
fn an_interrupted_run_saves_and_continues() {
    let place = place();
    for (resume, beyond) in [(false, 5), (true, 9)] {
        let first = place.logged("out").last().copied().unwrap_or(0);
        let mut child = start(&place, &[ENDLESS], resume);
        until_logged(&place, &mut child, first + beyond);
        let kill = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status().unwrap();
        assert!(kill.success());
        let outcome = Outcome::of(&child.wait_with_output().unwrap());
        assert_eq!(outcome.code, Some(130), "{}", outcome.err);
        let step = place.saved("out").step;
        let said = format!("interrupted at step {step}; saved out/checkpoint.safetensors: continue with --resume\n");
        assert!(outcome.err.ends_with(&said), "{}", outcome.err);
        assert_eq!(place.logged("out").last(), Some(&step), "nothing is lost");
        place.fm(&["info", "out"]).ok();
    }
    let step = place.saved("out").step;
    finish_and_compare(&place, step + 7);
}

#[test]
fn a_run_survives_its_death_at_any_moment() {
    const INTERVAL: u64 = 3;
    const DEATHS: u64 = 20;
    let every = format!("training.checkpoint_every={INTERVAL}");
    let place = place();
    let (mut last, mut after_a_save) = (0, 0);
    for death in 0..DEATHS {
        let resume = place.path("out/checkpoint.safetensors").exists();
        let mut child = start(&place, &[ENDLESS, &every], resume);
        // Between 1 and 9 steps beyond all that was logged before, and then up to 5 ms later: most of that time is spent
        // saving. Knuth's multiplier spreads the moments.
        let spread = (death + 1).wrapping_mul(2_654_435_761);
        let before = place.logged("out").last().copied().unwrap_or(0);
        until_logged(&place, &mut child, before + 1 + spread % 9);
        std::thread::sleep(Duration::from_micros(spread / 9 % 5000));
        child.kill().unwrap();
        let outcome = Outcome::of(&child.wait_with_output().unwrap());
        assert_eq!(outcome.code, None, "it died of the signal: {}", outcome.err);

        let logged = place.logged("out").last().copied().unwrap();
        // Without a checkpoint the run starts again, which loses less than an interval too.
        let saved = if place.path("out/checkpoint.safetensors").exists() { place.saved("out").step } else { 0 };
        assert!(saved <= logged && logged - saved <= INTERVAL, "death {death}: step {logged} logged, {saved} saved");
        assert!(saved >= last, "death {death}: step {last} was saved and is lost, step {saved} is left");
        assert_eq!(saved % INTERVAL, 0);
        (last, after_a_save) = (saved, after_a_save + u64::from(saved > 0));
    }
    assert!(after_a_save > DEATHS / 2, "only {after_a_save} runs came as far as a checkpoint");
    finish_and_compare(&place, last + 4);
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let place = place();
    place.train("out", &RUN).ok();
    let read =
        || ["checkpoint.safetensors", "config.toml", "metrics.jsonl"].map(|name| place.bytes(&format!("out/{name}")));
    let before = read();
    for steps in ["training.steps=12", "training.steps=5"] {
        let outcome = place.resume("out", &[RUN.as_slice(), &[steps]].concat());
        assert!(outcome.err.contains("nothing to do") && outcome.err.contains("step 12"), "{}", outcome.err);
        outcome.ok();
        assert_eq!(read(), before);
    }
    finish_and_compare(&place, 20);
}

#[test]
fn a_half_written_line_and_a_half_written_file_are_cleared_away() {
    let place = place();
    let sets = [RUN.as_slice(), &["training.steps=6"]].concat();
    place.train("out", &sets).ok();
    let log = [place.bytes("out/metrics.jsonl"), b"{\"step\":7,\"lo".to_vec()].concat();
    place.file("out/metrics.jsonl", log);
    place.file("out/.checkpoint.safetensors.12345.part", "half of it");
    finish_and_compare(&place, 9);
}

#[test]
fn data_that_moved_is_still_the_same_data() {
    let place = place();
    let sets = [RUN.as_slice(), &["training.steps=6"]].concat();
    place.train("out", &sets).ok();
    std::fs::rename(place.path("p.csv"), place.path("moved.csv")).unwrap();
    place.resume("out", &[RUN.as_slice(), &["data.path=moved.csv", "training.steps=8"]].concat()).ok();
    assert_eq!(place.saved("out").step, 8);
}
