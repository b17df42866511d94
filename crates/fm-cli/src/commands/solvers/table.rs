//! Errors as tables that read well in a terminal and are Markdown, so that a page can quote what the command says.

use super::study::{Curve, Measured};

/// A row for each budget or tolerance, a column for each method. Evaluations that are not the budget itself stand before
/// the error, and a cell is empty where a solve was out of budget.
pub fn table(caption: &str, curves: &[Curve], error: fn(&Measured) -> f64) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let mut settings: Vec<&str> = Vec::new();
    for point in points() {
        if !settings.contains(&point.setting.as_str()) {
            settings.push(&point.setting);
        }
    }
    let tolerances = settings.iter().any(|setting| setting.contains('e'));
    let cell = |point: &Measured| {
        let nfe = format!("{:.0}", point.nfe);
        let error = format!("{:.2e}", error(point));
        if nfe == point.setting { error } else { format!("{nfe}: {error}") }
    };
    let width = points().map(|point| cell(point).len()).chain(curves.iter().map(|curve| name(curve).len())).max();
    let row = |first: &str, cells: Vec<String>| {
        let cells = cells.into_iter().map(|cell| format!(" {cell:<width$} |", width = width.unwrap_or(0)));
        format!("| {first:<9} |{}\n", cells.collect::<Vec<_>>().concat())
    };
    let head = row(if tolerances { "tolerance" } else { "NFE" }, curves.iter().map(name).collect());
    let rule = format!("|{}\n", "---|".repeat(curves.len() + 1));
    let rows = settings.into_iter().map(|setting| {
        let at = |curve: &Curve| curve.points.iter().find(|point| point.setting == setting).map(cell);
        row(setting, curves.iter().map(|curve| at(curve).unwrap_or_default()).collect())
    });
    format!("{caption}\n\n{head}{rule}{}", rows.collect::<Vec<_>>().concat())
}

fn name(curve: &Curve) -> String {
    format!("`{}`", curve.method)
}

#[cfg(test)]
mod tests {
    use fm_solvers::{EmbeddedMethod, FixedMethod};

    use super::*;
    use crate::commands::solver::Method;

    fn curve(method: Method, points: &[(&str, f64, f64)]) -> Curve {
        let point = |&(setting, nfe, error): &(&str, f64, f64)| Measured {
            setting: setting.to_owned(),
            nfe,
            error,
            median: error / 2.0,
        };
        Curve { method, points: points.iter().map(point).collect() }
    }

    #[test]
    fn a_budget_is_a_row_and_an_absent_solve_an_empty_cell() {
        let euler = curve(Method::Fixed(FixedMethod::Euler), &[("4", 4.0, 0.25), ("8", 8.0, 0.125)]);
        let rk4 = curve(Method::Fixed(FixedMethod::Rk4), &[("8", 8.0, 0.001)]);
        let expected = "equal steps\n\n\
                        | NFE       | `euler` | `rk4`   |\n\
                        |---|---|---|\n\
                        | 4         | 2.50e-1 |         |\n\
                        | 8         | 1.25e-1 | 1.00e-3 |\n";
        assert_eq!(table("equal steps", &[euler, rk4], |point| point.error), expected);
    }

    #[test]
    fn evaluations_stand_beside_the_error_of_a_tolerance() {
        let bosh3 = curve(Method::Adaptive(EmbeddedMethod::Bosh3), &[("1e-1", 11.0, 0.036), ("1e-2", 17.0, 0.0054)]);
        let expected = "median\n\n\
                        | tolerance | `bosh3`     |\n\
                        |---|---|\n\
                        | 1e-1      | 11: 1.80e-2 |\n\
                        | 1e-2      | 17: 2.70e-3 |\n";
        assert_eq!(table("median", &[bosh3], |point| point.median), expected);
    }
}
