//! The parts of a workbook beside its sheets.

use super::text;

pub(super) const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// The name space of spreadsheets.
pub(super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

pub(super) const PACKAGE_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

/// Style 0 is everything else, 1 the head of a sheet, 2 text that could be taken for a formula.
pub(super) const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE8ECF1"/></patternFill></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// The list of sheets in the order in which they are shown; sheet `n` is the relation `rId<n>`, from 1.
pub(super) fn workbook(names: &[String], order: &[usize]) -> String {
    let mut sheets = String::new();
    for &at in order {
        let mut name = Vec::new();
        text::escape(names.get(at).map_or("", String::as_str), &mut name);
        let (name, number) = (String::from_utf8_lossy(&name), at + 1);
        sheets += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#);
    }
    format!(
        r#"{PROLOGUE}<workbook xmlns="{MAIN}" xmlns:r="{RELATION}"><bookViews><workbookView/></bookViews><sheets>{sheets}</sheets></workbook>"#
    )
}

pub(super) fn workbook_relations(sheets: usize) -> String {
    let one = |number: usize, kind: &str, target: &str| {
        format!(r#"<Relationship Id="rId{number}" Type="{RELATION}/{kind}" Target="{target}"/>"#)
    };
    let mut all: String =
        (1..=sheets).map(|at| one(at, "worksheet", &format!("worksheets/sheet{at}.xml"))).collect();
    all += &one(sheets + 1, "styles", "styles.xml");
    all += &one(sheets + 2, "sharedStrings", "sharedStrings.xml");
    let space = "http://schemas.openxmlformats.org/package/2006/relationships";
    format!(r#"{PROLOGUE}<Relationships xmlns="{space}">{all}</Relationships>"#)
}

pub(super) fn content_types(sheets: usize) -> String {
    let one = |part: &str, kind: &str| {
        format!(r#"<Override PartName="/xl/{part}.xml" ContentType="{TYPE}.{kind}+xml"/>"#)
    };
    let mut all = one("workbook", "sheet.main");
    all.extend((1..=sheets).map(|at| one(&format!("worksheets/sheet{at}"), "worksheet")));
    all += &one("styles", "styles");
    all += &one("sharedStrings", "sharedStrings");
    let space = "http://schemas.openxmlformats.org/package/2006/content-types";
    let relations = "application/vnd.openxmlformats-package.relationships+xml";
    format!(
        r#"{PROLOGUE}<Types xmlns="{space}"><Default Extension="rels" ContentType="{relations}"/><Default Extension="xml" ContentType="application/xml"/>{all}</Types>"#
    )
}
