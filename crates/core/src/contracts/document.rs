//! Whether a contract's text is what its name says: JSON and YAML that parse, OpenAPI documents and
//! JSON Schemas that are built as those have to be, and internal references that lead somewhere.
//!
//! It looks at the structure, not at every rule of the two specifications: what a reader or a
//! generator of code would stumble over. Other files (signatures, layouts, prose) are taken as they
//! are.

use super::schema;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Problems that are told of one document: enough to begin with.
const PROBLEMS_MAX: usize = 12;

/// What an operation of a path may be called.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// What else a path may hold.
const PATH_FIELDS: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];

/// What a contract's file is, as far as a machine can look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An OpenAPI document, or a Swagger one as it was called before.
    OpenApi,
    /// A JSON Schema.
    JsonSchema,
    /// Any other JSON or YAML.
    Data,
    /// Anything else: only its bytes are looked at.
    Text,
}

impl Kind {
    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::OpenApi => "OpenAPI",
            Self::JsonSchema => "JSON Schema",
            Self::Data => "data",
            Self::Text => "text",
        }
    }
}

/// What the file at `path` is, and all that is wrong with it (up to a dozen); a file that does not
/// parse is [`Kind::Data`] with one problem.
pub fn judge(path: &str, text: &str) -> (Kind, Vec<String>) {
    let value = match parse(path, text) {
        None => return (Kind::Text, Vec::new()),
        Some(Err(problem)) => return (Kind::Data, vec![problem]),
        Some(Ok(value)) => value,
    };
    let kind = kind(path, &value);
    let mut found = Vec::new();
    match kind {
        Kind::OpenApi => openapi(&value, &mut found),
        Kind::JsonSchema => schema::check(&value, "#", 0, &mut found),
        Kind::Data | Kind::Text => {}
    }
    if matches!(kind, Kind::OpenApi | Kind::JsonSchema) {
        references(&value, &value, "#", &mut found);
    }
    if found.len() > PROBLEMS_MAX {
        let more = found.len() - PROBLEMS_MAX;
        found.truncate(PROBLEMS_MAX);
        found.push(format!("and {more} more"));
    }
    (kind, found)
}

/// The value of a JSON or YAML file; none for a file that says to be neither.
fn parse(path: &str, text: &str) -> Option<Result<Value, String>> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("json") => {
            Some(serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}")))
        }
        Some("yaml" | "yml") => {
            let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
            let parsed = serde_saphyr::from_str_with_options(text, options);
            Some(parsed.map_err(|error| format!("it is no YAML: {error}")))
        }
        _ => None,
    }
}

fn kind(path: &str, value: &Value) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    if value.get("openapi").is_some() || value.get("swagger").is_some() {
        Kind::OpenApi
    } else if value.get("$schema").is_some() || name.contains(".schema.") {
        Kind::JsonSchema
    } else {
        Kind::Data
    }
}

fn openapi(document: &Value, found: &mut Vec<String>) {
    let version = document.get("openapi").or_else(|| document.get("swagger"));
    let version = match version.and_then(Value::as_str) {
        Some(version) if version == "2.0" || version.starts_with("3.") => version,
        Some(version) => {
            return found.push(format!("OpenAPI version `{version}` is not one of 2.0 and 3.x"));
        }
        None => return found.push("the OpenAPI version has to be a text, such as '3.1.0'".into()),
    };
    for field in ["title", "version"] {
        let named = document.pointer(&format!("/info/{field}")).and_then(Value::as_str);
        if named.is_none_or(|text| text.trim().is_empty()) {
            found.push(format!("#/info/{field} has to be a text that is not empty"));
        }
    }
    let has_other = ["components", "webhooks"].iter().any(|key| document.get(key).is_some());
    match document.get("paths") {
        Some(Value::Object(paths)) => {
            let mut operations = BTreeMap::new();
            for (path, item) in paths {
                path_item(document, (path, item), version, &mut operations, found);
            }
        }
        Some(_) => found.push("#/paths has to be an object".into()),
        None if version.starts_with("3.0") || version == "2.0" || !has_other => {
            found.push("#/paths is missing".into());
        }
        None => {}
    }
    let schemas = if version == "2.0" { "/definitions" } else { "/components/schemas" };
    match document.pointer(schemas) {
        Some(Value::Object(schemas_of)) => {
            for (name, one) in schemas_of {
                schema::check(one, &format!("#{schemas}/{name}"), 0, found);
            }
        }
        Some(_) => found.push(format!("#{schemas} has to be an object")),
        None => {}
    }
}

