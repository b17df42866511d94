//! Time changes of the resolution.

/// The shift of SD3: the linear time whose noise level is `shift` times that at `t`.
///
/// ```text
/// t′ = t/(t + shift·(1 − t)),    logit t′ = logit t − log shift
/// ```
///
/// In the time of the paper, `τ = 1 − t`, it is `shift·τ/(1 + (shift − 1)·τ)`. Apply it once: to the times of the training
/// or to the grid of the sampler, twice is the square of the shift. The ends stay.
///
/// # Examples
/// ```
/// assert_eq!(fm_paths::shift_time(0.5, 3.0), 0.25);
/// ```
///
/// # References
/// - P. Esser et al., *Scaling Rectified Flow Transformers*, ICML 2024, Section 5.3.2.
pub fn shift_time(t: f64, shift: f64) -> f64 {
    t / (t + shift * (1.0 - t))
}

/// The shift that keeps the uncertainty of a constant image: √(dimensions/dimensions of the reference).
///
/// # Examples
/// ```
/// assert_eq!(fm_paths::resolution_shift(1024 * 1024, 256 * 256), 4.0);
/// ```
///
/// # References
/// - P. Esser et al., *Scaling Rectified Flow Transformers*, ICML 2024, Section 5.3.2.
pub fn resolution_shift(dimensions: usize, reference: usize) -> f64 {
    (dimensions as f64 / reference as f64).sqrt()
}
