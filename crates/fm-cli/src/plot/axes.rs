//! A framed panel: where values lie in the picture, its grid and its ticks.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Point};
use super::error::DrawError;
use super::style::{FRAME, GRID, LABEL, MUTED};
use super::ticks::Tick;

/// The room that tick labels take, below and to the left of a panel.
pub(super) const LABELS: Point = (46.0, 30.0);

/// A rectangle of the picture with a range of values on each axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// Its left top corner.
    pub(super) corner: Point,
    /// Its width and height.
    pub(super) size: Point,
    /// The least and the largest value across.
    pub(super) x: (f64, f64),
    /// The least and the largest value upwards.
    pub(super) y: (f64, f64),
}

impl Panel {
    /// The place of a value, inside the panel or not.
    pub(super) fn place(&self, (x, y): Point) -> Point {
        let across = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        (self.corner.0 + across * self.size.0, self.corner.1 + (1.0 - up) * self.size.1)
    }

    /// Whether a value lies inside.
    pub(super) fn contains(&self, (x, y): Point) -> bool {
        (self.x.0..=self.x.1).contains(&x) && (self.y.0..=self.y.1).contains(&y)
    }

    /// The grid and the labels; to be drawn first.
    pub(super) fn grid(&self, canvas: &Canvas<'_>, across: &[Tick], up: &[Tick]) -> Result<(), DrawError> {
        let (right, bottom) = (self.corner.0 + self.size.0, self.corner.1 + self.size.1);
        for (value, text) in across {
            let (x, _) = self.place((*value, self.y.0));
            canvas.line(&[(x, self.corner.1), (x, bottom)], GRID, 1.0, 1.0)?;
            canvas.text(text, (x, bottom + 8.0), LABEL, MUTED, (HPos::Center, VPos::Top))?;
        }
        for (value, text) in up {
            let (_, y) = self.place((self.x.0, *value));
            canvas.line(&[(self.corner.0, y), (right, y)], GRID, 1.0, 1.0)?;
            canvas.text(text, (self.corner.0 - 8.0, y), LABEL, MUTED, (HPos::Right, VPos::Center))?;
        }
        Ok(())
    }

    /// The frame; to be drawn last.
    pub(super) fn frame(&self, canvas: &Canvas<'_>) -> Result<(), DrawError> {
        let ((left, top), (right, bottom)) = (self.corner, (self.corner.0 + self.size.0, self.corner.1 + self.size.1));
        for (from, to) in [
            ((left, top), (right, top)),
            ((left, bottom), (right, bottom)),
            ((left, top), (left, bottom)),
            ((right, top), (right, bottom)),
        ] {
            canvas.line(&[from, to], FRAME, 1.0, 1.0)?;
        }
        Ok(())
    }

    /// A line through values, as much of it as lies inside.
    pub(super) fn line(
        &self,
        canvas: &Canvas<'_>,
        values: &[Point],
        colour: RGBColor,
        alpha: f64,
        width: f64,
    ) -> Result<(), DrawError> {
        let mut run: Vec<Point> = Vec::new();
        for pair in values.windows(2) {
            let Some((from, to)) = self.clip(pair[0], pair[1]) else { continue };
            if run.last() != Some(&self.place(from)) {
                flush(canvas, &mut run, (colour, alpha, width))?;
                run.push(self.place(from));
            }
            run.push(self.place(to));
        }
        flush(canvas, &mut run, (colour, alpha, width))
    }

    /// The part of a segment that lies inside (Liang and Barsky 1984); none for ends that are not finite.
    fn clip(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let direction = (to.0 - from.0, to.1 - from.1);
        if !(direction.0.is_finite() && direction.1.is_finite()) {
            return None;
        }
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (start, step, (lo, hi)) in [(from.0, direction.0, self.x), (from.1, direction.1, self.y)] {
            if step == 0.0 {
                if start < lo || start > hi {
                    return None;
                }
            } else {
                let (near, far) = ((lo - start) / step, (hi - start) / step);
                enter = enter.max(near.min(far));
                leave = leave.min(near.max(far));
            }
        }
        let at = |s: f64| (from.0 + s * direction.0, from.1 + s * direction.1);
        let end = if leave >= 1.0 { to } else { at(leave) };
        (enter <= leave).then(|| (if enter <= 0.0 { from } else { at(enter) }, end))
    }
}

/// Draws the points gathered so far and begins anew.
fn flush(
    canvas: &Canvas<'_>,
    run: &mut Vec<Point>,
    (colour, alpha, width): (RGBColor, f64, f64),
) -> Result<(), DrawError> {
    if run.len() > 1 {
        canvas.line(run, colour, alpha, width)?;
    }
    run.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANEL: Panel = Panel { corner: (10.0, 20.0), size: (100.0, 50.0), x: (0.0, 2.0), y: (-1.0, 1.0) };

    #[test]
    fn values_have_places() {
        assert_eq!(PANEL.place((0.0, 1.0)), (10.0, 20.0));
        assert_eq!(PANEL.place((2.0, -1.0)), (110.0, 70.0));
        assert!(PANEL.contains((1.0, 0.0)) && !PANEL.contains((1.0, 1.5)) && !PANEL.contains((f64::NAN, 0.0)));
    }

    #[test]
    fn lines_end_at_the_frame() {
        assert_eq!(PANEL.clip((0.5, 0.0), (1.0, 0.5)), Some(((0.5, 0.0), (1.0, 0.5))));
        assert_eq!(PANEL.clip((-1.0, 0.0), (3.0, 0.0)), Some(((0.0, 0.0), (2.0, 0.0))));
        assert_eq!(PANEL.clip((1.0, 0.0), (1.0, 5.0)), Some(((1.0, 0.0), (1.0, 1.0))));
        assert_eq!(PANEL.clip((-1.0, 0.9), (0.5, 3.0)), None);
        assert_eq!(PANEL.clip((3.0, 0.0), (3.0, 1.0)), None);
        assert_eq!(PANEL.clip((1.0, 0.0), (f64::NAN, 1.0)), None);
        assert_eq!(PANEL.clip((1.0, 0.0), (f64::INFINITY, 1.0)), None);
    }
}
