//! `generic`: a file or a URL with one clone URL or one JSON record a line.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use contracts::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, plausible, resume};
use crate::{
    Facts, Record,
    exchange::{Answer, Auth, Page, Range, Refused, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of, invalid},
};

/// How many bytes are read for one page. A longer line is refused.
const CHUNK: u64 = 1 << 20;
/// How many lines one page has at the most.
const LINES: usize = 5_000;

pub(super) struct Generic;

/// Where the next line begins, and the tag of the file that it is in.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    at: u64,
    #[serde(default)]
    tag: Option<String>,
    /// Whether a line that is too long is being skipped.
    #[serde(default)]
    skipping: bool,
}

/// A line that is JSON: `url`, and whatever of the facts is known.
#[derive(Deserialize)]
struct Line {
    url: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    forge: Option<String>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(flatten)]
    facts: Facts,
}

impl Kind for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn about(&self) -> &'static str {
        "A file or a URL with one repository a line: a clone URL, or a JSON object with `url` and whatever is \
         known of `name`, `id`, `forge`, `description`, `page`, `default_branch`, `stars`, `forks`, `language`, \
         `topics`, `licence`, `archived`, `fork`, `private`, `bytes`, `created_at`, `pushed_at` and `parent`. \
         Empty lines and those that begin with # are passed over."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::optional("path", Accepts::Text, "the file, an absolute path on the indexer's machine"),
            Parameter::optional(
                "url",
                Accepts::Url,
                "where the file is; exactly one of path and url is needed",
            ),
            Parameter::optional(
                "complete",
                Accepts::Flag,
                "whether what is listed no longer is gone; false if not said",
            ),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let params = Params(params);
        params.exactly_one(&["path", "url"])?;
        match params.text("path") {
            Some(path) if !Path::new(path).is_absolute() => {
                Err(invalid(format!("path is {path:?}; it has to be an absolute path")))
            }
            _ => Ok(()),
        }
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Params(params).text("url").map(host_of)
    }

    fn is_complete(&self, params: &Value) -> bool {
        Params(params).flag("complete").unwrap_or(false)
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _: With) -> Result<Step, Failure> {
        let (params, cursor) = (Params(params), resume::<Cursor>(cursor));
        if let Some(path) = params.text("path") {
            let (chunk, more) = read_file(path, cursor.at).map_err(|error| {
                Failure::new(ErrorKind::NotFound, format!("path {path} cannot be read: {error}"))
            })?;
            return Ok(Step::Page(page(&chunk, more, cursor)));
        }
        let url = params.text("url").unwrap_or_default().to_owned();
        let range = Range { start: cursor.at, length: CHUNK, of: cursor.tag };
        let request =
            Request { conditional: false, range: Some(range), ..Request::json(url, Auth::Bearer, "files") };
        Ok(Step::Call(Box::new(Request { accept: "*/*", understands: &[416], ..request })))
    }

    fn read(&self, _: &Value, cursor: Option<&Value>, answer: &Answer, _: With) -> Result<Page, Failure> {
        let mut cursor = resume::<Cursor>(cursor);
        // There is nothing behind the end of the file.
        if answer.status == 416 {
            return Ok(Page::default());
        }
        let tag = answer.header("etag").filter(|tag| !tag.starts_with("W/")).map(str::to_owned);
        if cursor.at > 0 && cursor.tag.is_some() && cursor.tag != tag {
            // Another file by now: from its beginning, which is not what was asked for.
            return Ok(Page { next: Some(json!(Cursor::default())), ..Page::default() });
        }
        cursor.tag = tag;
        Ok(page(&answer.body, answer.more, cursor))
    }
}

fn read_file(path: &str, at: u64) -> std::io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut chunk = Vec::new();
    file.by_ref().take(CHUNK).read_to_end(&mut chunk)?;
    let more = file.read(&mut [0])? > 0;
    Ok((chunk, more))
}

