//! The borders between our crates, as ARCHITECTURE.md draws them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each crate and which of ours it may depend on. What is not listed is refused.
const ALLOWED: &[(&str, &[&str])] = &[
    ("idlewatt-kernels", &[]),
    ("idlewatt-market", &[]),
    ("idlewatt-platform", &[]),
    ("idlewatt-stratum", &[]),
    ("idlewatt-tls", &[]),
    ("idlewatt-protocol", &[]),
    ("idlewatt-config", &[]),
    ("idlewatt-test-ports", &[]),
    ("idlewatt-test-postgres", &["idlewatt-test-ports"]),
    ("idlewatt-screens", &["idlewatt-protocol"]),
    ("idlewatt-ledger", &["idlewatt-protocol"]),
    (
        "idlewatt-store",
        &[
            "idlewatt-ledger",
            "idlewatt-protocol",
            "idlewatt-test-postgres",
        ],
    ),
    (
        "idlewatt-hub",
        &[
            "idlewatt-kernels",
            "idlewatt-ledger",
            "idlewatt-protocol",
            "idlewatt-screens",
            "idlewatt-store",
            "idlewatt-stratum",
            "idlewatt-tls",
            "idlewatt-test-postgres",
        ],
    ),
    (
        "idlewatt",
        &[
            "idlewatt-config",
            "idlewatt-kernels",
            "idlewatt-market",
            "idlewatt-platform",
            "idlewatt-protocol",
            "idlewatt-screens",
            "idlewatt-stratum",
            "idlewatt-tls",
        ],
    ),
];

/// What must stay free of runtime and network.
const PURE: &[&str] = &[
    "idlewatt-kernels",
    "idlewatt-market",
    "idlewatt-stratum",
    "idlewatt-protocol",
    "idlewatt-ledger",
];
const IMPURE: &[&str] = &["tokio", "reqwest", "axum", "sqlx", "hyper"];

/// The crates that may contain `unsafe`.
const MAY_BE_UNSAFE: &[&str] = &["idlewatt-platform", "idlewatt-kernels"];

fn ours() -> Vec<cargo_metadata::Package> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo metadata answers")
        .packages
}

#[test]
fn crates_depend_only_on_what_the_architecture_allows() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|(name, may)| (*name, may.iter().copied().collect()))
        .collect();
    let packages = ours();
    let names: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package.name.as_str() != "idlewatt-tests")
    {
        let Some(may) = allowed.get(package.name.as_str()) else {
            wrong.push(format!(
                "{} is in no list: add it with what it may use",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            if names.contains(name) && !may.contains(name) {
                wrong.push(format!("{} may not depend on {name}", package.name));
            }
            let pure =
                PURE.contains(&package.name.as_str()) && dependency.kind == DependencyKind::Normal;
            if pure && IMPURE.contains(&name) {
                wrong.push(format!("{} must stay free of {name}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_everywhere_else() {
    for package in ours() {
        for target in &package.targets {
            let root = target.is_lib() || target.is_bin();
            if !root || MAY_BE_UNSAFE.contains(&package.name.as_str()) {
                continue;
            }
            let source =
                std::fs::read_to_string(&target.src_path).expect("the crate root is readable");
            assert!(
                source.contains("#![forbid(unsafe_code)]"),
                "{} lacks #![forbid(unsafe_code)]",
                target.src_path
            );
        }
    }
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    fn walk(folder: &Path, long: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder)
            .expect("a readable folder")
            .flatten()
        {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if !matches!(name.to_str(), Some("target" | ".git" | "node_modules")) {
                    walk(&path, long);
                }
            } else if matches!(
                path.extension().and_then(|e| e.to_str()),
                Some("rs" | "wgsl" | "sh" | "js")
            ) {
                let lines = std::fs::read_to_string(&path)
                    .expect("utf-8")
                    .lines()
                    .count();
                if lines > 500 {
                    long.push(format!("{} has {lines} lines", path.display()));
                }
            }
        }
    }
    let mut long = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut long);
    assert!(long.is_empty(), "{}", long.join("\n"));
}
