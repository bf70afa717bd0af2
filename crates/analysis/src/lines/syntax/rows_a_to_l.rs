//! Rows whose first language is `A…` to `L…`. What the comments and strings of each language look like
//! follows the language list of tokei (MIT or Apache-2.0, © Erin Power), so that counts can be compared.

use super::{BOTH, C_BLOCK, DOUBLE, Syntax, THREE, TRIPLE, XML_BLOCK, of};

pub(super) static ROWS: &[Syntax] = &[
    of(&["8th"]).line(&["\\ ", "-- "]).block(&[("(*", "*)")]).nested().strings(DOUBLE),
    of(&["ABAP"]).line(&["*", "\""]),
    of(&["ABNF", "Emacs Dev Env", "Emacs Lisp", "Godot Resource", "Hy", "Module-Definition", "edn"])
        .also(&["godot textscene"])
        .line(&[";"]),
    of(&[
        "ActionScript",
        "C",
        "C3",
        "CodeQL",
        "ColdFusion CFC",
        "Cuda",
        "Device Tree",
        "FlatBuffers",
        "GLSL",
        "Game Maker Language",
        "Go",
        "Gradle",
        "Groovy",
        "HLSL",
        "HolyC",
        "Java",
        "Metal",
        "Modelica",
        "Monkey C",
        "Nextflow",
        "Objective-C",
        "Objective-C++",
        "PSL Assertion",
        "Processing",
        "QCL",
        "ReScript",
        "Scala",
        "ShaderLab",
        "Slang",
        "Slint",
        "Solidity",
        "SystemVerilog",
        "TTCN-3",
        "Tact",
        "Unix Assembly",
        "Unreal Shader",
        "UnrealScript",
        "Vala",
        "Verilog",
        "Virgil",
        "eC",
    ])
    .also(&[
        "arduino c++",
        "gnu style assembly",
        "c header",
        "coldfusion cfscript",
        "c++ header",
        "flatbuffers schema",
        "gml",
        "headache",
        "metal shading language",
        "unreal script",
        "unreal shader header",
    ])
    .line(&["//"])
    .block(C_BLOCK)
    .strings(DOUBLE),
    of(&["Ada", "Cogent", "Futhark"]).line(&["--"]),
    of(&["Agda", "Cabal Config", "Elm", "Haskell", "PureScript"])
        .also(&["cabal"])
        .line(&["--"])
        .block(&[("{-", "-}")])
        .nested(),
    of(&["Alloy"]).line(&["--", "//"]).block(C_BLOCK),
    of(&["APL"]).line(&["⍝"]).strings(&[("'", "'")]),
    of(&["ArkTS", "JavaScript", "Julius", "TSX", "TypeScript"])
        .also(&["ark typescript", "jsx"])
        .line(&["//"])
        .block(C_BLOCK)
        .strings(THREE),
    of(&["Arturo", "Beancount", "Clojure"])
        .also(&["bean", "cil (selinux)", "clojurec", "clojurescript"])
        .line(&[";"])
        .strings(DOUBLE),
    of(&["AsciiDoc"]).line(&["//"]).block(&[("////", "////")]),
    of(&["ASN.1"]).line(&["--"]).block(C_BLOCK).strings(BOTH),
    of(&["ASP.NET"]).block(&[("<!--", "-->"), ("<%--", "-->")]),
    of(&["Assembly", "LLVM", "Motorola 68K Assembly"]).line(&[";"]).strings(BOTH),
    of(&["Astro"]).line(&["//"]).block(&[("/*", "*/"), ("<!--", "-->")]),
    of(&["ATS"]).line(&["//"]).block(&[("(*", "*)"), ("/*", "*/")]).strings(DOUBLE),
    of(&["AutoHotkey"]).line(&[";"]).block(C_BLOCK),
    of(&["AutoIt"]).line(&[";"]).block(&[("#comments-start", "#comments-end"), ("#cs", "#ce")]),
    of(&[
        "Awk",
        "GDB",
        "Gettext Catalog",
        "Gherkin",
        "Just",
        "Kaem",
        "Makefile",
        "OpenType Feature File",
        "R",
        "RPM Spec",
        "Tcsh",
        "Ur/Web Project",
    ])
    .also(&["automake", "c shell", "gdb script", "gherkin (cucumber)", "po file", "rpm specfile"])
    .line(&["#"]),
    of(&["Ballerina"]).line(&["//", "#"]).strings(&[("\"", "\""), ("`", "`")]),
    of(&["Batchfile"]).also(&["batch"]).line(&["REM", "::"]),
    of(&["Bicep"]).line(&["//"]).block(C_BLOCK).strings(&[("'''", "'''"), ("'", "'")]),
    of(&["Blade"]).block(&[("{{--", "--}}"), ("<!--", "-->")]).strings(BOTH),
    of(&[
        "BQN",
        "BitBake",
        "Crystal",
        "Dockerfile",
        "Elvish",
        "Gentoo Ebuild",
        "Gentoo Eclass",
        "KakouneScript",
        "MiniYAML",
        "Nushell",
        "OASv2-yaml",
        "OASv3-yaml",
        "PRQL",
        "Pan",
        "Puppet",
        "Shell",
        "Tcl",
        "YAML",
        "fish",
    ])
    .also(&[
        "bash",
        "ebuild",
        "edgedb schema definition",
        "kakoune script",
        "korn shell",
        "pacman's makepkg",
        "zsh",
    ])
    .line(&["#"])
    .strings(BOTH),
    of(&["Brightscript"]).line(&["'", "REM"]).strings(DOUBLE),
    of(&["C#"]).line(&["//"]).block(C_BLOCK).strings(DOUBLE).raw(&[("@\"", "\"")]),
    of(&["C++"]).also(&["c++ module"]).line(&["//"]).block(C_BLOCK).strings(DOUBLE).raw(&[("R\"(", ")\"")]),
    of(&["Cairo", "Pest", "Xcode Config"]).line(&["//"]).strings(BOTH),
    of(&["Cangjie"])
        .line(&["//"])
        .block(C_BLOCK)
        .nested()
        .strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")])
        .raw(&[
            ("###\"", "\"###"),
            ("##\"", "\"##"),
            ("###'", "'###"),
            ("#\"", "\"#"),
            ("##'", "'##"),
            ("#'", "'#"),
        ]),
    of(&["Ceylon"]).line(&["//"]).block(C_BLOCK).strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")]),
    of(&["Circom", "GDShader", "Lex", "OpenQASM", "ZoKrates"]).line(&["//"]).block(C_BLOCK),
    of(&["Classic ASP", "VBScript"]).also(&["asp"]).line(&["'", "REM"]),
    of(&["CMake", "Uiua", "jq"]).line(&["#"]).strings(DOUBLE),
    of(&["COBOL", "SPICE Netlist"]).line(&["*"]),
    of(&["CoffeeScript"]).line(&["#"]).block(&[("###", "###")]).strings(BOTH),
    of(&["ColdFusion"]).block(&[("<!---", "--->")]).strings(BOTH),
    of(&["Common Lisp", "Racket", "Scheme"]).line(&[";"]).block(&[("#|", "|#")]).nested(),
    of(&[
        "CSS", "Cassius", "Chapel", "Haxe", "Less", "Lucius", "Odin", "OpenSCAD", "PostCSS", "QML", "SCSS",
        "SQF", "Sass", "Stylus", "SugarSS",
    ])
    .line(&["//"])
    .block(C_BLOCK)
    .strings(BOTH),
    of(&["CUE"])
        .line(&["//"])
        .strings(&[("\"\"\"", "\"\"\""), ("\"", "\""), ("'", "'")])
        .raw(&[("#\"", "\"#")]),
    of(&["Cython", "Mojo", "Python", "Snakemake", "Starlark"])
        .also(&["bazel"])
        .line(&["#"])
        .strings(BOTH)
        .docs(TRIPLE),
    of(&["D"]).line(&["//"]).block(C_BLOCK).nesting(&[("/+", "+/")]).strings(BOTH),
    of(&["D2"]).line(&["#"]).block(&[("\"\"\"", "\"\"\"")]),
    of(&["Daml"]).line(&["-- "]).block(&[("{-", "-}")]).nested(),
    of(&["Dart"]).line(&["//"]).block(C_BLOCK).strings(&[
        ("\"\"\"", "\"\"\""),
        ("'''", "'''"),
        ("\"", "\""),
        ("'", "'"),
    ]),
    of(&["Dhall"]).line(&["--"]).block(&[("{-", "-}")]).nested().strings(&[("\"", "\""), ("''", "''")]),
    of(&["Markdown"]).literate().embeds(&["```"]),
    of(&["Djot", "MDX"]).literate(),
    of(&["DM"]).also(&["dream maker"]).line(&["//"]).block(C_BLOCK).nested().strings(&[
        ("{\"", "\"}"),
        ("\"", "\""),
        ("'", "'"),
    ]),
    of(&["Dust.js"]).block(&[("{!", "!}")]),
    of(&["Ecmarkup", "HTML", "HTML+ERB", "Svelte"])
        .also(&["ruby html"])
        .block(XML_BLOCK)
        .strings(BOTH)
        .embeds(&["<script", "<style"]),
    of(&["EdgeQL"]).line(&["#"]).strings(&[("\"", "\""), ("'", "'"), ("$", "$")]),
    of(&["EditorConfig", "Git Config", "INI"]).line(&[";", "#"]),
    of(&["Elixir", "TOML"]).also(&["scons"]).line(&["#"]).strings(&[
        ("\"\"\"", "\"\"\""),
        ("'''", "'''"),
        ("\"", "\""),
        ("'", "'"),
    ]),
    of(&["Emojicode"])
        .line(&["💭"])
        .block(&[("💭🔜", "🔚💭"), ("📗", "📗"), ("📘", "📘")])
        .strings(&[("❌🔤", "❌🔤")]),
    of(&["Erlang", "TeX"]).line(&["%"]),
    of(&["F#"]).line(&["//"]).block(&[("(*", "*)")]).strings(DOUBLE).raw(&[("@\"", "\"")]),
    of(&["F*"]).line(&["//"]).block(&[("(*", "*)")]).strings(DOUBLE),
    of(&["Factor"]).line(&["!", "#!"]).block(C_BLOCK),
    of(&[
        "FEN",
        "Hex Dump",
        "Intel HEX",
        "JSON",
        "JSONLD",
        "Max",
        "Microsoft Visual Studio Solution",
        "Mint",
        "OASv2-json",
        "OASv3-json",
        "Unreal Plugin",
        "Unreal Project",
        "Verilog Args File",
        "reStructuredText",
    ])
    .also(&["alex", "happy", "hex", "jupyter notebooks", "visual studio solution"]),
    of(&["Fennel"]).line(&[";", ";;"]).strings(DOUBLE),
    of(&["Forth"]).line(&["\\"]).block(&[("( ", ")")]),
    of(&["Fortran"]).also(&["fortran legacy"]).line(&["!"]).column(&["c", "C", "*"]).strings(BOTH),
    of(&["Fortran Free Form"]).also(&["fortran modern"]).line(&["!"]).strings(DOUBLE),
    of(&["FreeMarker"]).block(&[("<#--", "-->")]),
    of(&["GDScript"]).line(&["#"]).strings(&[("\"\"\"", "\"\"\""), ("\"", "\""), ("'", "'")]),
    of(&["Gleam"]).line(&["//", "///", "////"]).strings(DOUBLE),
    of(&["Glimmer JS", "Glimmer TS"])
        .line(&["//"])
        .block(&[("/*", "*/"), ("<!--", "-->")])
        .strings(THREE)
        .embeds(&["<template", "<style"]),
    of(&["GraphQL", "Nim"]).line(&["#"]).strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")]),
    of(&["Gwion"]).line(&["#!"]).strings(DOUBLE),
    of(&["Haml"]).line(&["-#"]).strings(BOTH),
    of(&["Hamlet", "Polly", "SVG", "XML", "XML Property List", "XSLT"])
        .also(&["axaml", "msbuild", "nuget config", "visual studio project", "xaml", "xsl"])
        .block(XML_BLOCK)
        .strings(BOTH),
    of(&["Handlebars"]).block(&[("<!--", "-->"), ("{{!", "}}")]).strings(BOTH),
    of(&["HCL"]).line(&["#", "//"]).block(C_BLOCK).strings(DOUBLE),
    of(&["Hex0", "Hex1", "Hex2"]).line(&["#", ";"]),
    of(&["HICAD"]).line(&["REM", "rem"]),
    of(&["hledger"]).line(&[";", "#"]).block(&[("comment", "end comment")]),
    of(&["HTML+Razor"])
        .also(&["razor"])
        .line(&["//"])
        .block(&[("<!--", "-->"), ("@*", "*@"), ("/*", "*/")])
        .strings(DOUBLE)
        .raw(&[("@\"", "\"")]),
    of(&["Idris"])
        .line(&["--"])
        .block(&[("{-", "-}")])
        .nested()
        .strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")]),
    of(&["Isabelle"])
        .line(&["--"])
        .block(&[("{*", "*}"), ("(*", "*)"), ("‹", "›"), ("\\<open>", "\\<close>")])
        .strings(&[("''", "''")]),
    of(&["Jai", "Koka", "RON", "SWIG", "Swift", "Typst"])
        .also(&["rusty object notation"])
        .line(&["//"])
        .block(C_BLOCK)
        .nested()
        .strings(DOUBLE),
    of(&["Janet", "Ren'Py"]).line(&["#"]).strings(THREE),
    of(&["Jinja"]).also(&["jinja2"]).block(&[("{#", "#}")]),
    of(&["JSLT", "Mlatu", "MoonBit", "Zig"]).line(&["//"]).strings(DOUBLE),
    of(&["Jsonnet"]).line(&["//", "#"]).block(C_BLOCK).strings(BOTH),
    of(&["Julia"])
        .line(&["#"])
        .block(&[("#=", "=#")])
        .nested()
        .strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")]),
    of(&["Gradle Kotlin DSL", "Kotlin"])
        .line(&["//"])
        .block(C_BLOCK)
        .nested()
        .strings(&[("\"\"\"", "\"\"\""), ("\"", "\"")]),
    of(&["kvlang"]).also(&["kv language"]).line(&["# "]).strings(BOTH).docs(TRIPLE),
    of(&["LALRPOP"])
        .line(&["//"])
        .strings(&[("#\"", "\"#"), ("\"", "\"")])
        .raw(&[("r##\"", "\"##"), ("r#\"", "\"#")]),
    of(&["Lean"]).line(&["--"]).block(&[("/-", "-/")]).nested(),
    of(&["Lingua Franca"]).line(&["//", "#"]).block(C_BLOCK).nested().strings(DOUBLE).embeds(&["{="]),
    of(&["Linker Script"]).also(&["ld script"]).block(C_BLOCK).strings(DOUBLE),
    of(&["Liquid"]).block(&[("<!--", "-->"), ("{% comment %}", "{% endcomment %}")]).strings(BOTH),
    of(&["LiveScript"]).line(&["#"]).block(C_BLOCK).strings(BOTH),
    of(&["Logtalk", "Oz", "Prolog"]).line(&["%"]).block(C_BLOCK).strings(DOUBLE),
    of(&["LOLCODE"]).line(&["BTW"]).block(&[("OBTW", "TLDR")]).strings(DOUBLE),
    of(&["Lua", "Luau"]).line(&["--"]).block(&[("--[[", "]]")]).strings(BOTH),
];
