//! Name templates: a name that is filled in stays below its folder.
#![no_main]

use std::path::Component;

use libfuzzer_sys::fuzz_target;
use thumbs::plan::Template;

fuzz_target!(|text: &str| {
    if let Ok(template) = Template::parse(text) {
        let sound = |part| matches!(part, Component::Normal(_));
        // What the template says of itself, without the words in braces.
        assert!(!text.starts_with('/'), "{template:?}");
        assert!(std::path::Path::new(text).components().all(sound), "{template:?}");
    }
});
