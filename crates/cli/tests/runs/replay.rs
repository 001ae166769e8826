//! A run again, from what its models said.

use crate::support::{Machine, example, example_args};

#[test]
fn a_replayed_run_gives_the_same_tree_without_its_model() {
    let machine = Machine::new();
    let model = format!("script:{}", example().join("script.yaml").display());
    let args = example_args(&model);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    machine.run(&args).expect(0);
    let tree = machine.tree();
    let first = machine.loaded();

    // Another place: what a model said stands in the journal alone.
    std::fs::rename(machine.project(), machine.path("first")).unwrap();
    let model = format!("replay:{}", first.dir.id());
    let args = example_args(&model);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    machine.run(&args).expect(0);
    let second = machine.loaded();
    assert_ne!(second.dir.id(), first.dir.id());
    assert_eq!(machine.tree(), tree);
    assert_eq!(second.state.tokens, first.state.tokens);

    let args = example_args("replay:nothing");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = machine.run(&args).expect(2);
    assert!(ended.stderr.contains("no run `nothing` to replay"), "{}", ended.stderr);
}
