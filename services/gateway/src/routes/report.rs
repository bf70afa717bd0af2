//! How a report is asked for and sent.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ACCEPT},
    web::Bytes,
};
use futures_util::stream;
use reports::audit::{Format, Section};
use serde::Deserialize;
use store::{StoreError, Tx, audits, changes::Source, findings};
use utoipa::{IntoParams, openapi::Object};

use crate::{context::Shared, error::Problem, reporting::Writing};

/// What a page may do that came with names from other people's repositories: show itself.
const NOTHING_BUT_ITSELF: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// How a report is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    #[param(schema_with = formats)]
    pub(crate) format: Option<String>,
    #[param(schema_with = sections)]
    pub(crate) section: Option<String>,
}

/// The words that a format may be asked for by.
pub(crate) fn formats() -> Object {
    super::words("Without it the header `Accept` decides, and CSV is the usual.", Format::ALL)
}

/// The words that a section may be asked for by.
pub(crate) fn sections() -> Object {
    super::words(
        "Only this section. As CSV it is a table and nothing else. A page has no sections.",
        Section::ALL,
    )
}

impl Asked {
    fn read(&self, request: &HttpRequest) -> Result<(Format, Option<Section>), Problem> {
        let wrong = |at: &'static str| {
            move |error: reports::audit::UnknownName| Problem::invalid(at, error.to_string())
        };
        let format = match &self.format {
            Some(name) => name.parse::<Format>().map_err(wrong("format"))?,
            None => accepted(request),
        };
        let section =
            self.section.as_deref().map(str::parse::<Section>).transpose().map_err(wrong("section"))?;
        if format == Format::Html && section.is_some() {
            return Err(Problem::invalid("section", "a page has no sections; leave it out, or ask for csv"));
        }
        Ok((format, section))
    }
}

/// The first format that the client names.
fn accepted(request: &HttpRequest) -> Format {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut names = accept.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
    names
        .find_map(|name| {
            let media_type = |format: &Format| format.media_type().split(';').next() == Some(name);
            Format::ALL.into_iter().find(media_type)
        })
        .unwrap_or(Format::Csv)
}

/// Sends the report of that which `source` finds, under the name `name`.
pub(crate) async fn answer(
    context: Shared,
    request: &HttpRequest,
    asked: &Asked,
    (name, source): (String, impl FnOnce(&mut Tx) -> Result<Source, StoreError> + Send + 'static),
) -> Result<HttpResponse, Problem> {
    let (format, section) = asked.read(request)?;
    let (writing, tag) = context
        .engine
        .store
        .read(move |tx| {
            let source = source(tx)?;
            source.check(tx)?;
            let tag = tag(tx, &source)?;
            Ok((Writing::begin(tx, source, format, section)?, tag))
        })
        .await?;
    let part = section.map_or(String::new(), |section| format!("-{section}"));
    let tag = tag.map(|tag| format!("\"{tag}{part}-{format}\""));
    if let Some(tag) = &tag
        && is_known(request, tag)
    {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag.as_str())).finish());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, format.media_type()));
    response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if let Some(tag) = tag {
        response.insert_header((header::ETAG, tag));
    }
    if format == Format::Html {
        response.insert_header((header::CONTENT_SECURITY_POLICY, NOTHING_BUT_ITSELF));
    } else {
        let file = format!("attachment; filename=\"{name}{part}.{format}\"");
        response.insert_header((header::CONTENT_DISPOSITION, file));
    }
    // The next piece is made when the client has taken the one before.
    let pieces = stream::try_unfold(writing, move |mut writing| {
        let context = context.clone();
        async move {
            let read = move |tx: &mut Tx| Ok((writing.next(tx)?, writing));
            let (piece, writing) = context.engine.store.read(read).await?;
            Ok::<_, Problem>(piece.map(|piece| (Bytes::from(piece), writing)))
        }
    });
    Ok(response.streaming(pieces))
}

/// What names the contents of a report: of an audit everything that it found and how many findings are still
/// open. A difference has none: the names of what it compares do not say with which analyzers.
fn tag(tx: &mut Tx, source: &Source) -> Result<Option<String>, StoreError> {
    let Source::Audit(id) = *source else { return Ok(None) };
    let open = findings::count_open_blocking(tx, id)?;
    let digest = audits::get(tx, id)?.and_then(|audit| audit.report_digest);
    Ok(digest.map(|digest| format!("{id}-{digest}-{open}-{}", env!("CARGO_PKG_VERSION"))))
}

fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let strong = |one: &str| one.trim().trim_start_matches("W/") == tag;
    known.is_some_and(|known| known.trim() == "*" || known.split(',').any(strong))
}
