//! Sampling from a checkpoint.

use fm_nn::{
    AdaptiveConfig, Checkpoint, ConfigError, DeviceConfig, ErrorNorm, Generator, NnError, Request, SolverConfig,
    SolverKind, Trainer, WeightSet,
};
use fm_paths::{Edm, NamedSchedule, Ve, Vp};
use fm_solvers::FixedMethod;
use ndarray::{Axis, s};

use super::{labelled, moons, small_config};

fn request(n: usize) -> Request {
    let solver = SolverConfig::fixed(FixedMethod::Heun, 4);
    Request { n, seed: 5, labels: None, guidance: 1.0, solver, trajectory: false, partial: false }
}

fn generator(checkpoint: &Checkpoint) -> Generator {
    Generator::new(checkpoint, WeightSet::Ema, DeviceConfig::Cpu).unwrap()
}

fn trained(data: fm_nn::TrainingData) -> Checkpoint {
    let mut trainer = Trainer::new(small_config(), data).unwrap();
    for _ in 0..20 {
        trainer.step().unwrap();
    }
    trainer.checkpoint([].into()).unwrap()
}

#[test]
fn a_sample_does_not_depend_on_how_many_are_drawn() {
    let generator = generator(&trained(moons()));
    let few = generator.generate(&request(3), &mut |_| ()).unwrap();
    let many = generator.generate(&request(5000), &mut |_| ()).unwrap();
    assert_eq!(few.source, many.source.slice(s![..3, ..]));
    let error = (&few.x - &many.x.slice(s![..3, ..])).mapv(f32::abs);
    // A matrix product may sum in another order for another batch.
    assert!(error.iter().all(|&e| e < 1e-5), "{error}");
    assert_eq!(few.work.nfe, 8);
    assert_ne!(generator.generate(&Request { seed: 6, ..request(3) }, &mut |_| ()).unwrap().x, few.x);
}

