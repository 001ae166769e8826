//! The tools by name: what a model is told of them, and a call of one.

use crate::edit::{EditFile, edit_file};
use crate::environment::Environment;
use crate::error::{Error, quoted};
use crate::list::{ListFiles, list_files};
use crate::process::Progress;
use crate::quotas::Quotas;
use crate::read::{ReadFile, read_file};
use crate::sandbox::Sandbox;
use crate::search::{Search, search};
use crate::shell::{RunCommand, run_command};
use crate::stop::{Stop, blocking};
use crate::worktree::Worktree;
use crate::write::{DeleteFile, WriteFile, delete_file, write_file};
use equitr_core::chat::{ToolOutcome, ToolSpec};
use equitr_core::redact::Redactor;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A tool of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `read_file`
    ReadFile,
    /// `write_file`
    WriteFile,
    /// `edit_file`
    EditFile,
    /// `delete_file`
    DeleteFile,
    /// `list_files`
    ListFiles,
    /// `search`
    Search,
    /// `run_command`
    RunCommand,
}

/// Where an agent works.
#[derive(Debug, Clone)]
pub struct Place {
    /// All files it can reach by the file tools.
    pub worktree: Worktree,
    /// What its commands find in their environment.
    pub environment: Environment,
    /// What its commands run in.
    pub sandbox: Sandbox,
    /// How much a command may take.
    pub quotas: Quotas,
    /// Takes secrets out of what is cut. What is not cut is left to the caller.
    pub redactor: Arc<Redactor>,
}

/// Bounds that a run sets; the others stand where they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a command that names no timeout.
    pub command_timeout: Duration,
    /// The most that a command can ask for.
    pub command_timeout_max: Duration,
}

impl Default for Limits {
    /// 2 min, enough for a build or a test run of most projects, and 10 min.
    fn default() -> Self {
        Self {
            command_timeout: Duration::from_secs(120),
            command_timeout_max: Duration::from_secs(600),
        }
    }
}

/// What a call gives the model to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Text; an error's begins with `error: `.
    pub content: String,
    /// Whether the tool did what it was asked.
    pub outcome: ToolOutcome,
}

impl Tool {
    /// Every tool, those that only read first.
    pub const ALL: [Self; 7] = [
        Self::ReadFile,
        Self::ListFiles,
        Self::Search,
        Self::WriteFile,
        Self::EditFile,
        Self::DeleteFile,
        Self::RunCommand,
    ];

    /// Its name, as a model calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadFile => "read_file",
            Self::WriteFile => "write_file",
            Self::EditFile => "edit_file",
            Self::DeleteFile => "delete_file",
            Self::ListFiles => "list_files",
            Self::Search => "search",
            Self::RunCommand => "run_command",
        }
    }

    /// The tool of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What a model is told of it.
    pub fn spec(self) -> ToolSpec {
        let name = self.name();
        let mut spec = match self {
            Self::ReadFile => ToolSpec::of::<ReadFile>(name),
            Self::WriteFile => ToolSpec::of::<WriteFile>(name),
            Self::EditFile => ToolSpec::of::<EditFile>(name),
            Self::DeleteFile => ToolSpec::of::<DeleteFile>(name),
            Self::ListFiles => ToolSpec::of::<ListFiles>(name),
            Self::Search => ToolSpec::of::<Search>(name),
            Self::RunCommand => ToolSpec::of::<RunCommand>(name),
        };
        let mut schema = (*spec.schema).clone();
        shorten(&mut schema);
        spec.schema = Arc::new(schema);
        spec
    }
}

/// What a model is told of the tools it may call, in the order given.
pub fn specs(allowed: &[Tool]) -> Vec<ToolSpec> {
    allowed.iter().map(|tool| tool.spec()).collect()
}

/// Takes out of a schema what a model has no use for: it is paid for in every request.
fn shorten(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        property.remove("format");
        property.remove("minimum");
        property.remove("default");
        // `["string", "null"]`: that it may be left out is said by `required`.
        if let Some(Value::Array(kinds)) = property.get("type")
            && let Some(kind) = kinds.iter().find(|kind| *kind != "null").cloned()
        {
            property.insert("type".into(), kind);
        }
    }
}

