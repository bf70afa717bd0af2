//! Rows whose first language is `M…` to `Z…`. What the comments and strings of each language look like
//! follows the language list of tokei (MIT or Apache-2.0, © Erin Power), so that counts can be compared.

use super::{BOTH, C_BLOCK, DOUBLE, Syntax, THREE, XML_BLOCK, of};

pub(super) static ROWS: &[Syntax] = &[
    of(&["M1 Assembly"]).line(&["#", ";"]).strings(DOUBLE),
    of(&["M4"]).line(&["#", "dnl"]).strings(&[("`", "'")]),
    of(&["M4Sugar"]).also(&["autoconf"]).line(&["#", "dnl"]),
    of(&["Madlang"]).line(&["#"]).block(&[("{#", "#}")]),
    of(&["Meson"]).line(&["#"]).strings(&[("'''", "'''"), ("'", "'")]),
    of(&["MoonScript"]).line(&["--"]).strings(BOTH),
    of(&["Mustache"]).block(&[("{{!", "}}")]).strings(BOTH),
    of(&["Nix"]).line(&["#"]).block(C_BLOCK).strings(DOUBLE),
    of(&["OCaml", "Rocq Prover", "Standard ML", "UrWeb", "Wolfram Language"])
        .also(&["coq", "standard ml (sml)", "ur/web", "wolfram"])
        .block(&[("(*", "*)")])
        .strings(DOUBLE),
    of(&["Open Policy Agent"]).line(&["#"]).strings(&[("\"", "\""), ("`", "`")]),
    of(&["OpenCL", "Poke"]).block(C_BLOCK),
    of(&["Org"]).line(&["# "]),
    of(&["Pascal"]).line(&["//"]).block(&[("{", "}"), ("(*", "*)")]).nested().strings(&[("'", "'")]),
    of(&["Perl"]).line(&["#"]).block(&[("=pod", "=cut")]).strings(BOTH),
    of(&["Phix"])
        .line(&["--", "//", "#!"])
        .block(&[("/*", "*/"), ("--/*", "--*/")])
        .nested()
        .strings(BOTH)
        .raw(&[("\"\"\"", "\"\"\""), ("`", "`")]),
    of(&["PHP", "Thrift"]).line(&["#", "//"]).block(C_BLOCK).strings(BOTH),
    of(&["PlantUML"]).line(&["'"]).block(&[("/'", "'/")]).strings(DOUBLE),
    of(&["PLSQL", "PLpgSQL", "SQL", "SQLPL", "TSQL"]).line(&["--"]).block(C_BLOCK).strings(&[("'", "'")]),
    of(&["Pony"]).line(&["//"]).block(C_BLOCK).strings(DOUBLE).docs(&[("\"\"\"", "\"\"\"")]),
    of(&["PowerShell"]).line(&["#"]).block(&[("<#", "#>")]).strings(&[
        ("\"@", "@\""),
        ("\"", "\""),
        ("@'", "'@"),
        ("'", "'"),
    ]),
    of(&["PRACTICE Script"]).also(&["lauterbach practice script"]).line(&[";", "//"]).strings(DOUBLE),
    of(&["Protocol Buffer", "WGSL"]).also(&["protocol buffers", "webgpu shader language"]).line(&["//"]),
    of(&["Pug"]).line(&["//", "//-"]).strings(&[("#{\"", "\"}"), ("#{'", "'}"), ("#{`", "`}")]),
    of(&["Pyret"]).line(&["#"]).block(&[("#|", "|#")]).nested().strings(BOTH),
    of(&["q"]).also(&["k"]).line(&["/"]).nested().strings(DOUBLE),
    of(&["Raku"])
        .line(&["#"])
        .block(&[("#`(", ")"), ("#`[", "]"), ("#`{", "}"), ("#`｢", "｣")])
        .nested()
        .strings(BOTH)
        .raw(&[("｢", "｣")])
        .docs(&[
            ("#|{", "}"),
            ("#={", "}"),
            ("#|(", ")"),
            ("#=(", ")"),
            ("#|[", "]"),
            ("#=[", "]"),
            ("#|｢", "｣"),
            ("#=｢", "｣"),
            ("=begin pod", "=end pod"),
            ("=begin code", "=end code"),
            ("=begin head", "=end head"),
            ("=begin item", "=end item"),
            ("=begin table", "=end table"),
            ("=begin defn", "=end defn"),
            ("=begin para", "=end para"),
            ("=begin comment", "=end comment"),
            ("=begin data", "=end data"),
            ("=begin DESCRIPTION", "=end DESCRIPTION"),
            ("=begin SYNOPSIS", "=end SYNOPSIS"),
            ("=begin ", "=end "),
        ]),
    of(&["Redscript"]).line(&["//", "///"]).block(C_BLOCK).nested().strings(DOUBLE),
    of(&["Roc"]).line(&["#"]).strings(BOTH).docs(&[("\"\"\"", "\"\"\"")]),
    of(&["Ruby"])
        .also(&["not quite perl", "rakefile"])
        .line(&["#"])
        .block(&[("=begin", "=end")])
        .strings(BOTH),
    of(&["Rust"])
        .line(&["//"])
        .block(C_BLOCK)
        .nested()
        .strings(&[("#\"", "\"#"), ("\"", "\"")])
        .raw(&[("r##\"", "\"##"), ("r#\"", "\"#")])
        .embeds(&["///", "//!"]),
    of(&["SIL"]).line(&["//"]).block(&[("/*", "*/"), ("/+", "+/")]).strings(THREE),
    of(&["Smalltalk"]).block(&[("\"", "\"")]).strings(&[("'", "'")]),
    of(&["SRecode Template"]).line(&[";;"]),
    of(&["Stan"]).line(&["//", "#"]).block(C_BLOCK).strings(DOUBLE),
    of(&["Stata"]).line(&["//", "*"]).block(C_BLOCK),
    of(&["Stratego"]).also(&["stratego/xt"]).line(&["//"]).block(C_BLOCK).strings(&[
        ("\"", "\""),
        ("$[", "]"),
        ("$<", ">"),
        ("${", "}"),
    ]),
    of(&["templ"])
        .line(&["//"])
        .block(&[("<!--", "-->"), ("/*", "*/")])
        .strings(THREE)
        .embeds(&["templ", "script", "css"]),
    of(&["Tera", "Twig"]).block(&[("<!--", "-->"), ("{#", "#}")]).strings(BOTH),
    of(&["Text"]).also(&["plain text"]).literate(),
    of(&["UMPL"]).line(&["!"]).strings(&[("`", "`")]),
    of(&["Unison"]).line(&["--"]).block(&[("{-", "-}")]).nested().strings(DOUBLE),
    of(&["Unreal Markdown"]).embeds(&["```"]),
    of(&["VBA", "Visual Basic .NET"]).also(&["visual basic"]).line(&["'"]).strings(DOUBLE),
    of(&["Velocity Template Language"])
        .also(&["apache velocity"])
        .line(&["##"])
        .block(&[("#*", "*#")])
        .strings(BOTH),
    of(&["VHDL"]).line(&["--"]).block(C_BLOCK),
    of(&["Vim script"]).line(&["\""]).strings(BOTH),
    of(&["Visual Basic 6.0"]).also(&["vb6/vba"]).line(&["'"]),
    of(&["Vue"]).line(&["//"]).block(&[("<!--", "-->"), ("/*", "*/")]).strings(THREE).embeds(&[
        "<script",
        "<style",
        "<template",
    ]),
    of(&["WebAssembly"]).line(&[";;"]).strings(BOTH),
    of(&["Wenyan"]).also(&["the wenyan programming language"]).block(&[("批曰。", "。"), ("疏曰。", "。")]),
    of(&["Xtend"]).line(&["//"]).block(C_BLOCK).strings(&[("'''", "'''"), ("\"", "\""), ("'", "'")]),
    of(&["ZenScript"])
        .also(&["zencode"])
        .line(&["//", "#"])
        .block(C_BLOCK)
        .strings(BOTH)
        .raw(&[("@\"", "\""), ("@'", "'")]),
    of(&[]).also(&[".net resource"]).block(XML_BLOCK).strings(DOUBLE),
    of(&[]).also(&["forge config"]).line(&["#", "~"]),
    of(&[]).also(&["go html"]).block(&[("<!--", "-->"), ("{{/*", "*/}}")]).strings(BOTH),
    of(&[]).also(&["menhir"]).line(&["//"]).block(&[("(*", "*)"), ("/*", "*/")]).nested().strings(DOUBLE),
    of(&[]).also(&["specman e"]).line(&["--", "//"]).block(&[("'>", "<'")]),
];
