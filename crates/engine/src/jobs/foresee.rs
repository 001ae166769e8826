//! Merging unfinished work in memory, to see what will conflict before it comes to a merge.
//!
//! Nothing waits for it and nothing of it is kept: what goes wrong only means that a conflict is
//! told later. It takes git's turn for a worktree while it keeps what is in it, as a claim does.

use super::call_model::elapsed_ms;
use super::integrate::TASK;
use super::{Context, Trouble, oid};
use equitr_core::event::Looked;
use equitr_core::foresight::{Collision, Foreseen, Side};
use equitr_core::id::Commit;
use equitr_core::input::Outcome;
use equitr_git::{GitError, Hub, Oid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A look is followed by a rest of so many times its length: it takes a fifth of one processor at
/// the most, however large the project and the team are.
const REST: u32 = 4;
/// Files of one collision that are told.
const PATHS_MAX: usize = 50;
/// Pairs that are merged in one look; those of the lower tasks first.
const PAIRS_MAX: usize = 200;

/// When it was last looked ahead, and how long it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    ended: Instant,
    took: Duration,
}

/// A side with its work as a commit.
struct Compared {
    side: Side,
    base: Oid,
    work: Oid,
    /// The files that it changes.
    paths: BTreeSet<String>,
}

pub(super) async fn foresee(context: &Context, sides: Vec<Side>, head: Commit) -> Outcome {
    let last = *context.last_look.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = last {
        let rest = (last.took * REST).saturating_sub(last.ended.elapsed());
        tokio::time::sleep(rest).await;
    }
    let started = Instant::now();
    let news = sides.iter().filter(|side| side.news);
    let looked = news
        .map(|side| Looked { task: side.task, attempt: side.place.attempt, changes: side.changes })
        .collect();
    let mut compared = Vec::with_capacity(sides.len());
    for side in sides {
        // A worktree that can't be kept just now is looked at after its next change.
        compared.extend(kept(context, side).await.ok());
    }
    let sides = compared.iter().map(|compared| compared.side.task).collect();
    // Not about any worktree, so that none of them has to wait for it.
    let folder = context.dir.hub().join("foresee");
    let found = context.git(folder, move |hub| collisions(hub, &compared, &head)).await;
    let look = Look { ended: Instant::now(), took: started.elapsed() };
    *context.last_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    Outcome::Foreseen(match found {
        Ok(collisions) => Foreseen { looked, sides, collisions, took_ms: elapsed_ms(started) },
        Err(_) => Foreseen { looked, took_ms: elapsed_ms(started), ..Foreseen::default() },
    })
}

/// A side's work as a commit: what was verified, what was kept before, or what lies there now.
async fn kept(context: &Context, side: Side) -> Result<Compared, Trouble> {
    let folder = context.dir.worktree(&side.place.key);
    let (base, verified) = (oid(&side.base)?, side.work.as_ref().map(oid).transpose()?);
    context
        .git(folder.clone(), move |hub| {
            let reference = format!("refs/equitr/ahead/{}/{}", side.place.key, side.place.attempt);
            let before = if side.news { None } else { hub.resolve(&reference)? };
            let work = match verified.or(before) {
                Some(work) => work,
                None => hub.snapshot(&folder, &base, "Unfinished work", &reference)?.commit,
            };
            let paths = paths(hub, &base, &work)?;
            Ok(Compared { side, base, work, paths })
        })
        .await
}

fn collisions(hub: &Hub, compared: &[Compared], head: &Commit) -> Result<Vec<Collision>, GitError> {
    let head: Oid = head.0.parse()?;
    let mut found = Vec::new();
    let mut pairs = 0;
    for (place, one) in compared.iter().enumerate() {
        for other in &compared[place + 1..] {
            let news = one.side.news || other.side.news;
            if !news || !meet(&one.paths, &other.paths) || pairs == PAIRS_MAX {
                continue;
            }
            pairs += 1;
            let both = |path: &String| one.paths.contains(path) && other.paths.contains(path);
            let paths = told(hub.collision(&one.work, &other.work)?, both);
            if !paths.is_empty() {
                let (one, other) = (one.side.place.key.clone(), other.side.place.key.clone());
                found.push(Collision { one, other, paths });
            }
        }
        if one.side.news && one.base != head {
            with_merged(hub, one, &head, &mut found)?;
        }
    }
    Ok(found)
}

/// What a side collides with that was merged since it began.
fn with_merged(
    hub: &Hub,
    one: &Compared,
    head: &Oid,
    found: &mut Vec<Collision>,
) -> Result<(), GitError> {
    let merged = paths(hub, &one.base, head)?;
    if !meet(&one.paths, &merged) {
        return Ok(());
    }
    let both = |path: &String| one.paths.contains(path) && merged.contains(path);
    let mut paths = hub.collision(&one.work, head)?;
    paths.retain(both);
    let mut by_task: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for merge in hub.touching(&one.base, head, &paths, TASK)? {
        by_task.entry(merge.trailer).or_default().extend(merge.paths);
    }
    for (key, touched) in by_task {
        let paths = told(touched.into_iter().collect(), |path| paths.contains(path));
        if !key.is_empty() && !paths.is_empty() {
            let one = one.side.place.key.clone();
            found.push(Collision { one, other: key.into(), paths });
        }
    }
    Ok(())
}

fn paths(hub: &Hub, base: &Oid, work: &Oid) -> Result<BTreeSet<String>, GitError> {
    Ok(hub.changed_paths(base, work)?.into_iter().map(|(_, path)| path).collect())
}

/// Whether two changed the same file, or one made a folder of what is a file for the other.
fn meet(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let beneath = |path: &String, all: &BTreeSet<String>| {
        let folder = format!("{path}/");
        all.contains(path)
            || all.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    };
    one.iter().any(|path| beneath(path, other)) || other.iter().any(|path| beneath(path, one))
}

/// The paths to tell of: those that both changed, if git names these, for others are known already.
fn told(paths: Vec<String>, both: impl Fn(&String) -> bool) -> Vec<Arc<str>> {
    let shared: Vec<&String> = paths.iter().filter(|path| both(path)).collect();
    shared.into_iter().take(PATHS_MAX).map(|path| path.as_str().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_meets_in_a_file_or_in_a_folder_that_is_a_file_for_the_other() {
        let set = |paths: &[&str]| paths.iter().map(ToString::to_string).collect();
        assert!(meet(&set(&["a", "b/c"]), &set(&["b/c"])));
        assert!(meet(&set(&["b"]), &set(&["b/c"])));
        assert!(meet(&set(&["b/c"]), &set(&["b"])));
        assert!(!meet(&set(&["b-c", "a"]), &set(&["b/c"])));
    }
}
