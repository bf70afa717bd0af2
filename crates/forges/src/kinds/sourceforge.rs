//! `sourceforge`: sourceforge.net. Its directory is made of pages for people; what a project has is told by
//! its REST API.

use contracts::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, resume};
use crate::{
    Facts, Record,
    exchange::{Answer, Auth, Page, Refused, Request, Step, With},
    params::{Accepts, Parameter, Params, host_of, invalid, quoted},
    record::{flag, prose, text, time},
};

pub(super) struct SourceForge;

const SITE: &str = "https://sourceforge.net";
/// Behind this page the directory begins again at its first.
const LAST_PAGE: u64 = 999;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// Pages of the directory, or projects of the list, that are done.
    done: u64,
    /// Projects of the last page that are still to be asked for, the next one last.
    projects: Vec<String>,
    /// Whether the directory has ended.
    ended: bool,
}

impl Kind for SourceForge {
    fn name(&self) -> &'static str {
        "sourceforge"
    }

    fn about(&self) -> &'static str {
        "The git repositories of projects of sourceforge.net: those that its directory lists, most popular first, or \
         a list of projects. One call for each page of the directory and one for each project."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::optional("projects", Accepts::Texts, "only these projects, by their names in URLs"),
            Parameter::optional(
                "pages",
                Accepts::Number(1, 999),
                "only so many pages of the directory, 999 if not said",
            ),
            Parameter::optional(
                "url",
                Accepts::Url,
                "the address of the site, https://sourceforge.net if not said",
            ),
            Parameter::optional(
                "git_url",
                Accepts::Url,
                "the address that clone URLs begin with, https://git.code.sf.net if not said",
            ),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        match Params(params).texts("projects").into_iter().find(|name| !is_project(name)) {
            Some(name) => Err(invalid(format!(
                "projects has {name:?}; each has to be lower-case letters, digits and hyphens"
            ))),
            None => Ok(()),
        }
    }

    fn forge(&self, params: &Value) -> Option<String> {
        Some(host_of(Params(params).base(SITE)))
    }

    fn is_complete(&self, params: &Value) -> bool {
        params.get("projects").is_some()
    }

    fn step(&self, params: &Value, cursor: Option<&Value>, _: With) -> Result<Step, Failure> {
        let (params, at) = (Params(params), resume::<Cursor>(cursor));
        let base = params.base(SITE);
        let project = match at.projects.last() {
            Some(project) => Some(project.as_str()),
            None => params.texts("projects").get(usize::try_from(at.done).unwrap_or(usize::MAX)).copied(),
        };
        if let Some(project) = project {
            let request = Request::json(format!("{base}/rest/p/{}/", quoted(project)), Auth::Bearer, "site");
            return Ok(Step::Call(Box::new(Request { understands: &[403, 404, 410], ..request })));
        }
        if params.0.get("projects").is_some() || at.ended {
            return Ok(Step::Page(Page::default()));
        }
        let url = format!("{base}/directory/?sort=popular&page={}", at.done + 1);
        let request =
            Request { accept: "text/html", conditional: false, ..Request::json(url, Auth::None, "site") };
        Ok(Step::Call(Box::new(Request { understands: &[404], ..request })))
    }

    fn read(
        &self,
        params: &Value,
        cursor: Option<&Value>,
        answer: &Answer,
        _: With,
    ) -> Result<Page, Failure> {
        let (given, mut at) = (Params(params), resume::<Cursor>(cursor));
        let listed = given.texts("projects");
        let mut page = Page::default();
        if let Some(project) = at.projects.pop() {
            read_project(given, &project, answer, &mut page)?;
        } else if !listed.is_empty() {
            let project =
                listed.get(usize::try_from(at.done).unwrap_or(usize::MAX)).copied().unwrap_or_default();
            read_project(given, project, answer, &mut page)?;
            at.done += 1;
        } else {
            let mut projects = projects_of(&String::from_utf8_lossy(&answer.body));
            at.done += 1;
            let last = u64::try_from(given.number("pages").unwrap_or(LAST_PAGE as i64)).unwrap_or(LAST_PAGE);
            at.ended = answer.status == 404 || projects.is_empty() || at.done >= last;
            projects.reverse();
            at.projects = projects;
        }
        let goes_on = match listed.len() as u64 {
            0 => !at.projects.is_empty() || !at.ended,
            projects => at.done < projects,
        };
        page.next = goes_on.then(|| json!(at));
        Ok(page)
    }
}

