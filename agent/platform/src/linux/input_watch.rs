//! The first sign of input: by the X server's alarm, or by GNOME's watch under Wayland.

mod x11;

/// Every source that can tell; those that cannot wait for ever.
#[derive(Default)]
pub struct InputWatch {
    x11: x11::Watch,
}

impl InputWatch {
    pub async fn input(&mut self) {
        self.x11.input().await;
    }
}
