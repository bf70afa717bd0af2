//! The content store: many small contents in one stored object, a *pack*.
//!
//! A [`PackWriter`] fills a pack in memory, a [`Depot`] keeps packs in a local directory, in memory or in an
//! object store, and reads contents back by range, verifying each against its git blob id.
//!
//! # Invariants
//!
//! - A pack is written once and never changed. Half of its name is a digest of its bytes, the other half is
//!   a UUID: no name is ever used again, so that nothing that comes late, neither a write nor a removal, hits
//!   another pack. Putting the same pack twice is putting it once, and heals a damaged copy.
//! - A pack is there whole or not at all, also after a crash: [`Depot::put`] returns when it is durable.
//! - Bytes that come back are proven: a content is handed out only when it hashes to its git blob id.
//! - What a depot holds is never trusted. Lengths are checked against limits before memory is taken for
//!   them, and damage is an error that names the pack and the content, never a panic.
//! - No error and no log carries a credential.
//!
//! # Layout
//!
//! A pack lies at `packs/<first two digits of the name>/<name>.pack` below the depot's URL, the same for
//! every kind of storage.
//!
//! # Pack format, version 1
//!
//! All numbers are little-endian and unsigned.
//!
//! ```text
//! pack    = header block* index footer
//!
//! header  8 bytes   "STKPACK" and the version, 0x01
//!
//! block   one zstd frame that carries its content size and checksum; decompressed, it is a run of records:
//!   record
//!     1 byte          length of the id: 20 (SHA-1) or 32 (SHA-256)
//!     20 or 32 bytes  git blob id
//!     4 bytes         size of the content
//!     size bytes      the content
//!   A block of more than 1 MiB decompressed has one record only.
//!
//! index
//!   for each block, in order:
//!     8 bytes         offset of the block in the pack
//!     4 bytes         length of the block in the pack
//!     4 bytes         length of the block decompressed
//!     4 bytes         number of its records
//!   for each record, in order:
//!     1 byte          length of the id
//!     20 or 32 bytes  git blob id
//!     4 bytes         size of the content
//!
//! footer  56 bytes
//!     8 bytes         offset of the index in the pack
//!     4 bytes         number of blocks
//!     4 bytes         number of records
//!     32 bytes        BLAKE3 digest of the index and the 16 bytes before this field
//!     8 bytes         "STKINDX" and the version, 0x01
//! ```
//!
//! Blocks follow each other and the header without a gap, the index follows the last block, and no id occurs
//! twice. A reader that knows a content's id, its block's offset and length, and its size (a [`PackEntry`])
//! needs that one block and nothing else; the index serves verification, recovery and reading a whole pack.

mod decode;
mod depot;
mod error;
mod format;
mod local;
mod name;
mod objects;
mod options;
mod owner;
mod pack;
mod redact;
mod storage;
mod verify;
mod writer;

pub use decode::blob_id;
pub use depot::{Depot, PackInfo};
pub use error::DepotError;
pub use objects::Objects;
pub use options::{Check, DepotOptions, StorageOptions};
pub use pack::{Pack, PackEntry, PackFile};
pub use verify::{Problem, Verification};
pub use writer::{PackLimits, PackWriter};
