//! What does the exact pairing of a mini-batch cost, distances included?

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{mixture, noise, rng};
use fm_ot::{assign_points, squared_euclidean, transport};
use rand::Rng;

fn exact(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10);
    for d in [2, 64] {
        for n in [128, 256, 512, 1024] {
            let mut rng = rng();
            let (x0, x1) = (noise(n, d, &mut rng), mixture(n, d, &mut rng));
            group.bench_function(BenchmarkId::new("exact", format!("{n}x{d}")), |b| {
                b.iter(|| assign_points(black_box(x0.view()), x1.view()).expect("finite points of one shape"));
            });
        }
    }
    group.finish();
}

/// Exponential weights, the cost matrix given: what one call of POT's `emd` does.
fn weighted(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10);
    for d in [2, 64] {
        for (n, m) in [(256, 256), (512, 512), (1024, 1024), (2048, 2048), (2048, 1024)] {
            let mut rng = rng();
            let (x0, x1) = (noise(n, d, &mut rng), mixture(m, d, &mut rng));
            let cost = squared_euclidean(x0.view(), x1.view()).expect("finite points of one dimension");
            let mut weights = |n: usize| {
                let weights: Vec<f64> = (0..n).map(|_| -rng.random::<f64>().ln()).collect();
                let total: f64 = weights.iter().sum();
                weights.into_iter().map(|w| w / total).collect::<Vec<_>>()
            };
            let (a, b) = (weights(n), weights(m));
            group.bench_function(BenchmarkId::new("weighted", format!("{n}x{m}x{d}")), |bench| {
                bench.iter(|| transport(black_box(cost.view()), &a, &b).expect("weights of one total"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, exact, weighted);
criterion_main!(benches);
