//! The person: does what the run waits for, sooner or later, and at times what it does not.

use super::dice::Dice;
use super::mail;
use super::setup::documents;
use equitr_core::documents::Documents;
use equitr_core::id::{Asker, QuestionId, TaskId};
use equitr_core::input::Command;
use equitr_core::job::Handover;
use equitr_core::policy::Sandbox;
use equitr_core::state::{Phase, RunState};
use equitr_core::units::MicroDollars;

/// A person who changes the plan more often than this never lets it be built.
const CHANGES_MAX: u32 = 6;

/// What a patient person does next.
pub(super) fn helpful(state: &RunState) -> Vec<Command> {
    if let Some((&id, question)) = state.questions.first_key_value()
        && state.ending().is_none()
    {
        let answer = match question.by {
            Asker::Agent(_) => "as you like",
            Asker::Delivery => "Yes",
        };
        return vec![Command::Answer(id, Some(answer.into()))];
    }
    if state.paused.is_some() && state.ending().is_none() {
        return vec![Command::Unpause];
    }
    match &state.phase {
        Phase::Planning if state.plan.dialogue.is_none() => vec![Command::Say("a shop".into())],
        Phase::Review => vec![Command::Approve],
        Phase::Ended(ending) if ending.can_resume() => {
            vec![Command::SetBudget(None), Command::Reopen]
        }
        Phase::Planning
        | Phase::Publishing
        | Phase::Graphing
        | Phase::Working
        | Phase::Ended(_) => vec![],
    }
}

/// What a person does who is in two minds; `messages` counts what was written to workers.
pub(super) fn wild(
    dice: &mut Dice,
    state: &RunState,
    nonsense: u64,
    messages: &mut u64,
) -> Vec<Command> {
    if dice.chance(nonsense) {
        return (0..dice.within(1..=2)).map(|_| anything(dice, state)).collect();
    }
    if dice.chance(120) {
        return vec![steering(dice, state, messages)];
    }
    match &state.phase {
        Phase::Review => match dice.below(5) {
            0 => vec![Command::Revise("shorter".into())],
            1 => {
                let revision = dice.below(100);
                vec![Command::Edit(documents(dice, revision))]
            }
            2 => vec![Command::Edit(Documents::default()), Command::Approve],
            _ => vec![Command::Approve],
        },
        Phase::Ended(ending) if ending.can_resume() => match dice.below(3) {
            0 => vec![Command::Reopen],
            1 => {
                let more = MicroDollars(dice.within(0..=500_000));
                vec![Command::SetBudget(Some(state.ledger.spent + more)), Command::Reopen]
            }
            _ => helpful(state),
        },
        Phase::Planning if dice.chance(150) => vec![Command::Close],
        Phase::Planning
        | Phase::Publishing
        | Phase::Graphing
        | Phase::Working
        | Phase::Ended(_) => match dice.below(8) {
            0 => vec![Command::SetWorkers(dice.number(1..=5))],
            1 => {
                let about = state.ledger.spent.0 + state.ledger.held.0;
                let around = MicroDollars(dice.within(0..=about + 500_000));
                vec![Command::SetBudget(Some(around))]
            }
            2 => match state.questions.last_key_value() {
                Some((&id, _)) => {
                    let answer = dice.one_of([None, Some("no"), Some("y")]);
                    vec![Command::Answer(id, answer.map(Into::into))]
                }
                None => vec![],
            },
            3 | 4 => vec![change(dice, state)],
            _ => helpful(state),
        },
    }
}

/// What a person at times wants of a run's policy while it goes on.
pub(super) fn on_policy(dice: &mut Dice) -> Option<Command> {
    let sandbox = dice.one_of([Sandbox::Bubblewrap, Sandbox::Landlock, Sandbox::Off]);
    match dice.below(400) {
        0 => Some(Command::AcceptProtected),
        1..=4 => Some(Command::SetSandbox(sandbox)),
        _ => None,
    }
}

