//! Sampling with every solver: evaluations counted, budgets kept, errors by name, the same seed the same samples.

use ndarray::ArrayD;
use serde_json::Value;

use crate::files::{picture, points_csv, read_npy};
use crate::program::Place;

const EQUAL_STEPS: [&str; 9] = ["euler", "midpoint", "heun", "ralston", "rk4", "ab2", "ab3", "ab4", "abm4"];
const ADAPTIVE: [&str; 4] = ["bosh3", "dopri5", "tsit5", "dop853"];
const STOCHASTIC: [&str; 5] = ["euler-maruyama", "milstein", "srk", "sde-heun", "reversible-heun"];

/// A place with the run `out`, whose network is more than its initial zero.
pub(crate) fn trained(sets: &[&str]) -> Place {
    let place = Place::new();
    place.train("out", &[&["training.steps=60", "optimizer.warmup_steps=0"], sets].concat()).ok();
    place
}

/// Forty samples with these options, and what was said about them.
#[track_caller]
pub(crate) fn sample(place: &Place, options: &[&str]) -> (ArrayD<f32>, String) {
    let outcome = place.fm(&[&["sample", "out", "-n", "40", "--out", "x.npy"], options].concat());
    let said = outcome.err.clone();
    outcome.ok();
    let x = read_npy(&place.path("x.npy"));
    assert!(x.iter().all(|value| value.is_finite()), "{options:?}");
    (x, said)
}

