//! Clouds of points in the plane, and the paths that lead from one to the other.

use std::path::Path;

use ndarray::{ArrayRef2, ArrayRef3, Axis};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::axes::{LABELS, Panel};
use super::canvas::{Canvas, Point, render};
use super::error::DrawError;
use super::loss::widened;
use super::style::{CAPTION, DATA, INK, LABEL, MUTED, SAMPLES, SOURCE, title_height};
use super::ticks;

const GAP: f64 = 18.0;

/// The height of the caption above a panel.
pub(super) const CAPTIONS: f64 = 30.0;

/// A cloud: the finite points and how many there were.
pub(super) struct Cloud {
    pub(super) points: Vec<Point>,
    total: usize,
}

impl Cloud {
    /// # Panics
    /// If the points are not in the plane.
    #[track_caller]
    pub(super) fn new(points: &ArrayRef2<f32>) -> Self {
        assert_eq!(points.ncols(), 2, "points in the plane have two coordinates");
        let all = points.outer_iter().map(|p| (f64::from(p[0]), f64::from(p[1])));
        let finite = all.filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        Self { points: finite, total: points.nrows() }
    }

    fn caption(&self, name: &str) -> String {
        match self.total - self.points.len() {
            0 => format!("{name} (n = {})", self.total),
            lost => format!("{name} (n = {}, {lost} not finite)", self.total),
        }
    }

    /// Draws the points that lie inside a panel, smaller and fainter the more there are.
    pub(super) fn draw(
        &self,
        canvas: &Canvas<'_>,
        panel: &Panel,
        colour: RGBColor,
        alpha: f64,
    ) -> Result<(), DrawError> {
        let crowd = (self.points.len().max(1) as f64 / 500.0).powf(0.25).clamp(0.8, 2.0);
        for &point in self.points.iter().filter(|&&point| panel.contains(point)) {
            canvas.dot(panel.place(point), 2.2 / crowd, colour, alpha / crowd)?;
        }
        Ok(())
    }
}

/// A square that holds all but the rarest extremes of some points.
pub(super) fn square(points: impl Iterator<Item = Point>) -> Option<[(f64, f64); 2]> {
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = points.unzip();
    let mut side = 0.0_f64;
    let mut middle = [0.0; 2];
    for (values, middle) in [&mut x, &mut y].into_iter().zip(&mut middle) {
        values.sort_by(f64::total_cmp);
        let (lowest, highest) = (values.first()?, values.last()?);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        // An extreme far outside what nearly all points need is left outside.
        let (low, high) = (at(0.002), at(0.998));
        let reach = 0.25 * (high - low);
        let (lo, hi) = (lowest.max(low - reach), highest.min(high + reach));
        *middle = f64::midpoint(lo, hi);
        side = side.max(hi - lo);
    }
    Some(middle.map(|middle| widened(middle - side / 2.0, middle + side / 2.0, 0.04)))
}

/// Draws samples next to data, and the source before them if given, in square panels with the same limits.
///
/// # Shapes
/// `[n, 2]` each, with any `n`.
///
/// # Errors
/// [`PlotError`] if no point is finite, or the file cannot be written.
///
/// # Panics
/// If the points are not in the plane.
#[track_caller]
pub fn scatter_pair(
    path: &Path,
    title: &str,
    samples: &ArrayRef2<f32>,
    data: &ArrayRef2<f32>,
    source: Option<&ArrayRef2<f32>>,
) -> Result<(), PlotError> {
    let mut clouds = vec![("samples", Cloud::new(samples), SAMPLES), ("data", Cloud::new(data), DATA)];
    if let Some(source) = source {
        clouds.insert(0, ("source", Cloud::new(source), SOURCE));
    }
    let all = clouds.iter().flat_map(|(_, cloud, _)| cloud.points.iter().copied());
    let [x, y] = square(all).ok_or_else(|| PlotError::Nothing { path: path.to_owned() })?;

    let side = 400.0;
    let top = title_height(title) + CAPTIONS;
    let width = clouds.len() as f64 * (LABELS.0 + side + GAP);
    render(path, (width, top + side + LABELS.1 + 6.0), |canvas| {
        canvas.title(title)?;
        for (i, (name, cloud, colour)) in clouds.iter().enumerate() {
            let left = i as f64 * (LABELS.0 + side + GAP) + LABELS.0;
            let panel = Panel { corner: (left, top), size: (side, side), x, y };
            panel.grid(canvas, &ticks::linear(x.0, x.1, 6), &ticks::linear(y.0, y.1, 6))?;
            cloud.draw(canvas, &panel, *colour, 0.6)?;
            panel.frame(canvas)?;
            caption(canvas, &panel, &cloud.caption(name))?;
        }
        Ok(())
    })
}

/// Text centred above a panel.
pub(super) fn caption(canvas: &Canvas<'_>, panel: &Panel, text: &str) -> Result<(), DrawError> {
    let at = (panel.corner.0 + panel.size.0 / 2.0, panel.corner.1 - 15.0);
    canvas.text(text, at, CAPTION, INK, (HPos::Center, VPos::Center))
}

/// Draws paths as thin lines, with a mark where each begins and where it ends.
///
/// # Shapes
/// `paths`: `[steps, n, 2]`, the first step first.
///
/// # Errors
/// [`PlotError`] if no point is finite, or the file cannot be written.
///
/// # Panics
/// If the points are not in the plane.
#[track_caller]
pub fn trajectories(path: &Path, title: &str, paths: &ArrayRef3<f32>) -> Result<(), PlotError> {
    assert_eq!(paths.len_of(Axis(2)), 2, "points in the plane have two coordinates");
    let lines: Vec<Vec<Point>> = paths
        .axis_iter(Axis(1))
        .map(|line| line.outer_iter().map(|p| (f64::from(p[0]), f64::from(p[1]))).collect())
        .collect();
    let finite = lines.iter().flatten().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
    let [x, y] = square(finite).ok_or_else(|| PlotError::Nothing { path: path.to_owned() })?;

    let side = 640.0;
    let top = title_height(title) + CAPTIONS;
    let panel = Panel { corner: (LABELS.0, top), size: (side, side), x, y };
    let alpha = (60.0 / lines.len() as f64).clamp(0.12, 0.45);
    render(path, (LABELS.0 + side + GAP, top + side + LABELS.1 + 6.0), |canvas| {
        canvas.title(title)?;
        panel.grid(canvas, &ticks::linear(x.0, x.1, 8), &ticks::linear(y.0, y.1, 8))?;
        for line in &lines {
            panel.line(canvas, line, MUTED, alpha, 1.0)?;
        }
        let ends = |end: fn(&[Point]) -> Option<&Point>| lines.iter().filter_map(move |line| end(line).copied());
        for (points, colour) in
            [(ends(<[Point]>::first).collect::<Vec<_>>(), SOURCE), (ends(<[Point]>::last).collect(), SAMPLES)]
        {
            for point in points.into_iter().filter(|&point| panel.contains(point)) {
                canvas.dot(panel.place(point), 2.2, colour, 0.8)?;
            }
        }
        panel.frame(canvas)?;
        let key = |x: f64, colour, text: &str| {
            canvas.dot((x, top - 15.0), 4.0, colour, 1.0)?;
            canvas.text(text, (x + 10.0, top - 15.0), LABEL, INK, (HPos::Left, VPos::Center))
        };
        key(LABELS.0 + 6.0, SOURCE, "start")?;
        key(LABELS.0 + 76.0, SAMPLES, "end")
    })
}
