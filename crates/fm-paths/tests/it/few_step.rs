//! Few-step rules against flow maps that are known: Gaussians in closed form, a mixture by integration.

use approx::assert_relative_eq;
use fm_paths::few_step::{
    AdaptiveWeight, ConsistencyBoundary, ConsistencyGrid, Curriculum, Jump, JumpLaw, JumpSampler, MeanFlow, Shortcut,
    Tangents, folded_guidance,
};
use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{
    AffinePath, Edm, Guidance, Linear, PathError, Preconditioning, Prediction, Schedule, TimeDirection, TimeLaw,
    TimeSampler,
};
use ndarray::array;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::schedules::all;

const BOTH: [MeanFlow; 2] =
    [MeanFlow { network_time: TimeDirection::SourceToData }, MeanFlow { network_time: TimeDirection::DataToSource }];

/// Data N(mean, std²) in one dimension on the path of a schedule: the flow keeps the number of standard deviations.
struct Gaussian<S> {
    schedule: S,
    mean: f64,
    std: f64,
}

impl<S: Schedule> Gaussian<S> {
    /// Mean and standard deviation of the state, and their rates.
    fn moments(&self, t: f64) -> [f64; 4] {
        let point = self.schedule.at(t);
        let std = (point.alpha * self.std).hypot(point.sigma);
        let d_std = (point.alpha * point.d_alpha * self.std.powi(2) + point.sigma * point.d_sigma) / std;
        [point.alpha * self.mean, std, point.d_alpha * self.mean, d_std]
    }

    fn flow(&self, z: f64, jump: Jump) -> f64 {
        let ([mean, std, ..], [goal, goal_std, ..]) = (self.moments(jump.from), self.moments(jump.to));
        goal + goal_std / std * (z - mean)
    }

    fn velocity(&self, z: f64, t: f64) -> f64 {
        let [mean, std, d_mean, d_std] = self.moments(t);
        d_mean + d_std / std * (z - mean)
    }

    fn average(&self, z: f64, jump: Jump) -> f64 {
        if jump.length() == 0.0 {
            return self.velocity(z, jump.from);
        }
        (self.flow(z, jump) - z) / jump.length()
    }

    /// The partial derivatives of the average velocity by z, `from` and `to`, by hand.
    fn partials(&self, z: f64, jump: Jump) -> [f64; 3] {
        let [mean, std, d_mean, d_std] = self.moments(jump.from);
        let [_, goal_std, d_goal, d_goal_std] = self.moments(jump.to);
        let (length, ratio, average) = (jump.length(), goal_std / std, self.average(z, jump));
        let by_from = -ratio * (d_std / std * (z - mean) + d_mean);
        let by_to = d_goal + d_goal_std / std * (z - mean);
        [(ratio - 1.0) / length, (by_from + average) / length, (by_to - average) / length]
    }
}

/// The output of a perfect network of either direction, and its derivative along tangents.
fn network(law: &Gaussian<impl Schedule>, rule: MeanFlow, z: f64, jump: Jump, along: Tangents) -> [f64; 2] {
    let sign = rule.network_time.velocity(1.0);
    // Its output is sign·ū of our times, which are 1 − t of its own where the sign is negative.
    let [by_z, by_from, by_to] = law.partials(z, jump);
    let moved = along.state * law.velocity(z, jump.from);
    [sign * law.average(z, jump), sign * (by_z * moved + sign * by_from * along.from + sign * by_to * along.to)]
}

