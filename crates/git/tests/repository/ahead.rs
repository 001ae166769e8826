//! Looking ahead: what would collide, and which merges changed the same files.

use crate::fixture::Fixture;
use crate::fixture::Kind::Text;
use equitr_git::{Hub, Merge, MergeMessage, Oid, Touching};

fn merge(hub: &Hub, onto: &Oid, theirs: &Oid, task: &str) -> Oid {
    let message = MergeMessage {
        subject: format!("Merge {task}"),
        trailers: vec![("Run".into(), "r".into()), ("Equitr-Task".into(), task.into())],
    };
    match hub.merge(onto, theirs, &message, &[]).unwrap() {
        Merge::Clean { commit, .. } => commit,
        Merge::Conflict { text, .. } => panic!("{text}"),
    }
}

#[test]
fn what_would_collide_is_named_and_nothing_is_kept_of_it() {
    let fixture = Fixture::with_files(&[("a", "1\n"), ("b", "1\n"), ("[c]", "1\n")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let one = fixture.work(&hub, &head, "1", &[("a", Text("one\n")), ("[c]", Text("one\n"))]);
    let two = fixture.work(
        &hub,
        &head,
        "2",
        &[("a", Text("two\n")), ("b", Text("two\n")), ("[c]", Text("two\n"))],
    );
    let three = fixture.work(&hub, &head, "3", &[("b", Text("two\n"))]);
    let references = fixture.git_in(hub.dir(), &["for-each-ref"]);
    assert_eq!(hub.collision(&one, &two).unwrap(), ["[c]", "a"]);
    assert_eq!(hub.collision(&two, &three).unwrap(), Vec::<String>::new());
    assert_eq!(hub.collision(&one, &three).unwrap(), Vec::<String>::new());
    assert_eq!(fixture.git_in(hub.dir(), &["for-each-ref"]), references);
    let missing: Oid = "0123456789012345678901234567890123456789".parse().unwrap();
    assert!(hub.collision(&one, &missing).is_err());
}

#[test]
fn merges_that_changed_a_file_are_told_by_their_trailer() {
    let fixture = Fixture::with_files(&[("a", "1\n"), ("b", "1\n"), ("[c]", "1\n")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let mine = fixture.work(&hub, &head, "mine", &[("a", Text("mine\n"))]);
    let one = fixture.work(&hub, &head, "1", &[("a", Text("one\n")), ("b", Text("one\n"))]);
    let first = merge(&hub, &head, &one, "one");
    let two = fixture.work(&hub, &first, "2", &[("[c]", Text("two\n"))]);
    let second = merge(&hub, &first, &two, "two");
    let touching = |since: &Oid, paths: &[&str]| {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        hub.touching(since, &second, &paths, "Equitr-Task").unwrap()
    };
    let told = |task: &str, paths: &[&str]| Touching {
        trailer: task.into(),
        paths: paths.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(touching(&mine, &["a"]), [told("one", &["a"])]);
    assert_eq!(touching(&mine, &["a", "[c]"]), [told("one", &["a"]), told("two", &["[c]"])]);
    assert_eq!(touching(&first, &["a", "b"]), []);
    assert_eq!(touching(&mine, &[]), []);
}
