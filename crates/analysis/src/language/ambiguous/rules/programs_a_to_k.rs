//! Extensions `.a…` to `.k…` that programming languages claim.

use super::super::signs::Sign::{Alone, Column, Has, HasAnyCase, Line, LineAnyCase, Starts, Test, Word};
use super::families::{CPP, EUPHORIA, FREEBASIC, LISP, M68K, OBJECTIVE_C, VB_FORM};
use super::tests_of::{
    forth_word, fortran, gerber, json, make_rule, numbered, prolog_clause, smalltalk_chunk,
};
use super::{Tie, rule, rule_unless, tie};

pub(super) static TIES: &[Tie] = &[
    tie(
        &[".al"],
        &[rule(
            "AL",
            &[
                LineAnyCase("codeunit "),
                LineAnyCase("page "),
                LineAnyCase("table "),
                LineAnyCase("enum "),
                LineAnyCase("report "),
                LineAnyCase("pageextension "),
                LineAnyCase("tableextension "),
            ],
        )],
        "Perl",
    ),
    tie(&[".as"], &[rule("AngelScript", &[Has("@"), Column("void "), Column("int ")])], "ActionScript"),
    tie(&[".ash"], &[rule("AGS Script", &[Line("import "), Column("struct ")])], "KoLmafia ASH"),
    tie(&[".asm"], &[rule("Motorola 68K Assembly", M68K)], "Assembly"),
    tie(
        &[".i"],
        &[
            rule("Motorola 68K Assembly", M68K),
            rule("SWIG", &[Line("%module"), Line("%include"), Column("%{"), Column("%}"), Line("%")]),
        ],
        "Assembly",
    ),
    tie(
        &[".inc"],
        &[
            rule("PHP", &[Starts("<?")]),
            rule("Motorola 68K Assembly", M68K),
            rule(
                "SourcePawn",
                &[
                    Line("methodmap "),
                    Line("MarkNativeAsOptional"),
                    Line("public SharedPlugin"),
                    Has("__pl_"),
                ],
            ),
            rule("NASL", &[Line("local_var "), Line("global_var "), Has(".nasl"), Line("include(\"")]),
            rule("POV-Ray SDL", &[Line("#declare"), Line("#local"), Line("#macro"), Line("#while")]),
            rule("Pascal", &[LineAnyCase("{$"), Alone("end."), Alone("end;")]),
            rule("BitBake", &[Column("inherit "), Has("SRC_URI"), Has("do_install")]),
            rule("Assembly", &[HasAnyCase("mov "), HasAnyCase(" db "), HasAnyCase("%macro")]),
            rule("SQL", &[LineAnyCase("create table"), LineAnyCase("insert into"), LineAnyCase("select ")]),
            rule("HTML", &[Starts("<")]),
            rule("Pawn", &[Line("native "), Line("forward "), Line("stock ")]),
        ],
        "C++",
    ),
    tie(
        &[".b"],
        &[rule("Limbo", &[Line("implement ")]), rule("Brainfuck", &[Has(">+>"), Has(">+<"), Has("[-")])],
        "B",
    ),
    tie(
        &[".bas"],
        &[
            rule("B4X", &[Has("B4J=true"), Has("B4A=true"), Has("B4i=true"), Has("B4R=true")]),
            rule("VBA", &[Column("Attribute VB_Name"), Has("Worksheet"), Has("PtrSafe"), Has("ActiveSheet")]),
            rule("FreeBASIC", FREEBASIC),
            rule("BASIC", &[Test(numbered)]),
            rule(
                "QuickBASIC",
                &[Line("DEFINT "), Line("DECLARE SUB"), Line("DECLARE FUNCTION"), HasAnyCase("$include:")],
            ),
        ],
        "Visual Basic 6.0",
    ),
    tie(
        &[".bi"],
        &[
            rule("FreeBASIC", FREEBASIC),
            rule("QuickBASIC", &[Line("DECLARE SUB"), Line("DECLARE FUNCTION"), Line("DEFINT ")]),
        ],
        "FreeBASIC",
    ),
    tie(
        &[".bf"],
        &[
            rule("Beef", &[Line("using System"), Line("using Beefy")]),
            rule("HyPhy", &[Line("#include \""), Has("fprintf (")]),
        ],
        "Brainfuck",
    ),
    tie(
        &[".bs"],
        &[
            rule("Bikeshed", &[HasAnyCase("<pre class")]),
            rule(
                "BrighterScript",
                &[
                    LineAnyCase("sub "),
                    LineAnyCase("end sub"),
                    LineAnyCase("function "),
                    LineAnyCase("end function"),
                ],
            ),
        ],
        "Bluespec BH",
    ),
    tie(
        &[".bb"],
        &[
            rule("BlitzBasic", &[Has("End Function"), Line("; ")]),
            rule("Clojure", &[Has("(def "), Has("(defn "), Has("(let ")]),
        ],
        "BitBake",
    ),
    tie(&[".cs"], &[rule("Smalltalk", &[Test(smalltalk_chunk)])], "C#"),
    tie(&[".cake"], &[rule("CoffeeScript", &[Has("->"), Has("=> \n")])], "C#"),
    tie(&[".h"], &[rule("Objective-C", OBJECTIVE_C), rule("C++", CPP)], "C"),
    tie(&[".cp"], &[rule("Component Pascal", &[Line("MODULE "), Line("END ")])], "C++"),
    tie(&[".hh"], &[rule("Hack", &[Has("<?hh")])], "C++"),
    tie(
        &[".cairo"],
        &[rule("Cairo Zero", &[Line("%lang"), Line("%builtins"), Line("from starkware."), Has("ap++;")])],
        "Cairo",
    ),
    tie(
        &[".ch"],
        &[rule(
            "xBase",
            &[
                LineAnyCase("#command"),
                LineAnyCase("#define"),
                LineAnyCase("#include"),
                LineAnyCase("#xcommand"),
                LineAnyCase("#translate"),
                LineAnyCase("#ifndef"),
            ],
        )],
        "Charity",
    ),
    tie(
        &[".cl"],
        &[
            rule("Common Lisp", LISP),
            rule("Cool", &[Column("class ")]),
            rule("OpenCL", &[Has("/* "), Has("// "), Has("__kernel"), Column("}")]),
        ],
        "OpenCL",
    ),
    tie(
        &[".cls"],
        &[
            rule("TeX", &[Line("\\NeedsTeXFormat"), Line("\\ProvidesClass"), Line("\\documentclass")]),
            rule_unless("VBA", &[VB_FORM], &[Has("Persistable")]),
            rule("Visual Basic 6.0", &[VB_FORM]),
            rule("ObjectScript", &[Column("Class ")]),
            rule(
                "OpenEdge ABL",
                &[
                    LineAnyCase("routine-level"),
                    LineAnyCase("block-level"),
                    LineAnyCase("define variable"),
                    LineAnyCase("end class"),
                    LineAnyCase("using progress."),
                ],
            ),
        ],
        "Apex",
    ),
    tie(
        &[".d"],
        &[
            rule("D", &[Line("module "), Line("import std"), Line("import core"), Word("unittest")]),
            rule(
                "DTrace",
                &[Line("#pragma D option"), Line("#pragma D attributes"), Column("BEGIN"), Line("provider ")],
            ),
            rule("Makefile", &[Test(make_rule), Has(": \\\n")]),
        ],
        "D",
    ),
    tie(
        &[".e"],
        &[
            rule("E", &[Line("def "), Has(":= <import:")]),
            rule(
                "Eiffel",
                &[
                    Alone("feature"),
                    Alone("do"),
                    Alone("ensure"),
                    Alone("require"),
                    Alone("inherit"),
                    Alone("deferred"),
                    Line("feature {"),
                ],
            ),
        ],
        "Euphoria",
    ),
    tie(&[".ecl"], &[rule("ECLiPSe", &[Test(prolog_clause)])], "ECL"),
    tie(&[".es"], &[rule("Erlang", &[Line("%%"), Line("main(")])], "JavaScript"),
    tie(
        &[".ex"],
        &[
            rule(
                "Elixir",
                &[
                    Line("defmodule "),
                    Line("@moduledoc"),
                    Line("defprotocol "),
                    Line("defimpl "),
                    Line("import "),
                    Line("def "),
                ],
            ),
            rule("Euphoria", EUPHORIA),
        ],
        "Elixir",
    ),
    tie(
        &[".f"],
        &[
            rule("Forth", &[Test(forth_word)]),
            rule("Filebench WML", &[Has("flowop")]),
            rule("Fortran", &[Test(fortran)]),
        ],
        "Fortran",
    ),
    tie(&[".for"], &[rule("Forth", &[Test(forth_word)]), rule("Fortran", &[Test(fortran)])], "Fortran"),
    tie(&[".fpp"], &[], "Fortran"),
    tie(
        &[".fr"],
        &[
            rule("Forth", &[Test(forth_word), Column("also "), Column("new-device")]),
            rule("Frege", &[Line("import "), Line("module "), Line("data "), Line("type ")]),
        ],
        "Text",
    ),
    tie(
        &[".fs"],
        &[
            rule("Forth", &[Test(forth_word), Column("new-device")]),
            rule(
                "GLSL",
                &[
                    Line("#version"),
                    Line("precision "),
                    Line("uniform "),
                    Line("varying "),
                    Line("vec2 "),
                    Line("vec3 "),
                    Line("vec4 "),
                    Has("gl_FragColor"),
                ],
            ),
            rule("Filterscript", &[Has("#pragma rs"), Has("#pragma version"), Has("__attribute__")]),
        ],
        "F#",
    ),
    tie(&[".fx"], &[rule("FLUX", &[Line("source "), Line("atomic "), Has("=>")])], "HLSL"),
    tie(
        &[".g"],
        &[
            rule("G-code", &[Column("G0"), Column("G1"), Column("M1")]),
            rule("GAP", &[Has("Declare"), Has("InstallMethod"), Has("BindGlobal"), Has("SetPackageInfo")]),
        ],
        "GAP",
    ),
    tie(
        &[".gd"],
        &[rule_unless("GAP", &[Has("Declare"), Has("BindGlobal")], &[Line("extends "), Line("func ")])],
        "GDScript",
    ),
    tie(
        &[".frag"],
        &[rule_unless(
            "JavaScript",
            &[Has("function("), Has("function (")],
            &[Has("gl_"), Line("#version"), Line("precision ")],
        )],
        "GLSL",
    ),
    tie(
        &[".gs"],
        &[
            rule("GLSL", &[Column("#version")]),
            rule("Gosu", &[Column("uses ")]),
            rule("Genie", &[Column("[indent=")]),
        ],
        "JavaScript",
    ),
    tie(&[".gst"], &[rule("XML", &[Starts("<")])], "Gosu"),
    tie(&[".gts"], &[rule("Gerber Image", &[Test(gerber)])], "Glimmer TS"),
    tie(
        &[".j"],
        &[
            rule("Objective-J", &[Line("@import"), Line("@implementation")]),
            rule("Jasmin", &[Line(".class"), Line(".method"), Line(".super")]),
        ],
        "JASS",
    ),
    tie(
        &[".jq"],
        &[rule("JSONiq", &[Line("declare "), Line("jsoniq "), Line("import module"), Has("for $")])],
        "jq",
    ),
    tie(&[".k"], &[rule("KFramework", &[Alone("endmodule"), Line("syntax "), Column("requires \"")])], "KCL"),
    tie(&[".ddl"], &[rule("PLSQL", &[HasAnyCase("create or replace"), HasAnyCase("varchar2")])], "SQL"),
    tie(
        &[".cgi"],
        &[rule("Python", &[Line("import "), Line("def ")]), rule("Shell", &[Line("echo "), Alone("fi")])],
        "Perl",
    ),
    tie(
        &[".fcgi"],
        &[
            rule("PHP", &[Starts("<?")]),
            rule("Python", &[Line("import "), Line("def ")]),
            rule("Ruby", &[Line("require ")]),
        ],
        "Perl",
    ),
    tie(&[".ice"], &[rule("JSON", &[Test(json)])], "Slice"),
];