proptest! {
    #[test]
    fn the_average_velocity_of_a_gaussian_is_its_own_target(
        from in 0.05..0.9_f64, to in 0.05..0.9_f64, z in -2.0..2.0_f64, mean in -1.0..1.0_f64, std in 0.2..2.0_f64,
    ) {
        prop_assume!((to - from).abs() > 0.01);
        for (name, schedule) in all() {
            let law = Gaussian { schedule, mean, std };
            let jump = Jump { from, to };
            let u = law.velocity(z, from);
            for rule in BOTH {
                let [output, derivative] = network(&law, rule, z, jump, rule.tangents());
                let [a, b] = rule.target(&[jump]).unwrap()[0];
                // Sums of terms of these sizes, each right to some roundings, the averages after a division by the length.
                let size = u.abs() + derivative.abs() + output.abs() + (z.abs() + law.moments(from)[1]) / jump.length().abs();
                let slack = 1e4 * f64::EPSILON * (1.0 + law.moments(to)[1] / law.moments(from)[1]) * size;
                prop_assert!((a * u + b * derivative - output).abs() < slack, "{}: {:?}", name, rule);
                let [c, d] = rule.velocity(&[jump]).unwrap()[0];
                prop_assert!((c * output + d * derivative - u).abs() < slack, "{}: {:?}", name, rule);
                let [state, step] = rule.step(&[jump]).unwrap()[0];
                let reached = law.flow(z, jump);
                prop_assert!((state * z + step * output - reached).abs() < 1e-12 * (1.0 + reached.abs() + z.abs()), "{}", name);
            }
        }
    }

    #[test]
    fn two_jumps_compose_to_one(from in 0.0..=0.9_f64, to in 0.0..=0.9_f64, part in 0.0..=1.0_f64, z in -2.0..2.0_f64) {
        let law = Gaussian { schedule: Linear, mean: 0.7, std: 0.4 };
        let whole = Jump { from, to };
        let (first, second, [a, b]) = whole.split(part).unwrap();
        let start = law.average(z, first);
        let [state, step] = first.step();
        let middle = state * z + step * start;
        let [state, step] = second.step();
        let end = state * middle + step * law.average(middle, second);
        // States grow at most by the ratio of the standard deviations, 1/0.37.
        prop_assert!((end - law.flow(z, whole)).abs() < 1e-14);
        let target = a * start + b * law.average(middle, second);
        prop_assert!(((target - law.average(z, whole)) * whole.length()).abs() < 1e-14);
    }

    #[test]
    fn the_consistency_function_is_constant_along_trajectories(t in 0.01..0.99_f64, r in 0.01..0.99_f64, z in -2.0..2.0_f64) {
        for (name, schedule) in all() {
            let path = AffinePath::new(&schedule);
            let boundary = ConsistencyBoundary::default();
            let Ok(ends) = path.times_of_levels(&[boundary.level_min]) else { continue };
            prop_assume!(t < ends[0] && r < ends[0]);
            let law = Gaussian { schedule: &schedule, mean: 0.3, std: 0.5 };
            let end = schedule.at(ends[0]).alpha;
            let exact = |z: f64, t: f64| law.flow(z, Jump { from: t, to: ends[0] }) / end;
            // What F has to be, from the definition at a level, and f as the rule composes it on the path.
            let f = |z: f64, t: f64| {
                let point = schedule.at(t);
                let c = boundary.coefficients(point.level()).unwrap();
                let raw = (exact(z, t) - c.c_skip * z / point.alpha) / c.c_out;
                let [state, output] = boundary.function(&path, &[t]).unwrap()[0];
                let scale = Preconditioning::Edm { sigma_data: boundary.sigma_data }.input_scale(point);
                assert!((scale * point.alpha / c.c_in - 1.0).abs() < 1e-13, "{name}");
                state * z + output * raw
            };
            let z = z * law.moments(t)[1];
            let (here, there) = (f(z, t), f(law.flow(z, Jump { from: t, to: r }), r));
            prop_assert!((here - there).abs() < 1e-11 * (1.0 + here.abs()), "{}: {} {}", name, here, there);
            prop_assert!((here - exact(z, t)).abs() < 1e-11 * (1.0 + here.abs()), "{}", name);
        }
    }

    #[test]
    fn renoising_gives_the_marginal(t in 0.0..0.99_f64) {
        let (boundary, path) = (ConsistencyBoundary { sigma_data: 0.5, level_min: 0.01 }, AffinePath::new(Linear));
        let [end, noise] = boundary.renoise(&path, &[t]).unwrap()[0];
        let point = Linear.at(t);
        let variance = end * end * (0.25 + 1e-4) + noise * noise;
        prop_assert!((variance - (0.25 * point.alpha.powi(2) + point.sigma.powi(2))).abs() < 1e-15);
    }

    #[test]
    fn grids_only_get_finer(total in 1..100_000_u64, a in 0.0..=1.0_f64, b in 0.0..=1.0_f64) {
        let step = |part: f64| (part * total as f64) as u64;
        for curriculum in [Curriculum::default(), Curriculum::Doubling { start: 10, end: 1280 }] {
            let (first, second) = (step(a.min(b)), step(a.max(b)));
            prop_assert!(curriculum.points(first, total) <= curriculum.points(second, total));
            prop_assert!(curriculum.target_decay(first, total) <= curriculum.target_decay(second, total));
        }
    }
}

