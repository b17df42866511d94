//! What the two ends of a path determine: the whole table, and the errors.

use fm_paths::{AffinePath, Cosine, Linear, PathError, Prediction, Schedule, Weighting};

use super::schedules::{all, named};

/// One line for each given prediction: which of data, noise, velocity, v, score it determines (`.` for no).
fn table(path: &AffinePath<impl Schedule>, t: f64) -> Vec<String> {
    let letter = |given, wanted: Prediction| {
        if path.convert(given, wanted, &[t]).is_ok() { wanted.to_string().chars().next().unwrap() } else { '.' }
    };
    Prediction::ALL.map(|given| Prediction::ALL.map(|wanted| letter(given, wanted)).iter().collect()).to_vec()
}

#[test]
fn what_each_end_determines() {
    // Rows: given data, noise, velocity, v, score. Columns: wanted data, noise, velocity, v, score.
    for t0 in [table(&AffinePath::new(Linear), 0.0), table(&AffinePath::new(Cosine), 0.0)] {
        assert_eq!(t0, ["dnvvs", ".n..s", "dnvvs", "dnvvs", ".n..s"]);
    }
    for t1 in [table(&AffinePath::new(Linear), 1.0), table(&AffinePath::new(Cosine), 1.0)] {
        assert_eq!(t1, ["d....", "dnvv.", "dnvv.", "dnvv.", "d...."]);
    }
}

/// What the ends of the other schedules determine, in the lines of the table above.
#[test]
fn what_the_ends_of_every_named_schedule_determine() {
    let everything = "dnvvs dnvvs dnvvs dnvvs dnvvs";
    let at_noise = "dnvvs .n..s dnvvs dnvvs .n..s";
    let at_data = "d.... dnvv. dnvv. dnvv. d....";
    // Where σ̇ is infinite no velocity is found or helps, not even from itself.
    let steep = "d.... dn.v. d.... dn.v. d....";
    for (name, schedule) in named() {
        let path = AffinePath::new(schedule);
        let (source, data) = match name {
            "linear" | "cosine" => (at_noise, at_data),
            "linear-sigma-min" => (at_noise, everything),
            // The velocity is zero at the source: found from anything, and no help.
            "polynomial" => ("dnvvs .nv.s .nv.s dnvvs .nv.s", at_data),
            "linear-vp" => (at_noise, steep),
            "vp" | "ddpm" | "iddpm" => (everything, steep),
            "ve" => (everything, everything),
            "edm" => (everything, at_data),
            other => panic!("no line for {other}"),
        };
        assert_eq!(table(&path, 0.0).join(" "), source, "{name} at 0");
        assert_eq!(table(&path, 1.0).join(" "), data, "{name} at 1");
    }
}

#[test]
fn errors_name_the_place() {
    let path = AffinePath::new(Linear);
    assert_eq!(path.state(&[0.5, 1.5]), Err(PathError::TimeOutOfRange { index: 1, t: 1.5 }));
    assert!(matches!(path.state(&[f64::NAN]), Err(PathError::TimeOutOfRange { index: 0, .. })));
    assert_eq!(
        path.target(Prediction::Score, &[0.0, 1.0]),
        Err(PathError::Undefined { wanted: Prediction::Score, t: 1.0, index: 1 })
    );
    let singular = path.convert(Prediction::Noise, Prediction::Data, &[0.5, 0.0]).unwrap_err();
    assert_eq!(singular, PathError::Singular { given: Prediction::Noise, wanted: Prediction::Data, t: 0.0, index: 1 });
    assert!(singular.to_string().starts_with("noise does not determine data at t = 0 (index 1)"), "{singular}");
    assert_eq!(
        path.transfer(Prediction::Noise, &[0.0], &[0.5]),
        Err(PathError::SingularStep { given: Prediction::Noise, t: 0.0, r: 0.5, index: 0 })
    );
    let weighting = Weighting::Prediction { space: Prediction::Velocity };
    assert!(weighting.weights(&path, Prediction::Data, &[1.0]).is_err());
}

#[test]
fn every_weighting_refuses_times_outside() {
    let path = AffinePath::new(Linear);
    for weighting in [Weighting::Uniform, Weighting::Snr, Weighting::Prediction { space: Prediction::Velocity }] {
        let error = weighting.weights(&path, Prediction::V, &[0.5, 1.5]).unwrap_err();
        assert_eq!(error, PathError::TimeOutOfRange { index: 1, t: 1.5 }, "{weighting:?}");
    }
}

