//! What a reader of the format makes of a workbook.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use proptest::prelude::*;

use super::*;

const HEADS: [Head<'static>; 2] = [Head { name: "one", width: 10 }, Head { name: "two", width: 10 }];

fn book(limits: Limits, rows: &[[Cell<'_>; 2]]) -> Vec<u8> {
    let mut book = Workbook::with_limits(Vec::new(), limits).unwrap();
    book.sheet("Rows", &HEADS).unwrap();
    for row in rows {
        book.row(row).unwrap();
    }
    book.finish().unwrap()
}

/// Every sheet with its rows, as a reader of the format sees them.
fn read(bytes: Vec<u8>) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    names
        .into_iter()
        .map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let rows = range.rows().map(<[Data]>::to_vec).collect();
            (name, rows)
        })
        .collect()
}

const WIDE: Limits = Limits { rows: MAX_ROWS, bytes: MAX_BYTES };

fn text(of: &str) -> Data {
    Data::String(of.to_owned())
}

#[test]
fn cells_are_read_back_as_they_were_written() {
    let long = "é".repeat(MAX_TEXT + 5);
    let emoji = "😀".repeat(MAX_TEXT / 2 + 1);
    let odd = [
        "",
        "plain",
        "a,b;c",
        "\"quoted\" <b>&amp;</b>",
        "two\nlines",
        " blanks around ",
        "naïve 文件 שלום 😀",
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\tx",
        "＝1",
        "'apostrophe",
        "C:\\path",
        "a\u{feff}b",
        "true",
        "1e5",
        "00123",
    ];
    let mut rows: Vec<[Cell<'_>; 2]> =
        odd.iter().map(|text| [Cell::Text(text), Cell::Repeated(text)]).collect();
    rows.push([Cell::Number(0), Cell::Number(9_007_199_254_740_992)]);
    rows.push([Cell::Number(-7), Cell::Hex(&[0x00, 0xaf, 0x10])]);
    rows.push([Cell::Empty, Cell::Made("made".to_owned())]);
    rows.push([Cell::Text(&long), Cell::Text(&emoji)]);
    let sheets = read(book(WIDE, &rows));
    assert_eq!(sheets.len(), 1);
    let (name, found) = &sheets[0];
    assert_eq!(name, "Rows");
    assert_eq!(found[0], [text("one"), text("two"), text("loss")]);
    for (row, wanted) in found[1..].iter().zip(odd) {
        assert_eq!(row[..2], [text(wanted), text(wanted)], "{wanted:?}");
        assert_eq!(row[2], Data::Empty);
    }
    let last = &found[found.len() - 4..];
    assert_eq!(last[0][..2], [Data::Float(0.0), Data::Float(9_007_199_254_740_992.0)]);
    assert_eq!(last[1][..2], [Data::Float(-7.0), text("00af10")]);
    assert_eq!(last[2][..2], [Data::Empty, text("made")]);
    assert_eq!(last[3][0], text(&"é".repeat(MAX_TEXT)));
    // A character outside the first plane counts twice, and is not cut in two.
    assert_eq!(last[3][1], text(&"😀".repeat(MAX_TEXT / 2)));
    assert_eq!(
        last[3][2],
        text("one: the first 32767 of 32772 characters; two: the first 16383 of 16384 characters")
    );
}

#[test]
fn what_xml_cannot_carry_is_escaped_as_the_standard_says() {
    let mut xml = Vec::new();
    text::escape("a\u{1}b\u{1f}_x0041_ _x_ \u{fffe}\u{ffff}\u{fffd}\r\n\t_x004", &mut xml);
    assert_eq!(
        String::from_utf8(xml).unwrap(),
        "a_x0001_b_x001F__x005F_x0041_ _x_ _xFFFE__xFFFF_\u{fffd}&#13;\n\t_x004"
    );
}

#[test]
fn a_sheet_that_is_full_is_gone_on_with_in_further_ones() {
    let names: Vec<String> = (0..10).map(|at| format!("row {at}")).collect();
    let rows: Vec<_> = names.iter().map(|name| [Cell::Text(name), Cell::Repeated("same")]).collect();
    let sheets = read(book(Limits { rows: 5, ..WIDE }, &rows));
    let shape: Vec<_> = sheets.iter().map(|(name, rows)| (name.as_str(), rows.len())).collect();
    assert_eq!(shape, [("Rows", 5), ("Rows (2)", 5), ("Rows (3)", 3)]);
    let again: Vec<_> = sheets.iter().flat_map(|(_, rows)| &rows[1..]).map(|row| row[0].clone()).collect();
    assert_eq!(again, names.iter().map(|name| text(name)).collect::<Vec<_>>());
    assert!(sheets.iter().all(|(_, rows)| rows[0][0] == text("one")), "each has a head");

    let long = "x".repeat(30_000);
    let rows = vec![[Cell::Text(&long), Cell::Empty]; 20];
    let sheets = read(book(Limits { bytes: 200_000, ..WIDE }, &rows));
    assert!(sheets.len() > 1, "a sheet may be too large before it has too many rows");
    assert_eq!(sheets.iter().map(|(_, rows)| rows.len() - 1).sum::<usize>(), 20);
}

#[test]
fn names_of_sheets_are_what_excel_takes() {
    let mut taken = Vec::new();
    for (title, name) in [
        ("New", "New"),
        ("new", "new (2)"),
        ("a/b\\c[d]:e*f?", "a_b_c_d__e_f_"),
        ("", "Sheet"),
        ("'quoted'", "quoted"),
        ("History", "History_"),
        ("a name of more than thirty-one characters", "a name of more than thirty-one "),
        ("a name of more than thirty-one characters", "a name of more than thirty- (2)"),
    ] {
        let made = sheet_name(title, 0, &taken);
        assert_eq!(made, name);
        assert!(made.encode_utf16().count() <= MAX_NAME);
        taken.push(made);
    }
}

#[test]
fn the_sheet_in_front_may_be_written_last() {
    let mut book = Workbook::new(Vec::new()).unwrap();
    for title in ["One", "Two", "Front"] {
        book.sheet(title, &HEADS).unwrap();
    }
    book.in_front();
    let bytes = book.finish().unwrap();
    assert_eq!(bytes[..4], *b"PK\x03\x04");
    let names: Vec<_> = read(bytes).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Front", "One", "Two"]);
}

proptest! {
    #[test]
    fn any_text_comes_back(texts in prop::collection::vec("[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}_\u{fffe}\u{ffff}]{0,40}", 0..40)) {
        let rows: Vec<_> = texts.iter().map(|text| [Cell::Text(text), Cell::Repeated(text)]).collect();
        let (once, again) = (book(WIDE, &rows), book(WIDE, &rows));
        prop_assert_eq!(&once, &again);
        let sheets = read(once);
        prop_assert_eq!(sheets[0].1.len(), texts.len() + 1);
        for (row, wanted) in sheets[0].1[1..].iter().zip(&texts) {
            prop_assert_eq!(&row[0], &text(wanted));
            prop_assert_eq!(&row[1], &text(wanted));
        }
    }
}