/// Each of these is in print or in somebody's code. None is the target.
#[test]
fn the_ways_to_get_the_target_wrong_are_wrong() {
    let law = Gaussian { schedule: Linear, mean: 0.7, std: 0.4 };
    let (z, jump) = (0.9, Jump { from: 0.2, to: 0.8 });
    let u = law.velocity(z, jump.from);
    for rule in BOTH {
        let right = rule.tangents();
        let value = |tangents: Tangents, sign: f64| {
            let [a, b] = rule.target(&[jump]).unwrap()[0];
            a * u + sign * b * network(&law, rule, z, jump, tangents)[1]
        };
        let want = network(&law, rule, z, jump, right)[0];
        assert!((value(right, 1.0) - want).abs() < 1e-14);
        for (slip, got) in [
            (
                "the tangents of the two times exchanged",
                value(Tangents { from: right.to, to: right.from, ..right }, 1.0),
            ),
            ("the state held still", value(Tangents { state: 0.0, ..right }, 1.0)),
            ("the velocity of the other direction", value(Tangents { state: -right.state, ..right }, 1.0)),
            ("both times moved", value(Tangents { to: 1.0, ..right }, 1.0)),
            ("the length of the other sign", value(right, -1.0)),
        ] {
            assert!((got - want).abs() > 0.05, "{slip}: {got} {want}");
        }
    }
    // The self-consistency target with its second half step asked for at the time of the first.
    let (first, second, [a, b]) = jump.split(0.5).unwrap();
    let middle = law.flow(z, first);
    let unmoved = a * law.average(z, first) + b * law.average(middle, first);
    let right = a * law.average(z, first) + b * law.average(middle, second);
    assert!((right - law.average(z, jump)).abs() < 1e-14);
    assert!((unmoved - law.average(z, jump)).abs() > 0.05, "{unmoved}");
}

/// A mixture of two Gaussians, whose trajectories bend: flows by the classical Runge–Kutta method.
#[test]
fn the_average_velocity_of_a_mixture_is_its_own_target() {
    let law = GaussianMixture::isotropic(&[0.3, 0.7], &array![[-1.0], [0.8]], &[0.04, 0.09]).unwrap();
    let exact = Exact::new(Linear, law);
    let u = |z: f64, t: f64| exact.velocity(&[t], &array![[z]]).unwrap()[[0, 0]];
    let flow = |z: f64, jump: Jump| {
        let (steps, mut z) = (400, z);
        let h = jump.length() / f64::from(steps);
        for i in 0..steps {
            let t = jump.from + f64::from(i) * h;
            let k1 = u(z, t);
            let k2 = u(z + 0.5 * h * k1, t + 0.5 * h);
            let k3 = u(z + 0.5 * h * k2, t + 0.5 * h);
            z += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + u(z + h * k3, t + h));
        }
        z
    };
    let average = |z: f64, jump: Jump| (flow(z, jump) - z) / jump.length();
    for (z, jump) in [(0.1, Jump { from: 0.1, to: 0.9 }), (-0.4, Jump { from: 0.7, to: 0.2 })] {
        let (rule, h) = (MeanFlow::default(), 1e-3);
        let along = rule.tangents();
        let moved = |h: f64| {
            let times = Jump { from: jump.from + h * along.from, to: jump.to + h * along.to };
            average(z + h * along.state * u(z, jump.from), times)
        };
        // Fourth order: h⁴ times a fifth derivative of at most 1e3.
        let derivative = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
        let [a, b] = rule.target(&[jump]).unwrap()[0];
        let (got, want) = (a * u(z, jump.from) + b * derivative, average(z, jump));
        assert!((got - want).abs() < 1e-8, "{got} {want}");
        assert!((u(z, jump.from) - want).abs() > 0.1, "the average is not the velocity");
    }
}

