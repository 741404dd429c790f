//! Unattended runs.

mod nightly;
mod nightly_faults;
mod shards;
mod shards_faults;

#[path = "../night/mod.rs"]
mod nights;
#[path = "../testenv/mod.rs"]
mod testenv;
