//! Assets where they are.

#![cfg(test)]

mod objects;
