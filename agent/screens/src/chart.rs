//! Charts as SVG, made by the server: nothing has to run in the browser to see them. Each has a table that says the same.

use askama::Template;

use crate::Words;

/// Columns, one a day or hour, each stacked of one part a series.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What is shown, for the caption.
    pub title: String,
    /// What the parts are of, such as devices.
    pub series: Vec<String>,
    /// From left to right.
    pub columns: Vec<Column>,
    /// The head of the table's first column, such as "Day".
    pub axis: String,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What stands below it.
    pub label: String,
    /// One number a series, zero or more.
    pub parts: Vec<f64>,
    /// The same as text, for the table.
    pub told: Vec<String>,
}

/// One rectangle of the drawing, in units of a hundredth of a column and a hundredth of the height.
struct Bar {
    x: f64,
    y: f64,
    height: f64,
    series: usize,
}

#[derive(Template)]
#[template(path = "bars.html")]
struct BarsTemplate<'a> {
    words: Words,
    chart: &'a Bars,
    bars: Vec<Bar>,
    width: usize,
    first: &'a str,
    last: &'a str,
    most: String,
}

/// The classes that colour series in the stylesheet; more series share the last.
const COLOURS: usize = 8;

impl Bars {
    /// As HTML. `most` is how the highest column's sum is told.
    pub fn html(&self, words: Words, most: impl Fn(f64) -> String) -> String {
        let sums = self
            .columns
            .iter()
            .map(|column| column.parts.iter().sum::<f64>());
        let highest = sums.fold(0.0, f64::max);
        let mut bars = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            let mut top = 100.0;
            for (series, part) in column
                .parts
                .iter()
                .enumerate()
                .filter(|(_, part)| **part > 0.0)
            {
                let height = part / highest * 100.0;
                top -= height;
                bars.push(Bar {
                    x: place as f64 * 100.0 + 12.0,
                    y: top,
                    height,
                    series: series.min(COLOURS - 1),
                });
            }
        }
        let template = BarsTemplate {
            words,
            chart: self,
            bars,
            width: (self.columns.len() * 100).max(1),
            first: self.columns.first().map_or("", |column| &column.label),
            last: self.columns.last().map_or("", |column| &column.label),
            most: most(highest),
        };
        template.render().unwrap_or_default()
    }
}

/// A line that the script goes on drawing: values at equal distances, the last one the newest.
#[derive(Clone, Debug)]
pub struct Line {
    /// What is shown, for the caption.
    pub title: String,
    /// The key under which new values come.
    pub live: String,
    /// Oldest first; a gap is NaN.
    pub values: Vec<f64>,
    /// How many there are when it is full.
    pub length: usize,
    /// The highest that the scale reaches; lower than the values, it grows.
    pub scale: f64,
    /// What stands at the left and the right end.
    pub ends: (String, String),
    /// How the scale's end is told.
    pub most: String,
}

#[derive(Template)]
#[template(path = "line.html")]
struct LineTemplate<'a> {
    chart: &'a Line,
    points: String,
    values: String,
}

impl Line {
    /// As HTML.
    pub fn html(&self) -> String {
        let known = self
            .values
            .iter()
            .copied()
            .filter(|value| value.is_finite());
        let highest = known.fold(self.scale, f64::max).max(f64::MIN_POSITIVE);
        let first = self.length.saturating_sub(self.values.len());
        let mut points = String::new();
        for (place, value) in self
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
        {
            points.push_str(&format!(
                "{},{:.1} ",
                first + place,
                100.0 - value / highest * 100.0
            ));
        }
        let values: Vec<String> = self.values.iter().map(|value| short(*value)).collect();
        let template = LineTemplate {
            chart: self,
            points,
            values: values.join(" "),
        };
        template.render().unwrap_or_default()
    }
}

/// A value for the script: whole where that is exact enough.
pub fn short(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "-".to_owned(),
        _ if value.abs() >= 1_000.0 || value == value.trunc() => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn a_chart_stacks_its_parts_and_says_them_in_a_table() {
        let chart = Bars {
            title: "Earned <a day>".into(),
            series: vec!["A".into(), "B".into()],
            columns: vec![
                Column {
                    label: "1".into(),
                    parts: vec![1.0, 3.0],
                    told: vec!["one".into(), "three".into()],
                },
                Column {
                    label: "2".into(),
                    parts: vec![2.0, 0.0],
                    told: vec!["two".into(), "none".into()],
                },
            ],
            axis: "Day".into(),
        };
        let html = chart.html(Words::of(Language::English), |most| format!("{most} XMR"));
        assert!(
            html.contains("Earned &#60;a day&#62;") && html.contains("4 XMR"),
            "{html}"
        );
        assert_eq!(html.matches("width=\"76\"").count(), 3);
        assert!(html.contains("three") && html.contains("none"));
        assert!(!html.contains("style="));
    }

    #[test]
    fn an_empty_chart_and_one_of_zeros_are_drawn() {
        let words = Words::of(Language::Korean);
        let mut chart = Bars {
            title: String::new(),
            series: Vec::new(),
            columns: Vec::new(),
            axis: String::new(),
        };
        assert!(!chart.html(words, |most| most.to_string()).contains("NaN"));
        chart.series.push("A".into());
        chart.columns.push(Column {
            label: "1".into(),
            parts: vec![0.0],
            told: vec!["0".into()],
        });
        assert!(!chart.html(words, |most| most.to_string()).contains("NaN"));
    }
}
