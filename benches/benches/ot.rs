//! What does the exact pairing of a mini-batch cost, distances included?

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{mixture, noise, rng};
use fm_ot::{Cost, Epsilon, Sinkhorn, assign_points};

fn exact(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10);
    for d in [2, 64] {
        for n in [128, 256, 512, 1024] {
            let mut rng = rng();
            let (x0, x1) = (noise(n, d, &mut rng), mixture(n, d, &mut rng));
            group.bench_function(BenchmarkId::new("exact", format!("{n}x{d}")), |b| {
                b.iter(|| {
                    assign_points(black_box(x0.view()), x1.view(), Cost::SquaredEuclidean)
                        .expect("finite points of one shape")
                });
            });
        }
    }
    group.finish();
}

/// Entropic plans from a given matrix; `L1` is what the marginals may be off by.
fn sinkhorn(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10);
    for d in [2, 64] {
        for n in [512, 2048, 4096] {
            let mut rng = rng();
            let (x0, x1) = (noise(n, d, &mut rng), mixture(n, d, &mut rng));
            let cost = Cost::SquaredEuclidean.matrix(x0.view(), x1.view()).expect("finite points of one shape");
            for share in [0.05, 0.005] {
                for tolerance in [1e-3, 1e-6] {
                    let epsilon = Epsilon::RelativeToMean(share);
                    let solver = Sinkhorn { epsilon, tolerance, ..Sinkhorn::default() };
                    let case = format!("{n}x{d}/epsilon {share}/L1 {tolerance:e}");
                    group.bench_function(BenchmarkId::new("sinkhorn", case), |b| {
                        b.iter(|| solver.solve(black_box(cost.view()), None, None).expect("finite costs"));
                    });
                }
            }
        }
    }
    group.finish();
}

criterion_group!(benches, exact, sinkhorn);
criterion_main!(benches);
