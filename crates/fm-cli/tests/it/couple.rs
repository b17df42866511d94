//! `fm couple`: pairs on disk, what is printed, and what is refused.

use std::fs::File;

use ndarray::{Array1, Array2, array};
use ndarray_npy::ReadNpyExt;
use serde_json::Value;

use crate::files::npy;
use crate::program::Place;

/// Forty points of the plane on a circle, and the same turned by half a step and shuffled.
fn place() -> (Place, Array2<f32>, Array2<f32>) {
    let place = Place::new();
    let circle = |turn: f64| {
        Array2::from_shape_fn((40, 2), |(i, axis)| {
            let angle = (((i * 17) % 40) as f64 + turn) * std::f64::consts::TAU / 40.0;
            (if axis == 0 { angle.cos() } else { angle.sin() }) as f32
        })
    };
    let (x0, x1) = (circle(0.0), circle(0.25).slice(ndarray::s![..;-1, ..]).to_owned());
    place.file("x0.npy", npy(&x0));
    place.file("x1.npy", npy(&x1));
    (place, x0, x1)
}

fn pairs(place: &Place, name: &str) -> Array2<i64> {
    Array2::<i64>::read_npy(File::open(place.path(name)).unwrap()).unwrap()
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_exact_coupling_is_a_permutation_with_its_proof() {
    let (place, x0, x1) = place();
    let printed = report(&place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.npy", "--json"]).ok());
    let found = pairs(&place, "p.npy");
    assert_eq!(found.dim(), (40, 2));
    assert!(found.column(0).iter().copied().eq(0..40));
    // Each point goes to the one a quarter of a step on, which is the same point of the other file read from its end.
    assert!(found.outer_iter().all(|pair| pair[0] + pair[1] == 39), "{found}");
    let cost: f64 =
        (0..40).map(|i| (&x0.row(i) - &x1.row(39 - i)).iter().map(|&d| f64::from(d * d)).sum::<f64>()).sum::<f64>()
            / 40.0;
    assert!((printed["cost"].as_f64().unwrap() - cost).abs() < 1e-6 * cost);
    assert!(printed["primal_minus_dual"].as_f64().unwrap().abs() < 1e-9);
    assert_eq!((&printed["converged"], &printed["marginal_l1"]), (&Value::Bool(true), &0.0.into()));
    for key in ["cost_seconds", "solve_seconds"] {
        assert!(printed[key].as_f64().unwrap() >= 0.0, "{key}");
    }
    let keys: Vec<&str> = printed.as_object().unwrap().keys().map(String::as_str).collect();
    let promised =
        ["cost", "primal_minus_dual", "marginal_l1", "iterations", "converged", "cost_seconds", "solve_seconds"];
    assert!(promised.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert!(printed["iterations"].is_null(), "what a method has not is null");
    assert!(place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.npy"]).ok().contains("primal_minus_dual"));
    assert_eq!(place.names("."), ["p.npy", "run.toml", "x0.npy", "x1.npy"]);
}

#[test]
fn entropic_pairs_are_drawn_by_the_seed() {
    let (place, ..) = place();
    let couple = |method: &[&str], out: &str| {
        let args = [&["couple", "x0.npy", "x1.npy", "--out", out, "--json"], method].concat();
        report(&place.fm(&args).ok())
    };
    let printed = couple(&["--method", "sinkhorn", "--epsilon", "0.5mean"], "a.npy");
    assert!(printed["converged"].as_bool().unwrap() && printed["iterations"].as_u64().unwrap() > 0);
    assert!(printed["marginal_l1"].as_f64().unwrap() <= 1e-6);
    assert!(printed["epsilon"].as_f64().unwrap() > 0.0 && printed["sampled_iterations"] == 0, "{printed}");
    assert!(printed["primal_minus_dual"].is_null());
    couple(&["--method", "sinkhorn", "--epsilon", "0.5mean"], "b.npy");
    couple(&["--method", "sinkhorn", "--epsilon", "0.5mean", "--seed", "1"], "c.npy");
    assert!(pairs(&place, "a.npy").column(0).iter().copied().eq(0..40), "row by row");
    assert_eq!(place.bytes("a.npy"), place.bytes("b.npy"));
    assert_ne!(place.bytes("a.npy"), place.bytes("c.npy"));
    // The bridge with 2 sigma^2 = 0.5 is the entropic coupling with epsilon = 0.5.
    couple(&["--method", "schrodinger-bridge", "--sigma", "0.5"], "d.npy");
    couple(&["--method", "sinkhorn", "--epsilon", "0.5"], "e.npy");
    assert_eq!(place.bytes("d.npy"), place.bytes("e.npy"));
    // The circle is solved by its symmetry; these points are not.
    place.file("far.csv", (0..40).map(|i| format!("{},{i}\n", i * i)).collect::<Vec<_>>().concat());
    let outcome = place.fm(&[
        "couple",
        "x0.npy",
        "far.csv",
        "--out",
        "f.npy",
        "--json",
        "--method",
        "sinkhorn",
        "--epsilon",
        "0.001",
        "--max-iterations",
        "1",
    ]);
    assert!(outcome.err.contains("raise --max-iterations"), "{}", outcome.err);
    assert_eq!(report(&outcome.ok())["converged"], false);
}

/// Squares of these coordinates are beyond single precision, or below it.
#[test]
fn points_of_any_scale_are_coupled_alike() {
    let (place, x0, x1) = place();
    for (name, scale) in [("small", 1e-30_f32), ("large", 1e25)] {
        place.file(&format!("{name}0.npy"), npy(&(&x0 * scale)));
        place.file(&format!("{name}1.npy"), npy(&(&x1 * scale)));
    }
    place.file("w.csv", "1\n".repeat(20) + &"3\n".repeat(20));
    let cases: [&[&str]; 4] = [
        &[],
        &["--source-weights", "w.csv"],
        &["--method", "sinkhorn", "--epsilon", "0.5mean"],
        &["--method", "sinkhorn", "--epsilon", "0.5mean", "--source-weights", "w.csv"],
    ];
    for options in cases {
        let couple = |name: &str| {
            let (source, target) = (format!("{name}0.npy"), format!("{name}1.npy"));
            let args = [&["couple", &source, &target, "--out", "p.npy", "--json"], options].concat();
            report(&place.fm(&args).ok())["cost"].as_f64().unwrap()
        };
        let expected = couple("x");
        for (name, scale) in [("small", 1e-30_f32), ("large", 1e25)] {
            let cost = couple(name) / f64::from(scale).powi(2);
            // A coordinate that is scaled is rounded anew, by 6e-8.
            assert!((cost / expected - 1.0).abs() < 1e-5, "{name} {options:?}: {cost} is not {expected}");
        }
    }
}

#[test]
fn weights_give_a_plan_too() {
    let place = Place::new();
    place.file("x0.csv", "0\n1\n5\n");
    place.file("x1.csv", "4\n0\n");
    place.file("w.npy", npy(&array![1.0, 1.0, 2.0]));
    for method in ["exact", "sinkhorn"] {
        let args = ["couple", "x0.csv", "x1.csv", "--source-weights", "w.npy", "--method", method];
        let printed = report(&place.fm(&[&args[..], &["--out", "p.npy", "--json"]].concat()).ok());
        assert!(printed["converged"].as_bool().unwrap());
        let mut plan = zip::ZipArchive::new(File::open(place.path("plan.npz")).unwrap()).unwrap();
        let rows = Array1::<i64>::read_npy(plan.by_name("rows.npy").unwrap()).unwrap();
        let cols = Array1::<i64>::read_npy(plan.by_name("cols.npy").unwrap()).unwrap();
        let mass = Array1::<f64>::read_npy(plan.by_name("mass.npy").unwrap()).unwrap();
        let total = |i: i64| rows.iter().zip(&mass).filter(|&(&row, _)| row == i).map(|(_, mass)| mass).sum::<f64>();
        assert!((total(0) - 1.0).abs() < 1e-5 && (total(2) - 2.0).abs() < 1e-5, "{method}: {mass}");
        if method == "exact" {
            // 0 and 1 go to 0, 5 goes to 4: (0 + 1 + 2)/4.
            assert_eq!(
                (rows.to_vec(), cols.to_vec(), mass.to_vec()),
                (vec![0, 1, 2], vec![1, 1, 0], vec![1.0, 1.0, 2.0])
            );
            assert_eq!(printed["cost"].as_f64(), Some(0.75));
        }
        let drawn = pairs(&place, "p.npy");
        assert!(drawn.nrows() == 3 && drawn.outer_iter().all(|pair| pair[0] < 3 && pair[1] < 2));
    }
    // Two sizes without weights are weighted evenly.
    place.fm(&["couple", "x0.csv", "x1.csv", "--out", "q.npy"]).ok();
}

#[test]
fn pairs_stay_inside_their_class() {
    let (place, ..) = place();
    let labels = |name: &str, modulus: usize| {
        place.file(name, (0..40).map(|i| format!("{}\n", i % modulus)).collect::<Vec<_>>().concat());
    };
    labels("a.csv", 2);
    labels("b.csv", 4);
    place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.npy", "--labels", "a.csv", "--source-labels", "a.csv"]).ok();
    assert!(pairs(&place, "p.npy").outer_iter().all(|pair| pair[0] % 2 == pair[1] % 2));
    place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.npy", "--labels", "a.csv", "--class-penalty", "0"]).ok();
    assert!(pairs(&place, "p.npy").outer_iter().all(|pair| pair[0] + pair[1] == 39), "a penalty of zero is none");
    let unfit = ["couple", "x0.npy", "x1.npy", "--out", "q.npy", "--labels", "a.csv", "--source-labels", "b.csv"];
    place.fm(&unfit).refused(&["class 0", "10 source", "20 target"]);
    assert!(!place.path("q.npy").exists());
}

#[test]
fn what_cannot_be_coupled_leaves_the_old_pairs() {
    let (place, x0, _) = place();
    place.file("p.npy", "old");
    place.file("plan.npz", "old");
    place.file("three.csv", "1,2,3\n4,5,6\n");
    place.file("short.npy", &npy(&x0)[..200]);
    place.file(
        "complex.npy",
        b"\x93NUMPY\x01\x00\x3a\x00{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }   \n12345678",
    );
    place.file("bad.csv", "1,2\n3,inf\n");
    place.file("w.csv", "1\n2\n");
    place.file("minus.csv", "1\n".repeat(39) + "-1\n");
    place.file("empty.csv", "");
    place.file("heavy.npy", npy(&Array1::from_elem(40, 1e308)));
    place.file("w40.csv", "1\n".repeat(40));
    place.file("w41.csv", "1\n".repeat(39) + "1.1\n");
    place.file("nothing.csv", "0\n".repeat(40));
    let cases: [(&[&str], &[&str]); 19] = [
        (
            &["x0.npy", "x1.npy", "--source-weights", "heavy.npy", "--method", "sinkhorn"],
            &["source weight 0 is 1e308", "1e300"],
        ),
        (&["x0.npy", "x1.npy", "--source-weights", "nothing.csv"], &["source weights are all zero"]),
        (
            &["x0.npy", "x1.npy", "--source-weights", "w40.csv", "--target-weights", "w41.csv"],
            &["sum to 40", "40.1", "normalise"],
        ),
        (&["x0.npy", "x1.npy", "--method", "sinkhorn", "--epsilon", "1e-30"], &["epsilon is 1e-30", "1e-12"]),
        (&["x0.npy", "x1.npy", "--epsilon", "1"], &["--epsilon", "--method sinkhorn"]),
        (&["x0.npy", "x1.npy", "--method", "sinkhorn", "--sigma", "1"], &["--sigma", "schrodinger-bridge"]),
        (&["x0.npy", "x1.npy", "--method", "sinkhorn", "--max-iterations", "0"], &["max_iterations is 0"]),
        (&["none.npy", "x1.npy"], &["none.npy", "cannot be read"]),
        (&["short.npy", "x1.npy"], &["short.npy", "ends after", "320"]),
        (&["complex.npy", "x1.npy"], &["complex.npy", "<c8", "convert the array"]),
        (&["three.csv", "x1.npy"], &["three.csv", "3 values", "x1.npy"]),
        (&["bad.csv", "x1.npy"], &["bad.csv", "line 2, column 2"]),
        (&["empty.csv", "x1.npy"], &["empty.csv", "holds no values"]),
        (&["x0.npy", "x1.npy", "--source-weights", "w.csv"], &["w.csv", "2 weights for 40 points"]),
        (&["x0.npy", "x1.npy", "--target-weights", "minus.csv"], &["minus.csv", "weight 39", "-1"]),
        (&["x0.npy", "x1.npy", "--labels", "w.csv"], &["w.csv", "2 labels for 40 samples"]),
        (&["x0.npy", "x1.npy", "--method", "schrodinger-bridge", "--sigma", "0"], &["--sigma 0", "positive"]),
        (&["x0.npy", "x1.npy", "--method", "sinkhorn", "--tolerance", "0"], &["tolerance", "0"]),
        (&["x0.npy", "three.csv", "--method", "independent"], &["2 values", "three.csv"]),
    ];
    for (request, parts) in cases {
        place.fm(&[&["couple", "--out", "p.npy"], request].concat()).refused(parts);
        assert_eq!((place.bytes("p.npy"), place.bytes("plan.npz")), (b"old".to_vec(), b"old".to_vec()), "{request:?}");
    }
    place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.csv"]).refused(&["p.csv", "end in .npy"]);
    place.fm(&["couple", "x0.npy", "x1.npy", "--out", "no/p.npy"]).refused(&["no/p.npy", "create the folder first"]);
    let outcome = place.fm(&["couple", "x0.npy", "x1.npy", "--out", "p.npy", "--epsilon", "1median"]);
    assert!(outcome.code == Some(2) && outcome.err.contains("`mean` or `std`"), "{}", outcome.err);
}
