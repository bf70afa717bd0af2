//! Lists come in pages: a page says where the next one starts, as a text that means nothing to the caller.
//! Whoever wants all of a list takes it as a stream of lines, and goes on behind any of them.
//!
//! A handler of a list takes a [`List`], which has read the parameters that every list has, and answers by
//! [`Pages::answer`]; what it adds itself is its filter, and the query.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev,
    http::header::{ACCEPT, CONTENT_TYPE},
    web::{Bytes, Query},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::stream;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{StoreError, Tx};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    context::Shared,
    error::{Problem, wrong_query},
};

/// One JSON document a line.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// Items of a stream that are in memory at once. Few: what is known of the functions of one large file may
/// be as large as the file.
const AT_ONCE: u32 = 200;
/// Items of a page unless the caller says otherwise.
const USUAL: u32 = 100;
/// Items of the largest page.
const MOST: u32 = 1_000;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last one.
    #[schema(required)]
    pub(crate) next: Option<String>,
    /// How many items there are on all pages; there when it was asked for by `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
}

/// How many items a list has. Counting ends at a bound, so that it costs little however many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ListCount)]
struct Count {
    /// At least so many: 1000 at most.
    at_least: u32,
    /// Whether there are no more than that.
    is_exact: bool,
}

impl Count {
    /// The count of a list of which up to one more than [`MOST`] items were found.
    fn of(found: usize) -> Self {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        Self { at_least: found.min(MOST), is_exact: found <= MOST }
    }
}

/// The parameters that every list has.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next` of the page before, or `cursor` of the last line of a stream that broke off; empty for the first page.
    cursor: Option<String>,
    /// `json` for a page, `ndjson` for a stream of all of them, one a line, each with its `cursor`; without
    /// it the header `Accept` decides.
    #[param(inline)]
    format: Option<Format>,
    /// Whether a page says how many items the list has, up to a thousand.
    #[param(default = false)]
    count: Option<bool>,
}

/// How a list is answered.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Ndjson,
}

impl Format {
    fn accepted(request: &HttpRequest) -> Self {
        let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wanted = accept.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == NDJSON);
        if wanted { Self::Ndjson } else { Self::Json }
    }
}

/// The filter of a list that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct All {}

/// What a list is asked for: a page by its position `P`, and which items by the filter `F`.
pub(crate) struct List<P, F = All> {
    pub(crate) pages: Pages<P>,
    pub(crate) filter: F,
}

/// Which part of a list is asked for, and how it is to be written.
pub(crate) struct Pages<P> {
    window: Window<P>,
    format: Format,
    counts: bool,
    alone: bool,
}

impl<P: Position, F: DeserializeOwned> List<P, F> {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let query = request.query_string();
        // Read apart: what reads both at once would take every number for a text.
        let is_paging =
            |pair: &&str| matches!(pair.split('=').next(), Some("limit" | "cursor" | "format" | "count"));
        let (paging, filter): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_paging);
        let Query(paging) =
            Query::<Paging>::from_query(&paging.join("&")).map_err(|error| wrong_query(&error))?;
        let Query(filter) = Query::<F>::from_query(&filter.join("&")).map_err(|error| wrong_query(&error))?;
        let window = Window::read(paging.limit, paging.cursor.as_deref())?;
        let format = paging.format.unwrap_or_else(|| Format::accepted(request));
        let counts = paging.count == Some(true);
        if counts && format == Format::Ndjson {
            return Err(Problem::invalid("count", "a stream has no count: it has every item"));
        }
        Ok(Self { pages: Pages { window, format, counts, alone: false }, filter })
    }
}

impl<P: Position, F: DeserializeOwned> FromRequest for List<P, F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// How many items, and from where.
pub(crate) struct Window<P> {
    /// At least 1.
    pub(crate) limit: u32,
    /// The position of the last item of the page before.
    pub(crate) after: Option<P>,
}

/// The place of an item in its list.
pub(crate) trait Position: Sized {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl Position for Uuid {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_slice(bytes).ok()
    }
}

impl Position for i64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

impl Position for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

/// Among the names of a content: a tree, and a path in it.
impl Position for (i64, Vec<u8>) {
    fn to_bytes(&self) -> Vec<u8> {
        [&self.0.to_be_bytes(), self.1.as_slice()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tree, path) = bytes.split_first_chunk::<8>()?;
        Some((i64::from_be_bytes(*tree), path.to_vec()))
    }
}

/// Within a snapshot: a revision, and a path in it.
impl Position for (Uuid, Vec<u8>) {
    fn to_bytes(&self) -> Vec<u8> {
        [self.0.as_bytes(), self.1.as_slice()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, path) = bytes.split_at_checked(16)?;
        Some((Uuid::from_slice(id).ok()?, path.to_vec()))
    }
}

impl<P: Position> Window<P> {
    /// Reads the parameters `limit` and `cursor`.
    pub(crate) fn read(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::invalid("limit", format!("{limit} is not between 1 and {MOST}")));
        }
        // An empty one is that of the first page.
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        Ok(Self { limit, after: cursor.map(decode).transpose()? })
    }

    /// One more than the page has: whether it is there tells whether this page is the last.
    pub(crate) fn wanted(&self) -> u32 {
        self.limit + 1
    }

    /// The page of what was found of the [`wanted`](Self::wanted).
    pub(crate) fn page<R, T: From<R>>(&self, mut rows: Vec<R>, position: impl Fn(&R) -> P) -> Page<T> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| more).map(|last| encode(&position(last)));
        Page { items: rows.into_iter().map(T::from).collect(), next, count: None }
    }
}

