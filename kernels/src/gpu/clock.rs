//! How long a dispatch took, by the device's own clock.

use std::time::Duration;

use super::Device;

/// The device's clock, read before and after a pass.
#[derive(Debug)]
pub(crate) struct Clock {
    times: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    nanoseconds_a_tick: f32,
}

impl Clock {
    /// Two timestamps of 64 bits.
    pub const BYTES: u64 = 16;

    /// The clock, where the device has one.
    pub fn new(device: &Device) -> Option<Self> {
        let raw = device.raw();
        raw.features()
            .contains(wgpu::Features::TIMESTAMP_QUERY)
            .then(|| Clock {
                times: raw.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("times"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2,
                }),
                resolved: raw.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("times"),
                    size: Self::BYTES,
                    usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                }),
                nanoseconds_a_tick: device.queue().get_timestamp_period(),
            })
    }

    /// Has a pass timed.
    pub fn of_pass(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.times,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Has the times written to a place in a buffer.
    pub fn write(&self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer, offset: u64) {
        encoder.resolve_query_set(&self.times, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, buffer, offset, Some(Self::BYTES));
    }

    /// The time between what was written there; `None` where it makes no sense.
    pub fn between(&self, words: &[u32]) -> Option<Duration> {
        let tick = |index: usize| {
            Some(u64::from(*words.get(2 * index)?) | u64::from(*words.get(2 * index + 1)?) << 32)
        };
        // Drivers have been seen to leave zeros, or times in the wrong order.
        let ticks = tick(1)?.checked_sub(tick(0)?).filter(|ticks| *ticks > 0)?;
        let seconds = ticks as f64 * f64::from(self.nanoseconds_a_tick) * 1e-9;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Columns and rows that hold at least so many workgroups.
pub(crate) fn grid(device: &Device, workgroups: u32) -> (u32, u32) {
    let most = device.raw().limits().max_compute_workgroups_per_dimension;
    let rows = workgroups.div_ceil(most).max(1);
    (workgroups.div_ceil(rows), rows)
}