#[test]
fn a_jump_of_length_zero_is_flow_matching() {
    for rule in BOTH {
        let sign = rule.network_time.velocity(1.0);
        assert_eq!(rule.target(&[Jump { from: 0.3, to: 0.3 }]).unwrap()[0].map(|c| c + 0.0), [sign, 0.0]);
        assert_eq!(rule.velocity(&[Jump { from: 0.3, to: 0.3 }]).unwrap()[0].map(|c| c + 0.0), [sign, 0.0]);
    }
    let law = Gaussian { schedule: Linear, mean: 0.7, std: 0.4 };
    let near = law.average(0.2, Jump { from: 0.3, to: 0.3 + 1e-7 });
    assert!((near - law.average(0.2, Jump { from: 0.3, to: 0.3 })).abs() < 1e-6);
}

#[test]
fn folded_guidance_has_the_guided_field_as_its_fixed_point() {
    let (conditional, unconditional, scale) = (1.3, -0.4, 2.5);
    let guided = (1.0 - scale) * unconditional + scale * conditional;
    for kappa in [0.0, 0.3, 0.9] {
        let guidance = Guidance { scale, interval: [0.2, 0.8], ..Guidance::default() };
        let folded = folded_guidance(&guidance, kappa, &[0.5, 0.9]).unwrap();
        let [velocity, own, null] = folded[0];
        assert_relative_eq!(velocity * conditional + own * guided + null * unconditional, guided, max_relative = 1e-14);
        // In the paper's letters: ω/(1 − κ) is the scale, and the three sum to one.
        assert_relative_eq!(velocity / (1.0 - own), scale, max_relative = 1e-14);
        assert_relative_eq!(velocity + own + null, 1.0, max_relative = 1e-14);
        assert_eq!(folded[1], [1.0, 0.0, 0.0]);
    }
    assert!(folded_guidance(&Guidance::default(), 1.0, &[0.5]).is_err());
    assert!(folded_guidance(&Guidance { scale: f64::NAN, ..Guidance::default() }, 0.0, &[0.5]).is_err());
}

