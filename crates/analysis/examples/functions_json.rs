//! Prints the functions of files as JSON, one line per file: `functions_json LANGUAGE FILE…`, or with
//! `-` the names of the files from standard input. For comparison with other programs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::io::BufRead;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(language) = arguments.next() else {
        eprintln!("usage: functions_json LANGUAGE FILE…|-");
        return;
    };
    for argument in arguments {
        if argument == "-" {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                print(&language, &line);
            }
        } else {
            print(&language, &argument);
        }
    }
}

fn print(language: &str, path: &str) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{path}: {error}");
            return;
        }
    };
    let text = decode(&bytes);
    match analysis::functions::analyze(language, &text) {
        Some(result) => println!("{}", serde_json::json!({ "path": path, "result": result })),
        None => eprintln!("{language}: functions are not looked for in it"),
    }
}

/// What is not UTF-8 is left out.
fn decode(bytes: &[u8]) -> String {
    bytes.utf8_chunks().map(|chunk| chunk.valid()).collect()
}
