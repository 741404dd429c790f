//! The structure of the code: inside a crate no module uses another in a ring. That crates do not, the compiler sees to.
//!
//! A module and those inside it count as one wherever the outer one declares what the inner ones share, which is how Rust
//! is written; rings are looked for among modules of one parent, with everything below each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Module = Vec<String>;

/// Sources by module, without their tests.
fn sources(root: &Path) -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            if stem == "tests" || stem.ends_with("_tests") || stem == "main" {
                continue;
            }
            if path.is_dir() {
                left.push(path);
                continue;
            }
            if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.insert(module(root, &path), code.join("\n"));
            }
        }
    }
    found
}

fn module(root: &Path, path: &Path) -> Module {
    let relative = path.strip_prefix(root).unwrap().with_extension("");
    let mut parts: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// Every path that `code` names: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut prefixes: Vec<String> = vec![String::new()];
    let mut path = String::new();
    for c in code.chars() {
        match c {
            '{' if path.ends_with("::") => {
                let before = prefixes.last().unwrap().clone();
                prefixes.push(before + &std::mem::take(&mut path));
            }
            '}' | ',' if prefixes.len() > 1 => {
                found.push(prefixes.last().unwrap().clone() + &std::mem::take(&mut path));
                if c == '}' {
                    prefixes.pop();
                }
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => path.push(c),
            _ => {
                if path.contains("::") || prefixes.len() > 1 {
                    found.push(prefixes.last().unwrap().clone() + &path);
                }
                path.clear();
            }
        }
    }
    found
}

/// The module that a path named in `at` leads into, if it is one of the crate's.
fn resolve(at: &Module, path: &str, modules: &BTreeMap<Module, String>) -> Option<Module> {
    let parts: Vec<&str> = path.split("::").collect();
    let mut target = match parts.first()? {
        &"crate" => Vec::new(),
        &"super" | &"self" => at.clone(),
        first => {
            let child = [at.as_slice(), &[(*first).to_owned()]].concat();
            if !modules.contains_key(&child) {
                return None;
            }
            at.clone()
        }
    };
    for part in parts {
        match part {
            "crate" | "self" | "" => {}
            "super" => {
                target.pop();
            }
            part => target.push(part.to_owned()),
        }
    }
    while !target.is_empty() && !modules.contains_key(&target) {
        target.pop();
    }
    Some(target)
}

/// Rings among the modules of each parent.
fn rings(root: &Path) -> Vec<String> {
    let modules = sources(root);
    assert!(modules.len() > 5, "{}: {} modules", root.display(), modules.len());
    // Parent -> child -> children that it, or what lies below it, uses.
    let mut uses: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (at, code) in &modules {
        for target in paths(code).iter().filter_map(|path| resolve(at, path, &modules)) {
            let common = at.iter().zip(&target).take_while(|(a, b)| a == b).count();
            let children = uses.entry(at[..common].to_vec()).or_default();
            if let (Some(from), Some(to)) = (at.get(common), target.get(common)) {
                children.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let mut found = Vec::new();
    for (parent, mut children) in uses {
        // Take away modules that use nothing that is left, or that nothing left uses, until none goes.
        loop {
            let left: BTreeSet<String> = children.keys().cloned().collect();
            for used in children.values_mut() {
                used.retain(|other| left.contains(other));
            }
            let wanted: BTreeSet<String> = children.values().flatten().cloned().collect();
            let before = children.len();
            children.retain(|child, used| !used.is_empty() && wanted.contains(child));
            if children.len() == before {
                break;
            }
        }
        if !children.is_empty() {
            found.push(format!("{}: {children:?}", parent.join("::")));
        }
    }
    found
}

#[test]
fn no_module_uses_another_in_a_ring() {
    let top = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for root in ["crates/jpeg/src", "crates/render/src", "src"] {
        let rings = rings(&top.join(root));
        assert!(rings.is_empty(), "{root}: {rings:#?}");
    }
}

#[test]
fn a_ring_is_found() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\nmod e;"),
        ("a.rs", "use super::{b::Two, c};"),
        ("b.rs", "pub struct Two;\nfn f() { crate::a::g(); }"),
        ("c.rs", "// use super::a;"),
        ("d.rs", "use crate::a;"),
        ("e.rs", "#[cfg(test)]\nuse crate::e;"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let found = rings(dir.path());
    assert_eq!(found, [": {\"a\": {\"b\"}, \"b\": {\"a\"}}"]);
}
