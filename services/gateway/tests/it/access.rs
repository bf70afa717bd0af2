//! Who may do what: every operation of the description, with every scope and every way to have none.

use jiff::SignedDuration;
use serde_json::{Value, json};
use store::{
    Tx,
    api_keys::{self, NewKey, Scope},
};
use testkit::{Stack, on_each_stack};

use crate::{
    client::{Answer, Client, send},
    world::World,
};

const NOWHERE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

struct Operation {
    method: String,
    path: String,
    scope: Scope,
}

/// A path with something that is nowhere in each of its places.
fn filled(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { NOWHERE.to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&gateway::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete"] {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            // What a forge pushes is signed.
            if operation["security"] == json!([]) {
                assert_eq!(path, "/api/v1/hooks/{forge}");
                continue;
            }
            let scope = operation["security"][0]["key"][0].as_str().unwrap();
            found.push(Operation {
                method: method.to_uppercase(),
                path: filled(path),
                scope: Scope::from_name(scope).unwrap(),
            });
        }
    }
    found
}

async fn ask(client: &Client, operation: &Operation) -> Answer {
    let request = client.request(&operation.method, &operation.path);
    let response = request.header("Content-Type", "application/json").body("{}").send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // A stream of events has no end.
    let text = if status == 200 { String::new() } else { response.text().await.unwrap() };
    Answer { status, headers, text }
}

