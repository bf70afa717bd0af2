//! Assets: where single files are, how they are read, and what is said of them.
//!
//! Whoever takes assets in, runs their checks or checks a file on the spot uses the same three things:
//! a [`Library`], which reads what lies where an operator allows it; [`Pipelines`], one for each kind; and
//! the [`hooks`] that an asset names.

pub mod hooks;
mod library;
mod local;
mod pipelines;
mod upload;

pub use library::{Library, Read};
pub use pipelines::{Pipelines, UNREACHABLE, check};