/// The largest distance of two values.
fn apart(a: &ArrayD<f32>, b: &ArrayD<f32>) -> f32 {
    (a - b).iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The number after a word.
#[track_caller]
pub(crate) fn number_after(text: &str, word: &str) -> u64 {
    let rest = &text[text.find(word).unwrap_or_else(|| panic!("no {word:?} in {text:?}")) + word.len()..];
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn every_solver_samples_and_repeats_itself() {
    let place = trained(&[]);
    let (exact, _) = sample(&place, &["--solver", "dop853", "--rtol", "1e-6", "--atol", "1e-6"]);
    for (family, options) in [
        (EQUAL_STEPS.as_slice(), &["--steps", "60"][..]),
        (ADAPTIVE.as_slice(), &["--rtol", "1e-4", "--atol", "1e-4"]),
        (STOCHASTIC.as_slice(), &["--steps", "60", "--diffusion", "sigma=0"]),
    ] {
        for method in family {
            let options = [&["--solver", method], options].concat();
            let (x, said) = sample(&place, &options);
            assert_eq!(sample(&place, &options).0, x, "{method}");
            assert!(said.contains(method) && said.contains("NFE "), "{said}");
            // Without noise, all of them follow one flow: Euler's steps of 1/60 on a velocity of order one.
            assert!(apart(&x, &exact) < 0.1, "{method}: {}", apart(&x, &exact));
        }
    }
}

#[test]
fn network_evaluations_are_counted_and_steps_fit_their_budget() {
    let place = trained(&[]);
    for (method, steps, nfe) in [
        ("euler", 40, 40),
        ("midpoint", 20, 40),
        ("heun", 20, 40),
        ("ralston", 20, 40),
        ("rk4", 10, 40),
        ("ab2", 39, 40),
        ("ab3", 34, 40),
        ("ab4", 31, 40),
        ("abm4", 17, 40),
        ("euler-maruyama", 40, 40),
        ("milstein", 40, 40),
        ("srk", 20, 40),
        ("sde-heun", 20, 40),
        ("reversible-heun", 39, 40),
    ] {
        let (x, said) = sample(&place, &["--solver", method, "--nfe", "40"]);
        assert!(said.contains(&format!("{steps} x {method}")), "{said}");
        assert!(said.contains(&format!("NFE {nfe} of 40")), "{said}");
        let (same, said) = sample(&place, &["--solver", method, "--steps", &steps.to_string()]);
        assert_eq!(x, same, "{method}");
        assert!(said.contains(&format!("NFE {nfe}:")), "{said}");
    }
}

#[test]
fn guidance_and_the_end_before_the_data_are_part_of_the_budget() {
    let place = Place::new();
    place.file("p.csv", points_csv());
    let data = ["data.kind=file", "data.path=p.csv", "data.label_column=-1", "time.t_max=0.99"];
    place.train("out", &data).ok();
    // (40 / 2 - 1) / 2 = 9 steps: two evaluations a step and one at the end, two networks each.
    let guided = ["--solver", "heun", "--nfe", "40", "--class", "1", "--guidance", "2"];
    let (_, said) = sample(&place, &guided);
    assert!(said.contains("9 x heun, NFE 38 of 40"), "{said}");
    let (_, said) = sample(&place, &["--solver", "heun", "--nfe", "40", "--class", "1"]);
    assert!(said.contains("19 x heun, NFE 39 of 40"), "{said}");
    let args = ["sample", "out", "--out", "no.npy", "--solver", "rk4", "--class", "1", "--guidance", "2", "--nfe", "9"];
    // Four evaluations and one at the end.
    place.fm(&args).refused(&["solver.nfe = 9", "one step of rk4", "10 network evaluations", "raise it"]);
    // Labels follow their samples also where these leave the batch at different times.
    let alone = ["--solver", "dopri5", "--norm", "per-sample", "--guidance", "1.5", "--rtol", "1e-5", "--atol", "1e-5"];
    let (x, _) = sample(&place, &alone);
    let (together, _) =
        sample(&place, &["--solver", "dopri5", "--guidance", "1.5", "--rtol", "1e-6", "--atol", "1e-6"]);
    // The data has a spread of about 50, and the tolerance is one of the standardised values.
    assert!(apart(&x, &together) < 0.1, "{}", apart(&x, &together));
}

#[test]
fn adaptive_solves_report_their_steps_and_end_with_their_budget() {
    let place = trained(&[]);
    for (method, stages) in [("bosh3", 3), ("dopri5", 6), ("tsit5", 6)] {
        let (_, said) = sample(&place, &["--solver", method, "--rtol", "1e-4", "--atol", "1e-4"]);
        let (accepted, rejected) = (number_after(&said, "atol 1e-4,"), number_after(&said, "accepted,"));
        assert_eq!(number_after(&said, "NFE"), 2 + stages * (accepted + rejected), "{said}");
    }
    let nfe = |options: &[&str]| number_after(&sample(&place, &[&["--solver", "dopri5"], options].concat()).1, "NFE");
    let (loose, tight) = (nfe(&["--rtol", "1e-2", "--atol", "1e-2"]), nfe(&["--rtol", "1e-6", "--atol", "1e-6"]));
    assert!(loose < tight, "{loose} {tight}");
    assert!(nfe(&["--h-max", "0.05"]) >= 2 + 6 * 20, "twenty steps at least");
    assert_eq!(nfe(&["--h-max", "0.05", "--first-step", "0.05", "--rtol", "1", "--atol", "1"]), 1 + 6 * 20);

    // A budget that is enough changes nothing; one that is not is an error that says how far it came.
    let tolerance = ["--solver", "dopri5", "--rtol", "1e-6", "--atol", "1e-6"];
    let (free, _) = sample(&place, &tolerance);
    let (bounded, said) = sample(&place, &[&tolerance[..], &["--nfe", &tight.to_string()]].concat());
    assert_eq!(free, bounded);
    assert!(said.contains(&format!("NFE {tight} of {tight}")), "{said}");
    place.file("no.npy", "old");
    let refused = |options: &[&str], parts: &[&str]| {
        place.fm(&[&["sample", "out", "--out", "no.npy"], &tolerance[..], options].concat()).refused(parts);
        assert_eq!(place.bytes("no.npy"), b"old", "{options:?}");
    };
    for norm in ["batch-rms", "max-over-samples", "per-sample"] {
        let parts = ["solver.nfe = 10 is spent at t = 0.", "the end at 1", "raise it, loosen", "fixed steps"];
        refused(&["--nfe", "10", "--norm", norm], &parts);
    }
    refused(&["--nfe", "7"], &["solver.nfe = 7", "one step of dopri5", "8 network evaluations"]);
    refused(&["--max-steps", "1"], &["solver.max_steps = 1 is spent at t = 0."]);
    refused(&["--h-min", "0.5"], &["step", "h_min"]);
}

#[test]
fn steps_of_each_samples_own_do_not_depend_on_the_others() {
    let place = trained(&[]);
    let options = ["--solver", "tsit5", "--norm", "per-sample"];
    let (all, said) = sample(&place, &options);
    let (most, mean) = (number_after(&said, "NFE"), number_after(&said, "average"));
    assert!(mean <= most && (most - 2).is_multiple_of(6), "{said}");
    place.fm(&[&["sample", "out", "-n", "3", "--out", "few.npy"], &options[..]].concat()).ok();
    let few = read_npy(&place.path("few.npy"));
    for (i, row) in few.outer_iter().enumerate() {
        // A matrix product may sum in another order for another batch.
        assert!((&row - &all.index_axis(ndarray::Axis(0), i)).iter().all(|e| e.abs() < 1e-4), "{i}");
    }
}

#[test]
fn noise_is_a_function_of_the_seed_and_the_sample() {
    let place = trained(&[]);
    for method in STOCHASTIC {
        let noisy = |more: &[&str]| sample(&place, &[&["--solver", method, "--steps", "20"], more].concat()).0;
        let (once, other) = (noisy(&[]), noisy(&["--seed", "1"]));
        assert_eq!(once, noisy(&["--diffusion", "sigma=1"]), "{method}: the default");
        assert_ne!(once, other);
        assert!(apart(&once, &noisy(&["--diffusion", "sigma=0"])) > 0.1, "{method}: noise matters");
        place.fm(&["sample", "out", "-n", "5", "--out", "few.npy", "--solver", method, "--steps", "20"]).ok();
        let few = read_npy(&place.path("few.npy"));
        let first = once.slice(ndarray::s![..5, ..]).to_owned().into_dyn();
        assert!(apart(&few, &first) < 1e-4, "{method}: {}", apart(&few, &first));
    }
    // The methods follow one Brownian motion where their steps are the same.
    let small = |method| sample(&place, &["--solver", method, "--steps", "200"]).0;
    let (euler, heun) = (small("euler-maruyama"), small("sde-heun"));
    assert!(apart(&euler, &heun) < 0.1, "{}", apart(&euler, &heun));
}

#[test]
fn a_stochastic_solver_is_refused_where_there_is_no_score() {
    let place = trained(&["coupling.kind=exact"]);
    let args = ["sample", "out", "--out", "x.npy", "--solver", "srk"];
    place.fm(&args).refused(&["needs the score", "coupling.kind = \"independent\""]);
    place.train("no", &["coupling.kind=exact", "solver.kind=sde"]).refused(&["run.toml", "needs the score"]);
    let place = trained(&[]);
    let with =
        |diffusion: &str| place.fm(&["sample", "out", "--out", "x.npy", "--solver", "srk", "--diffusion", diffusion]);
    with("eta").refused(&["singular at t = 0", "diffusion.kind = \"sigma\""]);
    with("constant=0.5").refused(&["singular at t = 1"]);
    with("sigma=-1").refused(&["diffusion.scale = -1"]);
    assert!(!place.path("x.npy").exists());
}

#[test]
fn options_of_another_family_are_refused() {
    let place = trained(&[]);
    let refused = |options: &[&str], parts: &[&str]| {
        place.fm(&[&["sample", "out", "--out", "x.npy"], options].concat()).refused(parts);
    };
    refused(&["--rtol", "1e-3"], &["--rtol with midpoint", "adaptive", "dopri5"]);
    refused(&["--solver", "srk", "--norm", "per-sample"], &["--norm with srk", "adaptive"]);
    refused(&["--solver", "bosh3", "--steps", "9"], &["--steps with bosh3", "--rtol and --atol"]);
    refused(&["--solver", "heun", "--diffusion", "eta"], &["--diffusion with heun", "stochastic"]);
    refused(&["--nfe", "1"], &["solver.nfe = 1", "one step of midpoint", "2 network evaluations"]);
    refused(&["--nfe", "0"], &["solver.nfe", "at least 1"]);
    refused(&["--steps", "99999999"], &["solver.steps", "between 1 and 10000000"]);
    refused(&["--solver", "tsit5", "--atol", "0"], &["solver.atol", "a positive number"]);
    refused(&["--solver", "tsit5", "--control", "0,0,0"], &["control.p + i + d", "above zero"]);
    for (options, part) in [
        (["--steps", "5", "--nfe", "10"], "cannot be used with"),
        (["--solver", "rk45", "--nfe", "10"], "adaptive bosh3, dopri5, tsit5, dop853"),
        (["--control", "pid", "--nfe", "10"], "three numbers P,I,D"),
        (["--diffusion", "churn=1", "--nfe", "10"], "sigma, eta or constant"),
    ] {
        let outcome = place.fm(&[&["sample", "out", "--out", "x.npy"], &options[..]].concat());
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.err.contains(part), "{outcome:?}");
    }
    assert!(!place.path("x.npy").exists());
}

#[test]
fn the_configured_solver_is_the_default_and_its_keys_are_checked() {
    let place = Place::new();
    let text = String::from_utf8(place.bytes("run.toml")).unwrap();
    let bosh3 = "kind = \"adaptive\"\nmethod = \"bosh3\"\nrtol = 1e-3\ncontrol = { p = 0.1 }\n";
    place.file("run.toml", text.replace("steps = 4\n", bosh3));
    place.train("out", &[]).ok();
    let (x, said) = sample(&place, &[]);
    assert!(said.contains("bosh3, rtol 1e-3, atol 1e-5"), "{said}");
    assert_eq!(x, sample(&place, &["--solver", "bosh3"]).0, "the options are those of the family");
    let printed = place.fm(&["info", "out"]).ok();
    assert!(printed.contains("[solver]\nkind = \"adaptive\"\nmethod = \"bosh3\"\nrtol = 0.001"), "{printed}");

    let refused = |section: &str, parts: &[&str]| {
        place.file("run.toml", text.replace("steps = 4\n", section));
        place.train("no", &[]).refused(&[&["run.toml"], parts].concat());
    };
    refused("rtol = 1e-3\n", &["`solver.rtol`", "solver.kind = \"adaptive\""]);
    refused("kind = \"adaptive\"\nsteps = 9\n", &["`solver.steps`", "solver.kind = \"fixed\""]);
    refused("kind = \"sde\"\nmethod = \"euler-mayurama\"\n", &["euler-mayurama", "euler-maruyama"]);
    refused("kind = \"sde\"\ndiffusion = { kind = \"eta\", scale = 2.0 }\n", &["`solver.diffusion.scale`"]);
    refused("steps = 4\nnfe = 9\n", &["solver.steps = 4 and solver.nfe = 9", "the steps or the budget"]);
    refused("kind = \"adaptive\"\ncontrol = { safety = 2.0 }\n", &["control.safety", "(0, 1]"]);
    assert!(!place.path("no").exists());
}

#[test]
fn evaluation_and_pictures_take_every_family() {
    let place = trained(&[]);
    let report = |options: &[&str]| {
        let printed = place.fm(&[&["eval", "out", "-n", "100", "--json"], options].concat()).ok();
        match serde_json::from_str(&printed).unwrap() {
            Value::Object(report) => report,
            other => panic!("{other}"),
        }
    };
    let adaptive = report(&["--solver", "dopri5"]);
    for key in ["steps_accepted", "steps_rejected", "network_evaluations", "path_energy", "w2"] {
        assert!(adaptive[key].is_number(), "{key}: {adaptive:?}");
    }
    assert_eq!(adaptive["solver"], "dopri5, rtol 1e-5, atol 1e-5");
    // The energy of one flow, whoever integrates it: over 60 chords and over 50.
    let fixed = report(&["--solver", "rk4", "--steps", "60"]);
    let energy = |report: &serde_json::Map<String, Value>| report["path_energy"].as_f64().unwrap();
    assert!((energy(&adaptive) / energy(&fixed) - 1.0).abs() < 0.02, "{adaptive:?} {fixed:?}");
    // Neither a stochastic path nor one that is not seen has an energy.
    for options in [["--solver", "srk"], ["--norm", "per-sample"]] {
        let more: &[&str] = if options[0] == "--norm" { &["--solver", "dopri5"] } else { &["--steps", "9"] };
        let report = report(&[&options[..], more].concat());
        assert!(!report.contains_key("path_energy") && report["w2"].is_number(), "{report:?}");
    }
    for options in [["--solver", "dop853"], ["--solver", "euler-maruyama"]] {
        assert_eq!(place.fm(&[&["plot", "out"], &options[..]].concat()).ok().lines().count(), 4);
    }
    let own = ["plot", "out", "--solver", "bosh3", "--norm", "per-sample"];
    place.fm(&own).refused(&["steps of their own", "choose another solver.norm"]);
}

#[test]
fn errors_fall_with_evaluations_at_the_order_of_the_method() {
    let place = trained(&[]);
    let measure = |more: &[&str]| -> Vec<Value> {
        let printed = place.fm(&[&["solvers", "-n", "60", "--nfe", "64", "--json"], more].concat()).ok();
        serde_json::from_str(&printed).unwrap()
    };
    let median = |rows: &[Value], method: &str, setting: &str| {
        let row = rows.iter().find(|row| row["method"] == method && row["setting"] == setting);
        row.unwrap_or_else(|| panic!("no {method} at {setting}"))["median_error"].as_f64().unwrap()
    };
    let exact = measure(&["--out", "mixture.png"]);
    picture(&place.path("mixture.png"));
    // Half the step of Euler and Euler-Maruyama is half the error, and of the midpoint rule a quarter, for the median of
    // sixty points before the steps are small: within a third.
    for (method, ratio) in [("euler", 2.0), ("midpoint", 4.0), ("euler-maruyama", 2.0)] {
        let found = median(&exact, method, "32") / median(&exact, method, "64");
        assert!((found / ratio - 1.0).abs() < 0.34, "{method}: {found}");
    }
    // A tolerance a thousand times smaller; the error of a step of order five follows it, that of the path nearly so.
    let [loose, tight] = ["1e-2", "1e-5"].map(|tolerance| median(&exact, "dopri5", tolerance));
    assert!(tight < loose / 100.0, "{loose} {tight}");

    let model = measure(&["out", "--out", "model.png"]);
    picture(&place.path("model.png"));
    assert!(model.iter().all(|row| row["family"] != "stochastic, same Brownian path"));
    // Time features make the field of a hardly trained network too rough for orders: errors fall, and that is all.
    for (method, few, many) in [("euler", "4", "64"), ("dopri5", "1e-1", "1e-5")] {
        let [first, last] = [few, many].map(|setting| median(&model, method, setting));
        assert!(last < first / 10.0, "{method}: {first} {last}");
    }
    let tables = place.fm(&["solvers", "-n", "5", "--nfe", "8"]).ok();
    assert!(tables.starts_with("equal steps: error\n\n| NFE       | `euler`"), "{tables}");
    assert_eq!(tables.matches("| NFE  ").count() + tables.matches("| tolerance |").count(), 6, "{tables}");
}