fn is_project(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 60
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The projects that a page of the directory links to, each once, in the order of the page.
fn projects_of(html: &str) -> Vec<String> {
    let mut projects: Vec<String> = Vec::new();
    for rest in html.split("href=\"/projects/").skip(1) {
        let name = rest.split(['/', '"', '?', '#']).next().unwrap_or_default();
        if is_project(name) && !projects.iter().any(|known| known == name) {
            projects.push(name.to_owned());
        }
    }
    projects
}

/// A project may have several git repositories, or none.
fn read_project(params: Params<'_>, project: &str, answer: &Answer, page: &mut Page) -> Result<(), Failure> {
    if answer.status != 200 {
        let text = format!("the site answered {} when asked for this project", answer.status);
        page.refused.push(Refused::new(project, text));
        return Ok(());
    }
    let document = answer.json()?;
    let Some(tools) = document["tools"].as_array() else {
        page.refused.push(Refused::new(project, "the project's record has no list of tools"));
        return Ok(());
    };
    let site = params.base(SITE);
    let git = params.text("git_url").unwrap_or("https://git.code.sf.net").trim_end_matches('/');
    for tool in tools.iter().filter(|tool| tool["name"] == "git") {
        let Some(mount) = text(tool, "/mount_point") else { continue };
        let facts = Facts {
            description: prose(&document, "/short_description").or_else(|| prose(&document, "/summary")),
            page: text(&document, "/url").or_else(|| Some(format!("{site}/projects/{project}/"))),
            private: flag(&document, "/private"),
            licence: text(&document, "/categories/license/0/shortname"),
            language: text(&document, "/categories/language/0/fullname"),
            created_at: text(&document, "/creation_date")
                .and_then(|day| format!("{day}T00:00:00Z").parse().ok()),
            pushed_at: time(tool, "/updated"),
            ..Facts::default()
        };
        page.found.push(Record {
            url: format!("{git}/p/{project}/{mount}"),
            name: Some(format!("{project}/{mount}")),
            forge: host_of(site),
            id: text(&document, "/_id").map(|id| format!("{id}/{mount}")),
            facts,
            raw: Some(document.clone()),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_leads_to_projects_and_they_to_repositories() {
        let params = json!({});
        let html = r#"<a href="/projects/one/">One</a> <a href="/projects/two/files"> <a href="/projects/one/">
            <a href="/projects/Bad!/"> <a href="/software/x/">"#;
        let answer = Answer { status: 200, body: html.as_bytes().to_vec(), ..Answer::default() };
        let page = SourceForge.read(&params, None, &answer, With::default()).unwrap();
        let next = page.next.unwrap();
        assert_eq!(next["projects"], json!(["two", "one"]));
        let Step::Call(call) = SourceForge.step(&params, Some(&next), With::default()).unwrap() else {
            panic!("a project is asked for")
        };
        assert_eq!(call.url, "https://sourceforge.net/rest/p/one/");
        let project = json!({ "_id": "5", "summary": "It is one", "creation_date": "2001-02-03", "tools": [
            { "name": "git", "mount_point": "code" }, { "name": "wiki", "mount_point": "wiki" },
            { "name": "git", "mount_point": "site" } ] });
        let answer = Answer { status: 200, body: project.to_string().into_bytes(), ..Answer::default() };
        let page = SourceForge.read(&params, Some(&next), &answer, With::default()).unwrap();
        let urls: Vec<&str> = page.found.iter().map(|one| one.url.as_str()).collect();
        assert_eq!(urls, ["https://git.code.sf.net/p/one/code", "https://git.code.sf.net/p/one/site"]);
        assert_eq!(page.next.as_ref().unwrap()["projects"], json!(["two"]));
        // A project that is gone is told; the end of the directory ends the source.
        let missing = Answer { status: 404, ..Answer::default() };
        let page = SourceForge.read(&params, page.next.as_ref(), &missing, With::default()).unwrap();
        assert_eq!(page.refused[0].subject, "two");
        let page = SourceForge.read(&params, page.next.as_ref(), &missing, With::default()).unwrap();
        assert_eq!(page.next, None);
    }
}
