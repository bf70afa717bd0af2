//! Which servers tests may use.

/// The URLs of servers for tests.
#[derive(Clone, Debug)]
pub struct Servers {
    /// A PostgreSQL server, with the right to make databases: `STOCKTAKE_TEST_POSTGRES`.
    pub postgres: String,
    /// A RabbitMQ virtual host: `STOCKTAKE_TEST_AMQP`.
    pub amqp: String,
}

impl Servers {
    /// The servers that the environment names. None when one is missing, which is said on stdout.
    ///
    /// # Panics
    /// When one is missing and `STOCKTAKE_TEST_REQUIRE_SERVERS` is 1.
    pub fn from_environment() -> Option<Self> {
        let postgres = url_of("PostgreSQL", "STOCKTAKE_TEST_POSTGRES");
        let amqp = url_of("RabbitMQ", "STOCKTAKE_TEST_AMQP");
        Some(Self { postgres: postgres?, amqp: amqp? })
    }
}

fn url_of(server: &str, name: &str) -> Option<String> {
    let url = variable(name);
    if url.is_none() {
        let required = variable("STOCKTAKE_TEST_REQUIRE_SERVERS").is_some_and(|value| value == "1");
        assert!(!required, "{name} is not set, but servers are required");
        println!("not run: {server} ({name} is not set)");
    }
    url
}

#[expect(clippy::disallowed_methods, reason = "tests are told of servers by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
