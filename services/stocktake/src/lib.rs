//! The program that people start: every service in one process, or one of them; and the commands by which
//! a person looks after the rest.
//!
//! A command is one file in `commands/`: its arguments, and what it does.

mod cli;
mod commands;
mod first_key;
mod output;
mod remote;
mod scan;
mod services;
mod session;

pub use cli::main;
