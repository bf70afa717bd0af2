//! Against git itself: every node with every byte, and every commit with every field.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{bench::fetch::served::Served, workspace::Complaint};

/// A git repository, and the program that visits it.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Git repositories on this machine
    #[arg(required = true, value_name = "DIR")]
    targets: Vec<PathBuf>,
    /// The program, built of services/repo-processor/examples/visit; cargo builds and runs it otherwise
    #[arg(long, value_name = "PROGRAM")]
    built: Option<PathBuf>,
    /// How many differences are shown of each kind
    #[arg(long, default_value_t = 5)]
    show: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for target in &arguments.targets {
        let target = target.canonicalize().with_context(|| format!("{} cannot be read", target.display()))?;
        complaints.extend(compare(&target, arguments)?);
    }
    Ok(complaints)
}

/// What came out, counted.
#[derive(Default)]
struct Counted {
    nodes: u64,
    bytes: u64,
    without_bytes: u64,
    commits: u64,
    different: Vec<String>,
}

fn compare(target: &Path, arguments: &Arguments) -> Result<Vec<Complaint>> {
    let folder = tempfile::Builder::new().prefix("stocktake-compare-").tempdir()?;
    let served = Served::of(target, folder.path())?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let mut visit = match &arguments.built {
        Some(program) => Command::new(std::path::absolute(program)?),
        None => {
            let mut cargo = Command::new("cargo");
            let words =
                ["run", "--quiet", "--release", "--package", "repo-processor", "--example", "visit", "--"];
            cargo.args(words);
            cargo
        }
    };
    visit.arg(&data).arg(format!("git://{}/repo.git", served.address)).args(["--history", "--dump"]);
    let mut child = visit.stdout(Stdio::piped()).spawn().context("the visit cannot be run")?;
    let mut told = BufReader::new(child.stdout.take().context("the visit has no output")?);
    let mut listed = listed(target)?;
    let mut logged = logged(target)?;
    let (files, commits) = (listed.len(), logged.len());
    let mut git = Contents::of(target)?;
    let mut counted = Counted::default();
    let mut line = String::new();
    while told.read_line(&mut line)? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["node", mode, id, size, path, bytes] => {
                let path = unhex(path)?;
                let ours = (mode.to_owned(), id.to_owned(), size.to_owned());
                if listed.remove(&path).as_ref() != Some(&ours) {
                    counted.different.push(format!("node {:?}: {ours:?}", String::from_utf8_lossy(&path)));
                }
                take_bytes(&mut told, bytes, id, mode, &mut git, &mut counted)?;
            }
            ["commit", id, ref fields @ ..] => {
                counted.commits += 1;
                let theirs = logged.remove(id);
                let same = theirs.as_ref().is_some_and(|theirs| is_same(fields, theirs));
                if !same {
                    counted.different.push(format!("commit {id}: {fields:?} and {theirs:?}"));
                }
            }
            _ => bail!("not understood: {line}"),
        }
        line.clear();
    }
    if !child.wait()?.success() {
        bail!("the visit failed");
    }
    let missing = listed.keys().map(|path| format!("lacks the node {:?}", String::from_utf8_lossy(path)));
    counted.different.extend(missing.chain(logged.keys().map(|id| format!("lacks the commit {id}"))));
    println!(
        "{}: {} of {files} nodes, {} bytes of them, {} without bytes; {} of {commits} commits; {} different",
        target.display(),
        counted.nodes,
        counted.bytes,
        counted.without_bytes,
        counted.commits,
        counted.different.len()
    );
    counted.different.iter().take(arguments.show).for_each(|one| println!("  {one}"));
    let place = target.display().to_string();
    let what = format!("{} differences from git", counted.different.len());
    Ok((!counted.different.is_empty()).then_some(Complaint { place, line: 0, what }).into_iter().collect())
}

/// The bytes behind a node's line, beside git's.
fn take_bytes(
    told: &mut impl BufRead,
    length: &str,
    id: &str,
    mode: &str,
    git: &mut Contents,
    counted: &mut Counted,
) -> Result<()> {
    counted.nodes += 1;
    let mut end = [0];
    if length == "-" {
        counted.without_bytes += 1;
        if mode != "160000" && git.get(id)?.is_some() {
            counted.different.push(format!("content {id} has no bytes"));
        }
    } else {
        let mut ours = vec![0; length.parse().context("a length")?];
        told.read_exact(&mut ours)?;
        counted.bytes += ours.len() as u64;
        if git.get(id)?.as_deref() != Some(&ours[..]) {
            counted.different.push(format!("content {id} has other bytes"));
        }
    }
    told.read_exact(&mut end)?;
    Ok(())
}

fn git(target: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(target).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    git.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory").env("GIT_CONFIG_VALUE_0", "*");
    git.env("GIT_NO_REPLACE_OBJECTS", "1");
    git
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stderr(Stdio::inherit()).output().context("git cannot be run")?;
    if !output.status.success() {
        bail!("{command:?} fails");
    }
    Ok(output.stdout)
}

