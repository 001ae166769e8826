//! From a name to a model.

use crate::scripted::{Script, ScriptedModel};
use crate::wire::Served;
use crate::{Endpoint, Error, Model, ModelName};
use std::sync::Arc;

/// The model at `endpoint`.
///
/// Checks the name, the key, the address or the script; sends nothing and opens no connection. All
/// models of a process share their connections.
pub fn connect(endpoint: &Endpoint) -> Result<Arc<dyn Model>, Error> {
    match &endpoint.name {
        ModelName::Served { provider, model } => {
            Ok(Arc::new(Served::new(endpoint, *provider, model)?))
        }
        ModelName::Script(path) => Ok(Arc::new(ScriptedModel::new(Script::load(path)?))),
        ModelName::Replay(run) => Err(Error::ReplayHasNoEndpoint { run: run.clone() }),
    }
}
