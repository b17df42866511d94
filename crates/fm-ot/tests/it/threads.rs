//! One result on any number of threads: seeds and inputs decide, and nothing else.

use std::fmt::Debug;

use fm_ot::{
    ClassConditional, ClassRule, Cost, Coupling, Endpoints, Estimator, Kernel, Order, Sinkhorn, SinkhornOt,
    couple_many, energy_distance, median_bandwidth, mmd, sample_floor, sliced_wasserstein, transport_points,
    wasserstein1, wasserstein2,
};
use ndarray::{Array2, ArrayView2};
use rayon::ThreadPoolBuilder;

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

/// What `work` returns on one, two, three and seven threads.
#[track_caller]
fn alike<T: PartialEq + Debug + Send>(work: impl Fn() -> T + Sync) -> T {
    let on = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&work);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
    one
}

fn narrow(points: Array2<f64>) -> Array2<f32> {
    points.mapv(|v| v as f32)
}

/// More rows than a block, by differences and by products, in both precisions.
#[test]
fn costs() {
    let _limited = limited();
    for d in [2, 40] {
        let (x, y) = (normal(1100, d, 1), mixture(130, d, 2));
        let (single_x, single_y) = (narrow(x.clone()), narrow(y.clone()));
        for cost in Cost::ALL {
            alike(|| cost.matrix(x.view(), y.view()).unwrap());
            alike(|| cost.matrix(single_x.view(), single_y.view()).unwrap());
        }
    }
}

/// More entries than a thread takes alone, in passes of both precisions, and with the kernel made anew in each.
#[test]
fn entropic_plans() {
    let _limited = limited();
    let (x, y) = (narrow(normal(1100, 2, 3)), narrow(mixture(1000, 2, 4)));
    let cost = Cost::SquaredEuclidean.matrix(x.view(), y.view()).unwrap();
    for tolerance in [1e-3, 1e-8] {
        let solver = Sinkhorn { tolerance, ..Sinkhorn::default() };
        alike(|| {
            let plan = solver.solve(cost.view(), None, None).unwrap();
            let drawn = plan.draw(20, &mut rng(5));
            (plan.marginals(), plan.transport_cost(), drawn, plan.f, plan.g, plan.iterations, plan.dual)
        });
    }
}

#[test]
fn couplings_of_many_batches() {
    let _limited = limited();
    let points: Vec<_> = (0..6).map(|k| (narrow(normal(48, 3, 10 + k)), narrow(mixture(48, 3, 20 + k)))).collect();
    let labels: Vec<u32> = (0..48).map(|i| i % 3).collect();
    let labelled = Some(&labels[..]);
    let batch = |(x0, x1)| Endpoints { labels: labelled, ..Endpoints::new(x0, x1) };
    let batches: Vec<Endpoints<'_>> = points.iter().map(|(x0, x1)| batch((x0.view(), x1.view()))).collect();
    let entropic = SinkhornOt::default();
    let conditional = ClassConditional { coupling: entropic, rule: ClassRule::Within };
    let couplings: [&(dyn Coupling + Sync); 2] = [&entropic, &conditional];
    for coupling in couplings {
        let pairings = alike(|| couple_many(coupling, &batches, |k| rng(k as u64)));
        for (k, pairing) in pairings.into_iter().enumerate() {
            assert_eq!(pairing, coupling.couple(batches[k], &mut rng(k as u64)), "batch {k}");
        }
    }
}

type Distance = fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> f64;

#[test]
fn distances_and_their_floors() {
    let _limited = limited();
    let (x, y) = (normal(600, 3, 30), mixture(560, 3, 31));
    let (x, y) = (x.view(), y.view());
    let distances: [Distance; 4] = [
        |x, y| energy_distance(x, y, Estimator::Unbiased).unwrap(),
        |x, y| mmd(x, y, &Kernel::Rbf { bandwidths: vec![1.5] }, Estimator::Biased).unwrap(),
        |x, y| median_bandwidth(x, y).unwrap(),
        |x, y| sliced_wasserstein(x, y, Order::Two, 40, &mut rng(32)).unwrap(),
    ];
    for distance in distances {
        alike(|| distance(x, y).to_bits());
        alike(|| sample_floor(x, [200, 300], 2, &mut rng(33), |x, y| Ok(distance(x, y))).unwrap());
    }
    let same = x.slice(ndarray::s![..560, ..]);
    alike(|| (wasserstein1(same, y).unwrap(), wasserstein2(same, y).unwrap()));
    alike(|| transport_points(x, y, &[1.0 / 600.0; 600], &[1.0 / 560.0; 560]).unwrap());
}
