//! The icon's five states, drawn from simple shapes: distinct by shape and by colour, and readable at 16 pixels on
//! light and dark panels.

/// What the icon says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It works as hard as the mode allows.
    Earning,
    /// It would work, but gives way to somebody or something at present, or is getting ready.
    Yielding,
    /// It is to do nothing.
    Paused,
    /// It needs its owner.
    Attention,
    /// There is nobody to work for at present.
    Offline,
}

impl State {
    /// Every state.
    pub const ALL: [State; 5] = [
        State::Earning,
        State::Yielding,
        State::Paused,
        State::Attention,
        State::Offline,
    ];

    /// Its fixed word.
    pub fn name(self) -> &'static str {
        match self {
            State::Earning => "earning",
            State::Yielding => "yielding",
            State::Paused => "paused",
            State::Attention => "attention",
            State::Offline => "offline",
        }
    }
}

/// Red, green, blue and alpha of each pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Four bytes a pixel.
    pub pixels: Vec<u8>,
    /// Pixels in a row, and rows.
    pub size: u32,
}

type Colour = [u8; 3];

/// Each has a contrast of 3 to 1 at least with white and with the dark grey of panels.
const GREEN: Colour = [0x1f, 0x94, 0x4b];
const BLUE: Colour = [0x2f, 0x7f, 0xd8];
const GREY: Colour = [0x7f, 0x86, 0x90];
const ORANGE: Colour = [0xd9, 0x6a, 0x0b];
const RED: Colour = [0xd6, 0x4a, 0x4a];
const WHITE: Colour = [0xff, 0xff, 0xff];

/// Looks at each pixel in so many places a side, so that edges are smooth.
const LOOKS: u32 = 8;

/// A place in the picture: right and down, from 0 to 16 whatever its size is.
type Place = (f32, f32);

const BOLT: [Place; 6] = [
    (9.4, 2.0),
    (4.3, 8.9),
    (7.6, 8.9),
    (6.6, 14.0),
    (11.7, 7.1),
    (8.4, 7.1),
];
const TRIANGLE: [Place; 3] = [(8.0, 0.4), (15.8, 15.2), (0.2, 15.2)];

/// Draws a state in a square of so many pixels.
pub fn draw(state: State, size: u32) -> Picture {
    let mut pixels = Vec::with_capacity((size * size * 4) as usize);
    for row in 0..size {
        for column in 0..size {
            pixels.extend(pixel(state, size, (column, row)));
        }
    }
    Picture { pixels, size }
}

/// The mean of what is seen in one pixel.
fn pixel(state: State, size: u32, (column, row): (u32, u32)) -> [u8; 4] {
    let step = 16.0 / (size * LOOKS) as f32;
    let place = |pixel: u32, look: u32| (pixel * LOOKS + look) as f32 * step + step / 2.0;
    let looks = (0..LOOKS * LOOKS).map(|look| {
        let at = (place(column, look % LOOKS), place(row, look / LOOKS));
        colour(state, at)
    });
    let (mut sum, mut seen) = ([0_u32; 3], 0_u32);
    for colour in looks.flatten() {
        seen += 1;
        for (sum, part) in sum.iter_mut().zip(colour) {
            *sum += u32::from(part);
        }
    }
    let part = |sum: u32| (sum / seen.max(1)) as u8;
    let alpha = (seen * 255 / (LOOKS * LOOKS)) as u8;
    [part(sum[0]), part(sum[1]), part(sum[2]), alpha]
}

