//! Events as forges send them, and as others would like to.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

const SECRET: &str = "a secret";

struct Event {
    family: Family,
    headers: BTreeMap<&'static str, String>,
    body: Vec<u8>,
}

impl Event {
    fn new(family: Family, name: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let code: String =
            mac::code(SECRET.as_bytes(), &body).iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = match family {
            Family::GitHub => {
                [("x-github-event", name.to_owned()), ("x-hub-signature-256", format!("sha256={code}"))]
            }
            Family::GitLab => [("x-gitlab-event", name.to_owned()), ("x-gitlab-token", SECRET.to_owned())],
            Family::Gitea => [("x-gitea-event", name.to_owned()), ("x-gitea-signature", code)],
            Family::Bitbucket => {
                [("x-event-key", name.to_owned()), ("x-hub-signature", format!("sha256={code}"))]
            }
        };
        Self { family, headers: headers.into(), body }
    }

    fn read(&self, secrets: &[&str]) -> Result<Told, Failure> {
        read(self.family, |name| self.headers.get(name).map(String::as_str), &self.body, secrets)
    }
}

fn pushes() -> Vec<(Event, &'static str, &'static str)> {
    let github = json!({ "ref": "refs/heads/main", "repository": { "id": 7, "clone_url": "https://github.com/a/b.git" } });
    let gitlab = json!({ "object_kind": "push", "project_id": 15, "project": { "git_http_url": "https://gitlab.com/a/b.git" } });
    let gitea = json!({ "ref": "refs/heads/main", "repository": { "id": 9, "clone_url": "https://codeberg.org/a/b.git" } });
    let bitbucket = json!({ "push": {}, "repository": { "full_name": "a/b", "uuid": "{r}", "workspace": { "uuid": "{w}" },
        "links": { "html": { "href": "https://bitbucket.org/a/b" } } } });
    vec![
        (Event::new(Family::GitHub, "push", &github), "https://github.com/a/b.git", "7"),
        (Event::new(Family::GitLab, "Push Hook", &gitlab), "https://gitlab.com/a/b.git", "15"),
        (Event::new(Family::Gitea, "push", &gitea), "https://codeberg.org/a/b.git", "9"),
        (Event::new(Family::Bitbucket, "repo:push", &bitbucket), "https://bitbucket.org/a/b.git", "{w}/{r}"),
    ]
}

#[test]
fn pushes_of_every_family_are_understood() {
    for (event, url, id) in pushes() {
        let told = event.read(&["another secret", SECRET]).unwrap();
        assert_eq!(told.news, News::Pushed, "{:?}", event.family);
        assert_eq!((told.url.as_deref(), told.id.as_deref()), (Some(url), Some(id)));
    }
}

#[test]
fn what_was_tampered_with_is_refused() {
    for (event, ..) in pushes() {
        assert_eq!(event.read(&["another secret"]).unwrap_err().kind, ErrorKind::Forbidden);
        assert_eq!(event.read(&[]).unwrap_err().kind, ErrorKind::Forbidden);
        assert_eq!(event.read(&[""]).unwrap_err().kind, ErrorKind::Forbidden);
        let unsigned = Event { headers: BTreeMap::new(), body: event.body.clone(), ..event };
        assert_eq!(unsigned.read(&[SECRET]).unwrap_err().kind, ErrorKind::Forbidden);
        // GitLab signs nothing: who knows its token may say anything.
        if event.family == Family::GitLab {
            continue;
        }
        for at in 0..event.body.len() {
            let mut body = event.body.clone();
            body[at] ^= 1;
            let changed = Event { headers: event.headers.clone(), body, ..event };
            assert_eq!(changed.read(&[SECRET]).unwrap_err().kind, ErrorKind::Forbidden, "byte {at}");
        }
    }
}

#[test]
fn events_about_a_repository_itself_and_others_are_told_apart() {
    let repository = |action: &str| json!({ "action": action, "repository": { "id": 1, "clone_url": "https://h/a/b.git" } });
    for (name, action, news) in [
        ("repository", "renamed", News::Changed),
        ("repository", "archived", News::Changed),
        ("repository", "deleted", News::Gone),
        ("repository", "privatized", News::Gone),
        ("public", "", News::Changed),
        ("ping", "", News::Nothing),
        ("issues", "opened", News::Nothing),
    ] {
        let told = Event::new(Family::GitHub, name, &repository(action)).read(&[SECRET]).unwrap();
        assert_eq!(told.news, news, "{name} {action}");
    }
    let mut event = Event::new(Family::GitHub, "push", &json!({}));
    event.body = b"payload=%7B%7D".to_vec();
    let code: String =
        mac::code(SECRET.as_bytes(), &event.body).iter().map(|byte| format!("{byte:02x}")).collect();
    event.headers.insert("x-hub-signature-256", format!("sha256={code}"));
    let failure = event.read(&[SECRET]).unwrap_err();
    assert!(failure.kind == ErrorKind::Invalid && failure.reason.contains("application/json"), "{failure}");
    assert!(Family::of_name("forgejo").is_ok() && Family::of_name("gitlub").is_err());
}

/// Every example of a published collection, when the environment names its file: an array of
/// `{"name": event, "examples": [payload…]}`.
#[test]
#[ignore = "needs a collection of examples; set STOCKTAKE_TEST_WEBHOOK_EXAMPLES to its api.github.com/index.json"]
#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
fn every_published_example_is_accepted_and_none_that_was_tampered_with() {
    let path = std::env::var("STOCKTAKE_TEST_WEBHOOK_EXAMPLES").unwrap();
    let kinds: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut examples, mut news) = (0, BTreeMap::<String, usize>::new());
    for kind in &kinds {
        let name = kind["name"].as_str().unwrap();
        for example in kind["examples"].as_array().unwrap() {
            let mut event = Event::new(Family::GitHub, name, example);
            let told = event.read(&[SECRET]).unwrap();
            if matches!(told.news, News::Pushed | News::Changed | News::Gone) {
                assert!(told.url.is_some() && told.id.is_some(), "{name}: {example}");
            }
            *news.entry(format!("{:?}", told.news)).or_default() += 1;
            event.body[0] ^= 2;
            assert_eq!(event.read(&[SECRET]).unwrap_err().kind, ErrorKind::Forbidden);
            examples += 1;
        }
    }
    println!("{examples} examples of {} events: {news:?}", kinds.len());
    assert!(examples > 100);
}
