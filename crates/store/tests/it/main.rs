//! One suite for both databases: SQLite always, PostgreSQL where one is named.

#![cfg(test)]

mod db;
mod domain;
mod faults;
mod messages;
mod migrations;
mod processes;
mod tasks;
mod transactions;
