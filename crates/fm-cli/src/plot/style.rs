//! Colours and sizes, in one place so that the pictures belong together.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(34, 40, 49);
pub(super) const MUTED: RGBColor = RGBColor(96, 104, 116);
pub(super) const FRAME: RGBColor = RGBColor(170, 176, 186);
pub(super) const GRID: RGBColor = RGBColor(232, 235, 239);

/// Data, samples and source keep their colour in every picture.
pub(super) const DATA: RGBColor = RGBColor(44, 98, 158);
pub(super) const SAMPLES: RGBColor = RGBColor(205, 84, 52);
pub(super) const SOURCE: RGBColor = RGBColor(125, 132, 144);

/// What a value that is not finite looks like in an image.
pub(super) const BROKEN: RGBColor = RGBColor(255, 0, 255);

pub(super) const TITLE: f64 = 20.0;
pub(super) const CAPTION: f64 = 16.0;
pub(super) const LABEL: f64 = 14.0;

/// The height that a title takes, or none.
pub(super) fn title_height(title: &str) -> f64 {
    if title.is_empty() { 0.0 } else { 44.0 }
}
