//! What a report says of the whole.

/// What a report says of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// A heading for people: what was compared with what.
    pub title: String,
    /// What is known beside the counts, in the order in which it is shown: ids, names, versions, times.
    pub facts: Vec<Fact>,
    /// How many rows there are of each kind.
    pub counts: Counts,
}

/// One thing that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its stable name, in small letters with underscores.
    pub name: &'static str,
    /// What is known.
    pub value: Value,
}

/// What is known of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// In words.
    Text(String),
    /// A number.
    Number(i64),
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the section `new`.
    pub new: u64,
    /// Rows of the section `modified`.
    pub modified: u64,
    /// Rows of the section `removed`.
    pub removed: u64,
    /// Rows of the section `moved`.
    pub moved: u64,
    /// Rows of the section `attributes`.
    pub attributes: u64,
    /// Nodes that the repository has no longer and the stock keeps; they have no rows. None in a difference.
    pub kept: Option<u64>,
    /// Nodes that are the same on both sides; they have no rows. None where they were not counted.
    pub unchanged: Option<u64>,
    /// Findings by level: `info`, `warn`, `block`. None in a difference.
    pub findings: Option<[u64; 3]>,
    /// Blocking findings that a person has overridden.
    pub overridden: u64,
}

impl Facts {
    /// Adds a fact in words.
    pub fn text(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        self.facts.push(Fact { name, value: Value::Text(value.into()) });
        self
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, value: i64) -> &mut Self {
        self.facts.push(Fact { name, value: Value::Number(value) });
        self
    }

    /// Facts and counts, each with its name.
    pub(super) fn all(&self) -> Vec<Fact> {
        let mut all = self.facts.clone();
        let counts = &self.counts;
        let mut add = |name, count: u64| {
            all.push(Fact { name, value: Value::Number(count.try_into().unwrap_or(i64::MAX)) });
        };
        add("new", counts.new);
        add("modified", counts.modified);
        add("removed", counts.removed);
        add("moved", counts.moved);
        add("attributes", counts.attributes);
        for (name, count) in [("kept", counts.kept), ("unchanged", counts.unchanged)] {
            if let Some(count) = count {
                add(name, count);
            }
        }
        if let Some([info, warn, block]) = counts.findings {
            add("findings_info", info);
            add("findings_warn", warn);
            add("findings_block", block);
            add("findings_overridden", counts.overridden);
        }
        all
    }
}