/// What is at a place, if anything is.
fn colour(state: State, at: Place) -> Option<Colour> {
    let from_centre = (at.0 - 8.0).hypot(at.1 - 8.0);
    match state {
        // A full disc with a bolt.
        State::Earning => {
            (from_centre <= 7.8).then(|| if is_within(at, &BOLT) { WHITE } else { GREEN })
        }
        // A ring whose lower half is full.
        State::Yielding => {
            let ring = (5.4..=7.8).contains(&from_centre);
            let half = from_centre <= 7.8 && at.1 >= 8.0;
            (ring || half).then_some(BLUE)
        }
        // Two bars.
        State::Paused => {
            let bar = |left: f32| is_in_bar(at, left, left + 4.4);
            (bar(2.2) || bar(9.4)).then_some(GREY)
        }
        // A warning sign.
        State::Attention => is_within(at, &TRIANGLE).then(|| {
            let stroke = (at.0 - 8.0).abs() <= 1.15 && (5.2..=10.6).contains(&at.1);
            let dot = (at.0 - 8.0).hypot(at.1 - 12.7) <= 1.3;
            if stroke || dot { WHITE } else { ORANGE }
        }),
        // A cross.
        State::Offline => {
            let (down, up) = (at.0 - at.1, at.0 + at.1 - 16.0);
            let inside = |across: f32, along: f32| across.abs() <= 2.6 && along.abs() <= 13.6;
            (inside(down, up) || inside(up, down)).then_some(RED)
        }
    }
}

/// Whether a place is in an upright bar with round corners.
fn is_in_bar(at: Place, left: f32, right: f32) -> bool {
    const CORNER: f32 = 1.2;
    let nearest = (
        at.0.clamp(left + CORNER, right - CORNER),
        at.1.clamp(1.2 + CORNER, 14.8 - CORNER),
    );
    (at.0 - nearest.0).hypot(at.1 - nearest.1) <= CORNER
}

/// Whether a place is within a polygon: a line from it to the right crosses an odd number of its edges.
fn is_within(at: Place, corners: &[Place]) -> bool {
    let next = corners.iter().cycle().skip(1);
    let crossed = corners.iter().zip(next).filter(|(from, to)| {
        let spans = (from.1 > at.1) != (to.1 > at.1);
        spans && at.0 < (to.0 - from.0) * (at.1 - from.1) / (to.1 - from.1) + from.0
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(colour: Colour) -> f64 {
        let part = |part: u8| {
            let part = f64::from(part) / 255.0;
            match part <= 0.04045 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2])
    }

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_colour_stands_out_on_light_and_on_dark() {
        for colour in [GREEN, BLUE, GREY, ORANGE, RED] {
            for panel in [WHITE, [0x24, 0x24, 0x24]] {
                let contrast = contrast(colour, panel);
                assert!(contrast >= 3.0, "{colour:x?} on {panel:x?}: {contrast:.2}");
            }
        }
        for colour in [GREEN, ORANGE] {
            assert!(contrast(colour, WHITE) >= 3.0);
        }
    }

    #[test]
    fn the_states_differ_in_shape_not_only_in_colour() {
        // At 16 pixels: what can be seen without any colour, on a light panel.
        let shape = |state: State| -> Vec<u8> {
            let drawn = draw(state, 16).pixels;
            let pixels = drawn.chunks_exact(4);
            let ink = pixels.map(|pixel| match pixel[..3] == [255, 255, 255] {
                true => 0,
                false => pixel[3],
            });
            ink.collect()
        };
        for (index, one) in State::ALL.into_iter().enumerate() {
            for other in &State::ALL[index + 1..] {
                let different = shape(one)
                    .into_iter()
                    .zip(shape(*other))
                    .filter(|(left, right)| left.abs_diff(*right) > 128)
                    .count();
                assert!(different >= 40, "{one:?} and {other:?}: {different} of 256");
            }
        }
    }

    #[test]
    fn pictures_have_the_size_asked_for_and_smooth_edges() {
        for size in [16, 22, 32, 48] {
            for state in State::ALL {
                let picture = draw(state, size);
                assert_eq!(picture.pixels.len(), (size * size * 4) as usize);
                let alphas = picture.pixels.chunks_exact(4).map(|pixel| pixel[3]);
                assert!(alphas.clone().any(|alpha| alpha == 255));
                assert!(alphas.clone().any(|alpha| alpha == 0));
                assert!(alphas.clone().any(|alpha| (1..255).contains(&alpha)));
            }
        }
    }
}