/// What a person at times wants of a run that is over.
pub(super) fn afterwards(dice: &mut Dice, state: &RunState) -> Vec<Command> {
    let regrets = state.handover == Handover::Aside && state.delivery.is_some();
    if regrets && dice.chance(500) {
        // The second time, there is nothing left to say.
        return vec![Command::AcceptProtected, Command::AcceptProtected];
    }
    if dice.chance(50) {
        vec![Command::SetSandbox(Sandbox::Off), Command::AcceptProtected]
    } else {
        vec![]
    }
}

/// A change of the plan: an edit of the files, one todo more, an assumption that does not hold.
fn change(dice: &mut Dice, state: &RunState) -> Command {
    if state.plan.changes >= CHANGES_MAX {
        return Command::Answer(QuestionId(0), None);
    }
    match dice.below(4) {
        0 => Command::AddTodo("Build one part more".into()),
        1 => Command::Flip(dice.number(0..=3), dice.one_of(["JSON", "no", " "]).into()),
        _ => Command::EditPlan(edited(dice, &state.plan.seen)),
    }
}

/// The person's files with todos changed, dropped, new and ticked.
fn edited(dice: &mut Dice, seen: &Documents) -> Documents {
    let mut documents = seen.clone();
    let mut last = 0;
    let mut text = String::new();
    for line in seen.todos.lines() {
        let number: Option<u32> = line.split_once(". ").and_then(|(n, _)| n.parse().ok());
        if let Some(number) = number {
            last = last.max(number);
            match dice.below(8) {
                0 => continue,
                1 => {
                    text.push_str(&format!(
                        "{number}. Build part {number} anew, {}\n",
                        dice.below(9)
                    ));
                    continue;
                }
                _ => {}
            }
        }
        text.push_str(line);
        text.push('\n');
    }
    if dice.chance(400) {
        let number = last + dice.number(1..=2);
        text.push_str(&format!("{number}. Build part {number}\n"));
    }
    if dice.chance(200) {
        documents.design =
            format!("# Shop Design\n\n## Parts\nRevision {}.\n", dice.below(9)).into();
    }
    documents.todos = text.into();
    documents
}

fn anything(dice: &mut Dice, state: &RunState) -> Command {
    match dice.below(13) {
        0 => Command::Say("and blue".into()),
        1 => Command::Say(" ".into()),
        2 => Command::Clear,
        3 => Command::Close,
        4 => Command::Approve,
        5 => Command::Revise("".into()),
        6 => {
            let revision = dice.below(100);
            Command::Edit(documents(dice, revision))
        }
        7 => Command::Answer(QuestionId(dice.number(0..=9)), Some("no".into())),
        8 => Command::SetWorkers(dice.one_of([0, 2, 5_000])),
        9 => Command::SetBudget(None),
        10 => Command::SetBudget(Some(MicroDollars(dice.below(state.ledger.spent.0 + 100_000)))),
        11 => Command::Reopen,
        // Rare among the rare, as nothing comes after it.
        _ if dice.chance(100) => Command::Cancel,
        _ => Command::Say("a shop".into()),
    }
}

/// Steers a run, whether that makes sense just now or not.
fn steering(dice: &mut Dice, state: &RunState, messages: &mut u64) -> Command {
    let task = TaskId(dice.number(0..=u32::try_from(state.tasks.len()).unwrap_or(0) + 1));
    match dice.below(8) {
        0..=2 => Command::Pause,
        3 => Command::Unpause,
        4 | 5 => {
            *messages += 1;
            let to = dice.chance(700).then_some(task);
            Command::Tell { to, text: mail::text(*messages).into() }
        }
        // Nothing is left of a run whose tasks are all cancelled.
        6 if dice.chance(300) => Command::CancelTask(task),
        _ => Command::SetWorkers(dice.number(1..=5)),
    }
}
