//! Adam and the moving average against their formulas, in f64 on the host.

use fm_nn::{Adam, Decay, Ema, EmaConfig, Init, OptimizerConfig, ParamSpec, Params};
use tch::{Device, Kind, Tensor};

fn params(values: &[f32]) -> Params {
    let half = values.len() / 2;
    let spec = |name: &str, n: usize| ParamSpec { name: name.to_owned(), shape: vec![n as i64], init: Init::Zero };
    let specs = vec![spec("a", half), spec("b", values.len() - half)];
    Params::from_flat(specs, Tensor::from_slice(values), true)
}

fn host(tensor: &Tensor) -> Vec<f64> {
    Vec::<f64>::try_from(tensor.to_kind(Kind::Double)).unwrap()
}

/// A loss `sum_k (k + 1) theta_k^2`, on a scale that depends on the step.
fn loss(params: &Params, step: u64) -> Tensor {
    let all = Tensor::cat(&[params.get("a"), params.get("b")], 0);
    let curvature = Tensor::arange(4, (Kind::Float, Device::Cpu)) + 1.0;
    (all.square() * curvature).sum(Kind::Float) * (1.0 + step as f64)
}

#[test]
fn adam_follows_its_formula() {
    let config = OptimizerConfig { weight_decay: 0.1, max_grad_norm: 5.0, ..OptimizerConfig::default() };
    let start = [1.0_f32, -2.0, 0.5, 3.0];
    let params = params(&start);
    let mut adam = Adam::new(config, &params);
    let (mut theta, mut m, mut v) = (start.map(f64::from), [0.0; 4], [0.0; 4]);
    for step in 0..10 {
        adam.step(&params, params.gradient(&loss(&params, step)), step, 0.01);
        let mut g: Vec<f64> = (0..4).map(|k| 2.0 * (k + 1) as f64 * theta[k] * (1.0 + step as f64)).collect();
        let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
        for g in &mut g {
            *g *= (5.0 / norm).min(1.0);
        }
        for k in 0..4 {
            m[k] = 0.9 * m[k] + 0.1 * g[k];
            v[k] = 0.999 * v[k] + 0.001 * g[k] * g[k];
            let (m_hat, v_hat) =
                (m[k] / (1.0 - 0.9_f64.powf(step as f64 + 1.0)), v[k] / (1.0 - 0.999_f64.powf(step as f64 + 1.0)));
            theta[k] = theta[k] * (1.0 - 0.01 * 0.1) - 0.01 * m_hat / (v_hat.sqrt() + 1e-8);
        }
    }
    for (got, want) in host(params.flat()).iter().zip(theta) {
        assert!((got - want).abs() < 1e-5, "{got} for {want}");
    }
    assert_eq!(host(&params.get("b")), host(params.flat())[2..], "views share the buffer");
}

#[test]
fn the_learning_rate_has_its_course() {
    let config = OptimizerConfig { learning_rate: 1.0, warmup_steps: 4, decay: Decay::Cosine, ..Default::default() };
    let rates: Vec<f64> = [0, 1, 3, 4, 54, 104].map(|step| config.rate(step, 104)).to_vec();
    for (got, want) in rates.iter().zip([0.25, 0.5, 1.0, 1.0, 0.5, 0.0]) {
        assert!((got - want).abs() < 1e-12, "{rates:?}");
    }
    let constant = OptimizerConfig { warmup_steps: 0, ..Default::default() };
    assert_eq!(constant.rate(0, 10), 1e-3);
}

#[test]
fn the_average_follows_its_formula() {
    let params = params(&[1.0, 2.0, 3.0, 4.0]);
    for config in [EmaConfig { decay: 0.9, warmup: false }, EmaConfig { decay: 0.9, warmup: true }] {
        let mut ema = Ema::new(config, &params);
        let mut want = host(params.flat());
        for step in 0..5_u64 {
            tch::no_grad(|| {
                let _ = params.flat().shallow_clone().g_add_scalar_(1.0);
            });
            ema.update(&params, step);
            let decay = if config.warmup { 0.9_f64.min((1.0 + step as f64) / (10.0 + step as f64)) } else { 0.9 };
            want.iter_mut().zip(host(params.flat())).for_each(|(w, p)| *w = decay * *w + (1.0 - decay) * p);
        }
        for (got, want) in host(ema.params().flat()).iter().zip(&want) {
            assert!((got - want).abs() < 1e-5, "{got} for {want}");
        }
    }
}
