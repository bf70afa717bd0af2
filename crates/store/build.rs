//! Migrations are embedded by a macro that cargo does not see through: a new folder must rebuild us.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
