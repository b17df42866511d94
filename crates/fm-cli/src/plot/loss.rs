//! The loss over the steps.

use std::path::Path;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::axes::Panel;
use super::canvas::{Canvas, Point, render};
use super::error::DrawError;
use super::style::{CAPTION, DATA, MUTED, title_height};
use super::ticks;

const SIZE: Point = (900.0, 500.0);

/// Blended with the paper, not transparent: a noisy curve crosses itself, and where it does it should not be darker.
const FAINT: RGBColor = RGBColor(196, 211, 229);

/// The largest ratio of the usual losses that is still drawn on a linear axis.
const LINEAR: f64 = 10.0;

/// Draws the loss, the raw values faint and their running mean over them.
///
/// `points` are steps and losses in their order; losses that are not finite are left out. The axis is logarithmic where
/// the losses are positive and spread over more than one decade. The rare extremes do not choose the limits.
///
/// # Errors
/// [`PlotError`] if no loss is finite, or the file cannot be written.
pub fn loss_curve(path: &Path, title: &str, points: &[(u64, f64)]) -> Result<(), PlotError> {
    let finite: Vec<Point> =
        points.iter().filter(|(_, loss)| loss.is_finite()).map(|&(step, loss)| (step as f64, loss)).collect();
    let mut losses: Vec<f64> = finite.iter().map(|&(_, loss)| loss).collect();
    losses.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (finite.first(), finite.last()) else {
        return Err(PlotError::Nothing { path: path.to_owned() });
    };
    let quantile = |q: f64| losses[((losses.len() - 1) as f64 * q).round() as usize];
    let (low, high) = (quantile(0.002), quantile(0.998));
    let logarithmic = losses[0] > 0.0 && high / low > LINEAR;
    let shown = |loss: f64| if logarithmic { loss.log10() } else { loss };

    let raw: Vec<Point> = finite.iter().map(|&(step, loss)| (step, shown(loss))).collect();
    let smooth: Vec<Point> = running_mean(&finite).into_iter().map(|(step, loss)| (step, shown(loss))).collect();
    let top = title_height(title).max(20.0);
    let panel = Panel {
        corner: (72.0, top),
        size: (SIZE.0 - 72.0 - 24.0, SIZE.1 - top - 62.0),
        x: widened(first.0, last.0, 0.0),
        y: widened(shown(low), shown(high), 0.05),
    };
    render(path, SIZE, |canvas| draw(canvas, title, &panel, (&raw, &smooth), logarithmic))
}

fn draw(
    canvas: &Canvas<'_>,
    title: &str,
    panel: &Panel,
    (raw, smooth): (&[Point], &[Point]),
    logarithmic: bool,
) -> Result<(), DrawError> {
    let (x, y) = (panel.x, panel.y);
    let up = if logarithmic { ticks::logarithmic(y.0, y.1, 8) } else { ticks::linear(y.0, y.1, 6) };
    canvas.title(title)?;
    panel.grid(canvas, &ticks::counts(x.0, x.1, 8), &up)?;
    for segment in raw.windows(2) {
        panel.line(canvas, segment, FAINT, 1.0, 1.0)?;
    }
    for segment in smooth.windows(2) {
        panel.line(canvas, segment, DATA, 1.0, 2.0)?;
    }
    if let [.., last] = smooth
        && smooth.iter().all(|point| point == last)
    {
        canvas.dot(panel.place(*last), 3.5, DATA, 1.0)?;
    }
    panel.frame(canvas)?;
    let (middle, bottom) = (panel.corner.0 + panel.size.0 / 2.0, panel.corner.1 + panel.size.1);
    let centre = (HPos::Center, VPos::Center);
    canvas.text("step", (middle, bottom + 44.0), CAPTION, MUTED, centre)?;
    canvas.text_upwards("loss", (16.0, panel.corner.1 + panel.size.1 / 2.0), CAPTION, MUTED)
}

/// The mean over a thirtieth of the curve around each point, over less of it towards the ends.
///
/// A mean over the past alone would lag behind a falling loss and show a slower fall than there was. So the window is
/// symmetric, and at the start, where the loss falls fastest, it stays so; at the end it keeps its half of the past,
/// because a single noisy value would be read as the result.
fn running_mean(points: &[Point]) -> Vec<Point> {
    let reach = points.len() / 60;
    let mean = points.iter().enumerate().map(|(i, &(step, _))| {
        let reach = reach.min(i);
        let around = &points[i - reach..(i + reach + 1).min(points.len())];
        (step, around.iter().map(|&(_, loss)| loss / around.len() as f64).sum())
    });
    mean.collect()
}

/// A range that is not empty, and larger by a share of itself on both sides.
pub(super) fn widened(lo: f64, hi: f64, share: f64) -> (f64, f64) {
    let range = hi - lo;
    let (lo, hi) = (lo - share * range, hi + share * range);
    let least = lo.abs().max(hi.abs()).max(1e-6) * 1e-3;
    if hi - lo < least { (lo - least, hi + least) } else { (lo, hi) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_mean_keeps_lines_as_they_are() {
        let line: Vec<Point> = (0..500).map(|i| (f64::from(i), 3.0 - 0.01 * f64::from(i))).collect();
        let means = running_mean(&line);
        assert!(means.iter().zip(&line).take(490).all(|(mean, value)| (mean.1 - value.1).abs() < 1e-12));
        assert_eq!(running_mean(&[(0.0, 5.0), (1.0, 7.0)]), [(0.0, 5.0), (1.0, 7.0)]);
        let noise: Vec<Point> = (0..600).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        assert!(running_mean(&noise)[100..500].iter().all(|(_, mean)| (mean - 0.5).abs() < 0.03));
    }

    #[test]
    fn ranges_are_never_empty() {
        assert_eq!(widened(0.0, 2.0, 0.5), (-1.0, 3.0));
        for value in [0.0, 5.0, -1e9] {
            let (lo, hi) = widened(value, value, 0.05);
            assert!(lo < value && value < hi);
        }
    }
}
