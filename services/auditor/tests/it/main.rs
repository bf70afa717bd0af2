//! The auditor on a stack: audits, checks, the gate and commits.

#![cfg(test)]

mod audits;
mod model;
mod world;
