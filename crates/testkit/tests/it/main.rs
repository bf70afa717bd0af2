//! The test kit keeps its promises: stacks are separate and leave nothing behind, repositories are the same each
//! time and have everything in them.

mod git;
mod stack;