fn path_item<'a>(
    document: &'a Value,
    (path, item): (&'a str, &'a Value),
    version: &str,
    operations: &mut BTreeMap<&'a str, String>,
    found: &mut Vec<String>,
) {
    if path.starts_with("x-") {
        return;
    }
    let place = format!("#/paths/{path}");
    if !path.starts_with('/') {
        found.push(format!("{place}: a path begins with /"));
    }
    let Value::Object(item) = item else {
        return found.push(format!("{place} has to be an object"));
    };
    let shared = parameters(document, item, &place, version, found);
    for (name, operation) in item {
        let is_method = METHODS.contains(&name.as_str());
        if !is_method {
            if !PATH_FIELDS.contains(&name.as_str()) && !name.starts_with("x-") {
                found.push(format!("{place}: `{name}` is no method"));
            }
            continue;
        }
        let place = format!("{place}/{name}");
        let Value::Object(operation) = operation else {
            found.push(format!("{place} has to be an object"));
            continue;
        };
        if let Some(id) = operation.get("operationId").and_then(Value::as_str)
            && let Some(first) = operations.insert(id, place.clone())
        {
            found.push(format!("{place}: the operationId `{id}` is taken by {first}"));
        }
        responses(operation, &place, version, found);
        let own = parameters(document, operation, &place, version, found);
        for wanted in templates(path) {
            if !own.contains(&wanted) && !shared.contains(&wanted) {
                found.push(format!("{place}: the path's `{{{wanted}}}` is no parameter in path"));
            }
        }
        if let Some(body) = operation.get("requestBody")
            && body.get("$ref").is_none()
            && !body.get("content").is_some_and(Value::is_object)
        {
            found.push(format!("{place}/requestBody has no content"));
        }
        media(operation.get("requestBody"), &format!("{place}/requestBody"), found);
    }
}

