//! Requests to servers that do not mean well, and the ways around address checks.

#![cfg(test)]

mod addresses;
mod servers;
mod signatures;
mod support;
