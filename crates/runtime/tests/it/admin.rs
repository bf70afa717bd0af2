//! The four paths of the admin server, up, down and stopping.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use runtime::{
    admin::Admin,
    health::{Health, Pace},
    metrics,
};
use tokio_util::sync::CancellationToken;

use crate::http::get;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_paths_tell_how_the_process_is() {
    let well = Arc::new(AtomicBool::new(true));
    let health = Health::new();
    let pace = Pace { every: Duration::from_millis(5), timeout: Duration::from_secs(5) };
    let asked = well.clone();
    health.probe("store", pace, move || {
        let asked = asked.clone();
        async move {
            if asked.load(Ordering::SeqCst) { Ok("SQLite 3".into()) } else { Err("the file is gone".into()) }
        }
    });
    let admin = Admin { health: health.clone(), metrics: metrics::install().unwrap() };
    let listening = admin.listen(ANY).unwrap();
    let address = listening.address();
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(listening.run(shutdown.clone()));

    let (status, _, body) = get(address, "/__heartbeat__").await;
    assert_eq!((status, body.contains("not asked yet")), (503, true), "{body}");

    let probing = tokio::spawn(health.clone().run(shutdown.clone()));
    until(|| health.report().ready).await;
    let (status, head, body) = get(address, "/__heartbeat__").await;
    assert_eq!(status, 200);
    assert!(head.contains("cache-control: no-store"), "{head}");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["probes"][0]["name"], "store");
    assert_eq!(told["probes"][0]["detail"], "SQLite 3");

    well.store(false, Ordering::SeqCst);
    until(|| !health.report().ready).await;
    let (status, _, body) = get(address, "/__heartbeat__").await;
    assert_eq!((status, body.contains("the file is gone")), (503, true), "{body}");
    // The balancer still sends requests: a gateway answers what it can without its store.
    assert_eq!(get(address, "/__lbheartbeat__").await.0, 200);

    let (status, _, body) = get(address, "/__version__").await;
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &told["version"], &told["commit"]),
        (200, &"0.1.0".into(), &runtime::version().commit.into())
    );

    let (status, head, body) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("stocktake_probe_up{probe=\"store\"} 0"), "{body}");
    assert_eq!(get(address, "/other").await.0, 404);

    health.begin_shutdown();
    assert_eq!(get(address, "/__lbheartbeat__").await.0, 503);
    shutdown.cancel();
    server.await.unwrap().unwrap();
    probing.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind(ANY).unwrap();
    let address = taken.local_addr().unwrap();
    let admin = Admin { health: Health::new(), metrics: metrics::install().unwrap() };
    let error = admin.listen(address).err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot listen on {address} (admin.bind): ")), "{error}");
}

/// Waits until it is so; the test's own time limit is the runner's.
async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
