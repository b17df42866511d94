//! Integration tests of fm-ot: one binary, a module per promise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

mod assignments;
mod certificate;
mod classes;
mod costs;
mod couplings;
mod distances;
mod entropic;
mod epsilon;
mod errors;
mod floor;
mod limited;
mod line;
mod optimal;
mod persistent;
mod samples;
mod scales;
mod sinkhorn;
mod sliced;
mod statistics;
mod symmetric;
mod threads;
mod ties;
mod transport;
mod transport_errors;
mod transport_oracles;

use std::fs;
use std::path::Path;

use limited::limited;

#[test]
fn every_test_begins_with_its_limit() {
    let _limited = limited();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut tests = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        for test in source.split("#[test]\n").skip(1) {
            let (signature, body) = test.split_once("{\n").unwrap();
            let first = body.trim_start().lines().next().unwrap();
            assert_eq!(first, "let _limited = limited();", "{}: {}", path.display(), signature.trim());
            tests += 1;
        }
    }
    assert!(tests > 100, "{tests} tests were looked at");
}
