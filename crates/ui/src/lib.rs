//! The run, shown: pure functions from core's state and records to text and JSON.
//!
//! Nothing here reads a clock, a terminal or a file; where, when and how wide comes in as
//! arguments. All text that is not ours (models, tools, file names) goes through [`sanitize()`].
//!
//! | module | a view of |
//! |---|---|
//! | [`mod@line`] | records, as a person follows them on stdout |
//! | [`json`] | records, one JSON line each |
//! | [`progress`] | the state, as one line that is drawn over again |
//! | [`status`] | the state, as a page or a JSON value |
//! | [`explain`] | one task: what it waits for and collides with |
//! | [`report`] | a whole run, as Markdown |
//! | [`plan_change`] | a change of a plan, before it is taken |
//! | [`show`] | the journal, every event of it |

mod contracts;
mod ending;
pub mod explain;
mod held;
pub mod json;
pub mod line;
mod names;
mod page;
pub mod plan_change;
pub mod progress;
mod proof;
pub mod report;
mod sandbox;
mod sanitize;
pub mod show;
pub mod status;
mod style;
mod tally;
mod text;
mod time;

pub use ending::{resume_command, takeover_command};
pub use held::{Held, held_back};
pub use sanitize::sanitize;
pub use style::Style;
pub use tally::Tally;
pub use time::utc;
