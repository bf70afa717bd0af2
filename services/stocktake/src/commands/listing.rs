//! Lists and single things as tables for people, or as the JSON that the API has.

use comfy_table::{ContentArrangement, Table, presets};
use contracts::Failure;
use reports::printable;
use serde_json::Value;

use crate::output::{self, TableFormat};

/// A column: its head, and where its value is in the JSON (RFC 6901).
pub(crate) type Column = (&'static str, &'static str);

/// Prints a list; `nothing` is what is said when it is empty.
pub(crate) fn list(
    format: TableFormat,
    rows: &[Value],
    columns: &[Column],
    nothing: &str,
) -> Result<(), Failure> {
    match format {
        TableFormat::Json => output::line(format_args!("{:#}", Value::from(rows))),
        TableFormat::Table if rows.is_empty() => output::line(nothing),
        TableFormat::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_header(columns.iter().map(|(head, _)| *head));
            for row in rows {
                table.add_row(columns.iter().map(|(_, place)| shown(row.pointer(place))));
            }
            output::line(table.trim_fmt())
        }
    }
}

/// Prints one thing. What it does not have is left out of the table.
pub(crate) fn one(format: TableFormat, thing: &Value, lines: &[Column]) -> Result<(), Failure> {
    if format == TableFormat::Json {
        return output::line(format_args!("{thing:#}"));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for (head, place) in lines {
        let text = shown(thing.pointer(place));
        if !text.is_empty() {
            table.add_row([(*head).to_owned(), text]);
        }
    }
    output::line(table.trim_fmt())
}

/// A value as people read it, with nothing in it that a terminal would act on.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => printable(&moment(text)),
        Some(Value::Number(number)) => number.as_u64().map_or_else(|| number.to_string(), reports::count),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| shown(Some(item))).collect::<Vec<_>>().join("\n")
        }
        Some(object) => printable(&object.to_string()),
    }
}

/// A time without the parts of a second.
fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_as_people_read_them() {
        assert_eq!(shown(Some(&json!(1234567))), "1,234,567");
        assert_eq!(shown(Some(&json!("2026-01-02T03:04:05.678Z"))), "2026-01-02 03:04:05");
        assert_eq!(shown(Some(&json!("a\u{1b}[2Jb"))), "a\\u{1b}[2Jb");
        assert_eq!(shown(Some(&json!(["one", "two"]))), "one\ntwo");
        assert_eq!(shown(None), "");
    }
}
