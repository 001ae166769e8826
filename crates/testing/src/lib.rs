//! What tests share; no part of the product.

pub mod loopback;
pub mod sim;