#[test]
fn staying_is_always_possible() {
    for given in Prediction::ALL {
        for t in [0.0, 0.3, 1.0] {
            // Where the prediction is parallel to the state, it is taken at its word.
            let stay = match (given, t) {
                (Prediction::Data, 1.0) | (Prediction::Noise, 0.0) => [0.0, 1.0],
                (Prediction::Score, 0.0) => [0.0, -1.0],
                _ => [1.0, 0.0],
            };
            assert_eq!(AffinePath::new(Linear).transfer(given, &[t], &[t]).unwrap(), [stay], "{given} at {t}");
        }
    }
}

#[test]
#[should_panic(expected = "one r for each t")]
fn transfer_needs_matching_times() {
    let _ = AffinePath::new(Linear).transfer(Prediction::V, &[0.1, 0.2], &[0.3]);
}

/// The ends, the smallest numbers beside them, and how many there are.
const SWEEP: [f64; 14] = [
    0.0,
    5e-324,
    f64::MIN_POSITIVE,
    1e-300,
    1e-160,
    f64::EPSILON,
    1e-9,
    0.5,
    1.0 - 1e-9,
    1.0 - 3e-16,
    1.0 - f64::EPSILON,
    1.0 - f64::EPSILON / 2.0,
    1.0,
    -0.0,
];

