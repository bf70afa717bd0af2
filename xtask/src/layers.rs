//! Which crate may depend on which, and who may use what from outside.
//!
//! Arrows point downward only: a crate depends on crates of lower layers, never on its own. Tests may use
//! more (`dev-dependencies` are not looked at), but nothing that ships may use `testkit`.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::{Complaint, Root};

/// Every crate and its layer. A crate that is not here is complained of.
const LAYERS: &[(u8, &[&str])] = &[
    (0, &["addresses", "contracts", "analysis", "reports"]),
    (1, &["bus", "checks", "store", "depot", "egress", "runtime", "git", "forges"]),
    (2, &["assets", "upkeep", "worker"]),
    (3, &["indexer", "repo-processor", "analyzer", "auditor", "courier", "gateway"]),
    (4, &["stocktake"]),
    (5, &["testkit", "xtask"]),
];

/// What only some crates may use, with the reason why it stays there.
const OWNED: &[(&[&str], &[&str], &str)] = &[
    (&["lapin"], &["bus"], "only the bus knows AMQP"),
    (&["diesel", "diesel_migrations", "libsqlite3-sys", "pq-sys"], &["store"], "only the store knows SQL"),
    (&["object_store"], &["depot"], "only the depot knows object stores"),
    (&["actix-web"], &["gateway", "runtime"], "only the gateway and the admin server speak HTTP"),
    (&["gix"], &["git"], "only git knows git"),
    (
        &["reqwest"],
        &["egress", "forges", "courier", "auditor", "git", "depot", "runtime", "stocktake"],
        "requests to the outside are made where their addresses are checked",
    ),
    (
        &[
            "config",
            "metrics-exporter-prometheus",
            "opentelemetry",
            "opentelemetry-otlp",
            "opentelemetry_sdk",
            "tracing-opentelemetry",
            "tracing-subscriber",
        ],
        &["runtime"],
        "a process is set up in one place",
    ),
    (&["redis"], &["gateway"], "only the gateway counts across processes"),
    (&["clap"], &["stocktake", "xtask"], "only programs have a command line"),
    (&["indicatif"], &["stocktake"], "only the program draws on a terminal"),
    (&["anyhow"], &["stocktake", "gateway", "testkit", "xtask"], "libraries say what can go wrong by type"),
];

/// What the lowest layer must not use: it is pure.
const IMPURE: &[&str] =
    &["tokio", "tokio-util", "async-trait", "futures-util", "tracing", "metrics", "rustls"];

/// What nobody may use: one TLS provider for the whole tree, and no C library where Rust does.
const BANNED: &[&str] =
    &["aws-lc-sys", "aws-lc-rs", "openssl-sys", "openssl", "native-tls", "git2", "libgit2-sys"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Checks the workspace.
pub(crate) fn run(root: &Root) -> Result<Vec<Complaint>> {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(&root.0);
    let output = command.output().context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not understood")?;
    let lock = std::fs::read_to_string(root.0.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let mut complaints: Vec<Complaint> = metadata.packages.iter().flat_map(check).collect();
    complaints.extend(check_lock(&lock));
    complaints.sort();
    Ok(complaints)
}

fn layer_of(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, names)| names.contains(&name)).map(|(layer, _)| *layer)
}

/// What is wrong with one crate's dependencies.
fn check(package: &Package) -> Vec<Complaint> {
    let complain = |what: String| Complaint { place: package.name.clone(), line: 0, what };
    let Some(layer) = layer_of(&package.name) else {
        return vec![complain("it has no layer; give it one in xtask/src/layers.rs".to_owned())];
    };
    let mut complaints = Vec::new();
    for dependency in &package.dependencies {
        if dependency.kind.as_deref() == Some("dev") {
            continue;
        }
        let name = dependency.name.as_str();
        if let Some(other) = layer_of(name)
            && other >= layer
        {
            complaints.push(complain(format!(
                "layer {layer} depends on {name} of layer {other}; arrows point to lower layers only"
            )));
        }
        if layer == 0 && IMPURE.contains(&name) {
            complaints.push(complain(format!("layer 0 is pure and must not use {name}")));
        }
        for (owned, owners, reason) in OWNED {
            // The kit that tests are made with may reach behind every seam.
            if owned.contains(&name) && !owners.contains(&package.name.as_str()) && package.name != "testkit"
            {
                complaints.push(complain(format!("{name} is for {} alone: {reason}", owners.join(", "))));
            }
        }
    }
    complaints
}

/// What is in the tree and must not be.
fn check_lock(lock: &str) -> Vec<Complaint> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let found = names.filter(|name| BANNED.contains(name));
    found
        .map(|name| Complaint {
            place: "Cargo.lock".to_owned(),
            line: 0,
            what: format!("{name} must not be in the tree"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let dependencies = dependencies.iter();
        let package = Package {
            name: name.to_owned(),
            dependencies: dependencies
                .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
                .collect(),
        };
        check(&package).into_iter().map(|complaint| complaint.what).collect()
    }

    #[test]
    fn arrows_point_downward_only() {
        assert!(told("worker", &[("bus", None), ("contracts", None), ("serde", None)]).is_empty());
        assert_eq!(
            told("bus", &[("store", None)]),
            ["layer 1 depends on store of layer 1; arrows point to lower layers only"]
        );
        assert_eq!(told("contracts", &[("tokio", None)]), ["layer 0 is pure and must not use tokio"]);
        assert_eq!(told("worker", &[("testkit", None)]).len(), 1);
        assert!(told("worker", &[("testkit", Some("dev"))]).is_empty());
        assert_eq!(told("novelty", &[]), ["it has no layer; give it one in xtask/src/layers.rs"]);
    }

    #[test]
    fn seams_have_owners() {
        assert_eq!(told("worker", &[("lapin", None)]), ["lapin is for bus alone: only the bus knows AMQP"]);
        assert!(told("bus", &[("lapin", None)]).is_empty());
        assert!(told("testkit", &[("lapin", None)]).is_empty());
        assert_eq!(told("analyzer", &[("diesel", Some("build"))]).len(), 1);
    }

    #[test]
    fn what_is_banned_is_found_in_the_lock() {
        assert_eq!(check_lock("[[package]]\nname = \"openssl-sys\"\nversion = \"1\"\n").len(), 1);
        assert!(check_lock("name = \"openssl-probe\"\n").is_empty());
    }

    #[test]
    fn this_workspace_keeps_its_layers() {
        let complaints = run(&Root::find().unwrap()).unwrap();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