/// Mode, id and size of every node, by path.
fn listed(target: &Path) -> Result<HashMap<Vec<u8>, (String, String, String)>> {
    let listed = output(git(target).args(["ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD"]))?;
    let mut nodes = HashMap::new();
    for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t').context("an entry without a tab")?;
        let head = String::from_utf8_lossy(&entry[..tab]).into_owned();
        let [mode, _, id, size] = head.split_whitespace().collect::<Vec<_>>()[..] else { bail!("{head}") };
        let size = if size == "-" { "0" } else { size };
        nodes.insert(entry[tab + 1..].to_vec(), (mode.to_owned(), id.to_owned(), size.to_owned()));
    }
    Ok(nodes)
}

/// The fields of every commit as `git log` tells them, by id.
fn logged(target: &Path) -> Result<HashMap<String, Vec<Vec<u8>>>> {
    const FORMAT: &str = "--format=%H%x1f%x1f%an%x1f%ae%x1f%ad%x1f%cn%x1f%ce%x1f%cd%x1f%B";
    let log = output(git(target).args(["log", "-z", "--encoding=UTF-8", "--date=raw", FORMAT, "HEAD"]))?;
    let commits = log.split(|byte| *byte == 0).filter(|commit| !commit.is_empty());
    let mut parents = parents(target)?;
    commits
        .map(|commit| {
            let mut fields = commit.splitn(9, |byte| *byte == 0x1f).map(<[u8]>::to_vec);
            let id = String::from_utf8(fields.next().context("a commit without an id")?)?;
            let mut fields: Vec<Vec<u8>> = fields.collect();
            fields[0] = parents.remove(&id).context("a commit that is listed once only")?;
            Ok((id, fields))
        })
        .collect()
}

/// The parents of every commit, as they stand in it: in other formats git leaves those out that a shallow clone lacks.
fn parents(target: &Path) -> Result<HashMap<String, Vec<u8>>> {
    let log = output(git(target).args(["log", "-z", "--format=raw", "HEAD"]))?;
    let commits = log.split(|byte| *byte == 0).filter(|commit| !commit.is_empty());
    commits
        .map(|commit| {
            let mut lines = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
            let id = lines.next().and_then(|line| line.strip_prefix(b"commit ")).context("no commit")?;
            let parents: Vec<&[u8]> = lines.filter_map(|line| line.strip_prefix(b"parent ")).collect();
            Ok((String::from_utf8(id.to_vec())?, parents.join(&b' ')))
        })
        .collect()
}

/// Parents, then name, address, seconds and minutes of author and committer, then the message.
fn is_same(ours: &[&str], theirs: &[Vec<u8>]) -> bool {
    let [parents, author @ .., message] = ours else { return false };
    let [their_parents, their_author @ .., their_message] = theirs else { return false };
    let parents = if *parents == "-" { String::new() } else { parents.replace(',', " ") };
    let text = |hex: &str| unhex(hex).unwrap_or_default();
    // What is no text is shown as such by us, and as it is by git.
    let same_text = |ours: &str, theirs: &[u8]| text(ours) == String::from_utf8_lossy(theirs).as_bytes();
    let signatures =
        author.chunks(4).zip(their_author.chunks(3)).all(|(ours, theirs)| match (ours, theirs) {
            ([name, email, at, offset], [their_name, their_email, their_time]) => {
                same_text(name, their_name)
                    && same_text(email, their_email)
                    && time(at, offset).as_bytes() == their_time.as_slice()
            }
            _ => false,
        });
    parents.as_bytes() == their_parents.as_slice() && signatures && same_text(message, their_message)
}

/// As git shows a raw time.
fn time(at: &str, offset: &str) -> String {
    let minutes: i32 = offset.parse().unwrap_or(0);
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{at} {sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn unhex(hex: &str) -> Result<Vec<u8>> {
    if hex == "-" {
        return Ok(Vec::new());
    }
    let digits = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    hex.as_bytes().chunks(2).map(digits).collect()
}

/// git, asked for one content after the other.
struct Contents {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Contents {
    fn of(target: &Path) -> Result<Self> {
        let mut command = git(target);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("git cannot be run")?;
        let ask = child.stdin.take().context("git has no input")?;
        let answers = BufReader::new(child.stdout.take().context("git has no output")?);
        Ok(Self { child, ask, answers })
    }

    fn get(&mut self, id: &str) -> Result<Option<Vec<u8>>> {
        writeln!(self.ask, "{id}")?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let [_, "blob", length] = head.split_whitespace().collect::<Vec<_>>()[..] else { return Ok(None) };
        let mut bytes = vec![0; length.parse::<usize>()? + 1];
        self.answers.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Some(bytes))
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        // It has nothing more to say.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
