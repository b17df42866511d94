//! Batches as functions of the seed and the step.

use fm_nn::{BatchMaker, Config, CouplingConfig, GuidanceConfig, NnError, Scaling, SourceConfig, TrainingData};
use fm_ot::{ClassRule, CouplingKind};
use fm_paths::Toy;
use ndarray::Array2;

use super::{labelled, moons, small_config};

fn maker(config: &Config) -> BatchMaker {
    BatchMaker::new(config, labelled()).unwrap()
}

#[test]
fn a_batch_depends_on_the_seed_and_the_step_alone() {
    let config = small_config();
    let (mut forwards, mut backwards) = (maker(&config), maker(&config));
    let mut later: Vec<_> = (0..4).rev().map(|step| backwards.batch(step).unwrap()).collect();
    for step in 0..4 {
        let (a, b) = (forwards.batch(step).unwrap(), later.pop().unwrap());
        assert_eq!((&a.x0, &a.x1, &a.labels, &a.t), (&b.x0, &b.x1, &b.labels, &b.t), "step {step}");
    }
    let other = maker(&Config { seed: 4, ..config.clone() }).batch(0).unwrap();
    assert_ne!(other.x0, forwards.batch(0).unwrap().x0);
    let ahead = maker(&config).ahead(2);
    assert_eq!(ahead.recv().unwrap().unwrap().x1, forwards.batch(2).unwrap().x1);
    assert_eq!(ahead.recv().unwrap().unwrap().x1, forwards.batch(3).unwrap().x1);
}

#[test]
fn an_epoch_visits_every_row_once() {
    let mut maker = maker(&small_config());
    // Five batches of 8 are four epochs of 10 rows.
    let rows: Vec<i32> = (0..5)
        .flat_map(|step| maker.batch(step).unwrap().x1.column(0).to_vec())
        .map(|v| (v * 2.0 + 1.0) as i32)
        .collect();
    for epoch in rows.chunks(10) {
        let mut sorted = epoch.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>());
    }
    assert_ne!(rows[..10], rows[10..20], "each epoch has its own order");
}

#[test]
fn labels_travel_with_their_data_through_the_coupling() {
    for kind in CouplingKind::ALL {
        let config = Config {
            coupling: CouplingConfig { kind, ..CouplingConfig::default() },
            guidance: GuidanceConfig { label_drop: 0.4, scale: 1.0 },
            ..small_config()
        };
        let (mut maker, mut dropped, mut seen) = (maker(&config), 0, 0);
        for step in 0..200 {
            let batch = maker.batch(step).unwrap();
            for (row, &label) in batch.x1.rows().into_iter().zip(batch.labels.as_ref().unwrap()) {
                let of_the_row = (row[0] * 2.0 + 1.0).round() as i64 % 3;
                assert!(label == 3 || label == of_the_row, "{kind}");
                dropped += i64::from(label == 3);
                seen += 1;
            }
        }
        // Drops are per sample: five standard errors of a binomial share.
        let (share, n) = (dropped as f64 / f64::from(seen), f64::from(seen));
        assert!((share - 0.4).abs() < 5.0 * (0.24 / n).sqrt(), "{kind}: {share}");
    }
}

#[test]
fn exact_coupling_shortens_the_pairs() {
    let cost = |kind| {
        let config = Config { coupling: CouplingConfig { kind, ..CouplingConfig::default() }, ..small_config() };
        let mut maker = BatchMaker::new(&config, moons()).unwrap();
        let batch = maker.batch(0).unwrap();
        (&batch.x0 - &batch.x1).mapv(|d| d * d).sum()
    };
    assert!(cost(CouplingKind::Exact) < 0.9 * cost(CouplingKind::Independent));
}

#[test]
fn steps_that_are_coupled_together_share_one_large_transport() {
    let config = |batches| Config {
        coupling: CouplingConfig { kind: CouplingKind::Exact, batches, ..CouplingConfig::default() },
        ..small_config()
    };
    let (mut alone, mut together) = (maker(&config(1)), maker(&config(5)));
    let (mut short, mut long, mut rows) = (0.0, 0.0, [Vec::new(), Vec::new()]);
    for step in 0..20 {
        let (a, b) = (alone.batch(step).unwrap(), together.batch(step).unwrap());
        assert_eq!((b.x0.nrows(), b.t.len(), b.labels.as_ref().map(Vec::len)), (8, 8, Some(8)));
        let cost = |batch: &fm_nn::Batch| f64::from((&batch.x0 - &batch.x1).mapv(|d| d * d).sum());
        (short, long) = (short + cost(&b), long + cost(&a));
        for (rows, batch) in rows.iter_mut().zip([&a, &b]) {
            rows.extend(batch.x1.column(0).iter().map(|v| (v * 2.0 + 1.0) as i32));
        }
    }
    assert!(short < long, "40 points are nearer to each other than 8: {short} against {long}");
    // Five steps of 8 are four epochs of 10 rows, in another order.
    let [mut a, mut b] = rows.map(|rows| rows[..40].to_vec());
    a.sort_unstable();
    b.sort_unstable();
    assert_eq!(a, b);
    // A step is the same wherever the run begins.
    let late = maker(&config(5)).batch(13).unwrap();
    let mut from_the_start = maker(&config(5));
    let batch = (0..14).map(|step| from_the_start.batch(step).unwrap()).last().unwrap();
    assert_eq!((late.x0, late.x1, late.labels, late.t), (batch.x0, batch.x1, batch.labels, batch.t));
}

/// The first coordinate of the data grows with the class, so a coupling that ignores classes gives the last class the
/// source points on its side.
#[test]
fn the_source_of_a_class_is_the_source() {
    let x =
        Array2::from_shape_fn((90, 2), |(i, j)| if j == 0 { (i % 3) as f32 * 10.0 - 10.0 } else { i as f32 / 90.0 });
    let data = TrainingData::table(x, vec![2], Some((0..90).map(|i| i % 3).collect()), 3, Scaling::default()).unwrap();
    let mean = |classes| {
        let config = Config {
            coupling: CouplingConfig { kind: CouplingKind::Exact, classes, ..CouplingConfig::default() },
            guidance: GuidanceConfig { label_drop: 0.0, scale: 1.0 },
            training: fm_nn::TrainingConfig { batch_size: 30, ..small_config().training },
            ..small_config()
        };
        let mut maker = BatchMaker::new(&config, data.clone()).unwrap();
        let (mut sum, mut count) = (0.0, 0.0);
        for step in 0..60 {
            let batch = maker.batch(step).unwrap();
            for (x0, _) in batch.x0.outer_iter().zip(batch.labels.unwrap()).filter(|(_, label)| *label == 2) {
                (sum, count) = (sum + f64::from(x0[0]), count + 1.0);
            }
        }
        (sum / count, (1.0_f64 / count).sqrt())
    };
    let (within, error) = mean(ClassRule::Within);
    assert!(within.abs() < 4.0 * error, "{within} ± {error}");
    let (ignored, error) = mean(ClassRule::Ignore);
    assert!(ignored > 0.5 + 4.0 * error, "{ignored} ± {error}");
}

#[test]
fn a_source_must_have_the_dimension_of_the_data() {
    let config = Config { source: SourceConfig::Toy { density: Toy::Normal { dim: 3 } }, ..small_config() };
    let error = BatchMaker::new(&config, moons()).unwrap_err();
    assert!(matches!(error, NnError::Data(fm_nn::DataError::SourceDimension { source_dim: 3, data_dim: 2 })));
}
