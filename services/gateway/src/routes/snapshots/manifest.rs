//! Snapshots of repositories that a person or a program lists.

use actix_web::{HttpResponse, post};
use contracts::{
    Failure, Oid,
    messages::{ManifestEntry, ManifestNode},
};
use serde::Deserialize;
use store::snapshots::{self, Analyzing, DEFAULT_STOCK, MAX_MANIFEST, Origin};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Snapshot;
use crate::{
    context::Shared, error::Problem, error_docs::Making, extract::Json, routes::missing,
    routes::stocks::check_name,
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create);
}

/// A snapshot that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The name of the stock that it is meant for; it is made when it is not there.
    #[serde(default = "default_stock")]
    #[schema(min_length = 1, max_length = 200, default = "default")]
    stock: String,
    /// Its repositories, 1 to 10,000.
    #[schema(min_items = 1, max_items = 10_000)]
    repositories: Vec<Listed>,
    /// Whether it waits for a person once it is audited, whatever the stock's policy.
    #[serde(default)]
    wait: bool,
}

/// A repository of a snapshot that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManifestEntry)]
struct Listed {
    /// Where it can be cloned from.
    #[schema(example = "https://github.com/BurntSushi/ripgrep")]
    url: String,
    /// The git id of the commit that is wanted; the newest when it is not said.
    commit: Option<String>,
    /// Its nodes, instead of a visit. Their contents must be held already.
    nodes: Option<Vec<Node>>,
}

/// A node of a snapshot that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManifestNode)]
struct Node {
    /// Its path within the repository, with `/` between folders; each once.
    #[schema(example = "src/main.rs")]
    path: String,
    /// Its content: a git blob id, a SWHID, or `sha256:` and the SHA-256 of its bytes. Of a submodule the commit.
    #[schema(example = "swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a")]
    digest: String,
    /// How many bytes that is, to be compared with what is held.
    size: Option<u64>,
    /// Its mode as git has it: `100644` when it is not said, `100755`, `120000` or `160000`.
    #[schema(example = "100644")]
    mode: Option<String>,
}

impl From<Node> for ManifestNode {
    fn from(node: Node) -> Self {
        let Node { path, digest, size, mode } = node;
        Self { path, digest, size, mode }
    }
}

fn default_stock() -> String {
    DEFAULT_STOCK.to_owned()
}

/// Makes a snapshot of the repositories that are listed.
///
/// They are visited at once, unless their nodes are listed; many of those are better uploaded as a manifest. Once audited it enters the stock by itself, unless it is to wait or the stock's policy
/// wants a person to say so.
#[utoipa::path(tag = "snapshots", request_body = Manifest, responses(
    (status = 202, description = "The snapshot that was begun", body = Snapshot,
        headers(("Location" = String, description = "Where it is"))),
    Making))]
#[post("/snapshots")]
async fn create(context: Shared, body: Json<Manifest>) -> Result<HttpResponse, Problem> {
    let Manifest { stock, repositories, wait } = body.0;
    check_name("stock", &stock)?;
    if repositories.is_empty() || repositories.len() > MAX_MANIFEST {
        let text = format!("{} repositories; it takes 1 to {MAX_MANIFEST}", repositories.len());
        return Err(Problem::invalid("repositories", text));
    }
    let listed = repositories.into_iter().enumerate().map(|(at, listed)| entry(at, listed));
    let listed = listed.collect::<Result<Vec<_>, _>>()?;
    let now = context.now();
    let analyzing = Analyzing { hint: analysis::hint, analyzers: analysis::versions() };
    let snapshot = context
        .engine
        .submit("gateway", move |tx| {
            let by = (Origin::Manifest, wait);
            let (id, outgoing) = snapshots::from_manifest(tx, &stock, &listed, by, &analyzing, now)?;
            let snapshot = snapshots::get(tx, id)?.ok_or_else(|| missing("snapshot", id))?;
            Ok::<_, Failure>((snapshot, outgoing))
        })
        .await?;
    let snapshot = Snapshot::from(snapshot);
    let location = format!("/api/v1/snapshots/{}", snapshot.id);
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(snapshot))
}

/// The entry with its canonical URL, and the repository's name for people.
fn entry(at: usize, listed: Listed) -> Result<(ManifestEntry, String), Problem> {
    let location = git::Location::parse(&listed.url)
        .map_err(|error| Problem::invalid(format!("repositories[{at}].url"), error.to_string()))?;
    let commit = listed.commit.map(|id| id.parse::<Oid>()).transpose();
    let commit =
        commit.map_err(|error| Problem::invalid(format!("repositories[{at}].commit"), error.to_string()))?;
    let nodes = listed.nodes.map(|nodes| nodes.into_iter().map(ManifestNode::from).collect());
    if commit.is_some() && nodes.is_some() {
        let text = "a repository has a commit to be visited at, or its nodes, not both";
        return Err(Problem::invalid(format!("repositories[{at}].nodes"), text));
    }
    Ok((ManifestEntry { url: location.canonical().to_owned(), commit, nodes }, location.name()))
}
