//! Sources on both stacks, against a forge on this machine that keeps its rules and breaks them on demand.

#![cfg(test)]

mod forge;
mod hooks;
mod passes;
mod troubles;
mod world;
