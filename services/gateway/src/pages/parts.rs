//! What pages are made of: tables, forms, numbers.

use std::fmt::Display;

use jiff::Timestamp;

use super::Text;

/// A table. The cells are HTML already; a head that begins with `#` stands over numbers.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>], none: &str) -> String {
    if rows.is_empty() {
        return format!("<p class=\"soft\">{none}</p>\n");
    }
    let is_number: Vec<bool> = heads.iter().map(|head| head.starts_with('#')).collect();
    let class = |at: usize| if is_number.get(at) == Some(&true) { " class=\"number\"" } else { "" };
    let mut text = String::from("<div class=\"scroll\"><table>\n<tr>");
    for (at, head) in heads.iter().enumerate() {
        let head = head.strip_prefix('#').unwrap_or(head);
        text.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(at), Text(head)));
    }
    text.push_str("</tr>\n");
    for row in rows {
        text.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            text.push_str(&format!("<td{}>{cell}</td>", class(at)));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table></div>\n");
    text
}

/// A button that asks the API for something, with a question first when `sure` has one.
pub(super) fn button(api: &str, label: &str, sure: Option<&str>) -> String {
    let sure = sure.map(|text| format!(" data-sure=\"{}\"", Text(text))).unwrap_or_default();
    format!("<form class=\"inline\" data-api=\"{}\"{sure}><button>{}</button></form>", Text(api), Text(label))
}

pub(super) fn link(to: impl Display, text: impl Display) -> String {
    format!("<a href=\"{}\">{}</a>", Text(to), Text(text))
}

pub(super) fn text(text: impl Display) -> String {
    Text(text).to_string()
}

/// A state, by which its colour is chosen.
pub(super) fn state(name: &str) -> String {
    format!("<span class=\"state {0}\">{0}</span>", Text(name))
}

/// To the second; the whole is in the title.
pub(super) fn time(at: Timestamp) -> String {
    format!("<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M:%S"))
}

/// With commas between thousands.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In the unit in which it is short.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: &[&str] = &["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut size, mut unit) = (count as f64, 0);
    while size >= 1_000.0 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    let unit_name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{count} B") } else { format!("{size:.1} {unit_name}") }
}

/// How far something has come.
pub(super) fn progress(done: u64, total: u64) -> String {
    if total == 0 {
        return "<progress></progress>".to_owned();
    }
    format!("<progress value=\"{done}\" max=\"{total}\"></progress> {} of {}", number(done), number(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([5, 1_500, 2_000_000].map(bytes), ["5 B", "1.5 kB", "2.0 MB"]);
    }

    #[test]
    fn cells_stand_under_their_heads() {
        let made = table(&["name", "#count"], &[vec!["a".into(), "1".into()]], "none");
        assert!(made.contains("<th scope=\"col\" class=\"number\">count</th>"), "{made}");
        assert!(made.contains("<td>a</td><td class=\"number\">1</td>"), "{made}");
        assert!(table(&["name"], &[], "none yet").contains("none yet"));
    }
}
