//! The rules, applied to this repository.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_tidy::readme::{CommandLine, literals_behind, missing, variables};
use equitr_tidy::repository::{TextFile, files, root};
use equitr_tidy::{arrows, docs, release, source};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn all() -> Vec<TextFile> {
    let all = files(&root()).unwrap();
    assert!(all.len() > 100, "the repository is not here: {} files", all.len());
    all
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(metadata["packages"].as_array().unwrap().len() >= 9);
    metadata
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn command_line() -> CommandLine {
    let read = CommandLine::read(&text("crates/cli/src/args.rs"));
    assert!(read.flags.len() > 15 && read.commands.len() > 10, "{read:?}");
    read
}

fn settings() -> String {
    text("crates/cli/src/settings/keys.rs")
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    none(&arrows::problems(&metadata()));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    none(&source::without_head(&all()));
}

#[test]
fn every_source_file_is_short() {
    none(&source::too_long(&all()));
}

#[test]
fn no_work_is_left_behind_in_the_code() {
    none(&source::left_behind(&all()));
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    none(&source::machine_names(&all()));
}

#[test]
fn links_and_paths_in_the_documents_lead_somewhere() {
    none(&docs::problems(&all(), |path| root().join(path).exists()));
}

#[test]
fn the_changelog_knows_the_version_and_all_is_under_one_license() {
    none(&release::problems(&metadata(), &text("LICENSE"), &text("CHANGELOG.md")));
}

#[test]
fn the_readme_names_every_flag_and_every_command() {
    let (readme, read) = (text("README.md"), command_line());
    none(&missing(&readme, read.flags.iter().map(String::as_str)));
    let commands: Vec<String> = read.commands.iter().map(|c| format!("equitrcoder {c}")).collect();
    none(&missing(&readme, commands.iter().map(String::as_str)));
}

#[test]
fn the_documents_use_only_commands_and_flags_that_exist() {
    for path in ["README.md", "ARCHITECTURE.md", "AGENTS.md", "CONTRIBUTING.md"] {
        none(&command_line().unknown_in(&text(path)));
    }
}

#[test]
fn the_readme_names_every_setting_and_every_variable() {
    let (readme, settings) = (text("README.md"), settings());
    let keys = literals_behind(&settings, "path:");
    assert!(keys.len() > 20, "{keys:?}");
    none(&missing(&readme, keys.iter().map(String::as_str)));
    let flags = literals_behind(&settings, "flag: Some(");
    let known = command_line().flags;
    assert!(!flags.is_empty() && flags.iter().all(|flag| known.contains(flag)), "{flags:?}");
    let variables = product_variables();
    none(&missing(&readme, variables.iter().map(String::as_str)));
}

#[test]
fn the_readme_invents_no_variable() {
    let known = product_variables();
    let invented: Vec<String> = variables(&text("README.md")).difference(&known).cloned().collect();
    none(&invented);
}

/// The variables that the product's code names, tests aside.
fn product_variables() -> BTreeSet<String> {
    let code = all().into_iter().filter(|file| {
        file.path.contains("/src/")
            && file.path.ends_with(".rs")
            && !file.path.ends_with("tests.rs")
            && ["cli", "tools"].iter().any(|of| file.path.starts_with(&format!("crates/{of}/")))
    });
    code.flat_map(|file| {
        variables(file.text.split("#[cfg(test)]").next().unwrap_or_default()).into_iter()
    })
    .collect()
}

#[test]
fn the_readmes_table_of_settings_is_the_codes_own() {
    let folder = "crates/cli/src/settings/snapshots";
    let name = "equitrcoder__settings__tests__the_reference_of_settings_is_made_of_the_table.snap";
    let (reference, readme) = (text(&format!("{folder}/{name}")), text("README.md"));
    let rows: Vec<&str> = reference.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20, "{rows:?}");
    let lacking: Vec<String> = rows
        .iter()
        .filter(|row| !readme.lines().any(|l| l == **row))
        .map(|r| (*r).to_owned())
        .collect();
    none(&lacking);
}

#[test]
fn the_readme_names_every_provider_and_its_key() {
    let (readme, providers) = (text("README.md"), text("crates/llm/src/provider.rs"));
    let code = providers.split("#[cfg(test)]").next().unwrap();
    let names: Vec<String> = ["cloud(", "local(", "name:"]
        .into_iter()
        .flat_map(|before| literals_behind(code, before))
        .map(|name| format!("`{name}/"))
        .collect();
    assert!(names.len() >= 13, "{names:?}");
    let lacking: Vec<String> = names.into_iter().filter(|name| !readme.contains(name)).collect();
    none(&lacking);
    let keys: Vec<&str> = code.split('"').filter(|word| word.ends_with("_API_KEY")).collect();
    assert!(keys.len() >= 13, "{keys:?}");
    none(&missing(&readme, keys));
}

#[test]
fn the_readme_names_every_exit_code() {
    let (readme, errors) = (text("README.md"), text("crates/cli/src/error.rs"));
    let body = errors.split("pub enum Exit {").nth(1).unwrap().split("\n}").next().unwrap();
    let codes: Vec<&str> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split(" = ").nth(1))
        .collect();
    assert!(codes.len() >= 9, "{codes:?}");
    let row = |code: &&str| !readme.lines().any(|line| line.starts_with(&format!("| {code} |")));
    let lacking: Vec<String> = codes.into_iter().filter(row).map(str::to_owned).collect();
    none(&lacking);
}

#[test]
fn the_readme_names_what_can_be_said_in_a_conversation() {
    let (readme, source) = (text("README.md"), text("crates/cli/src/conversation.rs"));
    let help = source.split("const HELP").nth(1).unwrap().split("\";").next().unwrap();
    let said: Vec<&str> = help
        .lines()
        .filter(|line| line.starts_with('/'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(said.len() >= 6, "{said:?}");
    none(&missing(&readme, said));
}

#[test]
fn the_readme_names_every_profile() {
    let profiles: Vec<String> = all()
        .into_iter()
        .filter_map(|file| {
            let name = file.path.strip_prefix("crates/cli/src/profiles/")?.strip_suffix(".yaml")?;
            Some(name.to_owned())
        })
        .collect();
    assert!(profiles.len() >= 8, "{profiles:?}");
    none(&missing(&text("README.md"), profiles.iter().map(String::as_str)));
}
