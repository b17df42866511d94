//! A picture in coordinates of its own pixels, drawn three times as large and averaged down.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Once;

use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, register_font};

use super::error::{DrawError, PlotError};
use super::style::{INK, TITLE};
use fm_nn::write_aside;

/// How many times larger the picture is drawn; an exact divisor of every image pixel, so those stay sharp.
const SCALE: u32 = 3;

/// The side of the largest picture, 100 megapixels before averaging.
const LARGEST: u64 = 1 << 25;

const FONT: &str = "fm";

/// A point in picture pixels, from the top left.
pub(super) type Point = (f64, f64);

/// Something to draw on.
pub(super) struct Canvas<'a> {
    area: DrawingArea<BitMapBackend<'a>, Shift>,
}

/// Draws a picture of `width` by `height` pixels and writes it as PNG, whole or not at all.
pub(super) fn render(
    path: &Path,
    (width, height): (f64, f64),
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), DrawError>,
) -> Result<(), PlotError> {
    let (wide, high) = (width.ceil() as u64, height.ceil() as u64);
    if wide.saturating_mul(high) > LARGEST {
        return Err(PlotError::TooLarge { path: path.to_owned(), width: wide, height: high });
    }
    let (width, height) = (wide as u32, high as u32);
    let (drawn_width, drawn_height) = (width * SCALE, height * SCALE);
    let mut pixels = vec![255; drawn_width as usize * drawn_height as usize * 3];
    draw_on(&mut pixels, (drawn_width, drawn_height), draw)
        .map_err(|source| PlotError::Draw { path: path.to_owned(), source: Box::new(source) })?;
    let picture = average(&pixels, width as usize);
    // To memory first: the encoder would turn the system's errors, which say what to do, into texts.
    Ok(write_aside(path, |file| {
        let mut encoded = Vec::new();
        encode(&mut encoded, width, height, &picture)?;
        file.write_all(&encoded)
    })?)
}

fn draw_on(
    pixels: &mut [u8],
    size: (u32, u32),
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), DrawError>,
) -> Result<(), DrawError> {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        // A font that failed to load shows as an error of the first text.
        let _ = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
    let canvas = Canvas { area: BitMapBackend::with_buffer(pixels, size).into_drawing_area() };
    draw(&canvas)?;
    canvas.area.present()
}

/// The mean of every block of `SCALE` by `SCALE` pixels.
fn average(pixels: &[u8], width: usize) -> Vec<u8> {
    let scale = SCALE as usize;
    let row = width * scale * 3;
    let mut picture = Vec::with_capacity(pixels.len() / (scale * scale));
    for rows in pixels.chunks_exact(row * scale) {
        for x in 0..width {
            for channel in 0..3 {
                let block = (0..scale * scale).map(|i| rows[(i / scale) * row + (x * scale + i % scale) * 3 + channel]);
                let sum: u32 = block.map(u32::from).sum();
                picture.push((sum / (SCALE * SCALE)) as u8);
            }
        }
    }
    picture
}

fn encode(file: impl io::Write, width: u32, height: u32, picture: &[u8]) -> io::Result<()> {
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture)?;
    Ok(writer.finish()?)
}

fn scaled((x, y): Point) -> (i32, i32) {
    let scale = f64::from(SCALE);
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

impl Canvas<'_> {
    /// A line through points.
    pub(super) fn line(&self, points: &[Point], colour: RGBColor, alpha: f64, width: f64) -> Result<(), DrawError> {
        let stroke_width = (width * f64::from(SCALE)).round().max(1.0) as u32;
        let style = ShapeStyle { color: colour.mix(alpha), filled: false, stroke_width };
        self.area.draw(&PathElement::new(points.iter().copied().map(scaled).collect::<Vec<_>>(), style))
    }

    /// A filled polygon.
    pub(super) fn polygon(&self, corners: &[Point], colour: RGBColor, alpha: f64) -> Result<(), DrawError> {
        let corners = corners.iter().copied().map(scaled).collect::<Vec<_>>();
        self.area.draw(&Polygon::new(corners, colour.mix(alpha).filled()))
    }

    /// A filled disc.
    pub(super) fn dot(&self, centre: Point, radius: f64, colour: RGBColor, alpha: f64) -> Result<(), DrawError> {
        let radius = (radius * f64::from(SCALE)).round().max(1.0) as i32;
        self.area.draw(&Circle::new(scaled(centre), radius, colour.mix(alpha).filled()))
    }

    /// A filled rectangle, from one corner up to but not including the other.
    pub(super) fn fill(&self, from: Point, to: Point, colour: RGBColor) -> Result<(), DrawError> {
        self.area.draw(&Rectangle::new([scaled(from), scaled(to)], colour.filled()))
    }

    /// One line of text, anchored where `anchor` says.
    pub(super) fn text(
        &self,
        text: &str,
        at: Point,
        size: f64,
        colour: RGBColor,
        anchor: (HPos, VPos),
    ) -> Result<(), DrawError> {
        let style = TextStyle::from((FONT, size * f64::from(SCALE)).into_font()).color(&colour);
        self.area.draw(&Text::new(text.to_owned(), scaled(at), style.pos(Pos::new(anchor.0, anchor.1))))
    }

    /// Text that reads upwards, centred at a point.
    pub(super) fn text_upwards(&self, text: &str, at: Point, size: f64, colour: RGBColor) -> Result<(), DrawError> {
        let font = (FONT, size * f64::from(SCALE)).into_font().transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(HPos::Center, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), scaled(at), style))
    }

    /// The title of a picture, centred at the top; nothing for an empty one.
    pub(super) fn title(&self, title: &str) -> Result<(), DrawError> {
        if title.is_empty() {
            return Ok(());
        }
        let (width, _) = self.area.dim_in_pixel();
        let middle = f64::from(width) / f64::from(SCALE) / 2.0;
        self.text(title, (middle, 26.0), TITLE, INK, (HPos::Center, VPos::Center))
    }
}
