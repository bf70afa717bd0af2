//! The text of every error that a configuration can have.

use std::{fs, path::PathBuf};

use runtime::config::{Inputs, Loaded};

use crate::config::{inputs, with_file};

/// What loading says when it must fail.
fn refusal(inputs: &Inputs) -> String {
    Loaded::load(inputs).expect_err("it should have been refused").to_string()
}

/// The error of one variable with one value.
fn refused(variable: &str, value: &str) -> String {
    refusal(&inputs(&[(variable, value)]))
}

#[test]
fn unknown_keys_are_refused_with_the_closest() {
    assert_eq!(
        refused("STOCKTAKE__HTTP__BIMD", "x"),
        "unknown key http.bimd (environment variable STOCKTAKE__HTTP__BIMD); the closest known key is http.bind"
    );
    assert_eq!(
        refused("STOCKTAKE__STORE__PREFETCH", "1"),
        "unknown key store.prefetch (environment variable STOCKTAKE__STORE__PREFETCH); \
         the closest known key is bus.prefetch"
    );
    assert_eq!(
        refused("STOCKTAKE__ZZZZZZ__QQQQQQQQQQ", "1"),
        "unknown key zzzzzz.qqqqqqqqqq (environment variable STOCKTAKE__ZZZZZZ__QQQQQQQQQQ)"
    );
    assert_eq!(refused("STOCKTAKE__A-B[", "1"), "unknown key a-b[ (environment variable STOCKTAKE__A-B[)");
    let mut inputs = inputs(&[]);
    inputs.overrides.push(("data.dri".into(), "/x".into()));
    assert_eq!(refusal(&inputs), "unknown key data.dri (command line); the closest known key is data.dir");
}