#[tokio::test]
async fn every_operation_asks_for_its_scope() {
    let stack = Stack::embedded().await;
    let world = World::with(&stack, |config| config.http.anonymous = runtime::config::Anonymous::Off).await;
    let operations = operations();
    for scope in [Scope::Read, Scope::Submit, Scope::Operate, Scope::Admin] {
        let client = world.client.with(Some(&world.key(&[scope]).await));
        for operation in &operations {
            let Operation { method, path, scope: wanted } = operation;
            let answer = ask(&client, operation).await;
            if scope.covers(*wanted) {
                assert!(
                    !matches!(answer.status, 401 | 403 | 429 | 500..),
                    "{scope} {method} {path}: {}",
                    answer.text
                );
            } else {
                let problem = answer.problem(403, "forbidden");
                assert!(problem["detail"].as_str().unwrap().contains(wanted.as_str()), "{problem}");
            }
        }
    }
    let both = world.client.with(Some(&world.key(&[Scope::Read, Scope::Submit]).await));
    both.get("/sources").await.expect(200);
    both.post("/repositories", &json!({ "url": "https://example.org/a" })).await.expect(202);
    both.post("/sources", &json!({})).await.problem(403, "forbidden");
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn nobody_enters_with_a_key_that_is_worth_nothing() {
    let stack = Stack::embedded().await;
    let world = World::with(&stack, |config| config.http.anonymous = runtime::config::Anonymous::Off).await;
    let now = world.engine.clock.now();
    let make = move |tx: &mut Tx, expires_at| {
        let new = NewKey {
            name: "x".into(),
            scopes: vec![Scope::Admin],
            rate_per_minute: None,
            daily_quota: None,
            expires_at,
        };
        api_keys::create(tx, &new, now)
    };
    let made = world.engine.store.write(move |tx| {
        let expired = make(tx, Some(now - SignedDuration::from_secs(1)))?;
        let revoked = make(tx, None)?;
        api_keys::revoke(tx, revoked.0.id, now)?;
        let mut limited = make(tx, None)?;
        limited.0.name = "never asked".into();
        Ok::<_, store::StoreError>([expired.1, revoked.1])
    });
    let [expired, revoked] = made.await.unwrap();
    let unknown = {
        let other = Stack::embedded().await;
        let world = World::new(&other).await;
        let key = world.key(&[Scope::Admin]).await;
        world.stop().await;
        other.remove().await;
        key
    };
    let over = json!({ "name": "few", "scopes": ["admin"], "daily_quota": 1 });
    let over = world.client.post("/keys", &over).await.expect(201)["secret"].as_str().unwrap().to_owned();
    world.client.with(Some(&over)).get("/caller").await.expect(200);
    for operation in operations() {
        let place = format!("{} {}", operation.method, operation.path);
        for (what, key) in [
            ("no key", None),
            ("no key at all", Some("hunter2")),
            ("unknown", Some(unknown.as_str())),
            ("expired", Some(expired.expose())),
            ("revoked", Some(revoked.expose())),
        ] {
            let answer = ask(&world.client.with(key), &operation).await;
            assert_eq!(answer.status, 401, "{what} {place}: {}", answer.text);
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"), "{place}");
            let problem = answer.problem(401, "unauthenticated");
            if let Some(key) = key {
                assert!(!problem.to_string().contains(key), "{problem}");
            }
        }
        let answer = ask(&world.client.with(Some(&over)), &operation).await;
        assert_eq!(answer.status, 429, "{place}: {}", answer.text);
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        assert_eq!(answer.headers["ratelimit-policy"], "\"day\";q=1;w=86400");
        assert!(answer.headers["ratelimit"].to_str().unwrap().starts_with("\"day\";r=0;t="));
        answer.problem(429, "rate-limited");
    }
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn a_key_is_made_used_rotated_and_revoked() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let client = &world.client;
        let wanted = json!({ "name": "ours", "scopes": ["read", "submit"], "daily_quota": 3 });
        let made = client.post("/keys", &wanted).await;
        assert_eq!(made.headers["cache-control"], "no-store");
        let location = made.headers["location"].to_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let made = made.expect(201);
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
        let kept = client.get(&location).await.expect(200);
        assert!(kept["secret"].is_null() && kept["name"] == "ours", "{kept}");
        let listed = client.all("/keys", 1).await;
        assert_eq!((listed.len(), &listed[0]), (2, &kept));
        assert!(!listed.iter().any(|key| key.to_string().contains(secret)));

        let theirs = client.with(Some(secret));
        let caller = theirs.get("/caller").await;
        assert_eq!(caller.headers["ratelimit"].to_str().unwrap().split(';').next(), Some("\"day\""));
        assert_eq!(caller.expect(200)["key"]["id"], made["id"]);
        theirs.get("/tasks").await.expect(200);
        theirs.get("/keys").await.problem(403, "forbidden");
        let over = theirs.get("/tasks").await;
        assert!(over.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 86_400);
        over.problem(429, "rate-limited");
        let usage = client.get("/usage").await.expect(200);
        let ours = usage["keys"].as_array().unwrap().iter().find(|one| one["key"] == made["id"]).unwrap();
        assert_eq!(
            (&ours["requests"], &ours["refused"], &ours["callers_estimate"]),
            (&json!(3), &json!(1), &json!(1))
        );

        let rotated = client.post(&format!("{location}/rotate"), &json!({})).await.expect(201);
        theirs.get("/tasks").await.problem(401, "unauthenticated");
        let newer = client.with(rotated["secret"].as_str());
        assert_eq!(newer.get("/caller").await.expect(200)["key"]["scopes"], json!(["read", "submit"]));
        let path = format!("/keys/{}/revoke", rotated["id"].as_str().unwrap());
        let revoked = client.post(&path, &json!({})).await.expect(200);
        assert!(revoked["revoked_at"].is_string());
        assert_eq!(client.post(&path, &json!({})).await.expect(200), revoked);
        newer.get("/caller").await.problem(401, "unauthenticated");
        client.post(&format!("{location}/rotate"), &json!({})).await.problem(409, "conflict");
        for (body, at) in [
            (json!({ "name": "", "scopes": ["read"] }), "name"),
            (json!({ "name": "x", "scopes": [] }), "scopes"),
            (json!({ "name": "x", "scopes": ["root"] }), "scopes[0]"),
            (json!({ "name": "x", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z" }), "expires_at"),
        ] {
            assert_eq!(client.post("/keys", &body).await.problem(400, "invalid-request")["at"], at);
        }
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_session_is_as_good_as_its_key_and_ends_with_it() {
    let stack = Stack::embedded().await;
    let world = World::with(&stack, |config| config.http.anonymous = runtime::config::Anonymous::Off).await;
    let (client, nobody) = (&world.client, world.client.with(None));
    let made = json!({ "name": "person", "scopes": ["operate"] });
    let made = client.post("/keys", &made).await.expect(201);
    let page = send(nobody.request("GET", "/?a=b").header("Accept", "text/html")).await;
    assert_eq!((page.status, &page.headers["location"]), (303, &"/sign-in?next=/%3Fa%3Db".parse().unwrap()));
    let sign_in = |key: String| {
        let form = format!("key={key}&next=/");
        let request =
            nobody.request("POST", "/sign-in").header("Content-Type", "application/x-www-form-urlencoded");
        send(request.body(form))
    };
    let wrong = sign_in("stk_wrong".to_owned()).await;
    assert!(wrong.status == 401 && wrong.text.contains("no key"), "{}", wrong.text);
    let right = sign_in(made["secret"].as_str().unwrap().to_owned()).await;
    assert_eq!((right.status, &right.headers["location"]), (303, &"/".parse().unwrap()));
    let cookie = right.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap().to_owned();
    assert!(!session.contains(made["secret"].as_str().unwrap()));

    let with = |method: &str, path: &str| nobody.request(method, path).header("Cookie", &session);
    send(with("GET", "/")).await.text.contains("Now").then_some(()).unwrap();
    send(with("GET", "/api/v1/caller")).await.expect(200);
    let cancel = format!("/api/v1/tasks/{NOWHERE}/cancel");
    // A browser names the origin; whoever does not is none.
    send(with("POST", &cancel)).await.problem(403, "forbidden");
    send(with("POST", &cancel).header("Origin", "https://evil.example")).await.problem(403, "forbidden");
    send(with("POST", &cancel).header("Origin", nobody.root.clone())).await.problem(404, "not-found");
    send(with("GET", "/api/v1/keys")).await.problem(403, "forbidden");

    let path = format!("/keys/{}/revoke", made["id"].as_str().unwrap());
    client.post(&path, &json!({})).await.expect(200);
    send(with("GET", "/api/v1/caller")).await.problem(401, "unauthenticated");
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn whoever_has_no_key_reads_where_that_is_allowed_and_changes_nothing() {
    use runtime::config::Anonymous;
    for (bind, anonymous, reads) in [
        ("127.0.0.1:0", Anonymous::Loopback, true),
        ("127.0.0.1:0", Anonymous::Off, false),
        ("0.0.0.0:0", Anonymous::Loopback, false),
        ("0.0.0.0:0", Anonymous::Everywhere, true),
    ] {
        let stack = Stack::embedded().await;
        let world = World::with(&stack, |config| {
            config.http.bind = bind.parse().unwrap();
            config.http.anonymous = anonymous;
            config.limits.anonymous_per_minute = 50;
        })
        .await;
        let nobody = world.client.with(None);
        let answer = nobody.get("/tasks").await;
        assert_eq!(answer.status, if reads { 200 } else { 401 }, "{bind} {anonymous:?}");
        nobody.post("/sources", &json!({})).await.problem(401, "unauthenticated");
        nobody.get("/keys").await.problem(401, "unauthenticated");
        for path in ["/__lbheartbeat__", "/__version__", "/docs", "/api/v1/openapi.json"] {
            assert_eq!(send(nobody.request("GET", path)).await.status, 200, "{path}");
        }
        // Guesses are counted tenfold against the address they come from.
        let guess = world.client.with(Some("stk_guess"));
        let mut refused = 0;
        for _ in 0..30 {
            refused += u32::from(guess.get("/tasks").await.status == 429);
        }
        assert!(refused >= 5, "{refused}");
        world.client.get("/tasks").await.expect(200);
        world.stop().await;
        stack.remove().await;
    }
}

#[tokio::test]
async fn a_path_is_looked_at_as_it_is_routed() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let address = world.client.root.strip_prefix("http://").unwrap().to_owned();
    let read = world.key(&[Scope::Read]).await;
    let ask = |line: String| {
        let (address, read) = (address.clone(), read.clone());
        async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            let head = format!(
                "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {read}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut text = Vec::new();
            stream.read_to_end(&mut text).await.unwrap();
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    for line in [
        "GET /api/v1/%6beys",
        "GET /api/v1//keys",
        "GET /api/v1/keys/",
        "GET //api/v1/keys",
        "GET /api/v1/./keys",
        "GET /api/v1/x/../keys",
        "GET /api/v1/x/%2e%2e/keys",
        "GET /api%2fv1/keys",
        "GET /api/v1/keys;x",
        "GET /API/v1/keys",
        "HEAD /api/v1/keys",
        "GET http://evil.example/api/v1/keys",
    ] {
        let answer = ask(line.to_owned()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "400" | "403" | "404" | "405" | "421"), "{line}: {answer}");
        assert!(!answer.contains("items") && !answer.contains(&read), "{line}: {answer}");
    }
    assert!(ask("GET /api/v1/tasks".to_owned()).await.starts_with("HTTP/1.1 200"));
    world.stop().await;
    stack.remove().await;
}
