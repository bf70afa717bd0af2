//! The store is away for a while: nothing is lost, and nothing is taken for poison.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use runtime::clock::Clock;
use store::{Store, StoreError, StoreOptions};
use testkit::Stack;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::support::{Scripted, all_set_aside, effects, engine, message, noted, run_until};

/// Passes connections on to a server, until it is told not to.
struct Proxy {
    port: u16,
    is_up: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Proxy {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            is_up: Arc::new(AtomicBool::new(true)),
            refused: Arc::default(),
        };
        let (is_up, refused) = (proxy.is_up.clone(), proxy.refused.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if !is_up.load(Ordering::SeqCst) {
                    refused.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                let (server, is_up) = (server.clone(), is_up.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    let down = async {
                        while is_up.load(Ordering::SeqCst) {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = down => {}
                    }
                });
            }
        });
        proxy
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_while_a_group_commits_costs_no_message() {
    let Some(stack) = Stack::servers().await else { return };
    let mut url = Url::parse(&stack.store_url).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = Proxy::to(server).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.port)).unwrap();
    let mut engine = engine(&stack, Clock::system());
    engine.store =
        Store::open(url.as_str(), StoreOptions { postgres_connections: 3, ..StoreOptions::default() })
            .unwrap();
    engine.store.check().await.unwrap();

    let is_up = proxy.is_up.clone();
    let scripted = Scripted::new(move |call, message, meta| {
        if call == 0 {
            is_up.store(false, Ordering::SeqCst);
        }
        Ok(noted(message.version, meta))
    });
    stack.bus.publish(&(1..=5).map(message).collect::<Vec<_>>()).await.unwrap();
    let (is_up, refused) = (proxy.is_up.clone(), proxy.refused.clone());
    let comes_back = async move {
        while refused.load(Ordering::SeqCst) < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        is_up.store(true, Ordering::SeqCst);
    };
    tokio::join!(run_until::<5>(engine, scripted.service()), comes_back);
    assert_eq!(effects(&stack).await, [1, 2, 3, 4, 5]);
    assert!(all_set_aside(&stack).await.is_empty());
    // The work is not done again, only its commit; but for a message whose own commit was tried at the moment
    // when the store came back.
    assert!(scripted.calls() <= 6, "{}", scripted.calls());
    stack.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_file_that_is_locked_for_long_costs_no_message() {
    let stack = Stack::embedded().await;
    let mut engine = engine(&stack, Clock::system());
    let impatient = StoreOptions { lock_wait: Duration::from_millis(50), ..StoreOptions::default() };
    engine.store = Store::open(&stack.store_url, impatient).unwrap();
    let (begun, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let other = stack.open_store();
    let holder = tokio::spawn(async move {
        let mut begun = Some(begun);
        let held: Result<(), StoreError> = other
            .write(move |_| {
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
                released.recv().unwrap();
                Ok(())
            })
            .await;
        held.unwrap();
    });
    is_locked.await.unwrap();
    let handled = Arc::new(tokio::sync::Notify::new());
    let told = handled.clone();
    let scripted = Scripted::new(move |_, message, meta| {
        told.notify_one();
        Ok(noted(message.version, meta))
    });
    stack.bus.publish(&[message(1), message(2)]).await.unwrap();
    let lets_go = async move {
        handled.notified().await;
        // Longer than a writer waits, several times.
        tokio::time::sleep(Duration::from_millis(600)).await;
        release.send(()).unwrap();
    };
    tokio::join!(run_until::<2>(engine, scripted.service()), lets_go);
    holder.await.unwrap();
    assert_eq!(effects(&stack).await, [1, 2]);
    assert!(all_set_aside(&stack).await.is_empty());
    stack.remove().await;
}
