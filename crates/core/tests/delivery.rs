//! Protected paths at delivery: asked once, by their word alone, and nothing lost on the way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::event::{Delivery, Ending, Event};
use equitr_core::id::QuestionId;
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{Handover, JobId, Work, jobs, wake_at, work};
use equitr_core::policy::{Acceptance, Sandbox, Touched};
use equitr_core::spec::{Person, RunSpec};
use play::{Play, commit, task};

const GUARDED: JobId = JobId::Deliver(Handover::Guarded);
const ACCEPTED: JobId = JobId::Deliver(Handover::Accepted);
const ASIDE: JobId = JobId::Deliver(Handover::Aside);

fn touched() -> Outcome {
    let paths = vec![".github/workflows/ci.yml".into(), "build.rs".into()];
    Outcome::Protected(Touched { paths, total: 7 })
}

/// A run whose only task is merged.
fn merged(change: impl FnOnce(&mut RunSpec)) -> Play {
    let mut play = Play::graphed_with(&[task("a", &[1], &[])], change);
    play.works(1, 1);
    play
}

fn lies_aside(play: &mut Play) -> String {
    assert_eq!(jobs(&play.state), [ASIDE]);
    let branch = "equitr/run".into();
    let on_branch = Delivery::OnBranch { branch, commit: commit("x"), why: "asked to".into() };
    play.done(ASIDE, Outcome::Delivered(on_branch));
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    play.replays();
    match play.state.delivery.clone().unwrap() {
        Delivery::OnBranch { why, .. } => why.to_string(),
        Delivery::Moved { .. } => panic!("the branch moved"),
    }
}

#[test]
fn a_present_person_is_asked_with_the_paths_and_their_yes_lets_them_through() {
    for word in ["yes", "Y", " Yes "] {
        let mut play = merged(|_| {});
        assert_eq!(jobs(&play.state), [GUARDED]);
        play.done(GUARDED, touched());
        let (&id, question) = play.state.questions.first_key_value().unwrap();
        assert!(question.text.contains("ci.yml\n- build.rs\n- and 5 more\n"), "{}", question.text);
        assert_eq!(&*question.default, "no");
        assert_eq!(jobs(&play.state), []);
        assert_eq!(play.state.ending(), None);
        play.command(Command::Answer(id, Some(word.into())));
        assert_eq!(jobs(&play.state), [ACCEPTED]);
        let moved = Delivery::Moved { branch: "main".into(), commit: commit("x") };
        play.done(ACCEPTED, Outcome::Delivered(moved));
        assert_eq!(play.state.ending(), Some(&Ending::Done));
        assert!(play.state.assumptions.is_empty());
        play.replays();
    }
}

#[test]
fn without_a_yes_the_result_stays_on_its_own_branch_and_says_why() {
    for answer in [Some("no"), Some("N"), Some(""), None] {
        let mut play = merged(|_| {});
        play.done(GUARDED, touched());
        play.command(Command::Answer(QuestionId(1), answer.map(Into::into)));
        let why = lies_aside(&mut play);
        assert!(why.contains("build.rs and 5 more") && why.contains("did not say yes"), "{why}");
    }
}

#[test]
fn an_answer_that_is_neither_yes_nor_no_is_asked_for_again() {
    let mut play = merged(|_| {});
    play.done(GUARDED, touched());
    let answer = Input::Command(Command::Answer(QuestionId(1), Some("maybe".into())));
    let reaction = equitr_core::step(&mut play.state, play.now_ms, answer).unwrap();
    assert_eq!(reaction.objection.unwrap(), "please answer yes or no");
    assert!(reaction.record.is_none());
    assert_eq!(play.state.questions.len(), 1);
}

#[test]
fn a_question_that_is_never_answered_is_no_yes() {
    let mut play = merged(|_| {});
    play.done(GUARDED, touched());
    play.now_ms = wake_at(&play.state).unwrap();
    play.input(Input::Tick);
    assert!(lies_aside(&mut play).contains("did not say yes"));
}

#[test]
fn nobody_there_is_no_yes_either() {
    let mut play = merged(|spec| spec.person = Person::Absent { answers: vec!["yes".into()] });
    play.done(GUARDED, touched());
    assert_eq!(play.state.questions_asked, 0);
    let why = lies_aside(&mut play);
    assert!(why.contains(".github/workflows/ci.yml") && why.contains("nobody was there"), "{why}");
}

#[test]
fn what_is_accepted_in_advance_is_delivered_unasked() {
    let mut play = merged(|spec| spec.policy.protected_accepted = Acceptance::Given);
    assert_eq!(jobs(&play.state), [ACCEPTED]);
    // Word of the other kind of delivery is not taken for this one's.
    play.done(GUARDED, touched());
    assert_eq!(play.state.touched, None);
    let Some(Work::Deliver { handover, protected, .. }) = work(&play.state, ACCEPTED) else {
        panic!("no work");
    };
    assert_eq!(handover, Handover::Accepted);
    assert!(!protected.is_empty());
}

#[test]
fn a_kill_between_question_and_answer_loses_neither_and_asks_with_its_whole_patience() {
    let mut play = merged(|_| {});
    play.done(GUARDED, touched());
    play.now_ms += 500_000_000;
    play.input(Input::Resume);
    assert_eq!(play.state.questions.len(), 1);
    assert_eq!(wake_at(&play.state), Some(play.now_ms + 600_000));
    // Nor does late or repeated word of the first delivery ask a second time.
    play.done(GUARDED, touched());
    let asked = |record: &equitr_core::event::Record| {
        record.events.iter().filter(|e| matches!(e, Event::DeliveryAsked { .. })).count()
    };
    assert_eq!(play.journal.iter().map(asked).sum::<usize>(), 1);
    play.command(Command::Answer(QuestionId(1), Some("yes".into())));
    play.done(GUARDED, touched());
    assert_eq!(jobs(&play.state), [ACCEPTED]);
    play.replays();
}

