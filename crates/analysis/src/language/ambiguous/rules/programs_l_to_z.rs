//! Extensions `.l…` to `.z…` that programming languages claim.

use super::super::signs::Sign::{Alone, Column, Has, HasAnyCase, Line, LineAnyCase, Starts, Test, Word};
use super::families::{LISP, M68K, OBJECTIVE_C, PERL, RAKU};
use super::tests_of::{
    forth_word, gcc_machine, gerber, json, prolog_clause, roff_request, v_lang, wolfram_comment,
};
use super::{Tie, rule, rule_unless, tie};

pub(super) static TIES: &[Tie] = &[
    tie(
        &[".s"],
        &[
            rule(
                "Unix Assembly",
                &[
                    HasAnyCase("movl "),
                    HasAnyCase("movq "),
                    HasAnyCase("mov %"),
                    HasAnyCase("mov $"),
                    Line(".globl"),
                    Line(".global"),
                    Line(".text"),
                    Line(".section"),
                ],
            ),
            rule("Motorola 68K Assembly", M68K),
        ],
        "Unix Assembly",
    ),
    tie(&[".nas"], &[rule("Nasal", &[Line("var "), Has("func("), Has("func {")])], "Assembly"),
    tie(
        &[".re"],
        &[rule(
            "C++",
            &[Line("#include <"), Line("#ifdef "), Line("#define "), Line("template <"), Line("template<")],
        )],
        "Reason",
    ),
    tie(&[".w"], &[rule("OpenEdge ABL", &[Has("&ANALYZE-SUSPEND")])], "CWeb"),
    tie(
        &[".lisp", ".lsp"],
        &[rule("Common Lisp", LISP), rule("NewLisp", &[Line("(define ")])],
        "Common Lisp",
    ),
    tie(
        &[".l"],
        &[
            rule("Common Lisp", &[Has("(defun "), Has("(defmacro ")]),
            rule("Lex", &[Column("%{"), Column("%%"), Column("%option")]),
            rule("Roff", &[Test(roff_request)]),
            rule("PicoLisp", &[Column("(de "), Column("(class "), Column("(rel ")]),
        ],
        "Lex",
    ),
    tie(&[".trigger"], &[rule("Shell", &[Starts("#!"), Line("fi"), Line("echo ")])], "Apex"),
    tie(&[".tst"], &[rule("GAP", &[Has("gap> ")])], "Scilab"),
    tie(
        &[".shader"],
        &[rule("ShaderLab", &[LineAnyCase("shader \""), Has("CGPROGRAM"), Has("HLSLPROGRAM")])],
        "GLSL",
    ),
    tie(
        &[".p"],
        &[rule(
            "Gnuplot",
            &[
                Column("plot "),
                Column("splot "),
                Column("set term"),
                Column("set output"),
                Column("set xlabel"),
                Column("set style"),
            ],
        )],
        "OpenEdge ABL",
    ),
    tie(&[".plt"], &[rule("Prolog", &[Line(":-")])], "Gnuplot"),
    tie(&[".php"], &[rule("Hack", &[Starts("<?hh")])], "PHP"),
    tie(
        &[".q"],
        &[rule(
            "HiveQL",
            &[
                LineAnyCase("select "),
                LineAnyCase("create table"),
                LineAnyCase("insert "),
                LineAnyCase("drop table"),
                LineAnyCase("explain"),
            ],
        )],
        "q",
    ),
    tie(
        &[".pro"],
        &[
            rule(
                "Proguard",
                &[Column("-keep"), Column("-dont"), Column("-include "), HasAnyCase("proguard")],
            ),
            rule("Prolog", &[Test(prolog_clause)]),
            rule("INI", &[Has("last_client=")]),
            rule("QMake", &[Has("HEADERS"), Has("SOURCES"), Line("TEMPLATE"), Line("TARGET"), Line("QT +=")]),
            rule("IDL", &[LineAnyCase("pro "), LineAnyCase("function "), LineAnyCase("compile_opt ")]),
        ],
        "QMake",
    ),
    tie(
        &[".mps"],
        &[rule("Mathematical Programming System", &[Column("ROWS"), Column("NAME ")])],
        "JetBrains MPS",
    ),
    tie(
        &[".lean"],
        &[rule(
            "Lean 4",
            &[
                Column("import A"),
                Column("import B"),
                Column("import C"),
                Column("import L"),
                Column("import M"),
                Column("import S"),
                Has(" := by"),
                Has(" where\n"),
                Has("fun "),
            ],
        )],
        "Lean",
    ),
    tie(
        &[".lp"],
        &[
            rule(
                "Linear Programming",
                &[LineAnyCase("minimize"), LineAnyCase("maximize"), LineAnyCase("subject to")],
            ),
            rule("Answer Set Programming", &[Line("#show"), Line("#const"), Has(":-")]),
        ],
        "Lambdapi",
    ),
    tie(
        &[".m"],
        &[
            rule("Objective-C", OBJECTIVE_C),
            rule("Mercury", &[Has(":- module")]),
            rule("Wolfram Language", &[Test(wolfram_comment)]),
            rule(
                "Objective-C",
                &[Line("#include"), Line("#define"), Line("#if"), Column("//"), Column("/*")],
            ),
            rule("MATLAB", &[Line("%"), Line("function "), Alone("end")]),
            rule("MUF", &[Test(forth_word)]),
            rule("M", &[Line(";")]),
            rule("Limbo", &[Has(": module {")]),
        ],
        "MATLAB",
    ),
    tie(
        &[".m4"],
        &[rule(
            "M4Sugar",
            &[Has("AC_DEFUN"), Has("AC_PREREQ"), Has("AC_INIT"), Column("m4_"), Column("_m4_")],
        )],
        "M4",
    ),
    tie(
        &[".mc"],
        &[
            rule("Win32 Message File", &[LineAnyCase("messageid="), Alone(".")]),
            rule("M4", &[Column("dnl"), Column("divert(")]),
        ],
        "Monkey C",
    ),
    tie(
        &[".ms"],
        &[
            rule("Roff", &[Test(roff_request)]),
            rule_unless("Unix Assembly", &[Line(".include "), Line(".global"), Line(".globl")], &[Has("/*")]),
            rule("MiniScript", &[Alone("end if"), Alone("end while"), Alone("end function")]),
        ],
        "MAXScript",
    ),
    tie(&[".mqh"], &[rule("MQL4", &[Has("OrderSend("), Has("extern "), Has("#property strict")])], "MQL5"),
    tie(&[".moo"], &[rule("Mercury", &[Has(":- module")])], "Moocode"),
    tie(
        &[".mo"],
        &[rule("Modelica", &[Line("within "), Line("model "), Line("package "), Line("end ")])],
        "Motoko",
    ),
    tie(&[".mojo"], &[rule("XML", &[Starts("<?xml")])], "Mojo"),
    tie(&[".n"], &[rule("Nemerle", &[Column("module "), Column("namespace "), Column("using ")])], "Roff"),
    tie(&[".nl"], &[rule("NL", &[Column("g3 "), Column("b3 "), Column("g0 "), Column("b0 ")])], "NewLisp"),
    tie(&[".nr"], &[rule("Roff", &[Column(".")])], "Noir"),
    tie(
        &[".nu"],
        &[rule(
            "Nushell",
            &[Line("def "), Line("let "), Line("export "), Line("module "), Line("import "), Line("use ")],
        )],
        "Nushell",
    ),
    tie(
        &[".ml"],
        &[rule_unless(
            "Standard ML",
            &[Has("=> "), Line("structure "), Line("signature ")],
            &[Has("let rec "), Line("match "), Line("module "), Line("open ")],
        )],
        "OCaml",
    ),
    tie(&[".mm"], &[rule("XML", &[Starts("<map"), Starts("<?xml")])], "Objective-C++"),
    tie(&[".odin"], &[rule("Object Data Instance Notation", &[Has("= <")])], "Odin"),
    tie(&[".prc"], &[rule("PLSQL", &[HasAnyCase("create or replace"), HasAnyCase("varchar2")])], "SQL"),
    tie(
        &[".sql"],
        &[
            rule(
                "PLpgSQL",
                &[
                    Has("AS $$"),
                    Has("as $$"),
                    HasAnyCase("language plpgsql"),
                    HasAnyCase("language 'plpgsql'"),
                    Column("\\i "),
                ],
            ),
            rule("SQLPL", &[HasAnyCase("mode db2sql"), HasAnyCase("syscat."), HasAnyCase("alter module")]),
            rule(
                "PLSQL",
                &[
                    HasAnyCase("$$plsql_"),
                    HasAnyCase("xmltype"),
                    HasAnyCase("systimestamp"),
                    HasAnyCase(".nextval"),
                    HasAnyCase("connect by"),
                    HasAnyCase("authid definer"),
                    HasAnyCase("authid current_user"),
                ],
            ),
            rule(
                "TSQL",
                &[
                    Alone("GO"),
                    Alone("go"),
                    HasAnyCase("begin try"),
                    HasAnyCase("begin catch"),
                    HasAnyCase("output inserted"),
                    HasAnyCase("declare @"),
                    HasAnyCase("[dbo]"),
                ],
            ),
        ],
        "SQL",
    ),
    tie(
        &[".pp"],
        &[rule(
            "Pascal",
            &[LineAnyCase("end."), LineAnyCase("end;"), LineAnyCase("unit "), LineAnyCase("program ")],
        )],
        "Puppet",
    ),
    tie(
        &[".pl"],
        &[
            rule_unless("Perl", PERL, &[Line("use v6")]),
            rule("Raku", &[Line("use v6")]),
            rule("Prolog", &[Test(prolog_clause)]),
            rule("Raku", RAKU),
        ],
        "Perl",
    ),
    tie(
        &[".pm"],
        &[
            rule("X PixMap", &[Line("/* XPM */")]),
            rule_unless("Perl", PERL, &[Line("use v6")]),
            rule("Raku", RAKU),
        ],
        "Perl",
    ),
    tie(
        &[".t"],
        &[
            rule_unless("Perl", PERL, &[Line("use v6")]),
            rule("Raku", RAKU),
            rule("Turing", &[Line("var "), Line("put ")]),
            rule("Terra", &[Line("terra ")]),
        ],
        "Perl",
    ),
    tie(
        &[".pod"],
        &[rule("Pod 6", &[Line("=comment"), Line("=begin pod"), Line("=begin para"), Line("=item1")])],
        "Pod",
    ),
    tie(&[".pc"], &[rule("pkg-config", &[Line("Name:"), Line("Libs:"), Line("Cflags:")])], "Pro*C"),
    tie(
        &[".rpy"],
        &[rule("Python", &[Column("import "), Column("from "), Column("class "), Column("def ")])],
        "Ren'Py",
    ),
    tie(
        &[".spec"],
        &[
            rule("RPM Spec", &[Line("Name:"), Line("%description"), Line("%changelog"), Line("Summary:")]),
            rule(
                "Ruby",
                &[Line("require '"), Line("require \""), Line("describe "), Has("Gem::Specification")],
            ),
        ],
        "Python",
    ),
    tie(
        &[".qs"],
        &[rule("Q#", &[Line("namespace "), Line("operation "), Line("/// namespace")])],
        "Qt Script",
    ),
    tie(
        &[".r"],
        &[
            rule("Rebol", &[Starts("REBOL"), Starts("Rebol"), LineAnyCase("rebol [")]),
            rule("Rez", &[Has("\"Types.r\""), Has("Carbon.r"), Line("resource '")]),
        ],
        "R",
    ),
    tie(
        &[".rs"],
        &[
            rule("XML", &[Starts("<?xml")]),
            rule_unless(
                "RenderScript",
                &[Has("#pragma rs"), Has("#pragma version")],
                &[
                    Line("use "),
                    Line("fn "),
                    Line("mod "),
                    Line("pub "),
                    Line("impl"),
                    Line("#["),
                    Line("#!["),
                    Line("macro_rules"),
                ],
            ),
        ],
        "Rust",
    ),
    tie(&[".rsc"], &[rule("Rascal", &[Line("module "), Line("import ")])], "RouterOS Script"),
    tie(&[".reds"], &[rule("Red", &[Starts("Red"), HasAnyCase("red/system [")])], "Redscript"),
    tie(&[".res"], &[rule("XML", &[Starts("<")])], "ReScript"),
    tie(
        &[".v"],
        &[
            rule("Rocq Prover", &[Has("Proof."), Has("Qed."), Has("Require Import"), Has("Require Export")]),
            rule("V", &[Test(v_lang)]),
        ],
        "Verilog",
    ),
    tie(&[".sls"], &[rule("Scheme", &[Starts("("), Starts(";"), Line("(library ")])], "Salt"),
    tie(&[".sc"], &[rule("SuperCollider", &[Has("^this."), Has("^super."), Line("~")])], "Scala"),
    tie(
        &[".scm"],
        &[rule_unless(
            "Tree-sitter Query",
            &[Has("(#match?"), Has("(#eq?"), Has("(#set!"), Has("(#any-of?"), Has(") @"), Has("] @")],
            &[Line("(define")],
        )],
        "Scheme",
    ),
    tie(&[".sol"], &[rule("Gerber Image", &[Test(gerber)])], "Solidity"),
    tie(&[".st"], &[rule("StringTemplate", &[Has("$if("), Has("::= <<"), Has("<!")])], "Smalltalk"),
    tie(&[".star"], &[rule("STAR", &[Alone("loop_")])], "Starlark"),
    tie(&[".sw"], &[rule("XML", &[Starts("<?xml")])], "Sway"),
    tie(&[".ts"], &[rule("XML", &[Has("<TS "), Has("<TS>"), Starts("<?xml")])], "TypeScript"),
    tie(&[".tsx"], &[rule("XML", &[Starts("<?xml")])], "TSX"),
    tie(&[".tact"], &[rule("JSON", &[Test(json)])], "Tact"),
    tie(&[".tl"], &[rule("Teal", &[Line("local "), Word("end"), Line("record ")])], "Type Language"),
    tie(
        &[".tsp"],
        &[rule("TSPLIB data", &[Column("NAME"), Column("TYPE"), Column("DIMENSION")])],
        "TypeSpec",
    ),
    tie(
        &[".uc"],
        &[rule("ucode", &[Line("import "), Line("let "), Line("'use strict'"), Starts("{%")])],
        "UnrealScript",
    ),
    tie(&[".vba"], &[rule("Vim script", &[Column("UseVimball")])], "VBA"),
    tie(
        &[".x"],
        &[
            rule("DirectX 3D File", &[Starts("xof 03")]),
            rule("RPC", &[Line("program "), Line("union ")]),
            rule("Logos", &[Column("%hook"), Column("%end"), Column("%ctor"), Column("%group")]),
            rule("Linker Script", &[Has("OUTPUT_ARCH("), Has("OUTPUT_FORMAT("), Has("SECTIONS")]),
        ],
        "Logos",
    ),
    tie(&[".yy"], &[rule("JSON", &[Test(json)])], "Yacc"),
    tie(&[".md"], &[rule("GCC Machine Description", &[Test(gcc_machine)])], "Markdown"),
];
