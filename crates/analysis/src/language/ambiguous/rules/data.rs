//! Names claimed by data, markup and prose.

use super::super::signs::Sign::{Alone, Column, Has, HasAnyCase, Line, LineAnyCase, Starts, Test};
use super::tests_of::{gerber, key_equals_value, man_page, roff_request};
use super::{Tie, rule, rule_unless, tie};

pub(super) static TIES: &[Tie] = &[
    tie(
        &[
            ".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".9", ".1in", ".1m", ".1x", ".3in", ".3m", ".3p",
            ".3pm", ".3qt", ".3x", ".man", ".mdoc",
        ],
        &[rule("Roff Manpage", &[Test(man_page)]), rule("Roff", &[Test(roff_request)])],
        "Roff",
    ),
    tie(
        &[".asc"],
        &[
            rule("Public Key", &[Column("-----BEGIN "), Column("ssh-rsa "), Column("ssh-dss ")]),
            rule("AGS Script", &[Column("import "), Column("export "), Column("function "), Column("int ")]),
        ],
        "AsciiDoc",
    ),
    tie(&[".asy"], &[rule("LTspice Symbol", &[Column("SymbolType")])], "Asymptote"),
    tie(
        &[".mod"],
        &[
            rule("XML", &[Has("<!ENTITY ")]),
            rule("NMODL", &[Has("NEURON {"), Has("NEURON{"), Line("INITIAL {"), Line("UNITS {")]),
            rule(
                "Modula-2",
                &[
                    LineAnyCase("module "),
                    LineAnyCase("implementation module "),
                    LineAnyCase("definition module "),
                ],
            ),
            rule("Linux Kernel Module", &[Has(".ko"), Has(".o\n")]),
        ],
        "AMPL",
    ),
    tie(
        &[".txt"],
        &[
            rule("Adblock Filter List", &[Starts("[Adblock"), Starts("[uBlock"), Starts("[AdGuard")]),
            rule("Vim Help File", &[Has(":ft=help"), Has(" ft=help"), Has("filetype=help")]),
        ],
        "Text",
    ),
    tie(&[".vhost"], &[rule("Nginx", &[Line("server {"), Line("location ")])], "ApacheConf"),
    tie(&[".bst"], &[rule("BibTeX Style", &[Has("ENTRY")])], "BuildStream"),
    tie(&[".cue"], &[rule("Cue Sheet", &[Line("TRACK "), Line("FILE \""), Line("REM ")])], "CUE"),
    tie(
        &[".dsc"],
        &[rule("Debian Package Control File", &[Column("Format:"), Column("Source:")])],
        "DenizenScript",
    ),
    tie(
        &[".sch"],
        &[
            rule("KiCad Schematic", &[Starts("EESchema")]),
            rule("Scheme", &[Starts("("), Starts(";")]),
            rule("Eagle", &[Has("<eagle")]),
        ],
        "XML",
    ),
    tie(&[".brd"], &[rule("KiCad Legacy Layout", &[Starts("PCBNEW")])], "Eagle"),
    tie(
        &[".html"],
        &[rule("Ecmarkup", &[Has("<emu-alg"), Has("<emu-clause"), Has("<emu-grammar"), Has("<emu-intro")])],
        "HTML",
    ),
    tie(
        &[".dsp"],
        &[rule("Microsoft Developer Studio Project", &[Has("# Microsoft Developer Studio")])],
        "Faust",
    ),
    tie(
        &[".ftl"],
        &[rule_unless(
            "Fluent",
            &[Column("-"), Column("### "), Column("## "), Test(key_equals_value)],
            &[Has("<#"), Has("</"), Has("${"), Has("[#")],
        )],
        "FreeMarker",
    ),
    tie(
        &[".gml"],
        &[
            rule("XML", &[Starts("<")]),
            rule("Graph Modeling Language", &[LineAnyCase("graph ["), LineAnyCase("node ["), Alone("graph")]),
            rule("Gerber Image", &[Test(gerber)]),
        ],
        "Game Maker Language",
    ),
    tie(
        &[".ncl"],
        &[
            rule("XML", &[Starts("<?xml")]),
            rule("Gerber Image", &[Test(gerber)]),
            rule("Nickel", &[Column("let "), Has("std."), Column("import \"")]),
            rule("Text", &[Has("THE_TITLE")]),
        ],
        "NCL",
    ),
    tie(
        &[".tpl"],
        &[rule(
            "Go Template",
            &[Has("{{-"), Has("{{ ."), Has("{{ include"), Has("{{/*"), Has("-}}"), Has("{{.")],
        )],
        "Smarty",
    ),
    tie(&[".cfg"], &[rule("HAProxy", &[Column("frontend "), Column("backend "), Column("listen ")])], "INI"),
    tie(&[".workflow"], &[rule("XML", &[Starts("<")])], "HCL"),
    tie(
        &[".frm"],
        &[
            rule_unless("VBA", &[Column("VERSION ")], &[Has("Begin VB.Form")]),
            rule("Visual Basic 6.0", &[Column("VERSION "), Has("Begin VB.")]),
            rule("INI", &[Starts("TYPE=VIEW")]),
        ],
        "Visual Basic 6.0",
    ),
    tie(&[".properties"], &[rule("INI", &[Column("["), Column(";")])], "Java Properties"),
    tie(
        &[".json"],
        &[
            rule("OASv2-json", &[Has("\"swagger\": \"2."), Has("\"swagger\":\"2.")]),
            rule("OASv3-json", &[Has("\"openapi\": \"3."), Has("\"openapi\":\"3.")]),
        ],
        "JSON",
    ),
    tie(
        &[".yaml", ".yml"],
        &[
            rule("OASv2-yaml", &[Column("swagger: '2"), Column("swagger: \"2"), Column("swagger: 2")]),
            rule("OASv3-yaml", &[Column("openapi: '3"), Column("openapi: \"3"), Column("openapi: 3")]),
            rule_unless("MiniYAML", &[Column("\t")], &[Has("---")]),
        ],
        "YAML",
    ),
    tie(
        &[".ks"],
        &[rule("Kickstart", &[Column("%packages"), Column("%post"), Column("%pre"), Column("rootpw")])],
        "KerboScript",
    ),
    tie(&[".csl"], &[rule("XML", &[Starts("<")])], "Kusto"),
    tie(&[".ls"], &[rule("LoomScript", &[Line("package ")])], "LiveScript"),
    tie(
        &[".scd"],
        &[rule("Markdown", &[Column("# NAME"), Column("# SYNOPSIS"), Column("# DESCRIPTION")])],
        "SuperCollider",
    ),
    tie(&[".mask"], &[rule("Unity3D Asset", &[Has("tag:unity3d.com")])], "Mask"),
    tie(
        &[".msg"],
        &[rule(
            "OMNeT++ MSG",
            &[
                Column("cplusplus"),
                Column("namespace "),
                Column("struct "),
                Column("message "),
                Column("packet "),
                Column("import "),
            ],
        )],
        "ROS Interface",
    ),
    tie(
        &[".plist"],
        &[rule("XML Property List", &[Starts("<?xml"), Starts("<!DOCTYPE plist"), Starts("<plist")])],
        "OpenStep Property List",
    ),
    tie(
        &[".pkl"],
        &[rule(
            "Pkl",
            &[
                Line("module "),
                Line("import "),
                Line("amends "),
                Line("extends "),
                Line("class "),
                Has(" = "),
                Has(" {"),
            ],
        )],
        "Pickle",
    ),
    tie(&[".pbt"], &[rule("PowerBuilder", &[Starts("Save Format")])], "Protocol Buffer Text Format"),
    tie(&[".sip"], &[rule("Quartus Simulation IP", &[Has("set_global_assignment")])], "SIP"),
    tie(
        &[".rno"],
        &[rule("RUNOFF", &[LineAnyCase(".!"), HasAnyCase(".end lit"), LineAnyCase(".c;")])],
        "Roff",
    ),
    tie(&[".pluginspec"], &[rule("XML", &[Starts("<")])], "Ruby"),
    tie(&[".srt"], &[rule("SubRip Text", &[Has(" --> ")])], "SRecode Template"),
    tie(&[".svx"], &[rule("Survex data", &[Starts(";"), Starts("*")])], "mdsvex"),
    tie(&[".vcf"], &[rule("TSV", &[Starts("##fileformat=VCF")])], "vCard"),
    tie(&[".toc"], &[rule("World of Warcraft Addon Data", &[Column("## "), Has("@no-lib-strip@")])], "TeX"),
    tie(&[".nb"], &[rule_unless("Text", &[Column("#")], &[Has("(*")])], "Wolfram Language"),
    tie(&[".typ"], &[rule("XML", &[Starts("<?xml"), Starts("<")])], "Typst"),
];
