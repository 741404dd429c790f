//! One file through the built binary, and what came of it.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::testenv::{World, line, report};

/// What came of one file: its picture at its own size, as red, green and blue, and the notes on it.
pub struct Made {
    pub size: (u32, u32),
    pub pixels: Vec<u8>,
    pub notes: Vec<String>,
}

/// Runs the program over `bytes`; what it says where it makes no picture.
pub fn made_with(name: &str, bytes: &[u8], options: &[&str]) -> Result<Made, String> {
    let world = World::new();
    world.write(name, bytes);
    let args = [&[name, "-s", "original", "-o", "out.png", "--report", "-", "--no-auto-orient"], options].concat();
    let ran = world.run(&args);
    if ran.code != Some(0) {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(!world.exists("out.png"), "a failed input leaves nothing");
        return Err(ran.stderr);
    }
    let (width, height, pixels) = world.pixels("out.png");
    let lines = report(&ran.stdout);
    let notes = line(&lines, "done", name)["notes"].as_array().cloned().unwrap_or_default();
    let notes = notes.iter().filter_map(|note| note.as_str().map(str::to_owned)).collect();
    Ok(Made { size: (width, height), pixels, notes })
}

#[track_caller]
pub fn made(name: &str, bytes: &[u8]) -> Made {
    made_with(name, bytes, &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// Whole, with one note that has these words; `--strict` refuses it.
#[track_caller]
pub fn whole_but(name: &str, bytes: &[u8], note: &str) -> Made {
    let made = made(name, bytes);
    assert!(made.notes.len() == 1 && made.notes[0].contains(note), "{note:?} is not {:?}", made.notes);
    assert!(made_with(name, bytes, &["--strict"]).is_err(), "{note:?} with --strict");
    made
}
