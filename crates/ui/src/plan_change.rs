//! A change of the plan: what differs, and what becomes of the tasks.

use crate::names;
use crate::style::{Style, Tone};
use crate::text::{LINE_COLUMNS, count, listed, one_line};
use equitr_core::documents::Documents;
use equitr_core::plan_diff::{self, PlanChange, PlanDiff, TaskFate};
use equitr_core::state::{RunState, Status};
use equitr_core::todos;

/// Todos of one kind that are listed, and sections; a plan may have 10,000.
const LISTED: usize = 200;

/// What differs, a line for each todo, assumption and section.
pub(crate) fn lines(change: &PlanChange, style: &Style) -> Vec<String> {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    let mut lines = Vec::new();
    let changed = change.changed.iter().map(|todo| format!("  changed  {}", words(&todo.why)));
    lines.extend(some(changed.collect(), style));
    let named = |how: &str, number: u32, text: &str| format!("  {how}  {number}. {}", words(text));
    let new = change.new.iter().map(|todo| named("new    ", todo.number, &todo.text));
    lines.extend(some(new.collect(), style));
    let dropped = change.dropped.iter().map(|todo| named("dropped", todo.number, &todo.text));
    lines.extend(some(dropped.collect(), style));
    let flipped = change.flipped.iter();
    let flipped = flipped.map(|(n, answer)| format!("  assumed  A{n} is now: {}", words(answer)));
    lines.extend(some(flipped.collect(), style));
    let sections = change.sections.iter().map(|section| format!("  section  {}", words(section)));
    lines.extend(some(sections.collect(), style));
    lines
}

/// A change that is proposed: todos kept, changed, new and dropped, and what becomes of each task, with
/// what was spent on it. With the line ends.
pub fn diff(state: &RunState, diff: &PlanDiff, style: &Style) -> String {
    let mut page = vec![style.paint(Tone::Strong, "What changes in the plan")];
    page.push(format!("  kept     {}", count(diff.kept.len(), "todo")));
    page.extend(lines(&diff.change, style));
    if !diff.tasks.is_empty() {
        page.push(style.paint(Tone::Strong, "What becomes of the tasks"));
    }
    let kept = diff.with(TaskFate::Kept).map(|task| task.task.to_string());
    let kept = listed(kept, 20);
    if !kept.is_empty() {
        page.push(format!("  kept: {kept}"));
    }
    for change in diff.tasks.iter().filter(|task| task.fate != TaskFate::Kept).take(LISTED) {
        let Some(task) = state.task(change.task) else { continue };
        let title = names::title(task, style);
        let was_merged = matches!(task.status, Status::Merged(_));
        let fate = match change.fate {
            TaskFate::Kept => continue,
            TaskFate::Told => "its worker is told",
            TaskFate::Reads => "has not begun and will read what holds now",
            TaskFate::Reopened if was_merged => "was merged and is opened again",
            TaskFate::Reopened => "is opened again",
            TaskFate::Dropped => "is dropped",
            TaskFate::Stays => "is built already, and its work stays in the project",
        };
        page.push(format!("  Task {} ({title}) {fate}; spent so far: {}", task.id, change.spent));
    }
    let new = diff.change.new.len();
    if new > 0 {
        page.push(format!("  new tasks for {}", count(new, "todo")));
    }
    page.push(String::new());
    page.join("\n")
}

/// What differs between the documents as an earlier run left them and the ones that a new run builds
/// from. With the line ends; empty when nothing does.
pub fn since(built: &Documents, now: &Documents, style: &Style) -> String {
    let change = plan_diff::compare(built, now);
    let known = todos::parse(&built.todos).unwrap_or_default();
    let kept = known.len().saturating_sub(change.changed.len() + change.dropped.len());
    if change.is_empty() {
        return String::new();
    }
    let heading = style.paint(Tone::Strong, "What changes since the project was built");
    let mut page = vec![heading, format!("  kept     {}", count(kept, "todo"))];
    page.extend(lines(&change, style));
    page.push(String::new());
    page.join("\n")
}

fn some(mut lines: Vec<String>, style: &Style) -> Vec<String> {
    let more = lines.len().saturating_sub(LISTED);
    if more > 0 {
        lines.truncate(LISTED);
        lines.push(style.paint(Tone::Quiet, &format!("  … and {more} more")));
    }
    lines
}
