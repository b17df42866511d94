//! Inversion of an increasing function on the unit interval.

/// The `t` in `[0, 1]` with `value(t) = target`, for an increasing function that has one there.
///
/// Newton's method inside a bracket: a step that leaves the bracket, and every third step in any case, is a bisection.
/// So the work is bounded whatever the slope says, and the answer is right to the spacing of floating-point numbers.
pub(crate) fn increasing(value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64, target: f64) -> f64 {
    let (mut low, mut high, mut t) = (0.0_f64, 1.0_f64, 0.5_f64);
    for i in 0..400 {
        let error = value(t) - target;
        if error == 0.0 {
            return t;
        }
        if error > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let newton = t - error / slope(t);
        let next = if i % 3 != 2 && newton > low && newton < high { newton } else { low + 0.5 * (high - low) };
        if next <= low || next >= high || next == t {
            return next;
        }
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::increasing;

    #[test]
    fn finds_roots_whatever_the_slope_says() {
        for target in [1e-12, 1e-3, 0.3, 0.999] {
            for slope in [|t: f64| 3.0 * t * t, |_| 0.0, |_| f64::NAN, |_| -1.0] {
                let t = increasing(|t| t * t * t, slope, target);
                assert!((t * t * t / target - 1.0).abs() < 1e-14, "{target}");
            }
        }
    }
}