#[test]
fn wrong_values_are_named_with_key_origin_and_accepted_form() {
    let cases = [
        (
            "HTTP__BIND",
            "localhost",
            "http.bind cannot be \"localhost\"",
            "an address and a port, for instance 127.0.0.1:8080 or [::1]:8080",
        ),
        (
            "ADMIN__BIND",
            "",
            "admin.bind cannot be \"\"",
            "an address and a port, for instance 127.0.0.1:0 or 0.0.0.0:8081",
        ),
        (
            "HTTP__BODY_BYTES",
            "10",
            "http.body_bytes cannot be \"10\"",
            "a whole number from 1024 to 1073741824",
        ),
        ("STORE__POOL", "many", "store.pool cannot be \"many\"", "a whole number from 1 to 512"),
        ("STORE__POOL", "0", "store.pool cannot be \"0\"", "a whole number from 1 to 512"),
        ("STORE__POOL", "-1", "store.pool cannot be \"-1\"", "a whole number from 1 to 512"),
        ("BUS__PREFETCH", "70000", "bus.prefetch cannot be \"70000\"", "a whole number from 1 to 1000"),
        (
            "BUS__PREFIX",
            "a b",
            "bus.prefix cannot be \"a b\"",
            "up to 64 letters, digits, dots, hyphens and underscores",
        ),
        (
            "STORE__URL",
            "mysql://me:hunter2@h/d",
            "store.url cannot be \"mysql://me:***@h/d\"",
            "sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        ),
        (
            "BUS__URL",
            "kafka://h",
            "bus.url cannot be \"kafka://h\"",
            "memory: or amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps://…",
        ),
        (
            "DEPOT__URL",
            "/srv/depot",
            "depot.url cannot be \"/srv/depot\"",
            "file:///PATH, memory:, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX",
        ),
        ("DEPOT__OPTIONS", "hunter2", "depot.options cannot be \"***\"", "a text for each name"),
        (
            "LOG__LEVEL",
            "verbose",
            "log.level cannot be \"verbose\"",
            "error, warn, info, debug, trace or off, or a list such as info,worker=debug",
        ),
        (
            "LOG__LEVEL",
            "",
            "log.level cannot be \"\"",
            "error, warn, info, debug, trace or off, or a list such as info,worker=debug",
        ),
        (
            "LOG__LEVEL",
            "worker=",
            "log.level cannot be \"worker=\"",
            "error, warn, info, debug, trace or off, or a list such as info,worker=debug",
        ),
        (
            "LOG__LEVEL",
            "info,worker=loud",
            "log.level cannot be \"info,worker=loud\"",
            "error, warn, info, debug, trace or off, or a list such as info,worker=debug",
        ),
        ("LOG__FORMAT", "xml", "log.format cannot be \"xml\"", "auto, text or json"),
        ("TRACE__SAMPLE_RATIO", "2", "trace.sample_ratio cannot be \"2\"", "a number from 0.0 to 1.0"),
        (
            "TRACE__OTLP_ENDPOINT",
            "localhost:4317",
            "trace.otlp_endpoint cannot be \"localhost:4317\"",
            "an URL such as http://localhost:4318/v1/traces, or nothing",
        ),
        ("FETCH__ALLOW_LOCAL", "yes", "fetch.allow_local cannot be \"yes\"", "true or false"),
        (
            "FETCH__SCHEMES",
            "https,ftp",
            "fetch.schemes cannot be [\"https\",\"ftp\"]",
            "a list of https, http, ssh and git",
        ),
        (
            "FAULTS__ABORT_AT",
            "nowhere:1",
            "faults.abort_at cannot be \"nowhere:1\"",
            "NAME:N with a known fault point and N from 1, or nothing",
        ),
        (
            "FAULTS__ABORT_AT",
            "worker.after_commit",
            "faults.abort_at cannot be \"worker.after_commit\"",
            "NAME:N with a known fault point and N from 1, or nothing",
        ),
    ];
    for (name, value, said, accepted) in cases {
        let variable = format!("STOCKTAKE__{name}");
        let expected = format!("{said} (environment variable {variable}); accepted: {accepted}");
        assert_eq!(refused(&variable, value), expected);
    }
}

#[test]
fn values_that_contradict_one_another_are_refused() {
    let both = [("STOCKTAKE__FETCH__TOTAL_SECONDS", "5"), ("STOCKTAKE__FETCH__IDLE_SECONDS", "9")];
    assert_eq!(
        refusal(&inputs(&both)),
        "fetch.total_seconds cannot be 5 (environment variable STOCKTAKE__FETCH__TOTAL_SECONDS); \
         accepted: at least fetch.idle_seconds, which is 9"
    );
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        refusal(&with_file(folder.path(), "[fetch]\nidle_seconds = 3600\ntotal_seconds = 3599\n", &[])),
        format!(
            "fetch.total_seconds cannot be 3599 (file {}); accepted: at least fetch.idle_seconds, which is 3600",
            folder.path().join("stocktake.toml").display()
        )
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[http]\nbind = 3\nbimd = 1\n[store]\npool = 'x'\n[fetch]\nschemes = ['https', 4]\n\
                [log]\nlevel = { worker = 'debug' }\n[data.dir]\nx = 1\n";
    let inputs = with_file(folder.path(), text, &[]);
    let file = inputs.file.clone().unwrap();
    let file = file.display();
    assert_eq!(
        refusal(&inputs),
        format!(
            "unknown key http.bimd (file {file}); the closest known key is http.bind\n\
             data.dir cannot be {{\"x\":1}} (file {file}); accepted: a folder's path\n\
             fetch.schemes cannot be [\"https\",4] (file {file}); accepted: a list of https, http, ssh and git\n\
             http.bind cannot be 3 (file {file}); accepted: an address and a port, for instance 127.0.0.1:8080 or [::1]:8080\n\
             log.level cannot be {{\"worker\":\"debug\"}} (file {file}); accepted: error, warn, info, debug, trace or off, or a list such as info,worker=debug\n\
             store.pool cannot be \"x\" (file {file}); accepted: a whole number from 1 to 512"
        )
    );
}

#[test]
fn a_section_that_is_a_value_and_a_key_that_is_a_section_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = with_file(folder.path(), "http = 3\nbind = 1\n", &[]);
    let file = inputs.file.clone().unwrap();
    let file = file.display();
    assert_eq!(
        refusal(&inputs),
        format!(
            "unknown key bind (file {file}); the closest known key is admin.bind\n\
             http cannot be 3 (file {file}); accepted: a section with anonymous, bind, body_bytes, connections, hosts, trust_forwarded"
        )
    );
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let told = refusal(&with_file(folder.path(), "[http]\nbind = \n", &[]));
    let path = folder.path().join("stocktake.toml");
    assert!(told.starts_with(&format!("{}: TOML parse error at line 2, column 8", path.display())), "{told}");

    let mut inputs = inputs(&[]);
    inputs.file = Some(PathBuf::from("/nowhere/stocktake.toml"));
    assert_eq!(
        refusal(&inputs),
        "/nowhere/stocktake.toml: cannot be read: No such file or directory (os error 2)"
    );
    inputs.file = None;
    inputs.environment.insert("STOCKTAKE_CONFIG".into(), "/nowhere/else.toml".into());
    assert_eq!(
        refusal(&inputs),
        "/nowhere/else.toml: cannot be read: No such file or directory (os error 2)"
    );

    fs::write(&path, [0xff, 0xfe]).unwrap();
    inputs.environment.insert("STOCKTAKE_CONFIG".into(), path.display().to_string());
    assert!(refusal(&inputs).ends_with("cannot be read: stream did not contain valid UTF-8"));
}

#[test]
fn a_machine_without_home_must_name_a_data_folder() {
    let inputs = Inputs::default();
    assert_eq!(
        refusal(&inputs),
        "data.dir is not set: neither XDG_DATA_HOME nor HOME names a folder; \
         accepted: --data FOLDER, STOCKTAKE__DATA__DIR or data.dir in a file"
    );
}