/// Runs one call of a tool in `allowed`; whatever goes wrong becomes an output that says so.
///
/// Dropping the future ends the call: a command with all that it started, a file tool before it
/// changes anything more. Needs a tokio runtime with its I/O and time drivers.
pub async fn run(
    allowed: &[Tool],
    name: &str,
    args_json: &str,
    place: &Place,
    limits: &Limits,
    progress: Progress<'_>,
) -> Output {
    let Some(tool) = Tool::named(name).filter(|tool| allowed.contains(tool)) else {
        let names: Vec<&str> = allowed.iter().map(|tool| tool.name()).collect();
        return failed(&format!("there is no tool `{}`; use {}", quoted(name), names.join(", ")));
    };
    let worktree = &place.worktree;
    let done = match tool {
        Tool::ReadFile => {
            let redactor = Arc::clone(&place.redactor);
            on_files(tool, args_json, worktree, move |a, w, _| read_file(a, w, &redactor)).await
        }
        Tool::WriteFile => on_files(tool, args_json, worktree, write_file).await,
        Tool::EditFile => on_files(tool, args_json, worktree, edit_file).await,
        Tool::DeleteFile => on_files(tool, args_json, worktree, delete_file).await,
        Tool::ListFiles => on_files(tool, args_json, worktree, list_files).await,
        Tool::Search => {
            let redactor = Arc::clone(&place.redactor);
            on_files(tool, args_json, worktree, move |a, w, s| search(a, w, s, redactor)).await
        }
        Tool::RunCommand => match arguments::<RunCommand>(tool, args_json) {
            Ok(args) => run_command(&args, place, limits, progress).await,
            Err(error) => Err(error),
        },
    };
    done.unwrap_or_else(|error| failed(&error.to_string()))
}

fn failed(why: &str) -> Output {
    Output { content: format!("error: {why}"), outcome: ToolOutcome::Error }
}

async fn on_files<Args: DeserializeOwned + Send + 'static>(
    tool: Tool,
    args_json: &str,
    worktree: &Worktree,
    act: impl FnOnce(&Args, &Worktree, &Stop) -> Result<String, Error> + Send + 'static,
) -> Result<Output, Error> {
    let args = arguments::<Args>(tool, args_json)?;
    let worktree = worktree.clone();
    let content = blocking(move |stop| act(&args, &worktree, stop)).await?;
    Ok(Output { content, outcome: ToolOutcome::Ok })
}

/// The arguments; fails with the one that is wrong and why.
fn arguments<Args: DeserializeOwned>(tool: Tool, json: &str) -> Result<Args, Error> {
    // Some models send nothing at all when every argument may be left out.
    let json = if json.trim().is_empty() { "{}" } else { json };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let wrong = |what: String| {
        let name = tool.name();
        Error::BadArgument { what: format!("wrong arguments for `{name}`: {what}") }
    };
    let args = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        match field.as_str() {
            "." => wrong(error.inner().to_string()),
            _ => wrong(format!("`{field}`: {}", error.inner())),
        }
    })?;
    deserializer.end().map_err(|error| wrong(error.to_string()))?;
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tools_together_cost_less_than_900_tokens() {
        let told = serde_json::to_string(&specs(&Tool::ALL)).unwrap();
        // Measured over source and JSON: 3.4 bytes a token.
        assert!(told.len() * 10 / 34 < 900, "{} bytes: {told}", told.len());
    }

    #[test]
    fn every_tool_says_what_it_does_and_takes_no_argument_it_does_not_know() {
        for tool in Tool::ALL {
            let spec = tool.spec();
            assert_eq!(Tool::named(&spec.name), Some(tool));
            assert!(spec.description.len() > 20, "{}", spec.name);
            assert_eq!(spec.schema["type"], "object");
            assert_eq!(spec.schema["additionalProperties"], false);
        }
        assert_eq!(Tool::ReadFile.spec().schema["properties"]["lines"]["type"], "integer");
        assert_eq!(Tool::ReadFile.spec().schema["required"], serde_json::json!(["path"]));
    }

    #[test]
    fn wrong_arguments_are_named() {
        let refusal = |json| arguments::<ReadFile>(Tool::ReadFile, json).unwrap_err().to_string();
        let told = refusal(r#"{"path": 3}"#);
        assert!(
            told.starts_with("wrong arguments for `read_file`: `path`: invalid type"),
            "{told}"
        );
        let told = refusal(r#"{"path": "a", "lnies": 3}"#);
        assert!(told.contains("unknown field `lnies`"), "{told}");
        assert!(refusal("").contains("missing field `path`"));
        assert!(refusal(r#"{"path": "a""#).contains("EOF"));
        assert!(refusal(r#"{"path": "a"} {}"#).contains("trailing"));
        assert!(refusal(r#"["a"]"#).contains("wrong arguments"));
    }
}
