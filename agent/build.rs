//! Windows shows an icon, a version and a name for each program. The version may be another one than the workspace's, so
//! that updates can be tried out.

include!("../installer/windows/resources.rs");

fn main() {
    println!("cargo:rerun-if-env-changed=IDLEWATT_VERSION");
    if let Ok(version) = std::env::var("IDLEWATT_VERSION") {
        println!("cargo:rustc-env=CARGO_PKG_VERSION={version}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    resources(&root, "idlewatt", "Idlewatt");
    resources(&root, "idlewattw", "Idlewatt");
}
