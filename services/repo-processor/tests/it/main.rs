//! Visits on whole stacks: what they store is what git has, whatever they could build on and wherever they were
//! killed.
#![cfg(test)]

mod collected;
mod credentials;
mod histories;
mod kills;
mod support;
mod visits;