impl<P: Position + Clone + Send + 'static> Pages<P> {
    /// Says that a page is read by one statement, which needs no transaction around it.
    pub(crate) fn by_one_statement(self) -> Self {
        Self { alone: true, ..self }
    }

    /// What `read` finds behind a position, up to a number of rows: a page of it, or all of it.
    pub(crate) async fn answer<R: Send + 'static, T: From<R> + Serialize + 'static>(
        mut self,
        context: Shared,
        position: impl Fn(&R) -> P + Clone + 'static,
        read: impl Fn(&mut Tx, Option<P>, u32) -> Result<Vec<R>, StoreError> + Clone + Send + 'static,
    ) -> Result<HttpResponse, Problem> {
        let after = self.window.after.take();
        if self.format == Format::Json {
            let (wanted, store) = (self.window.wanted(), &context.engine.store);
            let (rows, count) = if self.counts {
                let work = move |tx: &mut Tx| Ok((read(tx, None, MOST + 1)?.len(), read(tx, after, wanted)?));
                let (found, rows) = store.read(work).await?;
                (rows, Some(Count::of(found)))
            } else if self.alone {
                (store.ask(move |tx| read(tx, after.clone(), wanted)).await?, None)
            } else {
                (store.read(move |tx| read(tx, after, wanted)).await?, None)
            };
            let page = self.window.page::<R, T>(rows, position);
            return Ok(HttpResponse::Ok().json(Page { count, ..page }));
        }
        // Read before the answer begins: what is wrong with the list as a whole is still told as a problem.
        let first = read.clone();
        let rows = context.engine.store.read(move |tx| first(tx, after, AT_ONCE)).await?;
        let lines = stream::try_unfold(Some(rows), move |rows| {
            let (context, position, read) = (context.clone(), position.clone(), read.clone());
            async move {
                // Nothing may be sent as an empty chunk; an empty list has no line at all.
                let Some(rows) = rows.filter(|rows: &Vec<R>| !rows.is_empty()) else { return Ok(None) };
                let last = rows.last().filter(|_| rows.len() == AT_ONCE as usize).map(&position);
                let text = lines::<R, T, P>(rows, position).map_err(Problem::internal)?;
                // The next ones are read when the client has taken these.
                let next = match last {
                    None => None,
                    last => Some(context.engine.store.read(move |tx| read(tx, last, AT_ONCE)).await?),
                };
                Ok::<_, Problem>(Some((text, next)))
            }
        });
        Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, NDJSON)).streaming(lines))
    }
}

/// An item, and what a stream goes on behind when it breaks off after it.
#[derive(Serialize)]
struct Line<T> {
    #[serde(flatten)]
    item: T,
    cursor: String,
}

fn lines<R, T: From<R> + Serialize, P: Position>(
    rows: Vec<R>,
    position: impl Fn(&R) -> P,
) -> Result<Bytes, serde_json::Error> {
    let mut text = Vec::new();
    for row in rows {
        let cursor = encode(&position(&row));
        serde_json::to_writer(&mut text, &Line { item: T::from(row), cursor })?;
        text.push(b'\n');
    }
    Ok(text.into())
}

pub(crate) fn encode(position: &impl Position) -> String {
    URL_SAFE_NO_PAD.encode(position.to_bytes())
}

pub(crate) fn decode<P: Position>(cursor: &str) -> Result<P, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes.and_then(|bytes| P::from_bytes(&bytes)).ok_or_else(|| {
        Problem::invalid(
            "cursor",
            "it is none that a page of this list gave as `next`; leave it out for the first page",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_go_both_ways_and_strangers_are_refused() {
        let at = (Uuid::now_v7(), b"a/\xff".to_vec());
        assert_eq!(decode::<(Uuid, Vec<u8>)>(&encode(&at)).unwrap(), at);
        assert_eq!(decode::<String>(&encode(&"ä".to_owned())).unwrap(), "ä");
        for cursor in ["", "x", "%%", "AAAA"] {
            assert!(decode::<Uuid>(cursor).is_err(), "{cursor}");
        }
    }

    #[test]
    fn a_count_ends_at_its_bound() {
        assert_eq!(Count::of(0), Count { at_least: 0, is_exact: true });
        assert_eq!(Count::of(1_000), Count { at_least: 1_000, is_exact: true });
        assert_eq!(Count::of(1_001), Count { at_least: 1_000, is_exact: false });
    }

    #[test]
    fn the_last_page_has_no_next() {
        let window = Window::<String>::read(Some(2), None).unwrap();
        let page: Page<String> = window.page(vec!["a".to_owned(), "b".to_owned()], String::clone);
        assert!(page.next.is_none());
        let page: Page<String> = window.page(["a", "b", "c"].map(String::from).to_vec(), String::clone);
        assert_eq!((page.items.len(), page.next), (2, Some(encode(&"b".to_owned()))));
        assert!(Window::<String>::read(Some(0), None).is_err());
        assert!(Window::<String>::read(Some(MOST + 1), None).is_err());
    }
}
