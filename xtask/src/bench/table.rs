//! One line for each peer's case, with the ratio of its time to ours.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::peers::Peer;

pub(super) fn render(ours: &BTreeMap<String, f64>, peers: &[Peer]) -> String {
    let case_width = peers.iter().map(|peer| peer.case.len()).max().unwrap_or(0).max(4);
    let name_width = peers.iter().map(|peer| peer.name.len()).max().unwrap_or(0).max(4);
    let mut table =
        format!("{:case_width$}  {:name_width$}  {:>9}  {:>9}  peer/ours\n", "case", "peer", "peer", "ours");
    for Peer { case, name, seconds } in peers {
        let (time, ratio) = match ours.get(case) {
            Some(ours) => (duration(*ours), format!("{:.2}", seconds / ours)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let _ =
            writeln!(table, "{case:case_width$}  {name:name_width$}  {:>9}  {time:>9}  {ratio:>9}", duration(*seconds));
    }
    table
}

/// Three digits and a unit.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "us"),
    };
    let decimals = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stand_beside_the_times() {
        let ours = BTreeMap::from([("ot/exact/128x2".to_owned(), 1e-3)]);
        let peer = |case: &str| Peer { case: case.into(), name: "SciPy".into(), seconds: 2.5e-3 };
        let table = render(&ours, &[peer("ot/exact/128x2"), peer("ot/exact/9x9")]);
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[1].ends_with("2.50 ms    1.00 ms       2.50"), "{table}");
        assert!(lines[2].ends_with("2.50 ms          -          -"), "{table}");
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!([12.345, 0.2, 1.5e-6].map(duration), ["12.3 s", "200 ms", "1.50 us"]);
    }
}
