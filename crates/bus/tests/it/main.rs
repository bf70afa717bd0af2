//! The bus's conformance suite, run on both implementations, and what only one of them can be asked.
//!
//! RabbitMQ is taken from `STOCKTAKE_TEST_AMQP`. Its restart is tested only when
//! `STOCKTAKE_TEST_RABBITMQ_RESTART=1` is set too, because others may be using the broker.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "the helpers of tests fail as tests do, and say what did not run"
)]

mod broken;
mod broker;
mod delivery;
mod events;
mod foreign;
mod kit;
mod limits;
mod metrics;
mod proxy;
mod restart;
mod settling;
