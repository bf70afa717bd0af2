//! The analyzer with the courier beside it, on each stack.

#![cfg(test)]

mod crashes;
