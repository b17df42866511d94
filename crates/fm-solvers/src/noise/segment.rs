//! Brownian motion over an interval as three numbers that can be joined and split.
//!
//! The pair of increment and area is what makes both exact: two neighbours give the pair of their union, and the pair of an
//! interval with two fresh normals gives those of its halves. With the increment alone the midpoint could be drawn too, but
//! not so that the areas of larger intervals agree with it.

/// The increment and the space-time Levy area over an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Segment {
    pub(super) length: f64,
    pub(super) increment: f64,
    pub(super) area: f64,
}

impl Segment {
    /// From standard normals.
    pub(super) fn draw(length: f64, increment: f64, area: f64) -> Self {
        Self { length, increment: length.sqrt() * increment, area: (length / 12.0).sqrt() * area }
    }

    /// This interval and the one after it.
    ///
    /// ```text
    /// h (H + W/2) = h1 (H1 + W1/2) + h2 (H2 + W2/2 + W1),    W = W1 + W2
    /// ```
    ///
    /// which says that the integral of the motion is the sum of the integrals over the parts.
    #[inline]
    pub(super) fn join(self, next: Self) -> Self {
        let length = self.length + next.length;
        if length == 0.0 {
            return self;
        }
        let (r1, r2) = (self.length / length, next.length / length);
        // The above solved for H, without the cancellation of W/2.
        let area = r1 * self.area + r2 * next.area + 0.5 * (r2 * self.increment - r1 * next.increment);
        Self { length, increment: self.increment + next.increment, area }
    }

    /// The two halves, from two standard normals.
    ///
    /// ```text
    /// W1 = W/2 + 3/2 H + Z,    H1 = H/4 - Z/2 + N/2,    H2 = H/4 - Z/2 - N/2,    Z ~ N(0, h/16), N ~ N(0, h/12)
    /// ```
    ///
    /// All covariances of the four are those of Brownian motion: `h/2` and `h/24` for each half, and none between them.
    #[inline]
    pub(super) fn split(self, z: f64, n: f64) -> (Self, Self) {
        let Self { length, increment, area } = self;
        let (z, n) = (0.25 * length.sqrt() * z, (length / 12.0).sqrt() * n);
        let first = 0.5 * increment + 1.5 * area + z;
        let common = 0.25 * area - 0.5 * z;
        let half = |increment, area| Self { length: 0.5 * length, increment, area };
        (half(first, common + 0.5 * n), half(increment - first, common - 0.5 * n))
    }

    /// The part between two positions of a segment whose ends are at 0 and at `2^bits`, by halving.
    ///
    /// `normals` gives the two numbers of the halving at a position. Nothing is subtracted on the way, so that a short part
    /// is as exact, relative to itself, as a long one.
    pub(super) fn part(self, bits: u32, from: u64, to: u64, normals: impl Fn(u64) -> (f64, f64)) -> Self {
        let split = |node: Self, middle: u64| {
            let (z, n) = normals(middle);
            node.split(z, n)
        };
        let (mut node, mut low, mut width) = (self, 0, 1_u64 << bits);
        // Down to the first halving that separates the two ends.
        let (left, right, middle, half) = loop {
            if from == low && to == low + width {
                return node;
            }
            width /= 2;
            let middle = low + width;
            let (left, right) = split(node, middle);
            if to <= middle {
                node = left;
            } else if from >= middle {
                (node, low) = (right, middle);
            } else {
                break (left, right, middle, width);
            }
        };
        // The end of the left half, from its right edge to the left.
        let mut tail = Self::default();
        let (mut node, mut low, mut width) = (left, low, half);
        while from > low {
            width /= 2;
            let (first, second) = split(node, low + width);
            if from >= low + width {
                (node, low) = (second, low + width);
            } else {
                (node, tail) = (first, second.join(tail));
            }
        }
        tail = node.join(tail);
        // The beginning of the right half.
        let mut head = Self::default();
        let (mut node, mut high, mut width) = (right, middle + half, half);
        while to < high {
            width /= 2;
            let (first, second) = split(node, high - width);
            if to <= high - width {
                (node, high) = (first, high - width);
            } else {
                (node, head) = (second, head.join(first));
            }
        }
        tail.join(head.join(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_join_to_the_whole() {
        let whole = Segment { length: 0.7, increment: -0.4, area: 0.13 };
        let (first, second) = whole.split(1.3, -0.2);
        let joined = first.join(second);
        for (a, b) in [(joined.length, 0.7), (joined.increment, -0.4), (joined.area, 0.13)] {
            assert!((a - b).abs() < 1e-15, "{joined:?}");
        }
    }

    /// The covariance matrix of the four outputs, from the coefficients with which the four independent normals enter.
    #[test]
    fn halves_have_the_covariances_of_brownian_motion() {
        let h = 0.8;
        let columns: Vec<[f64; 4]> = (0..4)
            .map(|i| {
                let unit = |j| f64::from(i == j);
                let (first, second) = Segment::draw(h, unit(0), unit(1)).split(unit(2), unit(3));
                [first.increment, first.area, second.increment, second.area]
            })
            .collect();
        let expected = [h / 2.0, h / 24.0, h / 2.0, h / 24.0];
        for i in 0..4 {
            for j in 0..4 {
                let covariance: f64 = columns.iter().map(|column| column[i] * column[j]).sum();
                assert!((covariance - if i == j { expected[i] } else { 0.0 }).abs() < 1e-15, "{i} {j}: {covariance}");
            }
        }
    }

    #[test]
    fn parts_of_a_straight_line_are_straight() {
        // Without fresh noise and area the motion is its chord.
        let line = Segment { length: 2.0, increment: 3.0, area: 0.0 };
        let intervals = (0..16_u64).flat_map(|from| (from + 1..=16).map(move |to| (from, to)));
        for (from, to) in intervals {
            let part = line.part(4, from, to, |_| (0.0, 0.0));
            let share = (to - from) as f64 / 16.0;
            assert!((part.length - 2.0 * share).abs() < 1e-15 && (part.increment - 3.0 * share).abs() < 1e-15);
            assert!(part.area.abs() < 1e-15);
        }
    }

    #[test]
    fn no_part_takes_more_than_two_halvings_for_each_bit() {
        const WIDTH: u64 = 1 << 53;
        let whole = Segment::draw(1.0, 0.3, -0.2);
        for (from, to) in [(0, 1), (1, 2), (WIDTH - 1, WIDTH), (1, WIDTH - 1), (WIDTH / 3, WIDTH / 3 * 2), (0, WIDTH)] {
            let asked = std::cell::Cell::new(0);
            whole.part(53, from, to, |_| {
                asked.set(asked.get() + 1);
                (0.1, -0.1)
            });
            assert!(asked.get() <= 2 * 53, "{from} to {to}: {}", asked.get());
        }
    }
}
