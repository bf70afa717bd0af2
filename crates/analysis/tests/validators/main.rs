//! Files made for every rule, good and bad, through the pipelines.

#![cfg(test)]

mod archives;
mod images;
mod made;
mod sources;