#[test]
fn a_machine_that_fails_after_the_answer_need_not_be_told_again() {
    let mut play = merged(|_| {});
    play.done(GUARDED, touched());
    play.command(Command::Answer(QuestionId(1), Some("yes".into())));
    play.done(ACCEPTED, Outcome::Failed("the disk is full".into()));
    assert!(matches!(play.state.ending(), Some(Ending::Broken { .. })));
    play.command(Command::Reopen);
    assert_eq!(jobs(&play.state), [ACCEPTED]);
    play.replays();
}

#[test]
fn a_spec_that_is_older_than_policies_is_read_as_what_held_then() {
    let play = merged(|_| {});
    let mut old = serde_json::to_value(&*play.state.spec).unwrap();
    old.as_object_mut().unwrap().remove("policy").unwrap();
    let read: RunSpec = serde_json::from_value(old).unwrap();
    assert_eq!(read.policy.sandbox, Sandbox::Off);
    assert_eq!(read.policy.protected_accepted, Acceptance::Asked);
}

/// A run whose result lies aside, as nobody said yes.
fn aside(person: Person) -> Play {
    let mut play = merged(|spec| spec.person = person);
    play.done(GUARDED, touched());
    if play.state.questions_asked > 0 {
        play.command(Command::Answer(QuestionId(1), Some("no".into())));
    }
    lies_aside(&mut play);
    play
}

fn objection(play: &mut Play, command: Command) -> Option<String> {
    let records = play.journal.len();
    let reaction =
        equitr_core::step(&mut play.state, play.now_ms, Input::Command(command)).unwrap();
    play.journal.extend(reaction.record);
    assert!(reaction.objection.is_none() || play.journal.len() == records);
    reaction.objection
}

#[test]
fn a_result_that_lies_aside_is_delivered_when_the_person_accepts_it_later() {
    for person in [Person::Present { patience_ms: 600_000 }, Person::Absent { answers: vec![] }] {
        let mut play = aside(person);
        play.input(Input::Resume);
        assert_eq!(objection(&mut play, Command::AcceptProtected), None);
        assert_eq!(play.state.ending(), None);
        assert_eq!(jobs(&play.state), [ACCEPTED]);
        // Word of the delivery aside, repeated, is old.
        let branch = "equitr/run".into();
        let again = Delivery::OnBranch { branch, commit: commit("x"), why: "again".into() };
        play.done(ASIDE, Outcome::Delivered(again));
        // Nor does a process that dies now lose the word.
        play.input(Input::Resume);
        assert_eq!(jobs(&play.state), [ACCEPTED]);
        let moved = Delivery::Moved { branch: "main".into(), commit: commit("x") };
        play.done(ACCEPTED, Outcome::Delivered(moved));
        assert_eq!(play.state.ending(), Some(&Ending::Done));
        assert_eq!(play.state.spec.policy.protected_accepted, Acceptance::Given);
        let why = objection(&mut play, Command::AcceptProtected).unwrap();
        assert_eq!(why, "the result is on branch `main` already");
        play.replays();
    }
}

#[test]
fn accepting_answers_the_question_that_waits() {
    let mut play = merged(|_| {});
    play.done(GUARDED, touched());
    play.input(Input::Resume);
    play.command(Command::AcceptProtected);
    assert!(play.state.questions.is_empty());
    assert_eq!(jobs(&play.state), [ACCEPTED]);
    play.replays();
}

#[test]
fn what_is_accepted_before_it_is_found_is_not_asked_about() {
    let mut play = merged(|_| {});
    play.command(Command::AcceptProtected);
    play.done(GUARDED, touched());
    assert_eq!((play.state.questions_asked, jobs(&play.state)), (0, vec![ACCEPTED]));
    let records = play.journal.len();
    assert_eq!(objection(&mut play, Command::AcceptProtected), None);
    assert_eq!(play.journal.len(), records, "a second time changes nothing");
    play.replays();
}

#[test]
fn what_can_not_be_accepted_any_more_is_refused_with_the_reason() {
    let mut play = merged(|_| {});
    let (branch, why) = ("equitr/run".into(), "main has moved".into());
    let elsewhere = Delivery::OnBranch { branch, commit: commit("x"), why };
    play.done(GUARDED, Outcome::Delivered(elsewhere));
    assert_eq!(play.state.ending(), Some(&Ending::Done));
    let why = objection(&mut play, Command::AcceptProtected).unwrap();
    assert_eq!(why, "the result lies on branch `equitr/run` for another reason: main has moved");
    let mut play = merged(|_| {});
    play.command(Command::Cancel);
    let why = objection(&mut play, Command::AcceptProtected).unwrap();
    assert_eq!(why, "the run is over, and no result waits to be handed over");
}

#[test]
fn what_commands_run_in_changes_by_the_persons_word_and_is_in_the_journal() {
    let mut play = merged(|_| {});
    for sandbox in [Sandbox::Off, Sandbox::Landlock, Sandbox::Landlock, Sandbox::Bubblewrap] {
        play.command(Command::SetSandbox(sandbox));
        assert_eq!(play.state.spec.policy.sandbox, sandbox);
    }
    let set = play.journal.iter().flat_map(|record| &record.events);
    let set = set.filter(|event| matches!(event, Event::SandboxSet { .. })).count();
    assert_eq!(set, 3, "what it is already is no news");
    play.replays();
    play.command(Command::Cancel);
    let why = objection(&mut play, Command::SetSandbox(Sandbox::Off)).unwrap();
    assert_eq!(why, "the run is over");
}
