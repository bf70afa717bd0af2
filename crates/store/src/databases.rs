//! Makes and removes whole PostgreSQL databases: for tests, which have one each, and for whoever sets up or
//! gives up an installation.

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};

use crate::{StoreError, address::Address};

/// Makes the database `name` on the server of `url`, whose own database is only connected to. The name is of
/// lowercase letters, digits and underscores. Blocks.
///
/// # Errors
/// When the URL is not one of PostgreSQL, the name is not allowed or taken, or the server refuses.
pub fn create(url: &str, name: &str) -> Result<(), StoreError> {
    // The other template may have been given contents, or may be in use.
    run(url, name, |name| format!("CREATE DATABASE {name} TEMPLATE template0"))
}

/// Removes the database `name` with everything in it, also from under its users; one that is not there counts
/// as removed. Blocks.
///
/// # Errors
/// As [`create`].
pub fn remove(url: &str, name: &str) -> Result<(), StoreError> {
    run(url, name, |name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
}

fn run(url: &str, name: &str, statement: impl FnOnce(&str) -> String) -> Result<(), StoreError> {
    let address = Address::parse(url)?;
    let Address::Postgres(url) = &address else {
        return Err(StoreError::Invalid(format!("{address} is not a PostgreSQL server")));
    };
    let allowed = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if name.is_empty() || name.len() > 63 || !name.bytes().all(allowed) {
        return Err(StoreError::Invalid(format!(
            "{name:?} is no name for a database: expected up to 63 lowercase letters, digits and underscores"
        )));
    }
    let mut connection = PgConnection::establish(url).map_err(|error| StoreError::Connect {
        database: address.to_string(),
        reason: address.scrub(error.to_string().trim()),
    })?;
    connection.batch_execute(&statement(name))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_carry_a_statement() {
        let url = "postgres://nobody@127.0.0.1:1/x";
        for name in ["", "a; DROP TABLE x", "\"a\"", "Test", &"a".repeat(64)] {
            assert!(matches!(create(url, name), Err(StoreError::Invalid(_))), "{name}");
        }
        assert!(matches!(remove("sqlite:///tmp/x.db", "a"), Err(StoreError::Invalid(_))));
    }
}
