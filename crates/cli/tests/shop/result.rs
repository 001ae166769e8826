//! What stands in the repository after the demo.

use crate::{UNDISTURBED, example};
use equitr_core::requirements;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// All entries of the tree that the specification ends with, and the folder of the contracts. Below those marked `…` anything goes,
/// and there is something; entries with a leading dot are not listed, as by `tree`.
const TREE: &str = "
README.md
docs/contracts/…
docs/design.md
docs/requirements.md
docs/todos.md
frontend/Dockerfile
frontend/package.json
frontend/src/components/…
frontend/src/pages/…
frontend/src/services/…
frontend/src/utils/…
infrastructure/docker-compose.yml
infrastructure/helm-charts/…
infrastructure/kubernetes/api-gateway.yaml
infrastructure/kubernetes/databases.yaml
infrastructure/kubernetes/namespaces.yaml
services/inventory/Dockerfile
services/inventory/app/…
services/inventory/requirements.txt
services/order-management/Dockerfile
services/order-management/app/…
services/order-management/requirements.txt
services/payment-processing/Dockerfile
services/payment-processing/app/…
services/payment-processing/requirements.txt
services/product-catalog/Dockerfile
services/product-catalog/app/…
services/product-catalog/requirements.txt
services/shopping-cart/Dockerfile
services/shopping-cart/app/…
services/shopping-cart/requirements.txt
services/user-management/Dockerfile
services/user-management/app/…
services/user-management/requirements.txt
tests/e2e/…
tests/integration/…
tests/performance/…
";

/// The entries of the project as [`TREE`] has them.
fn entries(files: &str) -> BTreeSet<String> {
    let open: Vec<&str> = TREE.lines().filter_map(|entry| entry.strip_suffix('…')).collect();
    let visible = files.lines().filter(|file| !file.starts_with('.') && !file.contains("/."));
    let entry = |file: &str| match open.iter().find(|folder| file.starts_with(**folder)) {
        Some(folder) => format!("{folder}…"),
        None => file.to_owned(),
    };
    visible.map(entry).collect()
}

#[test]
fn the_tree_is_the_specifications_entry_for_entry() {
    let (demo, _) = &*UNDISTURBED;
    let expected: BTreeSet<String> = TREE.trim().lines().map(str::to_owned).collect();
    assert_eq!(entries(&demo.git(&["ls-files"])), expected);
    assert_eq!(demo.git(&["status", "--porcelain", "--ignored"]), "", "left in the checkout");
}

#[test]
fn the_files_are_those_that_people_review_in_the_example() {
    let (demo, _) = &*UNDISTURBED;
    let mut reviewed = BTreeMap::new();
    collect(&example().join("project"), Path::new(""), &mut reviewed);
    assert!(reviewed.len() > 100, "{}", reviewed.len());
    for (path, bytes) in reviewed {
        let built = std::fs::read(demo.project().join(&path)).unwrap_or_default();
        if path == "docs/todos.md" {
            let todos = String::from_utf8(built).unwrap();
            assert_eq!(todos.matches("[x]").count(), 46, "todos are ticked:\n{todos}");
        } else if path == "docs/requirements.md" {
            let built = String::from_utf8(built).unwrap();
            assert_eq!(requirements::parse(&built).len(), 26, "each has an id:\n{built}");
            assert_eq!(requirements::unmark(&built).as_bytes(), bytes, "and nothing else changed");
        } else {
            assert!(built == bytes, "{path} is not as in the example");
        }
    }
}

fn collect(folder: &Path, below: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &path, found);
        } else {
            let name = path.to_str().unwrap().to_owned();
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn the_history_has_the_documents_first_and_a_merge_for_each_task() {
    let (demo, _) = &*UNDISTURBED;
    let first = demo.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let documents = demo.git(&["ls-tree", "-r", "--name-only", &first]);
    assert_eq!(documents, "docs/design.md\ndocs/requirements.md\ndocs/todos.md");
    let task = "--format=%(trailers:key=Equitr-Task,valueonly,separator=%x20)";
    let merged = demo.git(&["log", "--merges", "--first-parent", "--reverse", task]);
    let mut tasks: Vec<&str> = merged.lines().collect();
    assert_eq!(tasks[0], "infrastructure");
    tasks.sort_unstable();
    // One was split into payments, orders, and what tries them together.
    let expected = [
        "cart",
        "catalog",
        "frontend",
        "infrastructure",
        "orders",
        "payments",
        "together",
        "users",
    ];
    assert_eq!(tasks, expected);
    let others = demo.git(&["log", "--no-merges", "--first-parent", "--format=%s"]);
    let expected = "Change the contract docs/contracts/catalog.openapi.json to version 2\n\
                    Write 3 contracts\nPlan E-commerce Platform";
    assert_eq!(others, expected, "the commits that are no merges");
}
