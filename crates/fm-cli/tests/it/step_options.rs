//! The options of adaptive steps, each by what it changes; results that are partial, and solves that are not finite.

use crate::program::Place;
use crate::solvers::{number_after, sample, trained};

/// The number before words.
#[track_caller]
fn number_before(text: &str, words: &str) -> u64 {
    let before = &text[..text.find(words).unwrap_or_else(|| panic!("no {words:?} in {text:?}"))];
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Accepted and rejected steps and evaluations of a solve.
#[track_caller]
fn counts(place: &Place, options: &[&str]) -> [u64; 3] {
    let (_, said) = sample(place, &[&["--solver", "dopri5"], options].concat());
    [number_before(&said, " steps accepted"), number_before(&said, " rejected"), number_after(&said, "NFE")]
}

/// So loose that every step grows as far as it may.
const LOOSE: [&str; 4] = ["--rtol", "1e6", "--atol", "1e6"];

#[test]
fn every_option_of_the_step_control_changes_the_steps() {
    let place = trained(&[]);
    let loose = |options: &[&str]| counts(&place, &[&LOOSE[..], options].concat());
    // 0.001 (1 + f + f^2 + ...) passes 1 with the fourth term at f = 10, and the sixteenth at f = 1.5.
    assert_eq!(loose(&["--first-step", "0.001"]), [4, 0, 1 + 6 * 4]);
    assert_eq!(loose(&["--first-step", "0.001", "--max-factor", "1.5"]), [16, 0, 1 + 6 * 16]);
    let tight = |options: &[&str]| counts(&place, &[&["--rtol", "1e-6", "--atol", "1e-6"], options].concat());
    assert!(tight(&["--safety", "0.3"])[0] > 2 * tight(&[])[0], "steps are a third as long");
    let [narrow, wide] = ["0.9", "0.2"].map(|factor| tight(&["--first-step", "1", "--min-factor", factor])[1]);
    assert!(narrow > wide, "{narrow} {wide}");
}

#[test]
fn smallest_steps_are_accepted_where_they_may_be() {
    let place = trained(&[]);
    // Below what single precision can resolve, every error is too large.
    let tolerance = ["--rtol", "1e-9", "--atol", "1e-9", "--first-step", "0.2", "--h-min", "0.2"];
    let refused = [&["sample", "out", "--out", "no.npy", "--solver", "dopri5"], &tolerance[..]].concat();
    place.fm(&refused).refused(&["a step of", "lower `h_min`"]);
    let accept = [&tolerance[..], &["--at-h-min", "accept"]].concat();
    assert_eq!(counts(&place, &accept)[2], 1 + 6 * 5);
    let (_, said) = sample(&place, &[&["--solver", "dopri5"], &accept[..]].concat());
    assert!(said.contains("5 steps accepted (5 at h_min with too large an error), 0 rejected"), "{said}");
    let measured = [&["eval", "out", "-n", "40", "--json", "--solver", "dopri5"], &accept[..]].concat();
    let report: serde_json::Value = serde_json::from_str(&place.fm(&measured).ok()).unwrap();
    assert_eq!((&report["steps_forced"], &report["steps_accepted"]), (&5.into(), &5.into()));
    let own = [&["--solver", "dopri5", "--norm", "per-sample"], &accept[..]].concat();
    assert!(sample(&place, &own).1.contains("(5 at h_min with too large an error)"));
}

#[test]
fn steps_end_at_the_stops() {
    let place = trained(&[]);
    let loose = |options: &[&str]| counts(&place, &[&LOOSE[..], &["--first-step", "1"], options].concat());
    assert_eq!(loose(&[]), [1, 0, 7]);
    for norm in ["batch-rms", "per-sample"] {
        assert_eq!(loose(&["--norm", norm, "--stops", "0.25,0.5"])[0], 3);
        // A field that jumps is asked once more after each stop, and a budget counts that.
        let jumps = ["--norm", norm, "--stops", "0.25,0.5", "--jumps"];
        assert_eq!(loose(&jumps)[2], 1 + 6 * 3 + 2);
        // Samples with steps of their own may get to a stop one by one, so that a budget allows for it at each step.
        let budget = if norm == "per-sample" { "22" } else { "21" };
        assert_eq!(loose(&[&jumps[..], &["--nfe", budget]].concat())[2], 21);
    }
    // They do, and no sample has more evaluations than it may.
    let tight = ["--rtol", "1e-5", "--atol", "1e-5", "--stops", "0.25,0.5,0.75", "--norm", "per-sample", "--jumps"];
    let all = counts(&place, &tight)[2];
    let budget = ["--keep-partial", "--nfe", "60"];
    let [.., within] = counts(&place, &[&tight[..], &budget].concat());
    assert!(all > 60 && within <= 60, "{all} {within}");
    let short = ["--first-step", "1", "--stops", "0.25,0.5", "--jumps", "--nfe", "20"];
    let short = [&["sample", "out", "--out", "no.npy", "--solver", "dopri5"], &LOOSE[..], &short].concat();
    place.fm(&short).refused(&["solver.nfe = 20 is spent at t = 0.5000"]);

    let text = String::from_utf8(place.bytes("run.toml")).unwrap();
    let adaptive = "kind = \"adaptive\"\nrtol = 1e6\natol = 1e6\nfirst_step = 1.0\nstops = [0.5]\njumps = true\n";
    place.file("run.toml", text.replace("steps = 4\n", adaptive));
    place.train("stops", &[]).ok();
    let configured = |options: &[&str]| {
        let outcome = place.fm(&[&["sample", "stops", "--out", "x.npy"], options].concat());
        let said = outcome.err.clone();
        outcome.ok();
        number_after(&said, "NFE")
    };
    assert_eq!(configured(&[]), 1 + 6 * 2 + 1);
    // Other stops come without the jumps of the configured ones.
    assert_eq!(configured(&["--stops", "0.25,0.75"]), 1 + 6 * 3);
}

#[test]
fn options_of_adaptive_steps_are_checked() {
    let place = trained(&["time.t_max=0.99"]);
    let fm = |options: &[&str]| place.fm(&[&["sample", "out", "--out", "x.npy"], options].concat());
    let refused = |options: &[&str], parts: &[&str]| {
        fm(&[&["--solver", "tsit5"], options].concat()).refused(parts);
    };
    refused(&["--safety", "1.3"], &["control.safety", "1.3", "in (0, 1]"]);
    refused(&["--min-factor", "1"], &["control.min_factor", "in (0, 1)"]);
    refused(&["--max-factor", "inf"], &["control.max_factor", "above 1 and finite"]);
    refused(&["--stops", "0.5,0.25"], &["solver.stops", "0.25", "ascending"]);
    refused(&["--stops", "0.25,NaN"], &["solver.stops", "NaN", "between 0 and 1"]);
    refused(&["--stops", "-0.5"], &["solver.stops", "-0.5", "between 0 and 1"]);
    refused(&["--stops", "0.995"], &["solver.stops", "0.995", "time.t_max"]);
    refused(&["--jumps"], &["solver.jumps without solver.stops", "name the times"]);
    for (options, part) in [
        (["--retries", "few"], "invalid digit"),
        (["--at-h-min", "stop"], "fail, accept"),
        (["--stops", "half"], "invalid float"),
    ] {
        let outcome = fm(&options);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.err.contains(part), "{outcome:?}");
    }
    for options in [
        &["--safety", "0.5"][..],
        &["--min-factor", "0.5"],
        &["--max-factor", "5"],
        &["--at-h-min", "fail"],
        &["--retries", "3"],
        &["--stops", "0.5"],
        &["--jumps"],
        &["--keep-partial"],
    ] {
        for (method, family) in [("midpoint", "adaptive"), ("srk", "adaptive")] {
            let named = format!("{} with {method}", options[0]);
            fm(&[&["--solver", method], options].concat()).refused(&[&named, family]);
        }
    }
    assert!(!place.path("x.npy").exists());
}

