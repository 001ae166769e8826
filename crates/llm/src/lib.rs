//! One request to one model, whoever serves it.
//!
//! [`connect()`] turns an [`Endpoint`] into a [`Model`]; one [`Model::call`] is one HTTP request, and
//! nothing in here tries twice: retries, budgets and waiting belong to the run. What a provider's
//! format looks like stays behind `wire`, what travels over HTTP behind `transport`, and every
//! failure leaves as a [`CallError`] that says what the run should do about it.
//!
//! Besides the providers there are two models that need no network: [`scripted::ScriptedModel`]
//! answers from a YAML file, [`replayed::ReplayedModel`] from the replies of an earlier run.
//! Nothing here reads the environment (but for the proxy settings that HTTP honours), a config file
//! or a terminal.

mod call_error;
mod connect;
mod endpoint;
mod error;
mod facts;
mod fault;
mod key;
mod model;
mod name;
mod provider;
pub mod replayed;
pub mod scripted;
mod transport;
mod wire;

pub use call_error::{CallError, Spent};
pub use connect::connect;
pub use endpoint::{Endpoint, PlainHttp, Timeouts};
pub use error::Error;
pub use facts::{ModelFacts, facts, known_models, similar_model};
pub use model::{BoxFuture, Delta, Model};
pub use name::ModelName;
pub use provider::Provider;
pub use secrecy::SecretString;
