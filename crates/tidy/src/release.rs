//! What a release needs: one version, one license, a changelog that knows of it.

use serde_json::Value;

const LICENSE: &str = "MIT";

/// Packages of another version or license than the rest, and what the texts of `LICENSE` and
/// `CHANGELOG.md` lack; `metadata` is what `cargo metadata --no-deps` prints.
pub fn problems(metadata: &Value, license: &str, changelog: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let version = packages.first().map_or("", |package| text(package, "version"));
    for package in packages {
        let name = text(package, "name");
        if text(package, "license") != LICENSE {
            problems.push(format!("`{name}` is not under the {LICENSE} license"));
        }
        if text(package, "version") != version {
            problems.push(format!("`{name}` has another version than {version}"));
        }
        if text(package, "description").is_empty() && name == "equitrcoder" {
            problems.push(format!("`{name}` does not say what it is"));
        }
    }
    if !license.starts_with("MIT License\n") {
        problems.push("LICENSE does not hold the MIT license".to_owned());
    }
    let heading = format!("## {version}");
    let known = |line: &str| line == heading || line.starts_with(&format!("{heading} "));
    if version.is_empty() || !changelog.lines().any(known) {
        problems.push(format!("CHANGELOG.md has no heading `{heading}`"));
    }
    problems
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(license: &str, changelog: &str) -> Vec<String> {
        let metadata = json!({"packages": [
            {"name": "equitr-git", "version": "0.1.0", "license": "MIT"},
            {"name": "equitrcoder", "version": "0.1.0", "license": license, "description": "It codes."},
        ]});
        problems(&metadata, "MIT License\n", changelog)
    }

    #[test]
    fn another_license_and_an_unknown_version_are_told() {
        assert!(told("MIT", "# Changelog\n\n## 0.1.0 (unreleased)\n").is_empty());
        assert_eq!(told("GPL-3.0", "## 0.1.0"), ["`equitrcoder` is not under the MIT license"]);
        assert_eq!(told("MIT", "## 0.1.01\n"), ["CHANGELOG.md has no heading `## 0.1.0`"]);
        assert_eq!(problems(&json!({}), "", "").len(), 2);
    }
}