#[test]
fn a_trajectory_runs_from_the_source_to_the_sample() {
    let generator = generator(&trained(labelled()));
    let mut progress = Vec::new();
    let request = Request { trajectory: true, ..request(6) };
    let generated = generator.generate(&request, &mut |done| progress.push(done)).unwrap();
    assert_eq!(generated.times, [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(generated.trajectory.index_axis(Axis(0), 0), generated.source);
    assert_eq!(generated.trajectory.index_axis(Axis(0), 4), generated.x);
    assert_eq!(progress, [0.0, 0.25, 0.5, 0.75, 1.0]);
}

#[test]
fn guidance_one_is_off_and_zero_ignores_the_class() {
    let generator = generator(&trained(labelled()));
    let with = |labels: Option<Vec<u32>>, guidance| {
        generator.generate(&Request { labels, guidance, ..request(4) }, &mut |_| ()).unwrap()
    };
    let (class, none) = (with(Some(vec![1; 4]), 1.0), with(None, 1.0));
    assert_ne!(class.x, none.x);
    assert_eq!((class.network_evaluations(), class.work.nfe), (8, 8));
    let zero = with(Some(vec![1; 4]), 0.0);
    assert_eq!((zero.network_evaluations(), zero.work.nfe), (16, 8));
    assert!((&zero.x - &none.x).iter().all(|e| e.abs() < 1e-4));
    let strong = with(Some(vec![1; 4]), 3.0);
    assert!((&strong.x - &class.x).iter().any(|e| e.abs() > 1e-4));
}

#[test]
fn requests_that_cannot_be_served_are_refused() {
    let (plain, classes) = (generator(&trained(moons())), generator(&trained(labelled())));
    let refused = |generator: &Generator, request: Request| match generator.generate(&request, &mut |_| ()) {
        Err(NnError::Request { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert!(refused(&plain, request(0)).contains("0 samples"));
    assert!(refused(&plain, Request { labels: Some(vec![0; 2]), ..request(2) }).contains("without labels"));
    assert!(refused(&plain, Request { guidance: 2.0, ..request(2) }).contains("without a class"));
    assert!(refused(&classes, Request { labels: Some(vec![3; 2]), ..request(2) }).contains("class 3"));
    let labels = Some(vec![0; 2]);
    assert!(refused(&classes, Request { labels, guidance: f64::NAN, ..request(2) }).contains("NaN"));
    let zero_steps = SolverConfig::fixed(FixedMethod::Euler, 0);
    let error = plain.generate(&Request { solver: zero_steps, ..request(2) }, &mut |_| ()).unwrap_err();
    assert!(matches!(error, NnError::Config(ConfigError::Value { key: "solver.steps", .. })), "{error}");
}

#[test]
fn a_partial_result_is_the_state_on_the_way() {
    let generator = generator(&trained(labelled()));
    let quarters =
        AdaptiveConfig { rtol: 1e6, atol: 1e6, first_step: Some(0.25), h_max: Some(0.25), ..AdaptiveConfig::default() };
    let request = |max_steps| {
        let kind = SolverKind::Adaptive(AdaptiveConfig { max_steps, ..quarters.clone() });
        Request { solver: SolverConfig { kind, nfe: None }, ..request(6) }
    };
    let whole = generator.generate(&Request { trajectory: true, ..request(4) }, &mut |_| ()).unwrap();
    let half = generator.generate(&Request { partial: true, ..request(2) }, &mut |_| ()).unwrap();
    assert_eq!(whole.times[25], 0.5);
    assert_eq!(half.x, whole.trajectory.index_axis(Axis(0), 25));
    assert_eq!((half.t, whole.t), (vec![0.5; 6], vec![1.0; 6]));
    let error = generator.generate(&request(2), &mut |_| ()).unwrap_err();
    assert!(matches!(error, NnError::Unfinished { limit: "solver.max_steps", value: 2, t: 0.5, end: 1.0 }), "{error}");
    let both = Request { partial: true, trajectory: true, ..request(2) };
    assert!(matches!(generator.generate(&both, &mut |_| ()), Err(NnError::Request { .. })));
}

#[test]
fn samples_that_arrived_are_data_also_beside_some_that_did_not() {
    let mut config = small_config();
    config.time.t_max = 0.99;
    let mut trainer = Trainer::new(config, moons()).unwrap();
    for _ in 0..20 {
        trainer.step().unwrap();
    }
    let generator = generator(&trainer.checkpoint([].into()).unwrap());
    let generate = |max_steps| {
        let own = AdaptiveConfig { norm: ErrorNorm::PerSample, max_steps, ..AdaptiveConfig::default() };
        let solver = SolverConfig { kind: SolverKind::Adaptive(own), nfe: None };
        generator.generate(&Request { solver, partial: true, ..request(20) }, &mut |_| ()).unwrap()
    };
    let whole = generate(1000);
    assert_eq!(whole.t, [0.99; 20]);
    let arrived = |t: &[f64]| t.iter().filter(|&&t| t == 0.99).count();
    let mixed = (1..1000).map(generate).find(|mixed| arrived(&mixed.t) > 0).unwrap();
    assert!(arrived(&mixed.t) < 20);
    for (i, t) in mixed.t.iter().enumerate() {
        assert_eq!(mixed.x.row(i) == whole.x.row(i), *t == 0.99, "{i} at {t}");
    }
}

#[test]
fn the_velocity_is_the_derivative_of_the_path() {
    let generator = generator(&trained(labelled()));
    let solver = SolverConfig::fixed(FixedMethod::Euler, 1000);
    let generated = generator.generate(&Request { solver, trajectory: true, ..request(2) }, &mut |_| ()).unwrap();
    let at = |i: usize| generated.trajectory.index_axis(Axis(0), i);
    let u = generator.velocity(generated.times[300], &at(300)).unwrap();
    let difference = (&at(301) - &at(300)) * 1000.0;
    // Differences of f32 states around 1 over a step of 1e-3.
    assert!((&u - &difference).iter().all(|e| e.abs() < 5e-3), "{u} {difference}");
}

#[test]
fn every_named_schedule_is_trained_and_sampled_from_its_own_noise() {
    let schedules = [
        NamedSchedule::Linear,
        NamedSchedule::LinearVp,
        NamedSchedule::Vp(Vp::default()),
        NamedSchedule::Ve(Ve::default()),
        NamedSchedule::Edm(Edm::default()),
    ];
    for schedule in schedules {
        let mut config = small_config();
        config.path = schedule;
        config.time.t_max = 0.99;
        let mut trainer = Trainer::new(config.clone(), moons()).unwrap();
        trainer.step().unwrap();
        let generator = generator(&trainer.checkpoint([].into()).unwrap());
        let generated = generator.generate(&Request { trajectory: true, ..request(3) }, &mut |_| ()).unwrap();
        let noise = config.path().state(&[0.0]).unwrap()[0][1] as f32;
        let start = generated.trajectory.index_axis(Axis(0), 0);
        assert!((&start - &(&generated.source * noise)).iter().all(|e| e.abs() <= 1e-5 * noise), "{schedule:?}");
        assert!(generated.x.iter().all(|x| x.is_finite()), "{schedule:?}");
        // One evaluation more than the solver's: the data that the last prediction implies.
        assert_eq!(generated.work.nfe, 9, "{schedule:?}");
    }
}
