//! The nodes of a snapshot: in pages, or all of them as a stream of lines.

mod shape;

use actix_web::{HttpResponse, get, web::Path};
use contracts::{RepositoryId, RevisionId, SnapshotId};
use serde::Deserialize;
use store::{
    StoreError, Tx, metrics,
    revisions::{self, Revision},
    snapshots, trees,
};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::shape::Node;
use super::missing;
use crate::{
    context::Shared,
    error::Problem,
    error_docs::Finding,
    paging::{List, Page, Paging},
};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_nodes);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those of this repository.
    repository: Option<Uuid>,
    /// Only what these analyzers found, with commas between their names; nothing when it is empty, and
    /// everything when it is not said.
    metrics: Option<String>,
}

/// Lists a snapshot's nodes with what the analyzers found.
///
/// They are sorted by repository, in the order in which these were found, and by path.
#[utoipa::path(tag = "snapshots",
    params(("id" = Uuid, Path, description = "The snapshot's id"), Paging, Filter), responses(
    (status = 200, description = "A page of nodes", body = Page<Node>), Finding))]
#[get("/snapshots/{id}/nodes")]
async fn list_nodes(
    context: Shared,
    id: Path<Uuid>,
    asked: List<Place, Filter>,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted {
        snapshot: SnapshotId(*id),
        repository: asked.filter.repository.map(RepositoryId),
        analyzers: analyzers(asked.filter.metrics.as_deref())?,
    };
    let read = move |tx: &mut Tx, after, limit| page(tx, &wanted, after, limit);
    asked.pages.answer::<_, Node>(context, |(place, _)| place.clone(), read).await
}

/// A revision of the snapshot, and a path in it.
type Place = (Uuid, Vec<u8>);

/// Which nodes, with what.
#[derive(Clone)]
struct Wanted {
    snapshot: SnapshotId,
    repository: Option<RepositoryId>,
    /// Analyzers and their versions.
    analyzers: Vec<(&'static str, i32)>,
}

fn analyzers(asked: Option<&str>) -> Result<Vec<(&'static str, i32)>, Problem> {
    let mut known = analysis::versions();
    let Some(asked) = asked else { return Ok(known) };
    let names: Vec<&str> = asked.split(',').filter(|name| !name.is_empty()).collect();
    if let Some(stranger) = names.iter().find(|name| !known.iter().any(|(one, _)| one == *name)) {
        let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let detail = format!("{stranger:?} is no analyzer; known: {}", known.join(", "));
        return Err(Problem::invalid("metrics", detail));
    }
    known.retain(|(name, _)| names.contains(name));
    Ok(known)
}

/// Up to `limit` nodes behind `after`, from as many revisions as it takes.
fn page(
    tx: &mut Tx,
    wanted: &Wanted,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<(Place, Node)>, StoreError> {
    let snapshot = wanted.snapshot;
    snapshots::get(tx, snapshot)?.ok_or_else(|| missing("snapshot", snapshot))?;
    let mut found = Vec::new();
    let (mut revision, mut path) = match after {
        None => (next_revision(tx, wanted, None)?, Vec::new()),
        Some((id, path)) => {
            let ours = |one: &Revision| {
                one.snapshot == snapshot && wanted.repository.is_none_or(|wanted| one.repository == wanted)
            };
            (revisions::get(tx, RevisionId(id))?.filter(ours), path)
        }
    };
    while let Some(current) = revision {
        if let Some(tree) = current.tree {
            let missing = limit - found.len() as u32;
            found.extend(nodes(tx, wanted, &current, (tree, &path), missing)?);
        }
        if found.len() == limit as usize {
            break;
        }
        path.clear();
        revision = next_revision(tx, wanted, Some(current.id))?;
    }
    Ok(found)
}

/// A repository has one part in a snapshot, so one that is asked for by name has no next.
fn next_revision(
    tx: &mut Tx,
    wanted: &Wanted,
    after: Option<RevisionId>,
) -> Result<Option<Revision>, StoreError> {
    match (wanted.repository, after) {
        (None, after) => Ok(revisions::of_snapshot(tx, wanted.snapshot, None, after, 1)?.pop()),
        (Some(repository), None) => revisions::of_both(tx, wanted.snapshot, repository),
        (Some(_), Some(_)) => Ok(None),
    }
}

fn nodes(
    tx: &mut Tx,
    wanted: &Wanted,
    revision: &Revision,
    (tree, after): (i64, &[u8]),
    limit: u32,
) -> Result<Vec<(Place, Node)>, StoreError> {
    let rows = trees::contents_page(tx, tree, Some(after), limit)?;
    let ids: Vec<i64> = rows.iter().filter_map(|row| row.content.map(|(id, _)| id)).collect();
    let found = metrics::of_contents(tx, &ids, &wanted.analyzers)?;
    let node = |row: trees::TreeContent| {
        // They are sorted by content.
        let of_content = row.content.map_or(&[][..], |(id, _)| {
            let start = found.partition_point(|metric| metric.content < id);
            let end = found.partition_point(|metric| metric.content <= id);
            &found[start..end]
        });
        ((revision.id.0, row.node.path.clone()), Node::new(revision.repository, row, of_content))
    };
    Ok(rows.into_iter().map(node).collect())
}

impl From<(Place, Node)> for Node {
    fn from((_, node): (Place, Node)) -> Self {
        node
    }
}
