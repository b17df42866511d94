//! Folders that cannot be written to, disks that are full, files that may not grow: the old file survives, and no part
//! of the new one is left.
//!
//! The tests may run as root, whom permissions do not stop. A path below a regular file stops everyone.

#![cfg(unix)]

use std::process::Command;

use crate::program::{Outcome, Place};

#[test]
fn output_that_cannot_be_written() {
    let place = Place::new();
    place.train("good", &[]).ok();
    place.file("file", "not a folder");
    let remedy = "choose a folder that you may write to";
    for out in ["file", "file/below"] {
        place.train(out, &[]).refused(&[&format!("{out}:"), "cannot be used for output", remedy]);
        place.fm(&["plot", "good", "--out", out]).refused(&[&format!("{out}:"), "cannot be used for output", remedy]);
    }
    for out in ["file/x.npy", "file/x.png"] {
        place.fm(&["sample", "good", "--out", out]).refused(&[&format!("{out}:"), "cannot be written", remedy]);
    }
    for out in ["none/x.npy", "none/x.png"] {
        place.fm(&["sample", "good", "--out", out]).refused(&[&format!("{out}:"), "create the folder first"]);
    }
    std::fs::create_dir(place.path("taken.npy")).unwrap();
    place.fm(&["sample", "good", "--out", "taken.npy"]).refused(&["taken.npy:", "a name that no folder has"]);
    assert_eq!(place.bytes("file"), b"not a folder");
    assert_eq!(place.names("."), ["file", "good", "run.toml", "taken.npy"]);
    assert_eq!(place.names("good").len(), 3);
}

/// Runs the program where no file may have more than `blocks` of 512 bytes.
fn limited(place: &Place, blocks: u32, args: &[&str]) -> Outcome {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -f {blocks} && exec \"$@\""), "sh", env!("CARGO_BIN_EXE_fm")]).args(args);
    Outcome::of(&place.adopt(shell).output().unwrap())
}

#[test]
fn a_file_size_limit_leaves_the_old_files() {
    let place = Place::new();
    place.train("out", &[]).ok();
    let before = place.saved("out");
    assert!(place.bytes("out/checkpoint.safetensors").len() > 8 * 512, "the limit would not be met");
    let resume = ["train", "run.toml", "--out", "out", "--resume", "--set", "training.steps=20"];
    limited(&place, 8, &resume).refused(&["out/checkpoint.safetensors", "cannot be written", "file size limit"]);
    assert_eq!(place.names("out"), ["checkpoint.safetensors", "config.toml", "metrics.jsonl"]);
    assert_eq!(place.saved("out"), before);
    place.fm(&["info", "out"]).ok();

    let first = ["train", "run.toml", "--out", "new"];
    limited(&place, 8, &first).refused(&["new/checkpoint.safetensors", "cannot be written", "file size limit"]);
    assert!(!place.path("new/checkpoint.safetensors").exists());

    for (name, n) in [("x.npy", "1000"), ("x.png", "1000")] {
        for old in [false, true] {
            if old {
                place.file(name, "old");
            }
            let sample = ["sample", "out", "-n", n, "--out", name];
            limited(&place, 8, &sample).refused(&[name, "cannot be written", "file size limit"]);
            assert_eq!(place.path(name).exists(), old);
        }
        assert_eq!(place.bytes(name), b"old");
    }
    limited(&place, 8, &["plot", "out"]).refused(&["out/plots/samples.png", "cannot be written", "file size limit"]);
    assert!(place.names("out/plots").is_empty());
    assert_eq!(place.names("."), ["new", "out", "run.toml", "x.npy", "x.png"]);

    // With the limit gone, the run goes on.
    place.resume("out", &["training.steps=20"]).ok();
    assert_eq!(place.saved("out").step, 20);
}

/// Runs `fm ARGS` in a folder `disk` of 48 kB, and copies what is left there to `left`; `None` where that takes rights
/// that the test does not have. The mount ends with the shell, whatever happens.
fn on_a_small_disk(place: &Place, args: &[&str]) -> Option<Outcome> {
    let script = "mount -t tmpfs -o size=48k tmpfs disk || exit 77\n\"$@\"\ncode=$?\ncp -a disk/. left/\nexit $code";
    for folder in ["disk", "left"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--map-root-user", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_fm")]).args(args);
    let output = place.adopt(shell).output().ok()?;
    let refused = output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare: ");
    (!refused).then(|| Outcome::of(&output))
}

#[test]
fn a_full_disk_leaves_the_last_good_checkpoint() {
    let place = Place::new();
    // The first checkpoint fits; the second one beside it does not.
    let sets = ["network.hidden=24", "training.checkpoint_every=3", "training.log_every=100"];
    let args = crate::program::train_args("disk/run", &sets);
    let Some(outcome) = on_a_small_disk(&place, &args) else {
        eprintln!("SKIPPED: no file system can be mounted here");
        return;
    };
    outcome.refused(&["disk/run/checkpoint.safetensors", "cannot be written", "free some space"]);
    assert_eq!(place.names("left/run"), ["checkpoint.safetensors", "config.toml", "metrics.jsonl"]);
    assert_eq!(place.saved("left/run").step, 3);
    place.fm(&["info", "left/run"]).ok();
    place.resume("left/run", &sets).ok();
    assert_eq!(place.saved("left/run").step, 12);
}
