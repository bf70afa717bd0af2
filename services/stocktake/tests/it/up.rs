//! `stocktake up` as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use crate::support::stocktake;

/// A program that is up, and where.
pub(crate) struct Up {
    child: Child,
    pub(crate) told: String,
    pub(crate) url: String,
}

impl Up {
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = stocktake(data);
        command.args(["up", "--set", "http.bind=127.0.0.1:0", "--set", "log.level=error"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("it should say where it is").unwrap();
            told.push_str(&line);
            told.push('\n');
            if let Some((_, rest)) = line.split_once("stocktake is up: ") {
                break rest.split("/docs").next().unwrap().to_owned();
            }
        };
        Self { child, told, url }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
