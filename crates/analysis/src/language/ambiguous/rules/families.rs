//! Signs of a language, or of a family of them, that several rows ask for.

use super::super::signs::Sign::{Alone, Column, Has, HasAnyCase, Line, LineAnyCase, Word};
use super::Sign;

pub(super) const OBJECTIVE_C: &[Sign] = &[
    Column("@interface"),
    Column("@class"),
    Column("@protocol"),
    Line("@property ("),
    Line("@property("),
    Column("@end"),
    Column("@implementation"),
    Line("#import <"),
    Line("#import \""),
];

pub(super) const CPP: &[Sign] = &[
    Line("namespace "),
    Line("template <"),
    Line("template<"),
    Line("class "),
    Line("using "),
    Line("constexpr "),
    Alone("public:"),
    Alone("private:"),
    Alone("protected:"),
    Line("try"),
    Line("catch ("),
    Has("std::"),
    Has("__cplusplus >"),
    Has("__has_cpp_attribute"),
    Has("<cstdint>"),
    Has("<cstddef>"),
    Has("<string>"),
    Has("<vector>"),
    Has("<map>"),
    Has("<list>"),
    Has("<array>"),
    Has("<memory>"),
    Has("<utility>"),
    Has("<iostream>"),
    Has("<functional>"),
];

pub(super) const PERL: &[Sign] = &[
    Word("use strict"),
    Has("use v5"),
    Has("use 5"),
    Line("use warnings"),
    Line("use Mojo"),
    Line("use Test::"),
    Line("use lib "),
    Line("use constant"),
    Line("use overload"),
    Line("package "),
    Has("@EXPORT"),
    Has("->{"),
    Has("->["),
    Has("$self->"),
];

pub(super) const RAKU: &[Sign] = &[Line("use v6"), Line("module "), Line("my class "), Line("unit ")];

pub(super) const M68K: &[Sign] = &[
    HasAnyCase("moveq "),
    HasAnyCase("moveq\t"),
    HasAnyCase("move.l"),
    HasAnyCase("move.w"),
    HasAnyCase("move.b"),
    HasAnyCase("movem."),
    LineAnyCase("btst"),
    LineAnyCase("dbra"),
];

pub(super) const FREEBASIC: &[Sign] = &[
    LineAnyCase("#include"),
    LineAnyCase("#define"),
    LineAnyCase("#ifdef"),
    LineAnyCase("#lang"),
    LineAnyCase("#pragma"),
];

pub(super) const VB_FORM: Sign = Column("VERSION ");

pub(super) const EUPHORIA: &[Sign] = &[
    Line("namespace "),
    Line("public include "),
    Line("include "),
    Line("global "),
    Line("atom "),
    Line("sequence "),
    Line("constant "),
];

pub(super) const LISP: &[Sign] =
    &[LineAnyCase("(defun "), LineAnyCase("(in-package "), LineAnyCase("(defpackage ")];
