//! A folder of pictures that is thumbnailed every night.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::testenv::{Ran, World, report};

pub const STATE: &str = "out/.thumbs-state.sqlite";

/// One night's run into `out/`, with its report.
pub fn night(world: &World, more: &[&str]) -> (Ran, Vec<Value>) {
    let args = [&["in", "-o", "out/", "-s", "48", "-u", "--report", "report"], more].concat();
    let ran = world.run(&args);
    let lines = if world.exists("report") { report(&world.read("report")) } else { Vec::new() };
    let _ = fs::remove_file(world.path("report"));
    (ran, lines)
}

pub fn count(lines: &[Value], key: &str) -> u64 {
    lines.last().and_then(|l| l[key].as_u64()).unwrap_or(0)
}

/// Done, skipped, failed.
pub fn counts(lines: &[Value]) -> (u64, u64, u64) {
    (count(lines, "done"), count(lines, "skipped"), count(lines, "failed"))
}

/// Files below `out/` but the state's.
pub fn outputs(world: &World) -> Vec<String> {
    let own = |f: &String| f.strip_prefix("out/").filter(|f| !f.starts_with(".thumbs-state")).map(str::to_owned);
    world.tree().iter().filter_map(own).collect()
}

pub fn stamp(world: &World, name: &str) -> (u64, i64, i64) {
    let m = fs::metadata(world.path(name)).unwrap();
    (m.ino(), m.mtime(), m.mtime_nsec())
}

pub fn rows(world: &World, sql: &str) -> i64 {
    Connection::open(world.path(STATE)).unwrap().query_row(sql, [], |r| r.get(0)).unwrap()
}

/// So many copies of one picture, two thirds as high as wide.
pub fn many(world: &World, dir: &str, count: u32, width: u32) {
    let first = world.sized(format!("{dir}/00.jpg"), width, width * 2 / 3);
    for i in 1..count {
        fs::copy(&first, world.path(format!("{dir}/{i:02}.jpg"))).unwrap();
    }
}

/// What changed within the grain of the clock is looked at again; tests that count on `stat` alone wait.
pub fn settle() {
    std::thread::sleep(Duration::from_millis(120));
}
