//! Column types that both databases have under different names, and their Rust sides.
//!
//! `diesel`'s own types for these exist for one database only. Each of ours is a marker with both
//! mappings. PostgreSQL's types are named by their OIDs: a name would cost a catalogue query for each
//! connection. Bytes, texts, numbers and bools are `diesel`'s own.

use std::io::Write;

use contracts::Oid;
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Binary, SqlOrd},
    sqlite::{Sqlite, SqliteValue},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::connection::{MultiBackend, MultiRawValue};

/// The markers, for `table!`.
pub(crate) mod sql {
    use diesel::{query_builder::QueryId, sql_types::SqlType};

    /// `uuid`; 16 bytes in SQLite.
    #[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct Id;

    /// `timestamptz`; microseconds since 1970 in SQLite.
    #[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Instant;

    /// `jsonb`; text in SQLite.
    #[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct Json;
}

impl SqlOrd for sql::Id {}
impl SqlOrd for sql::Instant {}

/// What every pair of marker and Rust type needs to go through the connection enum.
macro_rules! through_the_enum {
    ($rust:ty, $sql:ty) => {
        impl ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    };
}

/// A marker that the enum can name.
macro_rules! known_to_the_enum {
    ($($sql:ty),*) => {$(
        impl diesel::sql_types::HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }
    )*};
}

known_to_the_enum!(sql::Id, sql::Instant, sql::Json);

/// An id of any kind. `#[diesel(serialize_as = Id, deserialize_as = Id)]` puts the id types of
/// `contracts` into row structs.
#[derive(AsExpression, Clone, Copy, Debug, Eq, FromSqlRow, Hash, PartialEq)]
#[diesel(sql_type = sql::Id)]
pub(crate) struct Id(pub(crate) Uuid);

through_the_enum!(Id, sql::Id);

impl ToSql<sql::Id, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Id, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<sql::Id, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Id, Sqlite> for Id {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// The ids of `contracts`, both ways, so that row structs hold them as they are.
macro_rules! ids {
    ($($name:ident),*) => {$(
        impl From<Id> for contracts::$name {
            fn from(id: Id) -> Self {
                Self(id.0)
            }
        }

        impl From<contracts::$name> for Id {
            fn from(id: contracts::$name) -> Self {
                Self(id.0)
            }
        }
    )*};
}

ids!(
    SourceId,
    RepositoryId,
    SnapshotId,
    RevisionId,
    StockId,
    TaskId,
    BatchId,
    AuditId,
    RepairId,
    NotificationId,
    SetAsideId,
    AssetId,
    SubmissionId,
    WebhookId,
    DestinationId,
    DeliveryId,
    KeyId
);

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

/// A point in time, to the microsecond.
#[derive(AsExpression, Clone, Copy, Debug, Eq, FromSqlRow, Ord, PartialEq, PartialOrd)]
#[diesel(sql_type = sql::Instant)]
pub(crate) struct Instant(pub(crate) Timestamp);

through_the_enum!(Instant, sql::Instant);

/// PostgreSQL counts from the year 2000.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl ToSql<sql::Instant, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.0.as_microsecond() - POSTGRES_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Instant, Pg> for Instant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        Ok(Self(Timestamp::from_microsecond(micros.saturating_add(POSTGRES_EPOCH))?))
    }
}

impl ToSql<sql::Instant, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_microsecond());
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Instant, Sqlite> for Instant {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_microsecond(value.read_long())?))
    }
}

impl From<Instant> for Timestamp {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl From<Timestamp> for Instant {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

/// A JSON document as text. PostgreSQL keeps it in its own form: order of keys and spaces may change,
/// and it refuses the character U+0000.
#[derive(AsExpression, Clone, Debug, Eq, FromSqlRow, PartialEq)]
#[diesel(sql_type = sql::Json)]
pub(crate) struct Json(pub(crate) String);

through_the_enum!(Json, sql::Json);

/// The version of the binary form of `jsonb`, which stands before its text.
const JSONB_VERSION: u8 = 1;

impl ToSql<sql::Json, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Json, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [JSONB_VERSION, text @ ..] => Ok(Self(str::from_utf8(text)?.to_owned())),
            _ => Err("jsonb in a form that is not known".into()),
        }
    }
}

impl ToSql<sql::Json, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Json, Sqlite> for Json {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().to_owned()))
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

impl TryFrom<Json> for serde_json::Value {
    type Error = serde_json::Error;

    fn try_from(json: Json) -> Result<Self, Self::Error> {
        serde_json::from_str(&json.0)
    }
}

/// A git object id in a column of bytes.
#[derive(AsExpression, Clone, Copy, Debug, Eq, FromSqlRow, Hash, PartialEq)]
#[diesel(sql_type = Binary)]
pub(crate) struct Hash(pub(crate) Oid);

through_the_enum!(Hash, Binary);

impl ToSql<Binary, Pg> for Hash {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Binary, Pg> for Hash {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Oid::from_bytes(value.as_bytes())?))
    }
}

impl ToSql<Binary, Sqlite> for Hash {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

impl FromSql<Binary, Sqlite> for Hash {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Oid::from_bytes(value.read_blob())?))
    }
}

impl From<Hash> for Oid {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl From<Oid> for Hash {
    fn from(oid: Oid) -> Self {
        Self(oid)
    }
}
