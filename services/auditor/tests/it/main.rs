//! The auditor on a stack: audits, checks, the gate and commits.

#![cfg(test)]

mod audits;
mod cancels;
mod model;
mod world;
