//! Monotone interpolation of a table.

/// The monotone cubic of Fritsch and Carlson through values at `0, 1/n, …, 1`.
///
/// The values are met exactly, the curve grows wherever they grow, and its derivative is continuous and nowhere zero for
/// values that grow strictly.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MonotoneCubic {
    values: Vec<f64>,
    /// The derivatives at the knots, for a knot distance of one.
    slopes: Vec<f64>,
}

impl MonotoneCubic {
    /// Through at least two strictly growing values.
    pub(crate) fn new(values: Vec<f64>) -> Self {
        let n = values.len() - 1;
        let rise = |i: usize| values[i + 1] - values[i];
        // The harmonic mean of the neighbouring rises is at most twice either: monotone. Secants at the two ends.
        let inner = |i: usize| 2.0 * rise(i - 1) * rise(i) / (rise(i - 1) + rise(i));
        let slopes = (0..=n)
            .map(|i| match i {
                0 => rise(0),
                i if i == n => rise(n - 1),
                i => inner(i),
            })
            .collect();
        Self { values, slopes }
    }

    /// The values at the knots.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Value and derivative at `s` in `[0, 1]`.
    #[inline(always)]
    pub(crate) fn at(&self, s: f64) -> [f64; 2] {
        let n = self.values.len() - 1;
        let position = s * n as f64;
        let i = (position as u32).min(n as u32 - 1);
        let (x, i) = (position - f64::from(i), i as usize);
        let (rise, a, b) = (self.values[i + 1] - self.values[i], self.slopes[i], self.slopes[i + 1]);
        let (second, third) = (3.0 * rise - 2.0 * a - b, a + b - 2.0 * rise);
        let value = if x == 1.0 { self.values[i + 1] } else { self.values[i] + x * (a + x * (second + x * third)) };
        [value, n as f64 * (a + x * (2.0 * second + 3.0 * x * third))]
    }
}
