//! Whether a JSON Schema is built as one has to be, whatever its draft.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Schemas within schemas; no reader of ours goes deeper.
const DEPTH_MAX: u32 = 64;

const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
/// Keywords that hold one schema.
const ONE: [&str; 12] = [
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "additionalItems",
    "contains",
    "propertyNames",
    "contentSchema",
    "items",
];
/// Keywords that hold schemas by name.
const NAMED: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords that hold a list of schemas.
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords that hold a count.
const COUNTS: [&str; 8] = [
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
];

/// Finds what is wrong with a schema at a place of its document.
pub(super) fn check(schema: &Value, place: &str, depth: u32, found: &mut Vec<String>) {
    let fields = match schema {
        Value::Bool(_) => return,
        Value::Object(fields) => fields,
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return found.push(format!("{place} has to be a schema: an object, true or false"));
        }
    };
    if depth >= DEPTH_MAX {
        return found.push(format!("{place} is nested too deep"));
    }
    own(fields, place, found);
    for name in ONE {
        match fields.get(name) {
            // Before the draft of 2020, `items` could be a list.
            Some(Value::Array(items)) if name == "items" => {
                for (n, item) in items.iter().enumerate() {
                    check(item, &format!("{place}/items/{n}"), depth + 1, found);
                }
            }
            Some(one) => check(one, &format!("{place}/{name}"), depth + 1, found),
            None => {}
        }
    }
    for name in NAMED {
        match fields.get(name) {
            Some(Value::Object(named)) => {
                for (key, one) in named {
                    check(one, &format!("{place}/{name}/{key}"), depth + 1, found);
                }
            }
            Some(_) => found.push(format!("{place}/{name} has to be an object of schemas")),
            None => {}
        }
    }
    for name in LISTS {
        match fields.get(name) {
            Some(Value::Array(list)) if !list.is_empty() => {
                for (n, one) in list.iter().enumerate() {
                    check(one, &format!("{place}/{name}/{n}"), depth + 1, found);
                }
            }
            Some(_) => found.push(format!("{place}/{name} has to be a list of schemas")),
            None => {}
        }
    }
}

/// What a schema says itself, beside the schemas in it.
fn own(fields: &Map<String, Value>, place: &str, found: &mut Vec<String>) {
    match fields.get("type") {
        Some(Value::String(one)) => known_type(one, place, found),
        Some(Value::Array(several)) if !several.is_empty() => {
            for one in several {
                known_type(one.as_str().unwrap_or_default(), place, found);
            }
        }
        Some(_) => found.push(format!("{place}/type has to be a type or a list of them")),
        None => {}
    }
    match fields.get("required") {
        Some(Value::Array(names)) => {
            let mut told = BTreeSet::new();
            if !names.iter().all(|name| name.as_str().is_some_and(|name| told.insert(name))) {
                found.push(format!("{place}/required has to be a list of names, each once"));
            }
        }
        // In the draft of 2010 it was a yes or no.
        Some(Value::Bool(_)) | None => {}
        Some(_) => found.push(format!("{place}/required has to be a list of names")),
    }
    if fields.get("enum").is_some_and(|values| values.as_array().is_none_or(Vec::is_empty)) {
        found.push(format!("{place}/enum has to be a list that is not empty"));
    }
    if fields.get("pattern").is_some_and(|pattern| !pattern.is_string()) {
        found.push(format!("{place}/pattern has to be a text"));
    }
    for name in COUNTS {
        if fields.get(name).is_some_and(|count| count.as_u64().is_none()) {
            found.push(format!("{place}/{name} has to be a count"));
        }
    }
    for name in ["minimum", "maximum", "multipleOf"] {
        if fields.get(name).is_some_and(|number| !number.is_number()) {
            found.push(format!("{place}/{name} has to be a number"));
        }
    }
}

fn known_type(name: &str, place: &str, found: &mut Vec<String>) {
    // `file` is Swagger's.
    if !TYPES.contains(&name) && name != "file" {
        found.push(format!("{place}/type: `{name}` is no type"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(schema: &Value) -> Vec<String> {
        let mut found = Vec::new();
        check(schema, "#", 0, &mut found);
        found
    }

    #[test]
    fn a_sound_schema_has_no_problems() {
        let schema = json!({"type": ["object", "null"], "required": ["a"], "minProperties": 1,
            "properties": {"a": true, "b": {"items": {"enum": [1]}}}, "oneOf": [{}]});
        assert_eq!(told(&schema), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_with_a_schema_is_told_with_its_place() {
        let schema = json!({"type": "strng", "required": ["a", "a"], "properties": {
            "a": {"enum": [], "minLength": -1}, "b": "string"}, "anyOf": []});
        assert_eq!(
            told(&schema),
            [
                "#/type: `strng` is no type",
                "#/required has to be a list of names, each once",
                "#/properties/a/enum has to be a list that is not empty",
                "#/properties/a/minLength has to be a count",
                "#/properties/b has to be a schema: an object, true or false",
                "#/anyOf has to be a list of schemas",
            ]
        );
    }
}