type Quantity = (&'static str, fn(&dyn Schedule, f64) -> f64);

/// The combinations that schedules state themselves.
const QUANTITIES: [Quantity; 6] = [
    ("λ", |schedule, t| schedule.log_snr(t)),
    ("λ̇", |schedule, t| schedule.d_log_snr(t)),
    ("f", |schedule, t| schedule.drift(t)),
    ("σσ̇", |schedule, t| schedule.sigma_d_sigma(t)),
    ("g²", |schedule, t| schedule.g2(t)),
    ("σ̇", |schedule, t| schedule.at(t).d_sigma),
];

#[test]
fn the_combinations_at_the_ends() {
    // A number that prints short is exact; others are rounded to four places.
    let show = |x: f64| {
        let exact = (x + 0.0).to_string();
        if exact.len() <= 6 { exact } else { format!("{x:.4}") }
    };
    let got: Vec<_> = all()
        .into_iter()
        .map(|(name, schedule)| {
            let line =
                |t: f64| QUANTITIES[..5].iter().map(|(_, of)| show(of(&schedule, t))).collect::<Vec<_>>().join(" ");
            format!("{name}: {} | {}", line(0.0), line(1.0))
        })
        .collect();
    // λ λ̇ f σσ̇ g² at t = 0 | and at t = 1
    assert_eq!(
        got,
        [
            "linear: -inf inf inf -1 inf | inf inf 1 0 0",
            "linear-sigma-min: -inf inf inf -0.9 inf | 4.6052 20 1 -0.0900 0.2",
            "cosine: -inf inf inf 0 inf | inf inf 0 0 0",
            "polynomial: -inf inf inf 0 inf | inf inf 2.5 0 0",
            "linear-vp: -inf inf inf 0 inf | inf inf 1 -1 2",
            "vp: -10.0500 20.0009 10 -0.0004 20 | inf inf 0.05 -0.05 0.1",
            "ddpm: -10.1177 20.2137 10.1064 -0.0004 20.2129 | inf inf 0.0450 -0.0450 0.0900",
            "iddpm: -19.8359 11815.5122 5907.7561 -0.0000 11815.5122 | inf inf 0.0194 -0.0194 0.0389",
            "ve: -9.2103 17.0344 0 -85171.9319 170343.8638 | 7.8240 17.0344 0 -0.0034 0.0068",
            "edm: -8.7641 2 0 -6400 12800 | inf inf 0 0 0",
            "vp of a function: -3.4693 9.7958 4.75 -0.1434 9.5 | inf inf 0.25 -0.25 0.5",
            "vp by quadrature: -3.4693 9.7958 4.75 -0.1434 9.5 | inf inf 0.25 -0.25 0.5",
            "table: -1.8421 4.0150 1.7329 -0.2371 3.4657 | inf inf 0.1282 -0.1282 0.2565",
            "zero terminal: -inf inf inf 0 inf | inf inf 0.1266 -0.1266 0.2532",
            "from log-SNR: -9 20 9.9988 -0.0012 19.9975 | 11 20 0.0002 -0.0002 0.0003",
            "from infinite log-SNR: -inf inf inf 0 inf | inf inf 0 0 0",
            "from SDE: -2.7529 4.2392 1.5 -1.3154 9 | inf inf 0.5 -0.5 1",
            "rescaled: -inf inf inf 0.5 inf | inf inf 0.5 0 0",
            "reparametrised: -inf inf inf 0 inf | inf inf 1.5 -1.5 3",
            "reversed: -inf inf inf -1 inf | inf inf 1 0 0",
        ]
    );
}

/// What is finite at an end is reached continuously, and what is infinite grows towards it.
#[test]
fn the_ends_are_limits() {
    for (name, schedule) in all() {
        for (what, of) in QUANTITIES {
            for (end, near, nearer) in [(0.0, 1e-6, 1e-12), (1.0, 1.0 - 1e-6, 1.0 - 1e-12)] {
                let [at_end, near, nearer] = [end, near, nearer].map(|t| of(&schedule, t));
                if at_end.is_finite() {
                    // Nothing here is steeper than 1e4 next to a finite value, and times near 1 are known to 1e-16.
                    let error = (nearer - at_end).abs();
                    assert!(
                        error <= 1e-7 * (1.0 + at_end.abs()),
                        "{name}: {what} at {end}: {at_end}, beside it {nearer}"
                    );
                } else {
                    assert!(nearer.abs() > near.abs() && nearer.signum() == at_end.signum(), "{name}: {what} at {end}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_ever_nan() {
    for (name, schedule) in all() {
        for t in SWEEP {
            let point = schedule.at(t);
            let amplitudes = [point.alpha, point.sigma];
            assert!(amplitudes.iter().all(|x| x.is_finite() && *x >= 0.0), "{name} at {t:e}: {point:?}");
            assert!(!point.d_alpha.is_nan() && !point.d_sigma.is_nan(), "{name} at {t:e}: {point:?}");
            for (what, of) in QUANTITIES {
                assert!(!of(&schedule, t).is_nan(), "{name}: {what} at {t:e}");
            }
            let (g2, snr, level) = (schedule.g2(t), schedule.snr(t), point.level());
            assert!(g2 >= 0.0 && snr >= 0.0 && level >= 0.0, "{name} at {t:e}: {g2} {snr} {level}");
            assert!(schedule.sigma_d_sigma(t).is_finite() && schedule.d_log_snr(t) >= 0.0, "{name} at {t:e}");
            for diffusion in [0.0, 1.0] {
                assert!(schedule.diffusion_of_eta(t, diffusion) >= 0.0, "{name} at {t:e}");
                assert!(schedule.eta_of_diffusion(t, diffusion) >= 0.0, "{name} at {t:e}");
            }
            let back = schedule.t_of_log_snr(schedule.log_snr(t));
            assert!(back.as_ref().is_ok_and(|t| (0.0..=1.0).contains(t)), "{name} at {t:e}: {back:?}");
        }
    }
}

/// Every request at every time of the sweep: finite coefficients, or the error that names this time.
#[test]
fn coefficients_are_finite_or_errors() {
    let weightings = [
        Weighting::Snr,
        Weighting::TruncatedSnr,
        Weighting::MinSnr { gamma: 5.0 },
        Weighting::Edm { sigma_data: 0.5 },
        Weighting::Sd3 { mean: 0.0, std: 1.0 },
        Weighting::Sigmoid { bias: 2.0 },
    ];
    for (name, schedule) in all() {
        let path = AffinePath::new(schedule);
        for t in SWEEP {
            let pair = |result: Result<Vec<[f64; 2]>, PathError>, request: &dyn std::fmt::Debug| match result {
                Ok(c) => assert!(c[1].iter().all(|c| c.is_finite()), "{name} at {t:e}: {request:?} is {:?}", c[1]),
                Err(
                    PathError::Undefined { t: named, index, .. }
                    | PathError::Singular { t: named, index, .. }
                    | PathError::SingularStep { t: named, index, .. }
                    | PathError::Dependent { t: named, index },
                ) => assert_eq!((named, index), (t, 1), "{name}: {request:?}"),
                Err(other) => panic!("{name} at {t:e}: {request:?} says {other}"),
            };
            let both = [0.5, t];
            pair(path.state(&both), &"state");
            let g = path.schedule.diffusion_of_eta(t, 1.0);
            for given in Prediction::ALL {
                pair(path.target(given, &both), &given);
                for wanted in Prediction::ALL {
                    pair(path.convert(given, wanted, &both), &(given, wanted));
                }
                for r in [0.0, 0.3, 1.0] {
                    pair(path.transfer(given, &both, &[0.5, r]), &(given, r));
                }
                if g.is_finite() {
                    pair(path.sde_drift(given, &both, &[0.0, g]), &(given, g));
                }
                for weighting in weightings {
                    match weighting.weights(&path, given, &both) {
                        Ok(w) => assert!(w[1].is_finite() && w[1] >= 0.0, "{name} at {t:e}: {weighting:?} of {given}"),
                        Err(error) => assert_eq!(error, PathError::Weight { t, index: 1 }, "{name}"),
                    }
                }
            }
        }
    }
}
