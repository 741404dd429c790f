//! Runs that are made in code.

use std::path::Path;

use thumbs::{Cancel, Event, InPlaceError, MinSavings, Prune, Recipe, Reporter, RunConfig, RunError, UpdateOptions};

/// Words for each event.
#[derive(Default)]
struct Log(Vec<String>);

impl Reporter for Log {
    fn event(&mut self, event: &Event<'_>) {
        self.0.push(match event {
            Event::Done(_) => "done".to_owned(),
            Event::Skipped(_, reason) | Event::Kept(_, reason) => reason.word().to_owned(),
            Event::Pruned(path) => format!("pruned {}", path.file_name().unwrap().to_string_lossy()),
            other => format!("{other:?}"),
        });
    }
}

fn run(config: RunConfig) -> Vec<String> {
    let mut log = Log::default();
    thumbs::run(config.with_jobs(1), &mut log, &Cancel::default()).expect("a run");
    log.0
}

fn picture(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, oddities::jpeg::grainy(192, 128, 95)).unwrap();
}

#[test]
fn an_update_makes_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, out) = (dir.path().join("photos"), dir.path().join("out"));
    picture(&photos.join("a.jpg"));
    let recipe = Recipe::default().with_sizes(["64".parse().unwrap()]);
    let options = || UpdateOptions::new(out.join(".state")).with_prune(Prune::Yes);
    let again = || run(RunConfig::into_directory([&photos], recipe.clone(), &out).with_update(options()));
    assert_eq!(again(), ["done"]);
    assert_eq!(again(), ["up-to-date"]);
    picture(&photos.join("b.jpg"));
    assert_eq!(again(), ["up-to-date", "done"]);
    std::fs::remove_file(photos.join("a.jpg")).unwrap();
    assert_eq!(again(), ["up-to-date", "pruned a.jpg"]);
    assert!(!out.join("a.jpg").exists() && out.join("b.jpg").exists());
}

#[test]
fn a_state_that_another_run_holds_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    picture(&dir.path().join("photos/a.jpg"));
    let state = dir.path().join("state");
    let lock = std::fs::File::create(dir.path().join("state.lock")).unwrap();
    lock.lock().unwrap();
    let config = RunConfig::into_directory([dir.path().join("photos")], Recipe::default(), dir.path().join("out"));
    let error = thumbs::run(config.with_update(UpdateOptions::new(state)), &mut (), &Cancel::default()).unwrap_err();
    assert!(matches!(error, RunError::Locked(_)), "{error}");
    assert!(!dir.path().join("out").exists());
}

#[test]
fn pictures_are_replaced_where_that_saves_enough() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("photos/a.jpg");
    picture(&file);
    let before = std::fs::read(&file).unwrap();
    let config = || RunConfig::in_place([dir.path().join("photos")], Recipe::in_place()).unwrap();
    assert_eq!(run(config().with_min_savings(MinSavings::Percent(99.0))), ["not-worth-it"]);
    assert!(std::fs::read(&file).unwrap() == before);
    assert_eq!(run(config().with_backup(dir.path().join("old"))), ["done"]);
    assert!(std::fs::read(&file).unwrap().len() < before.len());
    assert!(std::fs::read(dir.path().join("old/a.jpg")).unwrap() == before);
}

#[test]
fn what_is_no_place_of_pictures_is_refused() {
    let refused = |input: &str| RunConfig::in_place([input], Recipe::in_place()).unwrap_err();
    assert!(matches!(refused("/"), InPlaceError::Refused { .. }));
    assert!(matches!(refused("/usr"), InPlaceError::Refused { .. }));
    let sizes = Recipe::in_place().with_sizes(["64".parse().unwrap(), "32".parse().unwrap()]);
    assert_eq!(RunConfig::in_place(["photos"], sizes).unwrap_err(), InPlaceError::Sizes);
}
