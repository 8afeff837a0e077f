//! Which graphics adapters there are, each listed once under an id that stays.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A graphics adapter as it is shown and chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterDescription {
    /// `gpu-` and eight hex digits. It stays the same over restarts, driver updates and graphics interfaces.
    pub id: String,
    /// What the driver calls it.
    pub name: String,
    /// Its address on the PCI bus, such as `0000:01:00.0`, in lower case; `None` if the driver does not say.
    pub bus: Option<String>,
    /// The graphics interface through which it is used: `vulkan` or `dx12`.
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
    /// What kind of processor it is.
    pub kind: AdapterKind,
    /// The largest buffer in bytes. How much memory it has is not to be learnt through wgpu.
    pub largest_buffer: u64,
}

impl AdapterDescription {
    /// Whether it is a program on the CPU rather than a card.
    pub fn is_software(&self) -> bool {
        self.kind == AdapterKind::Software
    }
}

/// What kind of processor an adapter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// A card with memory of its own.
    Discrete,
    /// A part of the CPU's package.
    Integrated,
    /// A card lent to a virtual machine.
    Virtual,
    /// A program on the CPU (llvmpipe, WARP): for tests.
    Software,
    /// The driver does not say.
    Other,
}

/// How much may be used of the memory that the driver says is there for us, in per cent.
const MEMORY_PERCENT: u8 = 97;

/// Every adapter that can compute, hardware first.
pub fn adapters() -> Vec<AdapterDescription> {
    found().into_iter().map(|(listed, _)| listed).collect()
}

/// As [`adapters`], with what opens them.
pub(super) fn found() -> Vec<(AdapterDescription, wgpu::Adapter)> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // `WGPU_BACKEND=vulkan` or `dx12`, as in every program on wgpu: for a driver that fails in one of them.
    descriptor.backends = (wgpu::Backends::VULKAN | wgpu::Backends::DX12).with_env();
    // No validation layers: they are not installed on users' PCs, and warn where they are missing.
    descriptor.flags = wgpu::InstanceFlags::empty();
    // A buffer that does not fit into the card's own memory is refused, where some drivers would put it into the PC's,
    // and the screen would suffer.
    descriptor.memory_budget_thresholds.for_resource_creation = Some(MEMORY_PERCENT);
    let instance = wgpu::Instance::new(descriptor);
    let mut handles: Vec<Option<wgpu::Adapter>> = Vec::new();
    let mut seen = Vec::new();
    for adapter in pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())) {
        let capabilities = adapter.get_downlevel_capabilities();
        if capabilities
            .flags
            .contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        {
            seen.push(Seen::new(&adapter.get_info(), &adapter.limits()));
            handles.push(Some(adapter));
        }
    }
    list(&seen)
        .into_iter()
        .filter_map(|(index, listed)| Some((listed, handles.get_mut(index)?.take()?)))
        .collect()
}

/// What a graphics interface says about an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    vendor: u32,
    device: u32,
    bus: String,
    name: String,
    driver: String,
    backend: wgpu::Backend,
    kind: AdapterKind,
    largest_buffer: u64,
}

impl Seen {
    fn new(info: &wgpu::AdapterInfo, limits: &wgpu::Limits) -> Self {
        Self {
            vendor: info.vendor,
            device: info.device,
            bus: info.device_pci_bus_id.to_ascii_lowercase(),
            name: info.name.clone(),
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            backend: info.backend,
            kind: kind(info.device_type, &info.name),
            largest_buffer: limits.max_buffer_size,
        }
    }

    /// What tells a card from others for good. Cards that do not say where they are plugged in are counted.
    fn id(&self, number: usize) -> String {
        let place = if self.bus.is_empty() {
            format!("{} {number}", self.name)
        } else {
            self.bus.clone()
        };
        let text = format!("{:08x} {:08x} {place}", self.vendor, self.device);
        format!("gpu-{}", hex::encode(&Sha256::digest(text)[..4]))
    }
}

fn kind(device_type: wgpu::DeviceType, name: &str) -> AdapterKind {
    const SOFTWARE: [&str; 5] = [
        "llvmpipe",
        "lavapipe",
        "softpipe",
        "swiftshader",
        "microsoft basic render",
    ];
    let name = name.to_ascii_lowercase();
    if SOFTWARE.iter().any(|software| name.contains(software)) {
        return AdapterKind::Software;
    }
    match device_type {
        wgpu::DeviceType::Cpu => AdapterKind::Software,
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
        wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
        wgpu::DeviceType::Other => AdapterKind::Other,
    }
}

