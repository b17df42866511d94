//! The velocity field at several times.

use std::path::Path;

use ndarray::ArrayView2;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::axes::{LABELS, Panel};
use super::canvas::{Canvas, Point, render};
use super::error::DrawError;
use super::points::{CAPTIONS, Cloud, caption, square};
use super::style::{DATA, INK, LABEL, MUTED, SAMPLES, title_height};
use super::ticks;

const SIDE: f64 = 300.0;
const GAP: f64 = 18.0;

/// More panels than this begin a second row.
const ACROSS: usize = 5;

/// The field at one time, on a grid of places, with the particles that it moves.
#[derive(Clone, Copy, Debug)]
pub struct FieldPanel<'a> {
    /// The time.
    pub t: f64,
    /// The places of the arrows: `[m, 2]`.
    pub places: ArrayView2<'a, f32>,
    /// The velocity at each place: `[m, 2]`.
    pub velocities: ArrayView2<'a, f32>,
    /// The particles at this time: `[n, 2]`, possibly none.
    pub particles: ArrayView2<'a, f32>,
}

/// Draws the field at several times, side by side.
///
/// All panels have the same limits and the same scale, so that a longer arrow is a faster particle wherever it is. The
/// fastest fiftieth of the arrows is cut to the length that the grid has room for.
///
/// # Errors
/// [`PlotError`] if there is no panel or no finite point, or the file cannot be written.
///
/// # Panics
/// If the points are not in the plane, or there is not one velocity per place.
#[track_caller]
pub fn field(path: &Path, title: &str, panels: &[FieldPanel<'_>]) -> Result<(), PlotError> {
    let clouds: Vec<Cloud> = panels.iter().map(|panel| Cloud::new(&panel.particles)).collect();
    let arrows: Vec<Vec<(Point, Point)>> = panels.iter().map(arrows_of).collect();
    let places = arrows.iter().flatten().map(|&(place, _)| place);
    let all = clouds.iter().flat_map(|cloud| cloud.points.iter().copied()).chain(places);
    let [x, y] = square(all).ok_or_else(|| PlotError::Nothing { path: path.to_owned() })?;
    let scale = Scale::of(&arrows);

    let rows = panels.len().div_ceil(ACROSS);
    let columns = panels.len().div_ceil(rows);
    let head = title_height(title);
    let cell = (LABELS.0 + SIDE + GAP, CAPTIONS + SIDE + LABELS.1);
    let size = (columns as f64 * cell.0, head + rows as f64 * cell.1 + 30.0);
    render(path, size, |canvas| {
        canvas.title(title)?;
        for (i, ((panel, cloud), arrows)) in panels.iter().zip(&clouds).zip(&arrows).enumerate() {
            let left = (i % columns) as f64 * cell.0 + LABELS.0;
            let top = head + (i / columns) as f64 * cell.1 + CAPTIONS;
            let frame = Panel { corner: (left, top), size: (SIDE, SIDE), x, y };
            frame.grid(canvas, &ticks::linear(x.0, x.1, 6), &ticks::linear(y.0, y.1, 6))?;
            cloud.draw(canvas, &frame, SAMPLES, 0.3)?;
            for &(place, velocity) in arrows.iter().filter(|(place, _)| frame.contains(*place)) {
                arrow(canvas, frame.place(place), scale.length(velocity))?;
            }
            frame.frame(canvas)?;
            caption(canvas, &frame, &format!("t = {:.2}", panel.t))?;
        }
        let note = (size.0 / 2.0, size.1 - 14.0);
        canvas.text(
            "arrow length is speed, on the same scale in all panels",
            note,
            LABEL,
            MUTED,
            (HPos::Center, VPos::Center),
        )
    })
}

/// The finite places with their finite velocities.
#[track_caller]
fn arrows_of(panel: &FieldPanel<'_>) -> Vec<(Point, Point)> {
    assert_eq!(panel.places.dim(), panel.velocities.dim(), "one velocity per place");
    assert_eq!(panel.places.ncols(), 2, "points in the plane have two coordinates");
    let point = |row: ndarray::ArrayView1<'_, f32>| (f64::from(row[0]), f64::from(row[1]));
    let pairs = panel.places.outer_iter().zip(panel.velocities.outer_iter()).map(|(p, v)| (point(p), point(v)));
    pairs.filter(|((x, y), (u, v))| [x, y, u, v].into_iter().all(|value| value.is_finite())).collect()
}

/// From velocities to lengths in the picture.
struct Scale {
    per_speed: f64,
    longest: f64,
}

impl Scale {
    fn of(arrows: &[Vec<(Point, Point)>]) -> Self {
        let mut speeds: Vec<f64> = arrows.iter().flatten().map(|(_, (u, v))| u.hypot(*v)).collect();
        speeds.sort_by(f64::total_cmp);
        let usual = speeds.get(speeds.len() * 49 / 50).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE);
        let per_panel = arrows.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let longest = SIDE / (per_panel as f64).sqrt();
        Self { per_speed: longest / usual, longest }
    }

    /// The arrow for a velocity; the picture's second axis points down.
    fn length(&self, (u, v): Point) -> Point {
        let cut = (self.longest / (u.hypot(v) * self.per_speed)).min(1.0);
        (u * self.per_speed * cut, -v * self.per_speed * cut)
    }
}

/// An arrow centred at a place; too short for a head, it is a dot.
fn arrow(canvas: &Canvas<'_>, (x, y): Point, (u, v): Point) -> Result<(), DrawError> {
    let length = u.hypot(v);
    if length.is_nan() || length < 1.5 {
        return canvas.dot((x, y), 0.8, INK, 0.8);
    }
    let (along, across) = ((u / length, v / length), (-v / length, u / length));
    let (tail, tip) = ((x - u / 2.0, y - v / 2.0), (x + u / 2.0, y + v / 2.0));
    let head = (0.45 * length).clamp(2.0, 5.0);
    let neck = (tip.0 - head * along.0, tip.1 - head * along.1);
    let half = 0.4 * head;
    canvas.line(&[tail, neck], DATA, 1.0, 1.0)?;
    let corners = [
        tip,
        (neck.0 + half * across.0, neck.1 + half * across.1),
        (neck.0 - half * across.0, neck.1 - half * across.1),
    ];
    canvas.polygon(&corners, DATA, 1.0)
}
