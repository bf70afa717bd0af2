//! Closed sets that stand in the database, and on the wire, under stable names.

/// Declares an enum whose members have stable names: `names! { /// Doc
/// pub enum State in "table.column" { /// Doc
/// Open = "open", ... } }`.
macro_rules! names {
    ($(#[$doc:meta])* pub enum $type:ident in $column:literal {
        $($(#[$member_doc:meta])* $member:ident = $name:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $type {
            $($(#[$member_doc])* #[serde(rename = $name)] $member),+
        }

        impl $type {
            /// Every member, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$member),+];

            /// The stable name, as it stands in the store and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$member => $name),+ }
            }

            /// The member with this stable name; `None` for an unknown one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$member),)+ _ => None }
            }

            /// The member that a column holds.
            pub(crate) fn stored(name: &str) -> Result<Self, $crate::StoreError> {
                Self::from_name(name).ok_or_else(|| $crate::StoreError::unknown($column, name))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;
