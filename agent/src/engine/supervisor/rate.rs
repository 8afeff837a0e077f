//! Hash rate and achieved share over the last seconds.

use std::collections::VecDeque;

/// Reports older than this many seconds no longer count.
const SPAN: f64 = 10.0;

/// The reports of the last ten seconds.
#[derive(Debug, Default)]
pub struct RateWindow {
    reports: VecDeque<Report>,
    /// The next report begins anew: what was before was at another allowance.
    stale: bool,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    hashes: u64,
    seconds: f64,
    busy_seconds: f64,
}

impl RateWindow {
    /// Takes one report in. Returns hashes a second and the share used, in percent.
    pub fn push(&mut self, hashes: u64, seconds: f64, busy_seconds: f64) -> (f64, f64) {
        if std::mem::take(&mut self.stale) {
            self.reports.clear();
        }
        // The pieces at pauses are too short to say anything alone; together they count like any other.
        if seconds.is_finite() && busy_seconds.is_finite() && seconds > 0.0 {
            self.reports.push_back(Report {
                hashes,
                seconds,
                busy_seconds,
            });
        }
        let mut total = self.seconds();
        while self.reports.len() > 1 && total - self.reports[0].seconds >= SPAN {
            total -= self.reports[0].seconds;
            self.reports.pop_front();
        }
        if total <= 0.0 {
            return (0.0, 0.0);
        }
        let hashes: u64 = self.reports.iter().map(|report| report.hashes).sum();
        let busy: f64 = self.reports.iter().map(|report| report.busy_seconds).sum();
        (
            hashes as f64 / total,
            (100.0 * busy / total).clamp(0.0, 100.0),
        )
    }

    /// The allowance has changed.
    pub fn restart(&mut self) {
        self.stale = true;
    }

    fn seconds(&self) -> f64 {
        self.reports.iter().map(|report| report.seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_seconds_count_and_no_more() {
        let mut window = RateWindow::default();
        for _ in 0..20 {
            window.push(1_000, 1.0, 1.0);
        }
        let mut last = (0.0, 0.0);
        for _ in 0..10 {
            last = window.push(500, 1.0, 0.5);
        }
        assert_eq!(last, (500.0, 50.0));
    }

    #[test]
    fn another_allowance_begins_anew_with_its_first_report() {
        let mut window = RateWindow::default();
        window.push(1_000, 1.0, 1.0);
        window.restart();
        assert_eq!(window.push(250, 1.0, 0.25), (250.0, 25.0));
    }

    #[test]
    fn nonsense_is_not_shown() {
        let mut window = RateWindow::default();
        assert_eq!(window.push(1, 0.0, 0.0), (0.0, 0.0));
        assert_eq!(window.push(1, f64::NAN, 0.0), (0.0, 0.0));
        assert_eq!(window.push(1, f64::INFINITY, 0.0), (0.0, 0.0));
        assert_eq!(window.push(10, 1.0, 7.0), (10.0, 100.0));
    }
}
