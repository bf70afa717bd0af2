//! Layers, origins, files, what is in force, and the reference.

use std::{fs, path::Path};

use runtime::config::{Inputs, Loaded, Origin, reference, template};

/// Inputs of a machine with a home folder and these variables.
pub(crate) fn inputs(variables: &[(&str, &str)]) -> Inputs {
    let all = [("HOME", "/home/me")].iter().chain(variables);
    Inputs {
        environment: all.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..Inputs::default()
    }
}

/// As [`inputs`], with a file that says `text`.
pub(crate) fn with_file(folder: &Path, text: &str, variables: &[(&str, &str)]) -> Inputs {
    let path = folder.join("stocktake.toml");
    fs::write(&path, text).unwrap();
    Inputs { file: Some(path), ..inputs(variables) }
}

fn in_force(loaded: &Loaded, key: &str) -> (String, Origin) {
    let found = loaded.effective().into_iter().find(|effective| effective.key == key);
    let found = found.unwrap_or_else(|| panic!("{key} is not in force"));
    (found.value, found.origin)
}

#[test]
fn without_any_setting_everything_is_embedded_in_the_data_folder() {
    let loaded = Loaded::load(&inputs(&[])).unwrap();
    let config = &loaded.config;
    assert_eq!(config.data.dir, Path::new("/home/me/.local/share/stocktake"));
    assert_eq!(config.store.url.expose(), "sqlite:///home/me/.local/share/stocktake/stocktake.db");
    assert_eq!(config.depot.url.expose(), "file:///home/me/.local/share/stocktake/depot");
    assert_eq!(config.bus.url.expose(), "memory:");
    assert_eq!(config.http.bind.to_string(), "127.0.0.1:8080");
    assert!(config.worker.jobs >= 1);
    assert!(!config.fetch.allow_local && !config.fetch.allow_private_addresses);
    assert!(config.trace.otlp_endpoint.is_none());
    assert_eq!(loaded.file, None);
    assert!(loaded.effective().iter().all(|effective| effective.origin == Origin::Default));

    let xdg = Loaded::load(&inputs(&[("XDG_DATA_HOME", "/data")])).unwrap();
    assert_eq!(xdg.config.data.dir, Path::new("/data/stocktake"));
    let odd = Loaded::load(&inputs(&[("STOCKTAKE__DATA__DIR", "/data/100% #1?")])).unwrap();
    assert_eq!(odd.config.depot.url.expose(), "file:///data/100%25 %231%3F/depot");
    assert_eq!(odd.config.store.url.expose(), "sqlite:///data/100% #1?/stocktake.db");
}

#[test]
fn later_layers_win_and_each_value_knows_its_layer() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[http]\nbind = '127.0.0.1:1'\n[bus]\nprefetch = 7\n[worker]\njobs = 3\n\
                [depot.options]\naws_region = 'eu'\naws_secret_access_key = 'hunter2'\n";
    let variables = [("STOCKTAKE__BUS__PREFETCH", "8"), ("STOCKTAKE__WORKER__JOBS", "4"), ("OTHER", "x")];
    let mut inputs = with_file(folder.path(), text, &variables);
    inputs.overrides.push(("worker.jobs".into(), "5".into()));
    let loaded = Loaded::load(&inputs).unwrap();

    let file = Origin::File(folder.path().join("stocktake.toml"));
    let environment = Origin::Environment("STOCKTAKE__BUS__PREFETCH".into());
    assert_eq!(in_force(&loaded, "http.bind"), ("127.0.0.1:1".into(), file.clone()));
    assert_eq!(in_force(&loaded, "bus.prefetch"), ("8".into(), environment));
    assert_eq!(in_force(&loaded, "worker.jobs"), ("5".into(), Origin::CommandLine));
    assert_eq!(in_force(&loaded, "store.pool"), ("8".into(), Origin::Default));
    assert_eq!(in_force(&loaded, "depot.options.aws_region"), ("eu".into(), file.clone()));
    assert_eq!(in_force(&loaded, "depot.options.aws_secret_access_key"), ("***".into(), file));
    assert_eq!(loaded.config.worker.jobs, 5);
    assert_eq!(loaded.config.depot.options.expose()["aws_secret_access_key"], "hunter2");
    assert_eq!(loaded.file, inputs.file);
}

#[test]
fn texts_of_the_environment_become_numbers_truths_and_lists() {
    let loaded = Loaded::load(&inputs(&[
        ("STOCKTAKE__FETCH__ALLOW_LOCAL", "true"),
        ("STOCKTAKE__FETCH__FILES", "1_000"),
        ("STOCKTAKE__FETCH__SCHEMES", "https, ssh"),
        ("STOCKTAKE__TRACE__SAMPLE_RATIO", "0.25"),
        ("STOCKTAKE__TRACE__OTLP_ENDPOINT", ""),
        ("STOCKTAKE__LOG__FORMAT", "json"),
        ("STOCKTAKE__DEPOT__OPTIONS__AWS_REGION", "eu"),
        ("STOCKTAKE__DATA__DIR", "relative/data"),
    ]));
    let config = loaded.unwrap().config;
    assert!(config.fetch.allow_local);
    assert_eq!(config.fetch.files, 1000);
    assert_eq!(config.fetch.schemes, ["https", "ssh"]);
    assert_eq!(config.trace.sample_ratio, 0.25);
    assert!(config.trace.otlp_endpoint.is_none());
    assert_eq!(config.log.format, runtime::config::LogFormat::Json);
    assert_eq!(config.depot.options.expose()["aws_region"], "eu");
    assert!(config.data.dir.is_absolute() && config.data.dir.ends_with("relative/data"));
    assert!(config.store.url.expose().ends_with("/relative/data/stocktake.db"));
}

