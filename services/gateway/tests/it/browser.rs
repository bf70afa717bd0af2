//! The pages in a real browser without a window: from a key to a committed snapshot, and what is seen when something
//! fails. Where no chromedriver is installed the test says that it did not run.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{GitFixture, Stack};

use crate::{client::Answer, world::World};

/// For how long a test waits for something to be seen.
const PATIENCE: Duration = Duration::from_secs(120);
/// The key under which `WebDriver` hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser, spoken to as `WebDriver` has it.
struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
    root: String,
}

impl Browser {
    /// A browser that shows pages of this gateway; none when none is installed.
    async fn start(root: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(driver) = command.spawn() else {
            println!("not run: chromedriver is not installed");
            return None;
        };
        let http = reqwest::Client::new();
        let base = format!("http://127.0.0.1:{port}");
        let mut browser = Self { driver, http, session: base, root: root.to_owned() };
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let starting = async {
            loop {
                if let Ok(answer) = browser.ask("POST", "/session", &wanted).await {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let made = tokio::time::timeout(PATIENCE, starting).await.expect("the browser should start");
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        browser.session = format!("{}/session/{id}", browser.session);
        Some(browser)
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.session));
        if method == reqwest::Method::POST {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let answer = Answer { status, headers, text };
        if answer.status != 200 { Err(answer.text) } else { Ok(answer.expect(200)["value"].take()) }
    }

    async fn open(&self, path: &str) {
        self.ask("POST", "/url", &json!({ "url": format!("{}{path}", self.root) })).await.unwrap();
    }

    async fn path(&self) -> String {
        let url = self.ask("GET", "/url", &Value::Null).await.unwrap();
        url.as_str().unwrap().strip_prefix(&self.root).unwrap().to_owned()
    }

    /// The first element that a selector names, once it is there.
    async fn element(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let looking = async {
            loop {
                if let Ok(found) = self.ask("POST", "/element", &wanted).await {
                    return found[ELEMENT].as_str().unwrap().to_owned();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("{selector} should be there"))
    }

    async fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.ask("POST", &format!("/element/{element}/value"), &json!({ "text": text })).await.unwrap();
    }

    async fn click(&self, selector: &str) {
        // What is live may be put anew between being found and being clicked.
        let clicking = async {
            loop {
                let element = self.element(selector).await;
                if self.ask("POST", &format!("/element/{element}/click"), &json!({})).await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, clicking).await.expect("it should be clicked");
    }

    async fn script(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] })).await.unwrap()
    }

    /// Everything that is seen, once this is part of it, without the page being opened again.
    async fn until_seen(&self, text: &str) -> String {
        let mut seen = String::new();
        let looking = async {
            loop {
                seen = self
                    .script("return document.body.innerText")
                    .await
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if seen.contains(text) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, looking).await.is_ok();
        assert!(in_time, "{text:?} was never seen; seen was: {seen}");
        seen
    }

    async fn until_at(&self, start: &str) -> String {
        let looking = async {
            loop {
                let path = self.path().await;
                if path.starts_with(start) {
                    return path;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("another page should be shown")
    }

    async fn end(self) {
        self.ask("DELETE", "", &Value::Null).await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

#[tokio::test]
async fn a_person_goes_from_a_source_to_a_committed_snapshot() {
    let stack = Stack::embedded().await;
    let repository = GitFixture::new();
    repository.write("src/main.rs", "fn main() {}\n").write("README.md", "# Ours\n").commit("first");
    let mut world =
        World::with(&stack, |config| config.http.anonymous = runtime::config::Anonymous::Off).await;
    world.start(crate::world::SERVICES);
    let key = world.key(&[store::api_keys::Scope::Operate]).await;
    let Some(browser) = Browser::start(&world.client.root).await else {
        world.stop().await;
        return stack.remove().await;
    };

    // Nobody gets in with a wrong key, and everybody is told why.
    browser.open("/sources").await;
    assert!(browser.until_at("/sign-in").await.contains("next=/sources"));
    browser.write("input[name=key]", "stk_wrong").await;
    browser.click("form[action='/sign-in'] button").await;
    browser.until_seen("no key").await;
    browser.write("input[name=key]", &key).await;
    browser.click("form[action='/sign-in'] button").await;
    assert_eq!(browser.until_at("/sources").await, "/sources");

    // What is refused is told on the page, with the field.
    browser.write("input[name=name]", "ours").await;
    browser.write("textarea[name='params.urls']", &repository.url()).await;
    let form = "document.querySelector('form.fields')";
    browser.script(&format!("{form}.elements.kind.value = 'weather'")).await;
    browser.click("form.fields button").await;
    browser.until_seen("weather").await;
    browser.script(&format!("{form}.elements.kind.value = 'list'")).await;
    browser.click("form.fields button").await;
    browser.until_seen("active").await;

    browser.click("form[data-api$='/runs'] button").await;
    let at = browser.until_at("/snapshots/").await;
    // Live: the page is not opened again until the snapshot has come to its audit, and then to its commit.
    browser.script("window.same = true").await;
    browser.click(&format!("form[data-api='POST /api/v1{at}/commit'] button")).await;
    browser.until_seen("committed").await;
    assert_eq!(browser.script("return window.same === true").await, true, "the page was opened again");
    let state = world.client.get(&at).await.expect(200);
    assert_eq!(state["state"], "committed");

    // Asked for again, it is said why not.
    browser.open("/sources").await;
    let wide = browser.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    assert_eq!(wide, true, "the page is wider than its window");
    let quiet = browser.script("return performance.getEntriesByType('resource').map(one => one.name)").await;
    for name in quiet.as_array().unwrap() {
        assert!(name.as_str().unwrap().starts_with(&world.client.root), "{name} is from outside");
    }

    // A repository that is not there: the person is told which one, and why.
    browser.write("input[name=name]", "lost").await;
    browser.write("textarea[name='params.urls']", "/nowhere/at/all").await;
    browser.click("form.fields button").await;
    browser.until_seen("lost").await;
    let lost = browser.script(
        "const row = [...document.querySelectorAll('tr')].find(one => one.innerText.startsWith('lost'));\
         return row.querySelector('form').dataset.api",
    );
    let lost = lost.await.as_str().unwrap().to_owned();
    browser.click(&format!("form[data-api='{lost}'] button")).await;
    browser.until_at("/snapshots/").await;
    browser.element(".state.failed").await;
    let why = browser
        .script("return document.querySelector('tr:has(.state.failed) td:last-child').innerText")
        .await;
    assert!(why.as_str().is_some_and(|why| !why.is_empty()), "{why}");
    browser.until_seen("/nowhere/at/all").await;
    browser.end().await;
    world.stop().await;
    stack.remove().await;
}
