//! Images in rows and columns.

use std::path::Path;

use ndarray::{ArrayRefD, ArrayViewD, Axis};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::canvas::{Canvas, Point, render};
use super::error::DrawError;
use super::style::{BROKEN, INK, LABEL, MUTED, title_height};

const GAP: f64 = 4.0;
const MARGIN: f64 = 14.0;

/// How values become pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// The values that are black and white; values outside are cut.
    pub range: (f32, f32),
    /// The side of the square that shows one pixel, at least 1. Eight makes an 8x8 digit readable.
    pub upscale: u32,
}

/// One image after the other, row by row.
///
/// `row_labels`, if not empty, are written to the left of the rows.
///
/// # Shapes
/// `images`: `[n, h, w]`, `[n, 1, h, w]` (grey) or `[n, 3, h, w]` (red, green, blue).
///
/// # Errors
/// [`PlotError`] if there is no image, the images have another shape, the picture would be too large, or the file cannot
/// be written.
///
/// # Panics
/// If `columns` is zero.
#[track_caller]
pub fn image_grid(
    path: &Path,
    title: &str,
    images: &ArrayRefD<f32>,
    pixels: Pixels,
    columns: usize,
    row_labels: &[String],
) -> Result<(), PlotError> {
    assert!(columns > 0, "a grid has at least one column");
    let columns = columns.min(images.shape().first().copied().unwrap_or(0));
    let cells: Vec<_> =
        images.axis_iter(Axis(0)).enumerate().map(|(i, image)| ((i / columns, i % columns), image)).collect();
    sheet(path, title, &cells, pixels, &Captions { rows: row_labels, columns: &[] })
}

/// The same samples over time: one row per sample, one column per time, with the time above.
///
/// # Shapes
/// `frames`: `[times, n, h, w]`, `[times, n, 1, h, w]` or `[times, n, 3, h, w]`.
///
/// # Errors
/// As [`image_grid`].
///
/// # Panics
/// If there is not one time per frame.
#[track_caller]
pub fn strip(
    path: &Path,
    title: &str,
    frames: &ArrayRefD<f32>,
    times: &[f64],
    pixels: Pixels,
) -> Result<(), PlotError> {
    assert_eq!(frames.shape().first(), Some(&times.len()), "one time per frame");
    if frames.ndim() < 2 {
        return Err(PlotError::NotAnImage { path: path.to_owned(), shape: vec![] });
    }
    let cells = frames.axis_iter(Axis(0)).enumerate().flat_map(|(column, frame)| {
        let images: Vec<_> = frame.axis_iter(Axis(0)).map(ArrayViewD::into_owned).collect();
        images.into_iter().enumerate().map(move |(row, image)| ((row, column), image))
    });
    let cells: Vec<_> = cells.collect();
    let cells: Vec<_> = cells.iter().map(|(place, image)| (*place, image.view())).collect();
    let columns: Vec<String> = times.iter().map(|t| format!("{t:.2}")).collect();
    sheet(path, title, &cells, pixels, &Captions { rows: &[], columns: &columns })
}

/// What is written beside the rows and above the columns, if anything.
struct Captions<'a> {
    rows: &'a [String],
    columns: &'a [String],
}

fn sheet(
    path: &Path,
    title: &str,
    cells: &[((usize, usize), ArrayViewD<'_, f32>)],
    pixels: Pixels,
    captions: &Captions<'_>,
) -> Result<(), PlotError> {
    let Some((_, first)) = cells.first() else { return Err(PlotError::Nothing { path: path.to_owned() }) };
    let (channels, h, w) = match *first.shape() {
        [h, w] => (1, h, w),
        [c @ (1 | 3), h, w] => (c, h, w),
        _ => return Err(PlotError::NotAnImage { path: path.to_owned(), shape: first.shape().to_vec() }),
    };
    let upscale = f64::from(pixels.upscale.max(1));
    // A time has to fit above a narrow image.
    let least = if captions.columns.is_empty() { 0.0 } else { 36.0 };
    let cell = ((w as f64 * upscale).max(least) + GAP, h as f64 * upscale + GAP);
    let rows = cells.iter().map(|&((row, _), _)| row + 1).max().unwrap_or(0);
    let columns = cells.iter().map(|&((_, column), _)| column + 1).max().unwrap_or(0);
    let longest = captions.rows.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let left = MARGIN + if longest == 0 { 0.0 } else { 10.0 + 8.0 * longest as f64 };
    let top = title_height(title).max(MARGIN) + if captions.columns.is_empty() { 0.0 } else { 24.0 };

    let size = (left + columns as f64 * cell.0 - GAP + MARGIN, top + rows as f64 * cell.1 - GAP + MARGIN);
    render(path, size, |canvas| {
        canvas.title(title)?;
        for (column, text) in captions.columns.iter().enumerate() {
            let middle = left + column as f64 * cell.0 + (cell.0 - GAP) / 2.0;
            canvas.text(text, (middle, top - 12.0), LABEL, MUTED, (HPos::Center, VPos::Center))?;
        }
        for (row, text) in captions.rows.iter().enumerate().take(rows) {
            let middle = top + row as f64 * cell.1 + (cell.1 - GAP) / 2.0;
            canvas.text(text, (left - 10.0, middle), LABEL, INK, (HPos::Right, VPos::Center))?;
        }
        for ((row, column), image) in cells {
            let image = image.to_shape((channels, h, w)).expect("every image has the shape of the first");
            let centred = (cell.0 - GAP - w as f64 * upscale) / 2.0;
            let corner = ((left + *column as f64 * cell.0 + centred).round(), (top + *row as f64 * cell.1).round());
            let colour = |y: usize, x: usize| colour_of(pixels.range, |channel| image[[channel % channels, y, x]]);
            draw_image(canvas, corner, (h, w), upscale, colour)?;
        }
        Ok(())
    })
}

fn draw_image(
    canvas: &Canvas<'_>,
    corner: Point,
    (h, w): (usize, usize),
    upscale: f64,
    colour: impl Fn(usize, usize) -> RGBColor,
) -> Result<(), DrawError> {
    for y in 0..h {
        for x in 0..w {
            let from = (corner.0 + x as f64 * upscale, corner.1 + y as f64 * upscale);
            canvas.fill(from, (from.0 + upscale, from.1 + upscale), colour(y, x))?;
        }
    }
    Ok(())
}

/// The colour of a pixel whose channels are given by a function; grey images give the same value for all three.
fn colour_of((black, white): (f32, f32), value: impl Fn(usize) -> f32) -> RGBColor {
    let values = [value(0), value(1), value(2)];
    if values.iter().any(|value| !value.is_finite()) {
        return BROKEN;
    }
    let [r, g, b] = values.map(|value| ((value - black) / (white - black) * 255.0).round() as u8);
    RGBColor(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_colours() {
        let grey = |v: f32| colour_of((-1.0, 1.0), |_| v);
        assert_eq!(
            (grey(-1.0), grey(0.0), grey(1.0)),
            (RGBColor(0, 0, 0), RGBColor(128, 128, 128), RGBColor(255, 255, 255))
        );
        assert_eq!((grey(-5.0), grey(5.0)), (RGBColor(0, 0, 0), RGBColor(255, 255, 255)));
        assert_eq!((grey(f32::NAN), grey(f32::INFINITY)), (BROKEN, BROKEN));
        assert_eq!(colour_of((0.0, 1.0), |channel| [0.0, 1.0, 0.2][channel]), RGBColor(0, 255, 51));
    }
}