#[test]
fn jumps_have_their_law() {
    let n = 20_000;
    let times = TimeSampler::new(TimeLaw::Uniform, 0.0, 1.0).unwrap();
    let draw = |law, still| JumpSampler::new(law, times, still).unwrap().sample(n, &mut ChaCha8Rng::seed_from_u64(3));
    // The earlier of two uniform times has the distribution function 1 − (1 − x)², also among the still rows.
    // The distance that is exceeded with probability 1e-4 is √(ln(2/p)/2n).
    let pairs = draw(JumpLaw::Pairs, 0.75);
    for still in [true, false] {
        let mut from: Vec<_> = pairs.iter().filter(|j| (j.from == j.to) == still).map(|j| j.from).collect();
        from.sort_by(f64::total_cmp);
        let m = from.len() as f64;
        let distance = from.iter().enumerate().map(|(i, x)| (1.0 - (1.0 - x).powi(2) - (i as f64 + 0.5) / m).abs());
        assert!(distance.fold(0.0, f64::max) < ((2e4_f64).ln() / (2.0 * m)).sqrt() + 0.5 / m);
    }
    assert_eq!(pairs.iter().filter(|j| j.from == j.to).count(), 15_000);
    assert_eq!(pairs, draw(JumpLaw::Pairs, 0.75), "the same seed");
    // Still rows are anywhere: of the first thousand about 750, with a deviation of 13.4.
    let first = pairs[..1000].iter().filter(|j| j.from == j.to).count();
    assert!(first.abs_diff(750) < 5 * 14, "{first}");

    let shortcut = Shortcut { levels: 4 };
    let mut count = [0; 4];
    for jump in draw(JumpLaw::Dyadic(shortcut), 0.0) {
        let level = -jump.length().log2();
        assert_eq!((level.fract(), (jump.from / jump.length()).fract()), (0.0, 0.0));
        assert!(jump.to <= 1.0 && shortcut.asked_length(jump) == jump.length());
        count[level as usize] += 1;
    }
    // Each of four levels: 5000 with a deviation of √(20000·¼·¾) = 61.
    assert!(count.iter().all(|c: &i32| (c - 5000).abs() < 5 * 62), "{count:?}");
    let still = draw(JumpLaw::Dyadic(shortcut), 1.0);
    let mean = still.iter().map(|j| j.from).sum::<f64>() / n as f64;
    assert!((mean - 0.5).abs() < 5.0 * (1.0 / (12.0 * n as f64)).sqrt() && still.iter().all(|j| j.length() == 0.0));
    // A share of three rows and a half is three or four, half of the time each: 500 with a deviation of 16.
    let sampler = JumpSampler::new(JumpLaw::Pairs, times, 0.5).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let four = (0..1000).filter(|_| sampler.sample(7, &mut rng).iter().filter(|j| j.from == j.to).count() == 4).count();
    assert!(four.abs_diff(500) < 5 * 16, "{four}");
}

#[test]
fn the_finest_half_step_is_the_velocity() {
    let shortcut = Shortcut::default();
    for level in 0..7 {
        let step = shortcut.steps(level).unwrap()[0];
        let (half, _, _) = step.split(0.5).unwrap();
        let want = if level == 6 { 0.0 } else { half.length() };
        assert_eq!(shortcut.asked_length(half), want, "{level}");
    }
    let all: Vec<_> = shortcut.steps(7).unwrap();
    assert_eq!((all.len(), all[0].from, all[127].to), (128, 0.0, 1.0));
    assert!(all.windows(2).all(|pair| pair[0].to == pair[1].from));
    assert!(matches!(shortcut.steps(8), Err(PathError::Parameter { name: "level", .. })));
}

#[test]
fn the_boundary_condition_holds_whatever_the_network_says() {
    let boundary = ConsistencyBoundary::default();
    for (name, schedule) in all() {
        let path = AffinePath::new(&schedule);
        let Ok(t) = path.times_of_levels(&[boundary.level_min]) else { continue };
        let alpha = schedule.at(t[0]).alpha;
        let [state, output] = boundary.function(&path, &t).unwrap()[0];
        // The time is rounded; beyond the boundary by that much it is the boundary.
        assert_relative_eq!(state, alpha.recip(), max_relative = 1e-13);
        assert!(output.abs() < 1e-9 * boundary.level_min, "{name}: {output}");
    }
    // EDM's own coefficients leave a sample of this level alone only up to 0.4 %.
    let own = Preconditioning::Edm { sigma_data: 0.5 }.coefficients(0.002).unwrap();
    assert!(own.c_out > 1e-3 && own.c_skip < 1.0);
    // A denoiser meets the condition at level 0, and is not constant along a trajectory.
    let law = Gaussian { schedule: Linear, mean: 0.0, std: 0.5 };
    let denoised = |z: f64, t: f64| t * 0.25 / law.moments(t)[1].powi(2) * z;
    let jump = Jump { from: 0.3, to: 0.7 };
    assert!((denoised(0.8, 0.3) - denoised(law.flow(0.8, jump), 0.7)).abs() > 0.1);
}

#[test]
fn consistency_flow_matching_is_a_jump_to_the_data() {
    let law = Gaussian { schedule: Linear, mean: 0.7, std: 0.4 };
    let f = |z: f64, t: f64| {
        let jump = Jump { from: t, to: 1.0 };
        let [state, step] = jump.step();
        state * z + step * law.average(z, jump)
    };
    let moved = law.flow(0.3, Jump { from: 0.1, to: 0.6 });
    assert!((f(0.3, 0.1) - f(moved, 0.6)).abs() < 1e-14);
    assert_eq!(f(0.3, 1.0), 0.3);
}

