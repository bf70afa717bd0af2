//! The reference page of sources, made from the list of kinds.

use crate::kinds::KINDS;

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Kinds of sources\n\nMade from the code by `cargo xtask generate`; edit `crates/forges/src/kinds/` instead.\n\n\
         A source is a place where repositories are found. `stocktake source add NAME --kind KIND NAME=VALUE…` makes \
         one, `POST /api/v1/sources` does, too.\n\
         [sources.md](sources.md) says how they are run, what limits they keep, and when repositories are visited.\n",
    );
    for kind in KINDS {
        let how = if kind.visits_at_once() { "at once, by the run" } else { "by the plan of visits" };
        page.push_str(&format!(
            "\n## `{}`\n\n{}\n\nWhat it finds is visited {how}, unless the source says otherwise.\n\n\
             | Parameter | Accepted | Meaning |\n| --- | --- | --- |\n",
            kind.name(),
            kind.about()
        ));
        for one in kind.parameters() {
            let needed = if one.required { " (needed)" } else { "" };
            let about = one.about.replace('|', "\\|");
            page.push_str(&format!("| `{}`{needed} | {} | {about} |\n", one.name, one.accepts.words()));
        }
    }
    page
}
