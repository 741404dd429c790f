//! The house: imports point down, or sideways without closing a ring.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Rooms of the library by floor; a room may use rooms of its own floor and those below.
const FLOORS: &[&[&str]] = &[
    &["words", "size", "orientation", "geometry", "format", "pixmap", "limits", "policy", "recipe", "jpeg", "archive"],
    &["codec", "metadata", "op", "source", "sink", "state", "walk"],
    &["plan", "render"],
    &["outcome", "report", "pipeline"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// What each room names with `crate::`, tests apart.
fn uses(dir: &Path, room: Option<&str>, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if room.is_some() || stem != "cli" {
                uses(&path, room.or(Some(&stem)), found);
            }
            continue;
        }
        let is_test = stem == "tests" || stem.ends_with("_tests");
        let top = room.is_none() && matches!(stem.as_str(), "lib" | "main");
        if is_test || top || path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let used = found.entry(room.unwrap_or(&stem).to_owned()).or_default();
        for part in text.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                used.insert(name);
            }
        }
    }
}

#[test]
fn imports_point_down() {
    let mut found = BTreeMap::new();
    uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut found);
    assert!(found.len() > 15, "{found:?}");
    for (room, used) in &found {
        let own = floor(room).unwrap_or_else(|| panic!("'{room}' stands on no floor: add it"));
        for other in used.iter().filter(|other| *other != room) {
            let Some(below) = floor(other) else { panic!("'{room}' uses crate::{other}, which is no room") };
            assert!(below <= own, "'{room}' (floor {own}) uses '{other}' (floor {below})");
        }
    }
}

#[test]
fn rooms_do_not_use_each_other_in_a_ring() {
    let mut found = BTreeMap::new();
    uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut found);
    for (room, used) in &mut found {
        used.retain(|other| other != room);
    }
    // Take away rooms that use nothing that is left, until none goes.
    while let Some(free) = found.iter().find(|(_, used)| used.is_empty()).map(|(room, _)| room.clone()) {
        found.remove(&free);
        for used in found.values_mut() {
            used.remove(&free);
        }
    }
    assert!(found.is_empty(), "in a ring: {found:?}");
}

#[test]
fn the_jpeg_decoder_knows_nothing_of_the_house() {
    let mut found = BTreeMap::new();
    uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut found);
    assert!(found["jpeg"].iter().all(|other| other == "jpeg"), "{:?}", found["jpeg"]);
}