fn responses(operation: &Map<String, Value>, place: &str, version: &str, found: &mut Vec<String>) {
    let all = match operation.get("responses") {
        Some(Value::Object(all)) if !all.is_empty() => all,
        None if version.starts_with("3.1") => return,
        _ => return found.push(format!("{place} has no responses")),
    };
    for (code, response) in all {
        if code.starts_with("x-") {
            continue;
        }
        let bytes = code.as_bytes();
        let is_code = matches!(bytes, [b'1'..=b'5', b'X', b'X'])
            || matches!(bytes, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        if code != "default" && !is_code {
            found.push(format!("{place}/responses: `{code}` is no status code"));
        }
        let described = response.get("description").is_some_and(Value::is_string);
        if !described && response.get("$ref").is_none() {
            found.push(format!("{place}/responses/{code} has no description"));
        }
        media(Some(response), &format!("{place}/responses/{code}"), found);
    }
}

/// The schemas of a body's media types.
fn media(holder: Option<&Value>, place: &str, found: &mut Vec<String>) {
    let content = holder.and_then(|holder| holder.get("content")).and_then(Value::as_object);
    for (kind, media) in content.into_iter().flatten() {
        if let Some(one) = media.get("schema") {
            schema::check(one, &format!("{place}/content/{kind}/schema"), 0, found);
        }
    }
}

/// Checks the parameters of a path or an operation, and gives the names of those in the path.
fn parameters(
    document: &Value,
    holder: &Map<String, Value>,
    place: &str,
    version: &str,
    found: &mut Vec<String>,
) -> Vec<String> {
    let list = match holder.get("parameters") {
        Some(Value::Array(list)) => list,
        Some(_) => {
            found.push(format!("{place}/parameters has to be a list"));
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let mut in_path = Vec::new();
    for (n, parameter) in list.iter().enumerate() {
        let place = format!("{place}/parameters/{n}");
        let parameter = match parameter.get("$ref").and_then(Value::as_str) {
            // One that leads nowhere is told with the references.
            Some(reference) => match resolve(document, reference) {
                Some(parameter) => parameter,
                None => continue,
            },
            None => parameter,
        };
        let text = |field| parameter.get(field).and_then(Value::as_str);
        let Some(name) = text("name").filter(|name| !name.is_empty()) else {
            found.push(format!("{place} has no name"));
            continue;
        };
        match text("in") {
            Some("path") => {
                if parameter.get("required") != Some(&Value::Bool(true)) {
                    found.push(format!("{place}: `{name}` is in the path and has to be required"));
                }
                in_path.push(name.to_owned());
            }
            Some("query" | "header" | "cookie") => {}
            Some("body" | "formData") if version == "2.0" => {}
            _ => found.push(format!("{place}: `{name}` has no place (`in`) that there is")),
        }
    }
    in_path
}

/// The names in `{}` of a path.
fn templates(path: &str) -> Vec<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(n, _)| n.into()).collect()
}

/// Finds internal references that lead nowhere. What holds examples and values is not looked into.
fn references(root: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str)
                && reference.starts_with('#')
                && resolve(root, reference).is_none()
            {
                found.push(format!("{place}: the reference `{reference}` leads nowhere"));
            }
            for (name, field) in fields {
                if !matches!(name.as_str(), "example" | "examples" | "default" | "const" | "enum") {
                    references(root, field, &format!("{place}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                references(root, item, &format!("{place}/{n}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What an internal reference leads to: the document, a JSON pointer, or an anchor.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() {
        return Some(root);
    }
    if !fragment.starts_with('/') {
        return anchor(root, fragment);
    }
    root.pointer(&decoded(fragment))
}

fn anchor<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => {
            let says = |key| fields.get(key).and_then(Value::as_str);
            if says("$anchor") == Some(name) || says("$id") == Some(&format!("#{name}")) {
                return Some(value);
            }
            fields.values().find_map(|field| anchor(field, name))
        }
        Value::Array(items) => items.iter().find_map(|item| anchor(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A fragment without its percent signs.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(path: &str, document: &Value) -> Vec<String> {
        judge(path, &document.to_string()).1
    }

    fn api() -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {"title": "Users", "version": "1"},
            "paths": {"/users/{id}": {"get": {
                "operationId": "user",
                "parameters": [{"name": "id", "in": "path", "required": true}],
                "responses": {"200": {"description": "It.", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/User"}}}}},
            }}},
            "components": {"schemas": {"User": {"type": "object", "properties": {
                "id": {"type": "string"}}, "required": ["id"]}}},
        })
    }

    #[test]
    fn a_sound_openapi_document_has_no_problems_as_json_and_as_yaml() {
        assert_eq!(judge("docs/contracts/a.json", &api().to_string()), (Kind::OpenApi, vec![]));
        let yaml = "openapi: 3.0.3\ninfo: {title: A, version: '1'}\npaths:\n  /a:\n    get:\n      \
                    responses:\n        '200': {description: ok}\n";
        assert_eq!(judge("docs/contracts/a.yaml", yaml), (Kind::OpenApi, vec![]));
    }

    #[test]
    fn what_is_wrong_with_an_openapi_document_is_told_with_its_place() {
        let mut api = api();
        api["info"]["version"] = json!(1.0);
        let get = &mut api["paths"]["/users/{id}"]["get"];
        get["parameters"] = json!([]);
        get["responses"]["ok"] = json!({});
        get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] =
            json!("#/components/schemas/Usr");
        api["paths"]["users"] = json!({"fetch": {}, "post": {"operationId": "user"}});
        api["components"]["schemas"]["User"]["type"] = json!("text");
        assert_eq!(
            told("a.json", &api),
            [
                "#/info/version has to be a text that is not empty",
                "#/paths//users/{id}/get/responses: `ok` is no status code",
                "#/paths//users/{id}/get/responses/ok has no description",
                "#/paths//users/{id}/get: the path's `{id}` is no parameter in path",
                "#/paths/users: a path begins with /",
                "#/paths/users: `fetch` is no method",
                "#/paths/users/post: the operationId `user` is taken by #/paths//users/{id}/get",
                "#/components/schemas/User/type: `text` is no type",
                "#/paths//users/{id}/get/responses/200/content/application/json/schema: the \
                 reference `#/components/schemas/Usr` leads nowhere",
            ]
        );
    }

    #[test]
    fn what_does_not_parse_is_told_and_what_is_neither_json_nor_yaml_is_taken_as_it_is() {
        let (kind, problems) = judge("a.json", "{");
        assert_eq!((kind, problems.len()), (Kind::Data, 1));
        assert!(problems[0].starts_with("it is no JSON: EOF"), "{problems:?}");
        let (_, problems) = judge("a.yml", "a: [");
        assert!(problems[0].starts_with("it is no YAML"), "{problems:?}");
        assert_eq!(judge("layout.md", "{"), (Kind::Text, vec![]));
        assert_eq!(judge("codes.json", "[1]"), (Kind::Data, vec![]));
    }

    #[test]
    fn references_lead_to_pointers_and_anchors_of_the_same_document() {
        let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {"a/b": {"$anchor": "here", "type": "string"}},
            "properties": {"x": {"$ref": "#/$defs/a~1b"}, "y": {"$ref": "#here"},
                "z": {"$ref": "#"}, "other": {"$ref": "other.json#/nowhere"},
                "lost": {"$ref": "#there"}, "text": {"default": {"$ref": "#/no"}}}});
        assert_eq!(
            told("event.json", &schema),
            ["#/properties/lost: the reference `#there` leads nowhere"]
        );
    }
}
