//! Fetches and reads everything at an address, and says how long each step took.
//!
//! `walk ADDRESS [list|contents]`: `list` prints what `git ls-tree -r -l -z` does, `contents` what
//! `git cat-file --batch` does with the same blobs in the same order, so that `cmp` can compare.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
    sync::atomic::AtomicBool,
    time::Instant,
};

use git::{Entry, EntryKind, Fetcher, GitError, Location, Options, Origin, Policy, Silent};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match arguments.next() {
        Some(address) => run(&address, arguments.next().as_deref()),
        None => Err("walk ADDRESS [list|contents]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "{error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(address: &str, print: Option<&str>) -> Outcome<()> {
    let scratch = std::env::temp_dir().join(format!("git-walk-{}", std::process::id()));
    let mut options = Options::new(&scratch);
    options.policy = Policy::trusted();
    let fetcher = Fetcher::new(options)?;
    let result = steps(&fetcher, address, print);
    std::fs::remove_dir_all(scratch)?;
    result
}

fn steps(fetcher: &Fetcher, address: &str, print: Option<&str>) -> Outcome<()> {
    let go_on = AtomicBool::new(false);
    let location = Location::parse(address)?;
    let mut last = Instant::now();
    let mut took = |step: &str| {
        writeln!(io::stderr(), "{step:8} {:9.3} s", last.elapsed().as_secs_f64()).ok();
        last = Instant::now();
    };
    let head = fetcher.resolve(&location, &go_on)?;
    took("resolve");
    let origin = fetcher.fetch(&location, &head, "walk", None, &Silent, &go_on)?;
    took("fetch");
    let mut entries = Vec::new();
    origin.walk(|entry| {
        entries.push(entry);
        Ok::<_, GitError>(())
    })?;
    took("walk");
    match print {
        Some("list") => list(&entries)?,
        Some("contents") => contents(&origin, &entries)?,
        _ => {}
    }
    took("print");
    read_all(&origin, &entries, 1)?;
    took("read/1");
    let (count, bytes) = read_all(&origin, &entries, 2)?;
    took("read/2");
    writeln!(
        io::stderr(),
        "{} entries, {count} contents, {bytes} bytes, tree {}",
        entries.len(),
        origin.tree()
    )?;
    Ok(())
}

fn list(entries: &[Entry]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for entry in entries {
        let (kind, size) = match entry.kind {
            EntryKind::Submodule => ("commit", "-".to_owned()),
            _ if entry.problem.is_some() => ("blob", "BAD".to_owned()),
            _ => ("blob", entry.size.to_string()),
        };
        write!(out, "{:06o} {kind} {} {size:>7}\t", entry.mode, entry.oid)?;
        out.write_all(&entry.path)?;
        out.write_all(&[0])?;
    }
    out.flush()
}

fn contents(origin: &Origin, entries: &[Entry]) -> Outcome<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut reader, mut buffer) = (origin.reader(), Vec::new());
    for entry in entries.iter().filter(|entry| entry.kind.has_content()) {
        if let Err(error) = reader.read(entry, &mut buffer) {
            writeln!(io::stderr(), "{error}")?;
            writeln!(out, "{} missing", entry.oid)?;
            continue;
        }
        writeln!(out, "{} blob {}", entry.oid, buffer.len())?;
        out.write_all(&buffer)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn read_all(origin: &Origin, entries: &[Entry], threads: usize) -> Outcome<(u64, u64)> {
    std::thread::scope(|scope| {
        let parts = entries.chunks(entries.len().div_ceil(threads).max(1));
        let workers: Vec<_> = parts
            .map(|part| {
                scope.spawn(|| -> Outcome<(u64, u64)> {
                    let (mut reader, mut buffer, mut count, mut bytes) = (origin.reader(), Vec::new(), 0, 0);
                    for entry in part.iter().filter(|entry| entry.kind.has_content()) {
                        if reader.read(entry, &mut buffer).is_ok() {
                            count += 1;
                            bytes += buffer.len() as u64;
                        }
                    }
                    Ok((count, bytes))
                })
            })
            .collect();
        workers.into_iter().try_fold((0, 0), |(count, bytes), worker| {
            let (more, larger) = worker.join().map_err(|_panic| "a thread panicked")??;
            Ok((count + more, bytes + larger))
        })
    })
}
