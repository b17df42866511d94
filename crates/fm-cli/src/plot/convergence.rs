//! Errors against evaluations, one curve for each method.

use std::path::Path;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::axes::{LABELS, Panel};
use super::canvas::{Canvas, Point, render};
use super::error::DrawError;
use super::loss::widened;
use super::points::{CAPTIONS, caption};
use super::style::{CAPTION, INK, LABEL, MUTED, title_height};
use super::ticks;

/// The curves of one panel.
#[derive(Clone, Debug)]
pub struct ErrorPanel {
    /// What stands above it.
    pub caption: String,
    /// Names, and evaluations with errors.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
}

/// The colours of Okabe and Ito, which people with any colour vision can tell apart; without the yellow, which is hard to
/// see on paper.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(34, 40, 49),
];

const SIDE: f64 = 400.0;

/// The room between two panels, with the labels of the right one.
const STRIDE: f64 = SIDE + 60.0;

/// The room of the words beside the left panel.
const LEFT: f64 = LABELS.0 + 34.0;

/// Draws errors against evaluations on logarithmic axes that all panels share. Zero and what is not finite is left out.
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, or the file cannot be written.
pub fn error_against_nfe(path: &Path, title: &str, panels: &[ErrorPanel]) -> Result<(), PlotError> {
    let logarithms: Vec<Vec<Vec<Point>>> =
        panels.iter().map(|panel| panel.curves.iter().map(|(_, points)| logarithms(points)).collect()).collect();
    let all: Vec<Point> = logarithms.iter().flatten().flatten().copied().collect();
    if all.is_empty() {
        return Err(PlotError::Nothing { path: path.to_owned() });
    }
    let range = |axis: fn(&Point) -> f64| {
        let values = all.iter().map(axis);
        let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        widened(ends.0, ends.1, 0.04)
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    let top = title_height(title) + CAPTIONS;
    let size = (LEFT + STRIDE * panels.len() as f64, top + SIDE + LABELS.1 + 34.0);
    render(path, size, |canvas| {
        canvas.title(title)?;
        for (i, (panel, curves)) in panels.iter().zip(&logarithms).enumerate() {
            let frame = Panel { corner: (LEFT + STRIDE * i as f64, top), size: (SIDE, SIDE), x, y };
            frame.grid(canvas, &ticks::logarithmic(x.0, x.1, 9), &ticks::logarithmic(y.0, y.1, 12))?;
            for (k, points) in curves.iter().enumerate() {
                curve(canvas, &frame, points, k)?;
            }
            frame.frame(canvas)?;
            legend(canvas, &frame, panel)?;
            caption(canvas, &frame, &panel.caption)?;
            let below = (frame.corner.0 + SIDE / 2.0, top + SIDE + LABELS.1 + 16.0);
            canvas.text("network evaluations", below, CAPTION, MUTED, (HPos::Center, VPos::Center))?;
        }
        canvas.text_upwards("error", (16.0, top + SIDE / 2.0), CAPTION, MUTED)
    })
}

fn logarithms(points: &[(f64, f64)]) -> Vec<Point> {
    let logarithms = points.iter().map(|(nfe, error)| (nfe.log10(), error.log10()));
    logarithms.filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
}

fn curve(canvas: &Canvas<'_>, panel: &Panel, points: &[Point], k: usize) -> Result<(), DrawError> {
    panel.line(canvas, points, COLOURS[k % COLOURS.len()], 1.0, 1.6)?;
    for &point in points.iter().filter(|&&point| panel.contains(point)) {
        mark(canvas, panel.place(point), k)?;
    }
    Ok(())
}

/// A disc; a diamond once the colours begin anew.
fn mark(canvas: &Canvas<'_>, (x, y): Point, k: usize) -> Result<(), DrawError> {
    let colour = COLOURS[k % COLOURS.len()];
    if k < COLOURS.len() {
        return canvas.dot((x, y), 3.2, colour, 1.0);
    }
    let reach = 5.4;
    canvas.polygon(&[(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)], colour, 1.0)
}

/// The names in the left lower corner, which falling curves leave free.
fn legend(canvas: &Canvas<'_>, frame: &Panel, panel: &ErrorPanel) -> Result<(), DrawError> {
    let line = 19.0;
    let bottom = frame.corner.1 + frame.size.1 - 14.0;
    for (k, (name, _)) in panel.curves.iter().enumerate() {
        let (x, y) = (frame.corner.0 + 12.0, bottom - line * (panel.curves.len() - 1 - k) as f64);
        canvas.line(&[(x, y), (x + 22.0, y)], COLOURS[k % COLOURS.len()], 1.0, 1.6)?;
        mark(canvas, (x + 11.0, y), k)?;
        canvas.text(name, (x + 30.0, y), LABEL, INK, (HPos::Left, VPos::Center))?;
    }
    Ok(())
}
