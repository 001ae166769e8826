//! x
pub(crate) const ATTACK: &str = "__sandbox-attack";
pub(crate) fn attempt(_w: &[std::ffi::OsString]) -> i32 {
    1
}
