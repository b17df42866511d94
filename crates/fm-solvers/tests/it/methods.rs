//! Tableaux are consistent, and methods go by their names.

use approx::assert_relative_eq;
use fm_solvers::{EmbeddedMethod, FixedMethod, Scheme, SolveError};

#[test]
fn tableaux_satisfy_the_order_conditions() {
    for method in FixedMethod::ALL {
        let Scheme::RungeKutta(tableau) = method.scheme() else { continue };
        assert_eq!((tableau.a.len(), tableau.c.len()), (tableau.stages(), tableau.stages()), "{method}");
        for (i, (row, c)) in tableau.a.iter().zip(tableau.c).enumerate() {
            assert_eq!(row.len(), i, "{method}");
            assert_relative_eq!(row.iter().sum::<f64>(), *c, epsilon = 1e-15);
        }
        // Hairer, Norsett & Wanner 1993, section II.2: sum b_i c_i^(q-1) = 1/q up to the order.
        for q in 1..=tableau.order {
            let moment: f64 = tableau.b.iter().zip(tableau.c).map(|(b, c)| b * c.powi(q as i32 - 1)).sum();
            assert_relative_eq!(moment, 1.0 / f64::from(q), epsilon = 1e-15);
        }
        assert!(!tableau.reference.is_empty());
    }
}

#[test]
fn names_parse_back() {
    for method in FixedMethod::ALL {
        assert_eq!(method.to_string().parse::<FixedMethod>().unwrap(), method);
    }
    assert_eq!(format!("{:>10}", FixedMethod::Rk4), "       rk4");
    let error = "dopri5".parse::<FixedMethod>().unwrap_err();
    assert!(matches!(&error, SolveError::UnknownMethod { name, .. } if name == "dopri5"));
    let known = "known are euler, midpoint, heun, ralston, rk4, ab2, ab3, ab4, abm4";
    assert_eq!(error.to_string(), format!("unknown method `dopri5`; {known}"));
    for method in EmbeddedMethod::ALL {
        assert_eq!(method.to_string().parse::<EmbeddedMethod>().unwrap(), method);
    }
    assert!("rk4".parse::<EmbeddedMethod>().is_err());
}

#[cfg(feature = "serde")]
#[test]
fn methods_are_serialised_by_name() {
    for method in FixedMethod::ALL {
        let json = serde_json::to_value(method).unwrap();
        assert_eq!(json, method.name());
        assert_eq!(serde_json::from_value::<FixedMethod>(json).unwrap(), method);
    }
    for method in EmbeddedMethod::ALL {
        let json = serde_json::to_value(method).unwrap();
        assert_eq!(json, method.name());
        assert_eq!(serde_json::from_value::<EmbeddedMethod>(json).unwrap(), method);
    }
}