/// The whole lines of a chunk, and where the next one begins.
fn page(chunk: &[u8], more: bool, cursor: Cursor) -> Page {
    let (mut page, mut used, mut lines, mut skipping) = (Page::default(), 0, 0, cursor.skipping);
    while used < chunk.len() && lines < LINES {
        let rest = chunk.get(used..).unwrap_or_default();
        let length = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if !more => rest.len(),
            None => break,
        };
        if skipping {
            skipping = false;
        } else {
            add(rest.get(..length).unwrap_or_default(), &mut page);
        }
        (used, lines) = (used + length, lines + 1);
    }
    if used == 0 && more {
        if !skipping {
            let text = format!("it has more than {CHUNK} bytes");
            page.refused.push(Refused::new(format!("the line at byte {}", cursor.at), text));
        }
        (used, skipping) = (chunk.len().max(1), true);
    }
    if more || used < chunk.len() {
        page.next = Some(json!(Cursor { at: cursor.at + used as u64, tag: cursor.tag, skipping }));
    }
    page
}

fn add(line: &[u8], page: &mut Page) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() || text.starts_with('#') {
        return;
    }
    let shown = || text.chars().take(200).collect::<String>();
    if !text.starts_with('{') {
        return match plausible(text) {
            Ok(url) => page.found.push(Record::bare(url)),
            Err(failure) => page.refused.push(Refused::new(shown(), failure)),
        };
    }
    match serde_json::from_str::<Line>(text).map_err(|error| error.to_string()).and_then(|line| {
        plausible(&line.url).map_err(|failure| failure.reason)?;
        Ok(line)
    }) {
        Ok(line) => page.found.push(Record {
            url: line.url.trim().to_owned(),
            name: line.name,
            forge: line.forge.unwrap_or_default(),
            id: line.id.and_then(|id| crate::record::id(&id, "")),
            facts: line.facts,
            raw: serde_json::from_str(text).ok(),
        }),
        Err(reason) => page.refused.push(Refused::new(shown(), reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(params: &Value) -> (Vec<Record>, Vec<Refused>) {
        let (mut found, mut refused, mut cursor) = (Vec::new(), Vec::new(), None);
        for _ in 0..1_000 {
            let Step::Page(page) = Generic.step(params, cursor.as_ref(), With::default()).unwrap() else {
                panic!("no call is needed")
            };
            found.extend(page.found);
            refused.extend(page.refused);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return (found, refused),
            }
        }
        panic!("it does not end");
    }

    #[test]
    fn a_file_is_read_to_its_last_line_whatever_the_lines_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        let mut text = "# a comment\n\nhttps://example.org/a\r\n".to_owned();
        text.push_str("{\"url\": \"https://example.org/b\", \"stars\": 7, \"id\": 12, \"more\": true}\n");
        text.push_str("{\"name\": \"no url\"}\next::sh -c id\n");
        text.push_str(&"x".repeat(3 << 20));
        text.push('\n');
        for n in 0..LINES + 10 {
            text.push_str(&format!("https://example.org/r{n}\n"));
        }
        text.push_str("https://example.org/last");
        std::fs::write(&path, &text).unwrap();
        let (found, refused) = all(&json!({ "path": path }));
        assert_eq!(found.len(), LINES + 13);
        assert_eq!((found[1].facts.stars, found[1].id.as_deref()), (Some(7), Some("12")));
        assert_eq!(found.last().unwrap().url, "https://example.org/last");
        let subjects: Vec<&str> = refused.iter().map(|one| one.subject.as_str()).collect();
        assert_eq!(subjects.len(), 3, "{subjects:?}");
        assert!(subjects[2].starts_with("the line at byte"), "{subjects:?}");
    }

    #[test]
    fn a_file_that_changed_is_begun_anew() {
        let cursor = json!({ "at": 100, "tag": "\"one\"" });
        let mut answer =
            Answer { status: 200, body: b"https://example.org/a\n".to_vec(), ..Answer::default() };
        answer.headers.insert("etag".to_owned(), "\"two\"".to_owned());
        let page = Generic.read(&json!({}), Some(&cursor), &answer, With::default()).unwrap();
        assert_eq!(page.found, []);
        assert_eq!(page.next.unwrap()["at"], 0);
    }

    #[test]
    fn exactly_one_place_is_named() {
        for params in [json!({}), json!({ "path": "/a", "url": "https://h/a" }), json!({ "path": "a" })] {
            let failure = crate::check("generic", &params).unwrap_err();
            assert!(failure.reason.contains("path"), "{failure}");
        }
    }
}
