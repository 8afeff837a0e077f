//! Graphics cards, through wgpu (Vulkan; on Windows also Direct3D 12): which there are, opening one, and how much
//! work to hand it at once.

mod adapters;
mod bounds;
mod clock;
mod device;
mod kernel;
pub(crate) mod probe;
mod sizing;
mod tuning;

pub(crate) use clock::{Clock, grid};

pub use adapters::{AdapterDescription, AdapterKind, adapters};
pub use bounds::{Cost, copy_bandwidth, cost, integer_rate};
pub use device::Device;
pub use kernel::{Finished, Kernel, Readiness, kernel, kernel_version};
pub use sizing::BatchSizer;
pub use tuning::{Exchange, Tuning};

/// What can go wrong on a graphics card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// There is no adapter of that id.
    #[error("there is no graphics adapter \"{wanted}\"; present: {present}")]
    UnknownAdapter {
        /// The id that was asked for.
        wanted: String,
        /// The ids that there are.
        present: String,
    },
    /// The driver does not give access to the adapter.
    #[error("the graphics adapter cannot be opened: {0}")]
    Open(String),
    /// The driver was reset, updated or crashed, or the card was removed: the device must be opened again.
    #[error("the graphics device was lost: {0}")]
    DeviceLost(String),
    /// The card did not finish in time: the device must be opened again.
    #[error("the graphics device did not finish within {0:?}")]
    Timeout(std::time::Duration),
    /// The card has too little free memory.
    #[error("the graphics device is out of memory: {0}")]
    OutOfMemory(String),
    /// A mistake of ours, or a driver that rejects what it should not.
    #[error("the graphics driver rejected a command: {0}")]
    Validation(String),
    /// The card found something that the CPU does not confirm: it computes wrongly.
    #[error("the graphics device computes wrongly: {0}")]
    WrongResult(String),
    /// As many batches are in flight as there may be.
    #[error("{0} batches are in flight already: wait for one first")]
    Busy(usize),
    /// The algorithm has no kernel for graphics cards.
    #[error("{0} does not run on graphics cards")]
    NoKernel(crate::Algorithm),
    /// A job that cannot be worked on.
    #[error(transparent)]
    Job(#[from] crate::JobError),
    /// There is nothing to wait for.
    #[error("no batch is in flight")]
    Idle,
}

impl GpuError {
    /// Whether the device is of no more use and must be opened again.
    pub fn needs_new_device(&self) -> bool {
        matches!(
            self,
            GpuError::DeviceLost(_)
                | GpuError::Timeout(_)
                | GpuError::Validation(_)
                | GpuError::WrongResult(_)
        )
    }
}
