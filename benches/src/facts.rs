//! What a time says nothing about without: evaluations and errors of the result that was timed.
//!
//! `cargo xtask bench` names a file in `FM_BENCH_FACTS` and puts what it finds there beside the times; without it, the facts
//! go to the terminal.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use ndarray::Array2;

/// Evaluations, and distances of samples from the exact ones.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Evaluations of the field, per sample.
    pub nfe: f64,
    /// The median and the largest of the samples' errors, where the answer is known.
    pub errors: Option<[f64; 2]>,
}

impl Facts {
    /// Of a solve that should have ended at `exact`.
    pub fn new(nfe: f64, found: &Array2<f64>, exact: &Array2<f64>) -> Self {
        let difference = found - exact;
        let mut errors: Vec<f64> = difference.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
        errors.sort_by(f64::total_cmp);
        Self { nfe, errors: Some([errors[errors.len() / 2], errors[errors.len() - 1]]) }
    }
}

/// Records the facts of a benchmark under its full id.
///
/// # Panics
/// If the file cannot be written.
#[expect(clippy::print_stderr, reason = "a time without its error says nothing")]
pub fn record(case: &str, facts: Facts) {
    let Facts { nfe, errors } = facts;
    let [median, largest] = errors.map_or(["null".to_owned(), "null".to_owned()], |e| e.map(|e| format!("{e:e}")));
    match env::var_os("FM_BENCH_FACTS") {
        Some(path) => {
            let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file for the facts");
            writeln!(
                file,
                r#"{{"case": "{case}", "nfe": {nfe:.1}, "median_error": {median}, "largest_error": {largest}}}"#
            )
            .expect("room for a line");
        }
        None => eprintln!("{case}: {nfe:.1} evaluations, median error {median}, largest {largest}"),
    }
}
