//! Repositories with everything in them that a tidy one does not have, and with much of what it does.

use crate::GitFixture;

/// Names that break whoever thinks that a path is a word.
const ODD_NAMES: &[&[u8]] = &[
    b"with space.txt",
    b" leading and trailing ",
    b"tab\there.c",
    b"new\nline.py",
    b"quote\"and'apostrophe.js",
    b"back\\slash.rs",
    b"-dash.md",
    b"--",
    b"*.glob",
    b":colon",
    b"=formula.csv",
    b".hidden",
    b"...",
    b"bell\x07\x1b[2J.txt",
    b"latin1-\xe9\xff.txt",
    "ünïcode/文件/😀.rs".as_bytes(),
    // The same letter, composed and decomposed.
    "caf\u{e9}".as_bytes(),
    "cafe\u{301}".as_bytes(),
    "rtl-\u{202e}gpj.exe".as_bytes(),
    // A file system may confuse these; git does not.
    b"README",
    b"readme",
    // Git orders a folder as if its name ended with a slash, paths are ordered by bytes.
    b"order-b",
    b"order.b",
    b"order/b",
    b"order0",
    b"deep/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/file",
];

impl GitFixture {
    /// A repository with one commit that has every kind of entry: odd names, executable, symbolic links (also
    /// broken and outward), a submodule, empty, binary, with CRLF, not UTF-8, without a last newline, the same
    /// content under several names, and one file of 10 MiB.
    ///
    /// # Panics
    /// When the git binary is missing.
    pub fn odd() -> Self {
        let fixture = Self::new();
        for (number, name) in ODD_NAMES.iter().enumerate() {
            fixture.write(name, format!("content of odd name {number}\n"));
        }
        fixture
            .write([b"long-".as_slice(), &[b'x'; 250]].concat(), "a name of 255 bytes\n")
            .write_executable("bin/run.sh", "#!/bin/sh\n# say it\necho hello\n")
            .symlink("link", "bin/run.sh")
            .symlink("broken-link", "nowhere/at all")
            .symlink("outward-link", "/etc/passwd")
            .submodule("vendor/sub", &"1234567890".repeat(4))
            .write("empty", "")
            .write("empty.py", "")
            .write("binary.bin", (0..=255).cycle().take(70_000).collect::<Vec<u8>>())
            .write("crlf.txt", "one\r\ntwo\r\n\r\nthree\r\n")
            .write("mixed.txt", "one\r\ntwo\nthree\rfour")
            .write(
                "utf16.txt",
                "\u{feff}wide\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            )
            .write("latin1.c", b"/* caf\xe9 */\nint main(void) { return 0; }\n")
            .write("no-newline.rs", "fn main() {}")
            .write("copies/one.rs", "fn same() {}\n")
            .write("copies/two.rs", "fn same() {}\n")
            .write("copies/same.txt", "fn same() {}\n")
            .write("large.txt", "0123456789abcdef012345678901234\n".repeat(10 << 15))
            .write("one-long-line.js", format!("var x = \"{}\";", "y".repeat(300_000)));
        fixture.commit("everything odd");
        fixture
    }

    /// A repository with one commit of `files` tidy source files in several languages, all different.
    ///
    /// # Panics
    /// When the git binary is missing.
    pub fn tidy(files: usize) -> Self {
        let fixture = Self::new();
        fixture.write_sources(0, files);
        fixture.commit("sources");
        fixture
    }

    /// Writes `files` different source files, numbered from `first`, some hundred bytes to some kB each.
    ///
    /// # Panics
    /// When the file system does not take them.
    pub fn write_sources(&self, first: usize, files: usize) -> &Self {
        for number in first..first + files {
            let (name, comment) = match number % 4 {
                0 => ("rs", "//"),
                1 => ("py", "#"),
                2 => ("c", "//"),
                _ => ("sh", "#"),
            };
            let line = |at: usize| match at % 5 {
                0 => format!("{comment} file {number}, remark {at}\n"),
                1 => "\n".to_owned(),
                _ => format!("value_{number}_{at} = {};\n", number * at),
            };
            let text: String = (0..20 + number % 50).map(line).collect();
            self.write(format!("src/part{}/file{number}.{name}", number / 100), text);
        }
        self
    }
}