#[test]
fn a_consistency_grid_is_that_of_the_papers() {
    let path = AffinePath::new(Edm::default());
    let grid = ConsistencyGrid::new(&path, [0.002, 80.0], 7.0, 18).unwrap();
    assert_eq!((grid.intervals(), grid.jump(0).from), (17, 0.0));
    let levels = |i: usize| {
        let ramp = f64::from(i as u32) / 17.0;
        (80.0_f64.powf(1.0 / 7.0) * (1.0 - ramp) + 0.002_f64.powf(1.0 / 7.0) * ramp).powi(7)
    };
    let mut covered = 0.0;
    for i in 0..17 {
        let (jump, level) = (grid.jump(i), |t: f64| path.schedule.at(t).level());
        assert_relative_eq!(level(jump.from), levels(i), max_relative = 1e-10);
        assert_relative_eq!(level(jump.to), levels(i + 1), max_relative = 1e-10);
        covered += grid.weight(i).recip();
        for part in [0.0, 0.5, 1.0 - 1e-9] {
            assert_eq!(grid.containing(jump.from + part * jump.length()), i);
        }
        // Consistency training's pair is one teacher step with the data as the teacher's answer.
        let [a, b] = path.transfer(Prediction::Data, &[jump.from], &[jump.to]).unwrap()[0];
        let ([p, q], [r, s]) = (path.state(&[jump.from]).unwrap()[0], path.state(&[jump.to]).unwrap()[0]);
        assert!((a * p + b - r).abs() < 1e-14 && (a * q - s).abs() < 1e-13 * s.max(1e-3));
    }
    assert_relative_eq!(covered, 80.0 - 0.002, max_relative = 1e-14);
    assert_eq!((grid.containing(1.0), grid.containing(0.0)), (16, 0));
    let outside = ConsistencyGrid::new(&path, [0.002, 81.0], 7.0, 18);
    assert!(matches!(outside, Err(PathError::LogSnrOutOfRange { .. })));
}

#[test]
fn the_curricula_are_those_of_the_papers() {
    // N(k) of the first paper at s₀ = 2, s₁ = 150, from its formula at K = 8: √(k/8·22797 + 4).
    let want = [2, 54, 76, 93, 107, 120, 131, 142, 151];
    let got: Vec<_> = (0..=8).map(|k| Curriculum::default().points(k, 8)).collect();
    assert_eq!(got, want);
    let decay = Curriculum::default().target_decay(8, 8);
    assert_relative_eq!(decay, 0.9_f64.powf(2.0 / 151.0), max_relative = 1e-14);
    let improved = Curriculum::Doubling { start: 10, end: 1280 };
    let got: Vec<_> = (0..8).map(|stage| improved.points(stage * 50_000, 400_000)).collect();
    assert_eq!(got, [11, 21, 41, 81, 161, 321, 641, 1281]);
    assert_eq!((improved.points(49_999, 400_000), improved.points(u64::MAX, 400_000)), (11, 1281));
    assert_eq!(improved.target_decay(3, 8), 0.0);
    assert_eq!(Curriculum::Doubling { start: 10, end: 1280 }.points(1_000_000, 1_000_000_000), 11);
    assert_eq!(Curriculum::default().points(0, 0), 151);
}

#[test]
fn adaptive_weights_interpolate_between_losses() {
    let weight = |power, error| AdaptiveWeight { power, offset: 1e-3 }.weight(error);
    assert_eq!(weight(0.0, 7.0), 1.0);
    assert_relative_eq!(weight(0.5, 4.0) * 4.0, 2.0, max_relative = 2e-4);
    assert_relative_eq!(weight(1.0, 4.0) * 4.0, 1.0, max_relative = 3e-4);
    assert_eq!(AdaptiveWeight::default().weight(0.0), 1e3);
}

