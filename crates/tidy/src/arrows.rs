//! Which crate may depend on which, and on what core may depend at all.

use serde_json::Value;

/// Which crates of ours a crate may depend on.
const ARROWS: [(&str, &[&str]); 10] = [
    (
        "equitrcoder",
        &[
            "equitr-core",
            "equitr-engine",
            "equitr-git",
            "equitr-llm",
            "equitr-sandbox",
            "equitr-tools",
            "equitr-ui",
        ],
    ),
    (
        "equitr-engine",
        &["equitr-core", "equitr-git", "equitr-llm", "equitr-sandbox", "equitr-tools"],
    ),
    ("equitr-ui", &["equitr-core"]),
    ("equitr-llm", &["equitr-core"]),
    ("equitr-tools", &["equitr-core", "equitr-sandbox"]),
    ("equitr-core", &[]),
    ("equitr-git", &[]),
    ("equitr-sandbox", &[]),
    ("equitr-testing", &["equitr-core", "equitr-git", "equitr-llm"]),
    ("equitr-tidy", &[]),
];

/// What tests share; any crate's tests may use it.
const FOR_TESTS: &str = "equitr-testing";

/// What core may depend on: nothing that reads a clock, a disk or the network.
const PURE: [&str; 5] = ["schemars", "serde", "serde-saphyr", "serde_json", "thiserror"];

/// Dependencies that the tables above don't have; `metadata` is what `cargo metadata --no-deps`
/// prints.
pub fn problems(metadata: &Value) -> Vec<String> {
    let packages = list(metadata, "packages");
    let ours: Vec<&str> = packages.iter().map(name).collect();
    let mut problems = Vec::new();
    for package in packages {
        let own = name(package);
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == own) else {
            problems.push(format!("crate `{own}` stands in no table of crates/tidy/src/arrows.rs"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let on = name(dependency);
            let in_tests = dependency["kind"] == "dev";
            if ours.contains(&on) {
                let may = allowed.contains(&on) || (in_tests && on == FOR_TESTS);
                if !may {
                    problems.push(format!("`{own}` may not depend on `{on}`"));
                }
            } else if own == "equitr-core" && !in_tests && !PURE.contains(&on) {
                problems.push(format!("`{own}` is pure and may not depend on `{on}`"));
            }
        }
    }
    problems
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(from: &str, on: &str, kind: Option<&str>) -> Vec<String> {
        problems(&json!({"packages": [
            {"name": from, "dependencies": [{"name": on, "kind": kind}]},
            {"name": "equitr-engine", "dependencies": []},
            {"name": "equitr-testing", "dependencies": []},
        ]}))
    }

    #[test]
    fn an_arrow_that_stands_in_no_table_is_told() {
        assert_eq!(
            told("equitr-ui", "equitr-engine", None),
            ["`equitr-ui` may not depend on `equitr-engine`"]
        );
        assert_eq!(told("equitr-ui", "equitr-engine", Some("dev")).len(), 1);
        assert!(told("equitrcoder", "equitr-engine", None).is_empty());
    }

    #[test]
    fn what_tests_share_is_for_tests_alone() {
        assert!(told("equitr-tools", "equitr-testing", Some("dev")).is_empty());
        assert_eq!(told("equitr-tools", "equitr-testing", None).len(), 1);
    }

    #[test]
    fn core_depends_on_nothing_that_is_not_pure() {
        assert!(told("equitr-core", "serde", None).is_empty());
        assert_eq!(
            told("equitr-core", "tokio", None),
            ["`equitr-core` is pure and may not depend on `tokio`"]
        );
    }

    #[test]
    fn a_crate_that_nobody_knows_is_told() {
        assert_eq!(told("equitr-utils", "serde", None).len(), 1);
    }
}
