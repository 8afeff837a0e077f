//! QR codes as SVG.

use qrcode::QrCode;
use qrcode::render::svg;

/// The code of a text; `None` if it is too long for one.
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .quiet_zone(true)
        .build();
    // Only the element: it stands in a page.
    picture
        .find("<svg")
        .map(|start| picture[start..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_element_and_no_text_is_in_it() {
        let picture = svg("<script>alert(1)</script>").expect("short enough");
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"));
        assert!(!picture.contains("script") && !picture.contains("style="));
        assert!(svg(&"x".repeat(5_000)).is_none());
    }
}
