//! Has the program built anew when an example changes: the demo carries them within itself.

fn main() {
    println!("cargo:rerun-if-changed=../../examples");
}
