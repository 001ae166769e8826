//! What `config` prints.

use super::*;
use crate::args::SettingsArgs;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

#[test]
fn every_setting_is_listed_with_its_value_and_origin() {
    let folder = TempDir::new().unwrap();
    let home = Home::at(folder.path());
    fs::write(
        home.config(),
        "llm:\n  model: gpt-4o\n  temperature: 0.25\n  api_base: https://me:hunter2@h.example/v1\n\
         \x20 price: {input: 2.5, output: 10}\nchecks: [make test]\n\
         git: {commit_message_prefix: 'bot: '}\n",
    )
    .unwrap();
    let env = |name: &str| (name == "EQUITR_BUDGET").then(|| "none".to_owned());
    let settings = SettingsArgs { max_workers: Some("9".to_owned()), ..SettingsArgs::default() };
    let args = InspectArgs { repo: folder.path().to_owned(), settings };
    let names = ["EQUITR_BUDGET", "EQUITR_MODLE", "OPENAI_API_KEY"].map(str::to_owned);
    let mut out = Vec::new();
    assert_eq!(run(&args, &home, &env, &names, &mut out).unwrap(), Exit::Done);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("hunter2"));
    assert_snapshot!(text.replace(&folder.path().display().to_string(), "HOME"));
}

#[test]
fn wrong_settings_are_an_error_and_print_nothing() {
    let home = Home::at("/nonexistent");
    let settings = SettingsArgs { budget: Some("x".to_owned()), ..SettingsArgs::default() };
    let args = InspectArgs { settings, ..InspectArgs::default() };
    let mut out = Vec::new();
    let error = run(&args, &home, &|_| None, &[], &mut out).unwrap_err();
    assert_eq!((error.exit, out.len()), (Exit::Usage, 0));
}
