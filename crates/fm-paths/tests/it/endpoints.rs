//! What the two ends of a path determine: the whole table, and the errors.

use fm_paths::{AffinePath, Cosine, Linear, PathError, Prediction, Schedule, Weighting};

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
    for (name, schedule) in super::schedules::named() {
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
