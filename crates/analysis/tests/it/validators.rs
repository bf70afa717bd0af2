//! Files made for every rule, good and bad, through the pipelines.

mod archives;
mod damaged;
mod images;
mod jpegs;
mod made;
mod sources;
