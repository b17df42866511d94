//! What does the exact pairing of a mini-batch cost, distances included?

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{mixture, noise, rng};
use fm_ot::{Cost, assign_points};

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

criterion_group!(benches, exact);
criterion_main!(benches);
