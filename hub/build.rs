//! Windows shows an icon, a version and a name for each program.

include!("../installer/windows/resources.rs");

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    resources(&root, "idlewatt-hub", "Idlewatt hub");
}