#[test]
fn the_first_file_that_exists_is_read() {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str, pool: u32| {
        let folder = root.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("stocktake.toml");
        fs::write(&path, format!("[store]\npool = {pool}\n")).unwrap();
        path
    };
    let named = place("named", 1);
    let by_variable = place("variable", 2);
    let working = place("working", 3);
    let data = place("data", 4);
    let system = place("system", 5);
    let folder = |path: &Path| path.parent().unwrap().to_owned();

    let mut inputs = inputs(&[("STOCKTAKE_CONFIG", by_variable.to_str().unwrap())]);
    inputs.file = Some(named);
    inputs.working_dir = Some(folder(&working));
    inputs.system_dir = Some(folder(&system));
    inputs.overrides.push(("data.dir".into(), folder(&data).to_str().unwrap().into()));
    let pool = |inputs: &Inputs| Loaded::load(inputs).unwrap().config.store.pool;

    assert_eq!(pool(&inputs), 1);
    inputs.file = None;
    assert_eq!(pool(&inputs), 2);
    inputs.environment.remove("STOCKTAKE_CONFIG");
    assert_eq!(pool(&inputs), 3);
    fs::remove_file(working).unwrap();
    assert_eq!(pool(&inputs), 4);
    fs::remove_file(data).unwrap();
    assert_eq!(pool(&inputs), 5);
    fs::remove_file(system).unwrap();
    assert_eq!(pool(&inputs), 8);
}

#[test]
fn no_secret_is_shown_in_any_form() {
    let loaded = Loaded::load(&inputs(&[
        ("STOCKTAKE__STORE__URL", "postgres://me:hunter2@db/stock?sslpassword=hunter2"),
        ("STOCKTAKE__BUS__URL", "amqp://me:hunter2@broker/%2f"),
        ("STOCKTAKE__TRACE__OTLP_ENDPOINT", "https://me:hunter2@traces/v1/traces"),
        ("STOCKTAKE__DEPOT__URL", "s3://bucket/prefix"),
        ("STOCKTAKE__DEPOT__OPTIONS__AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("STOCKTAKE__DEPOT__OPTIONS__GOOGLE_SERVICE_ACCOUNT_KEY", "hunter2"),
    ]))
    .unwrap();
    assert!(loaded.config.store.url.expose().contains("hunter2"));
    let shown =
        format!("{loaded:?}{:?}{}", loaded.effective(), serde_json::to_string(&loaded.config).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(in_force(&loaded, "bus.url").0, "amqp://me:***@broker/%2f");
}

/// Keys that are maps: what is empty of them is nothing.
const MAPS: &[&str] = &["assets.storage", "depot.options", "forges.hook_secrets", "forges.tokens"];

#[test]
fn what_is_in_force_reads_back_as_the_same_configuration() {
    let loaded = Loaded::load(&inputs(&[("STOCKTAKE__FETCH__SCHEMES", "https,git")])).unwrap();
    let again = Inputs {
        overrides: loaded.effective().into_iter().map(|effective| (effective.key, effective.value)).collect(),
        ..Inputs::default()
    };
    // An empty map is told as an empty value, which no map can be set to.
    let again = Inputs {
        overrides: again.overrides.into_iter().filter(|(key, _)| !MAPS.contains(&key.as_str())).collect(),
        ..again
    };
    let again = Loaded::load(&again).unwrap();
    assert_eq!(format!("{:?}", again.config), format!("{:?}", loaded.config));
}

#[test]
fn the_template_is_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let text = template();
    let as_it_is = Loaded::load(&with_file(folder.path(), &text, &[])).unwrap();
    assert!(as_it_is.effective().iter().all(|effective| effective.origin == Origin::Default));

    // A commented setting has no space behind its mark; what has no fixed default is empty.
    let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && !line.contains("NAME =");
    let lines = text.lines().map(|line| if setting(line) { &line[1..] } else { line });
    let uncommented = lines.collect::<Vec<_>>().join("\n");
    let uncommented = uncommented.replace("\njobs = \"\"", "\njobs = 0");
    let all_set = Loaded::load(&with_file(folder.path(), &uncommented, &[])).unwrap();
    assert_eq!(format!("{:?}", all_set.config), format!("{:?}", as_it_is.config));
    let file = Origin::File(folder.path().join("stocktake.toml"));
    let unset: Vec<_> =
        all_set.effective().into_iter().filter(|effective| effective.origin != file).collect();
    assert_eq!(unset.iter().map(|effective| effective.key.as_str()).collect::<Vec<_>>(), MAPS);
}

#[test]
fn the_reference_has_every_key() {
    let page = reference();
    for effective in Loaded::load(&inputs(&[])).unwrap().effective() {
        assert!(page.contains(&format!("| `{}` |", effective.key)), "{}", effective.key);
    }
    assert!(page.contains("| `http.bind` | `127.0.0.1:8080` | an address and a port"), "{page}");
}
