//! The address under which the dashboard opens.

use super::Daemon;
use crate::control::point::ControlPoint;

impl Daemon {
    /// An address that opens the dashboard.
    pub fn dashboard_link(&self) -> String {
        let port = ControlPoint::find(&self.data).ok().flatten();
        let port = port.map_or(0, |point| point.port);
        format!("http://127.0.0.1:{port}/")
    }
}
