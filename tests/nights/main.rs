//! Unattended runs.

mod nightly;
mod nightly_faults;

#[path = "../night/mod.rs"]
mod nights;
#[path = "../testenv/mod.rs"]
mod testenv;