/// Lists each card once, hardware first. The numbers are places in `seen`.
///
/// Every graphics interface lists all cards of a model that it can drive, so the best interface that knows a model
/// is taken for it: Vulkan where there is a choice.
fn list(seen: &[Seen]) -> Vec<(usize, AdapterDescription)> {
    let rank = |backend: wgpu::Backend| match backend {
        wgpu::Backend::Vulkan => 0,
        wgpu::Backend::Dx12 => 1,
        _ => 2,
    };
    let mut listed: Vec<(usize, AdapterDescription)> = Vec::new();
    for (index, card) in seen.iter().enumerate() {
        let better = seen.iter().any(|other| {
            (other.vendor, other.device) == (card.vendor, card.device)
                && rank(other.backend) < rank(card.backend)
        });
        let known = |id: &str| listed.iter().any(|(_, other)| other.id == id);
        let free = (0..seen.len())
            .map(|number| card.id(number))
            .find(|id| !known(id));
        // A driver may list one place twice: then no id is free.
        if let (false, Some(id)) = (better, free) {
            listed.push((
                index,
                AdapterDescription {
                    id,
                    name: card.name.clone(),
                    bus: (!card.bus.is_empty()).then(|| card.bus.clone()),
                    backend: card.backend.to_string(),
                    driver: card.driver.clone(),
                    kind: card.kind,
                    largest_buffer: card.largest_buffer,
                },
            ));
        }
    }
    listed.sort_by_key(|(index, adapter)| (adapter.is_software(), *index));
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(backend: wgpu::Backend, bus: &str, name: &str) -> Seen {
        Seen {
            vendor: 0x10de,
            device: 0x2204,
            bus: bus.into(),
            name: name.into(),
            driver: "1.2".into(),
            backend,
            kind: AdapterKind::Discrete,
            largest_buffer: 1 << 31,
        }
    }

    fn software(backend: wgpu::Backend) -> Seen {
        Seen {
            vendor: 0x10005,
            device: 0,
            kind: kind(wgpu::DeviceType::Other, "llvmpipe (LLVM 15, 256 bits)"),
            ..card(backend, "", "llvmpipe (LLVM 15, 256 bits)")
        }
    }

    #[test]
    fn a_card_seen_twice_is_listed_once_through_vulkan() {
        let vulkan = card(
            wgpu::Backend::Vulkan,
            "0000:01:00.0",
            "NVIDIA GeForce RTX 3090",
        );
        let direct = card(wgpu::Backend::Dx12, "0000:01:00.0", "GeForce RTX 3090");
        let listed = list(&[direct.clone(), vulkan.clone()]);
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].0, listed[0].1.backend.as_str()), (1, "vulkan"));
        // The id does not depend on the interface.
        assert_eq!(list(&[direct])[0].1.id, listed[0].1.id);
        assert_eq!(listed[0].1.id.len(), "gpu-".len() + 8);
    }

    #[test]
    fn two_equal_cards_stay_two_with_and_without_a_bus() {
        for (first, second) in [("0000:01:00.0", "0000:02:00.0"), ("", "")] {
            let cards = [
                card(wgpu::Backend::Vulkan, first, "A"),
                card(wgpu::Backend::Vulkan, second, "A"),
                card(wgpu::Backend::Dx12, first, "A"),
                card(wgpu::Backend::Dx12, second, "A"),
            ];
            let listed = list(&cards);
            assert_eq!(listed.len(), 2, "{listed:?}");
            assert_ne!(listed[0].1.id, listed[1].1.id);
            assert_eq!(list(&cards), listed, "stable");
        }
    }

    #[test]
    fn software_is_known_by_name_and_listed_last() {
        let listed = list(&[
            software(wgpu::Backend::Vulkan),
            card(wgpu::Backend::Vulkan, "0000:01:00.0", "A"),
        ]);
        let kinds: Vec<AdapterKind> = listed.iter().map(|(_, adapter)| adapter.kind).collect();
        assert_eq!(kinds, [AdapterKind::Discrete, AdapterKind::Software]);
        for name in [
            "Microsoft Basic Render Driver",
            "SwiftShader Device (LLVM 16.0.0)",
            "llvmpipe (LLVM 15.0.6, 256 bits)",
        ] {
            assert_eq!(
                kind(wgpu::DeviceType::DiscreteGpu, name),
                AdapterKind::Software
            );
        }
    }
}
