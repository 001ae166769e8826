//! The conversation and its documents in the flow.

use crate::play::{Play, call};
use crate::screen::{COLORS, SYMBOLS, flow, flow_from};
use crate::shop::{self, documents, question};
use equitr_core::documents::Documents;
use equitr_core::id::AgentId;
use equitr_core::input::{Command, Outcome};
use equitr_core::job::JobId;
use equitr_core::spec::{Goal, Origin, Person};
use equitr_ui::line::Lines;

const TODOS: &str =
    "# Shop Tasks\n\n1. Users\n2. Catalog\n3. Cart\n4. Orders\n5. Search\n6. Pages\n";

fn proposed() -> Play {
    let mut play = shop::begin(|spec| spec.goal = Goal::Plan);
    play.command(Command::Say("a shop".into()));
    play.model_says(
        AgentId::Planner,
        documents("# Shop Requirements\n\nSell.\n", "# Shop Design\n", TODOS),
    );
    play
}

#[test]
fn after_a_revision_only_what_changed_is_shown() {
    let mut play = proposed();
    let before = flow(&play, &SYMBOLS).len();
    play.command(Command::Revise("no search".into()));
    let todos = TODOS.replace("5. Search\n", "");
    play.model_says(
        AgentId::Planner,
        documents("# Shop Requirements\n\nSell.\n", "# Shop Design\n", &todos),
    );
    insta::assert_snapshot!("revision", &flow(&play, &SYMBOLS)[before..]);
    let colored = flow(&play, &COLORS);
    assert!(colored.contains("\n\x1b[31m-5. Search\x1b[0m\n"), "{colored}");
}

#[test]
fn a_revision_that_is_taken_up_half_done_shows_all_that_changed() {
    let mut play = proposed();
    play.command(Command::Revise("use SQLite".into()));
    let design = r##"{"document":"design","content":"# Shop Design\n\nSQLite.\n"}"##;
    play.model_says(AgentId::Planner, call("write_document", design));
    let taken_up = play.journal.len();
    play.model_says(AgentId::Planner, call("submit_plan", "{}"));
    let told = flow_from(&play, taken_up, &SYMBOLS);
    assert!(told.contains("\n+SQLite.\n"), "{told}");
}

#[test]
fn an_edit_of_the_person_is_shown_as_what_changed() {
    let mut play = proposed();
    let edited = Documents {
        design: "# Shop Design\n\nSQLite.\n".into(),
        ..play.state.plan.documents.clone()
    };
    let before = flow(&play, &SYMBOLS).len();
    play.command(Command::Edit(edited));
    let told = flow(&play, &SYMBOLS);
    assert!(told[before..].contains("\n+SQLite.\n"), "{told}");
    assert!(!told[before..].contains("1. Users"), "{told}");
}

#[test]
fn a_run_that_stops_at_the_plan_says_where_the_documents_are() {
    let mut play = proposed();
    play.command(Command::Approve);
    play.done(
        JobId::Publish,
        Outcome::Published {
            base: crate::play::commit("0123456789ab"),
            note: Some("your branch did not move".into()),
        },
    );
    let told = flow(&play, &SYMBOLS);
    assert!(told.contains("! note: your branch did not move\n"), "{told}");
    assert!(
        told.contains("✅ Planning completed!\nResult: the documents are committed as 012345678\n"),
        "{told}"
    );
}

#[test]
fn answers_that_nobody_typed_are_in_the_flow() {
    let mut play = shop::begin(|spec| {
        spec.person = Person::Absent { answers: vec!["PostgreSQL".into()] };
        spec.origin = Origin::Conversation { prompt: Some("a shop".into()) };
    });
    play.model_says(AgentId::Planner, question("Which database?", "SQLite"));
    play.model_says(AgentId::Planner, question("Which port?", "8080"));
    assert_eq!(
        flow(&play, &SYMBOLS),
        "Commands run in bubblewrap, without network\n\n\
         What would you like to build?\n> a shop\n\n\
         🤖 EQUITR Coder: Which database?\n> PostgreSQL\n\n\
         🤖 EQUITR Coder: Which port?\n> (no answer; taken: 8080)\n"
    );
}

#[test]
fn a_cleared_conversation_begins_anew_and_its_documents_are_shown_whole_again() {
    let mut play = proposed();
    play.command(Command::Clear);
    play.command(Command::Say("a bakery".into()));
    let before = flow(&play, &SYMBOLS).len();
    play.model_says(
        AgentId::Planner,
        documents("# Bakery Requirements\n", "# Bakery Design\n", TODOS),
    );
    let told = flow(&play, &SYMBOLS);
    assert!(
        told[..before].ends_with("The conversation begins anew\nWhat would you like to build?\n")
    );
    assert!(told[before..].starts_with("\n✅ Planning conversation complete!\n"), "{told}");
    assert!(told[before..].contains("1. Users\n2. Catalog\n"), "{told}");
}

#[test]
fn a_run_that_is_taken_up_shows_again_what_waits_for_the_person() {
    let taken_up = |play: &Play| Lines::from(&play.state).waiting(&play.state, &SYMBOLS);
    let mut play = shop::begin(|_| {});
    assert_eq!(taken_up(&play), "What would you like to build?\n");
    play.command(Command::Say("a shop".into()));
    assert_eq!(taken_up(&play), "");
    play.model_says(AgentId::Planner, question("Which database?", "SQLite"));
    assert_eq!(taken_up(&play), "🤖 EQUITR Coder: Which database?\n");
    let told = taken_up(&proposed());
    assert!(told.starts_with("── Requirements Document (docs/requirements.md) ──\n"), "{told}");
    assert!(told.ends_with("5. Search\n6. Pages\n"), "{told}");
}

#[test]
fn approved_documents_are_used_without_being_shown() {
    let documents = Documents {
        requirements: "# Shop Requirements\n".into(),
        design: "# Shop Design\n".into(),
        todos: TODOS.into(),
    };
    let play = shop::begin(|spec| spec.origin = Origin::Documents(documents));
    assert_eq!(
        flow(&play, &SYMBOLS),
        "Commands run in bubblewrap, without network\nUsing the approved documents of Shop: 6 todos\n"
    );
}
