//! Guidance as coefficients.

/// Coefficients (unconditional, conditional) of classifier-free guidance at scale `w`.
///
/// ```text
/// û = (1 − w)·u(z, t, ∅) + w·u(z, t, y)
/// ```
///
/// `w = 1` is off, `w = 0` ignores the condition, `w > 1` exaggerates it. Papers and packages that write
/// `(1 + w)·u(y) − w·u(∅)` have `w_here = 1 + w_there`. The two weights sum to one and conversions are affine in the
/// prediction, so guidance may be applied to whatever the network predicts.
///
/// # Examples
/// ```
/// assert_eq!(fm_paths::classifier_free(1.5), [-0.5, 1.5]);
/// ```
///
/// # References
/// - J. Ho, T. Salimans, *Classifier-Free Diffusion Guidance*, 2022, Eq. 6.
pub fn classifier_free(w: f64) -> [f64; 2] {
    [1.0 - w, w]
}
