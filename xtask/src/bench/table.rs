//! One line for each peer's case, with the ratio of its time to ours, and one for each of our cases that has no peer. Where a
//! benchmark copies as many bytes (`group/copy/size`), our time as a multiple of that.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::peers::{Own, Peer};

pub(super) fn render(ours: &BTreeMap<String, Own>, peers: &[Peer]) -> String {
    let alone = ours.keys().filter(|case| peers.iter().all(|peer| peer.case != **case));
    let rows: Vec<_> = peers
        .iter()
        .map(|peer| (&peer.case, peer.name.as_str(), peer.seconds, peer.facts.as_str()))
        .chain(alone.map(|case| (case, "-", None, "")))
        .collect();
    let case_width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).max(4);
    let name_width = rows.iter().map(|row| row.1.len()).max().unwrap_or(0).max(4);
    let mut table = format!(
        "{:case_width$}  {:name_width$}  {:>9}  {:>9}  {:>9}  {:>9}  of the peer; ours\n",
        "case", "peer", "peer", "ours", "peer/ours", "ours/copy"
    );
    let ratio = |above: Option<f64>, below: Option<f64>| {
        above.zip(below).map_or("-".to_owned(), |(above, below)| format!("{:.2}", above / below))
    };
    let time = |seconds: Option<f64>| seconds.map_or("-".to_owned(), duration);
    let seconds = |case: &str| ours.get(case).map(|own| own.seconds);
    for (case, name, theirs, facts) in rows {
        let own = seconds(case);
        let copy = copy_of(case).and_then(|copy| seconds(&copy));
        let known = ours.get(case).map_or("", |own| own.facts.as_str());
        let known = if facts.is_empty() && known.is_empty() { String::new() } else { format!("  {facts}; {known}") };
        let _ = writeln!(
            table,
            "{case:case_width$}  {name:name_width$}  {:>9}  {:>9}  {:>9}  {:>9}{known}",
            time(theirs),
            time(own),
            ratio(theirs, own),
            ratio(own, copy)
        );
    }
    table
}

/// The case of the same group and size that only copies.
fn copy_of(case: &str) -> Option<String> {
    let (group, rest) = case.split_once('/')?;
    let (_, size) = rest.rsplit_once('/')?;
    Some(format!("{group}/copy/{size}"))
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
        let own = |seconds| Own { seconds, facts: String::new() };
        let ours = BTreeMap::from([("ot/exact/128x2".to_owned(), own(1e-3)), ("ot/copy/128x2".to_owned(), own(4e-4))]);
        let peer =
            |case: &str| Peer { case: case.into(), name: "SciPy".into(), seconds: Some(2.5e-3), facts: String::new() };
        let table = render(&ours, &[peer("ot/exact/128x2"), peer("ot/exact/9x9")]);
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[1].ends_with("2.50 ms    1.00 ms       2.50       2.50"), "{table}");
        assert!(lines[2].ends_with("2.50 ms          -          -          -"), "{table}");
        assert!(
            lines[3].starts_with("ot/copy/128x2") && lines[3].ends_with("-     400 us          -       1.00"),
            "{table}"
        );
    }

    #[test]
    fn facts_stand_behind_the_ratios_and_a_missing_peer_has_a_line() {
        let ours = BTreeMap::from([("a/b".to_owned(), Own { seconds: 1e-3, facts: "68 nfe".to_owned() })]);
        let peer = |seconds, facts: &str| Peer { case: "a/b".into(), name: "p".into(), seconds, facts: facts.into() };
        let table = render(&ours, &[peer(Some(2e-3), "74 nfe"), peer(None, "not there: no module")]);
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[1].ends_with("2.00          -  74 nfe; 68 nfe"), "{table}");
        assert!(lines[2].ends_with("-  not there: no module; 68 nfe"), "{table}");
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!([12.345, 0.2, 1.5e-6].map(duration), ["12.3 s", "200 ms", "1.50 us"]);
    }
}
