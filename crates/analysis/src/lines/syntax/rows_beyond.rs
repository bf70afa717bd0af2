//! Rows for languages that tokei does not count.

use super::{BOTH, C_BLOCK, DOUBLE, Syntax, THREE, XML_BLOCK, of};

pub(super) static ROWS: &[Syntax] = &[
    of(&[
        "AIDL",
        "Apex",
        "AspectJ",
        "Bison",
        "CAP CDS",
        "Cadence",
        "Clarity",
        "Cloud Firestore Security Rules",
    ])
    .line(&["//"])
    .block(C_BLOCK)
    .strings(BOTH),
    of(&[
        "DTrace",
        "Filterscript",
        "Go Module",
        "Go Workspace",
        "Hack",
        "Jison",
        "Jison Lex",
        "LookML",
        "Move",
    ])
    .line(&["//"])
    .block(C_BLOCK)
    .strings(BOTH),
    of(&[
        "NetLinx",
        "Pawn",
        "Q#",
        "Qt Script",
        "RPC",
        "RenderScript",
        "Slice",
        "Smithy",
        "SourcePawn",
        "Squirrel",
    ])
    .line(&["//"])
    .block(C_BLOCK)
    .strings(BOTH),
    of(&["TypeSpec", "V", "Volt", "WebIDL", "WebAssembly Interface Type", "YARA", "Yacc", "ucode"])
        .line(&["//"])
        .block(C_BLOCK)
        .strings(BOTH),
    of(&["ANTLR", "Pkl", "RBS", "XQuery"]).line(&["//"]).block(C_BLOCK).strings(DOUBLE),
    of(&["Jest Snapshot"]).line(&["//"]).strings(THREE),
    of(&["JSON with Comments", "JSON5"]).line(&["//"]).block(C_BLOCK).strings(BOTH),
    of(&["HOCON"]).line(&["#", "//"]).strings(DOUBLE),
    of(&[
        "ApacheConf",
        "Browserslist",
        "CODEOWNERS",
        "Dotenv",
        "Git Attributes",
        "Git Revision List",
        "Hosts File",
    ])
    .line(&["#"]),
    of(&[
        "Ignore List",
        "Nginx",
        "Option List",
        "Pip Requirements",
        "Proguard",
        "Robots Exclusion Rules",
        "SSH Config",
    ])
    .line(&["#"]),
    of(&["Earthly", "GAP", "Gnuplot", "Lark", "QMake", "Salt", "Vyper", "pkg-config"])
        .line(&["#"])
        .strings(BOTH),
    of(&["Java Properties"]).line(&["#", "!"]),
    of(&["NPM Config", "NSIS"]).line(&["#", ";"]).strings(BOTH),
    of(&["BibTeX", "BibTeX Style", "Turing"]).line(&["%"]),
    of(&["Terra"]).line(&["--"]).block(&[("--[[", "]]")]).strings(BOTH),
    of(&["Roff", "Roff Manpage"]).line(&[".\\\"", "'\\\""]),
    of(&["EJS"]).block(&[("<!--", "-->"), ("<%#", "%>")]).strings(BOTH),
    of(&["Go Template"]).block(&[("{{/*", "*/}}"), ("{{- /*", "*/ -}}"), ("<!--", "-->")]).strings(BOTH),
    of(&["Nunjucks"]).block(&[("{#", "#}"), ("<!--", "-->")]).strings(BOTH),
    of(&["Smarty"]).block(&[("{*", "*}"), ("<!--", "-->")]).strings(BOTH),
    of(&["COLLADA", "Maven POM", "Web Ontology Language", "XPages", "XProc"]).block(XML_BLOCK).strings(BOTH),
    of(&["Windows Registry Entries"]).line(&[";"]),
    of(&["Rich Text Format"]),
];
