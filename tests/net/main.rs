//! Pictures from the network, through the built binary and servers on this machine.

#![cfg(feature = "http")]

#[cfg(feature = "stores")]
mod azurite;
#[cfg(feature = "stores")]
mod depot;
mod downloads;
mod faults;
#[cfg(feature = "stores")]
mod large;
mod library;
#[cfg(feature = "stores")]
mod many;
#[cfg(feature = "stores")]
mod moto;
#[cfg(feature = "stores")]
mod nightly;
#[cfg(feature = "stores")]
mod outputs;
#[cfg(feature = "parquet")]
mod parquet;
mod safety;
mod secure;
mod server;
#[cfg(feature = "stores")]
mod stores;
mod tables;
#[path = "../testenv/mod.rs"]
mod testenv;
mod updates;
