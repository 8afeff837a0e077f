// What Windows shows of a program: its icon, its version, and how it wants to be run. Built into each by its `build.rs`.

use std::path::Path;

use winresource::VersionInfo;

/// Makes the resources of one program of this package. Nothing for other systems.
fn resources(root: &Path, program: &str, description: &str) {
    let here = root.join("installer/windows");
    for file in ["resources.rs", "idlewatt.ico", "idlewatt.manifest"] {
        println!("cargo:rerun-if-changed={}", here.join(file).display());
    }
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return;
    }
    let version = std::env::var("IDLEWATT_VERSION").or_else(|_| std::env::var("CARGO_PKG_VERSION"));
    let version = version.unwrap_or_else(|error| panic!("the version: {error}"));
    let number = version.split('.').take(3).fold(0, |number, part| {
        number << 16 | part.parse::<u64>().unwrap_or_else(|error| panic!("the version {version}: {error}"))
    }) << 16;
    let path = |name: &str| here.join(name).display().to_string();
    let file = format!("{program}.exe");
    winresource::WindowsResource::new()
        .set_icon(&path("idlewatt.ico"))
        .set_manifest_file(&path("idlewatt.manifest"))
        .set_version_info(VersionInfo::FILEVERSION, number)
        .set_version_info(VersionInfo::PRODUCTVERSION, number)
        .set("FileVersion", &version)
        .set("ProductVersion", &version)
        .set("ProductName", "Idlewatt")
        .set("CompanyName", "The Idlewatt developers")
        .set("LegalCopyright", "The Idlewatt developers; MIT or Apache-2.0")
        .set("FileDescription", description)
        .set("InternalName", program)
        .set("OriginalFilename", &file)
        .compile_for(program)
        .unwrap_or_else(|error| panic!("the resources of {file}: {error}"));
}