#[test]
fn what_is_out_of_range_is_named() {
    let name = |error: PathError| match error {
        PathError::Parameter { name, .. } => name,
        other => panic!("{other:?}"),
    };
    let jumps = [Jump::WHOLE, Jump { from: 0.5, to: 1.5 }];
    assert_eq!(MeanFlow::default().target(&jumps), Err(PathError::TimeOutOfRange { index: 1, t: 1.5 }));
    assert_eq!(name(Jump::WHOLE.split(1.5).unwrap_err()), "part");
    let times = TimeSampler::new(TimeLaw::Uniform, 0.0, 1.0).unwrap();
    assert_eq!(name(JumpSampler::new(JumpLaw::Pairs, times, -0.1).unwrap_err()), "still");
    let none = JumpLaw::Dyadic(Shortcut { levels: 0 });
    assert_eq!(name(JumpSampler::new(none, times, 0.5).unwrap_err()), "levels");
    assert_eq!(name(AdaptiveWeight { power: -1.0, offset: 1.0 }.validate().unwrap_err()), "power");
    assert_eq!(name(AdaptiveWeight { power: 1.0, offset: 0.0 }.validate().unwrap_err()), "offset");
    let boundary = ConsistencyBoundary::default();
    assert_eq!(name(boundary.coefficients(0.001).unwrap_err()), "level");
    assert_eq!(name(boundary.coefficients(f64::NAN).unwrap_err()), "level");
    assert_eq!(name(ConsistencyBoundary { sigma_data: 0.0, ..boundary }.coefficients(1.0).unwrap_err()), "sigma_data");
    let path = AffinePath::new(Linear);
    let past = boundary.function(&path, &[0.5, 0.999]).unwrap_err();
    assert!(matches!(past, PathError::PastBoundary { index: 1, .. }), "{past}");
    assert!(boundary.renoise(&path, &[1.0]).is_err() && boundary.function(&path, &[2.0]).is_err());
    for (levels, rho, points, want) in [
        ([0.0, 80.0], 7.0, 18, "level_min"),
        ([1.0, 0.5], 7.0, 18, "level_max"),
        ([0.002, 80.0], 0.0, 18, "rho"),
        ([0.002, 80.0], 7.0, 1, "points"),
    ] {
        assert_eq!(name(ConsistencyGrid::new(&path, levels, rho, points).unwrap_err()), want);
    }
    assert_eq!(name(Curriculum::SquareRoot { start: 2, end: 1, decay: 0.9 }.validate().unwrap_err()), "end");
    assert_eq!(name(Curriculum::SquareRoot { start: 2, end: 9, decay: 1.0 }.validate().unwrap_err()), "decay");
    assert_eq!(name(Curriculum::Doubling { start: 0, end: 9 }.validate().unwrap_err()), "start");
    assert_eq!(Curriculum::default().validate(), Ok(()));
}

#[test]
#[should_panic(expected = "interval 17 of a consistency grid with 17")]
fn there_is_no_interval_behind_the_last() {
    let path = AffinePath::new(Edm::default());
    let _ = ConsistencyGrid::new(&path, [0.002, 80.0], 7.0, 18).unwrap().jump(17);
}

#[cfg(feature = "serde")]
#[test]
fn configurations_fill_in_their_defaults() {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        serde_json::from_str(text).unwrap()
    }
    assert_eq!(read::<JumpLaw>(r#"{"kind": "dyadic"}"#), JumpLaw::Dyadic(Shortcut::default()));
    assert_eq!(read::<JumpLaw>(r#"{"kind": "pairs"}"#), JumpLaw::default());
    assert_eq!(read::<AdaptiveWeight>(r#"{"power": 0.5}"#), AdaptiveWeight { power: 0.5, offset: 1e-3 });
    assert_eq!(read::<ConsistencyBoundary>("{}"), ConsistencyBoundary::default());
    let improved = Curriculum::Doubling { start: 10, end: 1280 };
    assert_eq!(read::<Curriculum>(&serde_json::to_string(&improved).unwrap()), improved);
}