#[test]
fn a_partial_result_is_written_where_it_is() {
    let place = trained(&[]);
    let half = ["--solver", "dopri5", "--first-step", "0.25", "--h-max", "0.25", "--keep-partial"];
    let half = [&LOOSE[..], &half].concat();
    let (whole, said) = sample(&place, &half);
    assert!(!said.contains("not arrived"), "{said}");
    for budget in [["--max-steps", "2"], ["--nfe", "13"]] {
        let (partial, said) = sample(&place, &[&half[..], &budget].concat());
        assert!(said.contains("40 of 40 samples have not arrived at 1: they are written as they are at t = 0.5000"));
        assert!(said.contains("2 steps accepted"), "{said}");
        assert_ne!(partial, whole);
    }
    let own = ["--solver", "dopri5", "--norm", "per-sample", "--max-steps", "3", "--keep-partial"];
    let (_, said) = sample(&place, &own);
    assert!(said.contains("samples have not arrived at 1") && said.contains(" to 0."), "{said}");
}

#[test]
fn the_first_step_that_is_not_finite_is_named() {
    let place = Place::new();
    // One step of Adam so long that the weights of the output are 1e15: each evaluation multiplies the state by as much.
    place.train("out", &["training.steps=1", "optimizer.warmup_steps=0", "optimizer.learning_rate=1e15"]).ok();
    let fm = |options: &[&str]| {
        place.fm(&[&["sample", "out", "-n", "40", "--weights", "raw", "--out", "x.npy"], options].concat())
    };
    for method in ["euler", "midpoint", "abm4", "euler-maruyama"] {
        let outcome = fm(&["--solver", method, "--steps", "20"]);
        outcome.refused(&["is not finite at t = ", "take more steps"]);
        let step = number_after(&outcome.err, "after");
        assert!((1..20).contains(&step), "{method}: {}", outcome.err);
        assert!(outcome.err.contains(&format!("t = {:.4}, after", step as f64 / 20.0)), "{method}: {}", outcome.err);
    }
    // 0.5 and, twice a fifth of it, 0.02.
    let retries = |retries: &str| fm(&["--solver", "dopri5", "--first-step", "0.5", "--retries", retries]);
    retries("0").refused(&["a step of 0.5 from t = 0", "raise `retries`"]);
    retries("2").refused(&["a step of 0.02"]);
}
