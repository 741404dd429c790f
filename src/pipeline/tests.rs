//! Tests the pipeline with a fake codec and a sink in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::plan::{Naming, Template};
use crate::policy::{Existing, MaxFailures};
use crate::report::Event;
use crate::sink::Entry;
use crate::walk::{Input, Walker};
use thumbs_render::codec::{DecodeError, Header};
use thumbs_render::format::Format;
use thumbs_render::geometry::Placement;
use thumbs_render::limits::Limits;
use thumbs_render::recipe::{FormatChoice, Recipe};
use thumbs_render::render::{Encoded, PlannedVariant, RenderError, Rendered, Times};
use thumbs_render::size::{Region, Size};

/// Sleeps for a time that depends on the content, so that workers overtake each other. Counts the
/// bytes held at the same time.
struct Fake {
    memory: u64,
    now: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

struct FakePicture<'a> {
    fake: &'a Fake,
    bytes: &'a [u8],
    header: Header,
    variants: Vec<PlannedVariant>,
}

impl Renderer for Fake {
    fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Box<dyn Prepared + 'a>, DecodeError> {
        let size = Size::new(10, 10);
        let header = Header::new(Format::Png, size);
        let placement = Placement { crop: Region::whole(size), resized: size, canvas: size, offset: (0, 0) };
        let variants =
            vec![PlannedVariant { size_index: 0, format: Format::Png, candidates: Vec::new(), size, placement }];
        if bytes.ends_with(b"bad") || !bytes.starts_with(b"\x89PNG") {
            return Err(DecodeError::NotAPicture("meant to fail".into()));
        }
        Ok(Box::new(FakePicture { fake: self, bytes, header, variants }))
    }
}

impl Prepared for FakePicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn variants(&self) -> &[PlannedVariant] {
        &self.variants
    }

    fn memory(&self) -> u64 {
        self.fake.memory
    }

    fn render(&self, wanted: &[usize], _: Option<&(dyn Fn() -> bool + Sync)>) -> Result<Rendered, RenderError> {
        let held = self.fake.now.fetch_add(self.fake.memory, Ordering::SeqCst) + self.fake.memory;
        self.fake.most.fetch_max(held, Ordering::SeqCst);
        let jitter = self.bytes.iter().map(|&b| u64::from(b)).sum::<u64>() * 7919 % 5;
        std::thread::sleep(Duration::from_millis(jitter));
        self.fake.now.fetch_sub(self.fake.memory, Ordering::SeqCst);
        assert!(!self.bytes.ends_with(b"panic"), "a decoder's bug");
        let output = |&variant| {
            let (bytes, size) = (self.bytes.to_vec(), Size::new(10, 10));
            let (format, effort, encoder) = (Format::Png, None, "source");
            Encoded { variant, bytes, size, format, quality: None, score: None, effort, encoder }
        };
        let outputs = wanted.iter().map(output).collect();
        Ok(Rendered {
            outputs,
            shrink: 1.0,
            notes: Vec::new(),
            times: Times::default(),
            look: None,
            placeholders: Vec::new(),
        })
    }
}

#[derive(Default)]
struct MemorySink {
    files: Vec<(PathBuf, Vec<u8>)>,
    breaks_after: Option<usize>,
    in_order: bool,
    ended: Option<&'static str>,
}

impl Sink for MemorySink {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        for entry in entries {
            if self.breaks_after == Some(self.files.len()) {
                let error = io::Error::from(io::ErrorKind::StorageFull);
                return Err(SinkError::Broken { path: entry.path.to_path_buf(), error });
            }
            self.files.push((entry.path.to_path_buf(), entry.bytes.to_vec()));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.ended = Some("finished");
        Ok(())
    }

    fn abandon(&mut self) -> bool {
        self.ended = Some("abandoned");
        true
    }

    fn in_order(&self) -> bool {
        self.in_order
    }
}

#[derive(Default)]
struct Log(Vec<String>);

impl Reporter for Log {
    fn event(&mut self, event: &Event<'_>) {
        self.0.push(match event {
            Event::Done(done) => format!("done {}", done.source),
            Event::Planned(done) => format!("planned {}", done.source),
            Event::Skipped(source, reason) => format!("skipped {source} {}", reason.word()),
            Event::Kept(done, reason) => format!("kept {} {}", done.source, reason.word()),
            Event::Pruned(path) => format!("pruned {}", path.display()),
            Event::Duplicate(source, reason, _) => format!("skipped {source} {}", reason.word()),
            Event::Failed(failure) => format!("failed {} {}: {}", failure.source, failure.stage.word(), failure.error),
        });
    }
}

/// A file that starts like a PNG, so that it is recognised.
fn content(text: &str) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n", text.as_bytes()].concat()
}

struct World {
    dir: tempfile::TempDir,
    fake: Fake,
    jobs: usize,
    fail_fast: bool,
    max_failures: Option<MaxFailures>,
    walker: Walker,
    counts: bool,
}

impl World {
    fn new(jobs: usize) -> Self {
        let fake = Fake { memory: 1000, now: Arc::default(), most: Arc::default() };
        Self {
            dir: tempfile::tempdir().unwrap(),
            fake,
            jobs,
            fail_fast: false,
            max_failures: None,
            walker: Walker::default(),
            counts: false,
        }
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content(text)).unwrap();
    }

    fn run(self, sink: &mut MemorySink) -> (Result<Summary, RunError>, Vec<String>, u64) {
        let config = RunConfig {
            inputs: vec![Input::Path(self.dir.path().to_path_buf())],
            lists: Vec::new(),
            given: None,
            planned: None,
            portion: None,
            walker: self.walker,
            recipe: Recipe::default(),
            naming: Naming {
                destination: Destination::Directory("/nowhere/out".into()),
                template: Template::parse("{stem}.{ext}").unwrap(),
                labels: vec!["800x600".into()],
                formats: vec![FormatChoice::Keep],
                allowed: Vec::new(),
                existing: Existing::Careful,
                roots: Vec::new(),
                sources: Vec::new(),
            },
            skip_own: true,
            limits: Limits::default(),
            memory: Memory { budget: 4000, ceiling: 8000 },
            jobs: self.jobs,
            fail_fast: self.fail_fast,
            max_failures: self.max_failures,
            in_order: false,
            page: None,
            dry_run: false,
            measure: false,
            keep_times: false,
            shape: Shape::default(),
            drop_duplicates: None,
            in_place: None,
            archive: None,
            dataset: None,
            inventory: None,
            count_ahead: self.counts.then_some(Duration::ZERO),
            nightly: Nightly::default(),
        };
        let most = Arc::clone(&self.fake.most);
        let mut log = Log::default();
        let result = run_with(config, Box::new(self.fake), sink, &mut log, &Cancel::default());
        let strip = format!("{}/", self.dir.path().display());
        let log = log.0.into_iter().map(|line| line.replace(&strip, "")).collect();
        (result, log, most.load(Ordering::SeqCst))
    }
}

#[test]
fn everything_is_done_whatever_the_number_of_workers() {
    for jobs in [1, 8] {
        let world = World::new(jobs);
        for i in 0..200 {
            world.file(&format!("d{}/{i:03}.png", i % 7), &i.to_string());
        }
        let mut sink = MemorySink::default();
        let (result, log, most) = world.run(&mut sink);
        let summary = result.unwrap();
        assert_eq!((summary.done, summary.failed, summary.outputs), (200, 0, 200));
        assert_eq!(log.len(), 200);
        assert!(most <= 3000, "three quarters of the budget of 4000 are for pixels, held were {most}");
        sink.files.sort();
        assert_eq!(sink.files[0], (PathBuf::from("/nowhere/out/d0/000.png"), content("0")));
        sink.files.dedup_by(|a, b| a.0 == b.0);
        assert_eq!(sink.files.len(), 200);
    }
}

#[test]
fn a_panic_or_a_failure_costs_one_picture() {
    for jobs in [1, 8] {
        let world = World::new(jobs);
        for i in 0..30 {
            world.file(&format!("{i:02}.png"), "good");
        }
        world.file("05b.png", "panic");
        world.file("07b.png", "bad");
        let mut sink = MemorySink::default();
        let (result, mut log, _) = world.run(&mut sink);
        let summary = result.unwrap();
        assert_eq!((summary.done, summary.failed), (30, 2));
        log.retain(|line| line.starts_with("failed"));
        log.sort();
        assert_eq!(
            log,
            [
                "failed 05b.png decode: the decoder or encoder gave up: a decoder's bug",
                "failed 07b.png decode: meant to fail"
            ]
        );
    }
}

#[test]
fn the_second_of_two_colliding_inputs_always_fails() {
    for round in 0..10 {
        let world = World::new(8);
        for i in 0..20 {
            // The same stem twice: `.apng` and `.png` are both PNG and keep their extension, `.x`
            // gets `.png`.
            world.file(&format!("{i:02}.png"), &(i * 13 + round).to_string());
            world.file(&format!("{i:02}.gif"), &(i * 31 + round).to_string());
        }
        let mut sink = MemorySink::default();
        let (result, mut log, _) = world.run(&mut sink);
        assert_eq!(result.unwrap().failed, 20);
        log.retain(|line| line.starts_with("failed"));
        log.sort();
        for (i, line) in log.iter().enumerate() {
            assert!(line.starts_with(&format!("failed {i:02}.png plan: ")), "{line}");
            assert!(line.contains(&format!("{i:02}.gif\" already makes")), "{line}");
        }
    }
}

/// Outputs that wait for earlier ones hold most of the budget, without a deadlock.
#[test]
fn outputs_come_in_order_however_little_memory_there_is() {
    for (jobs, bad) in [(1, None), (8, None), (8, Some(17)), (3, Some(0))] {
        let world = World::new(jobs);
        for i in 0..1500 {
            let text = if bad == Some(i) { "bad".to_owned() } else { i.to_string() + &"x".repeat(950 - i % 300) };
            world.file(&format!("{i:04}.png"), &text);
        }
        let mut sink = MemorySink { in_order: true, ..MemorySink::default() };
        let (result, _, most) = world.run(&mut sink);
        let summary = result.unwrap();
        let failed = bad.iter().count();
        assert_eq!((summary.done as usize, summary.failed as usize), (1500 - failed, failed));
        assert!(most <= 3000, "{most}");
        assert!(sink.files.is_sorted());
        assert_eq!(sink.ended, Some(if failed > 0 { "abandoned" } else { "finished" }));
        assert_eq!(summary.abandoned, failed > 0);
    }
}

#[test]
fn a_broken_sink_ends_the_run() {
    for jobs in [1, 8] {
        let world = World::new(jobs);
        for i in 0..300 {
            world.file(&format!("{i:03}.png"), &i.to_string());
        }
        let mut sink = MemorySink { breaks_after: Some(10), ..MemorySink::default() };
        let (result, log, _) = world.run(&mut sink);
        let Err(RunError::Sink { summary, .. }) = result else { panic!("{result:?}") };
        assert_eq!((summary.done, summary.failed), (10, 1));
        assert_eq!(log.len(), 11);
    }
}

#[test]
fn requests_above_the_ceiling_are_refused() {
    let mut world = World::new(2);
    world.fake.memory = 9000;
    world.file("a.png", "large");
    let (result, log, _) = world.run(&mut MemorySink::default());
    assert_eq!(result.unwrap().failed, 1);
    assert_eq!(log, ["failed a.png decode: decoding it needs 9.00 kB of memory, over the limit of 8.00 kB (--memory)"]);
    // Above the budget but below the ceiling: granted alone.
    let mut world = World::new(8);
    world.fake.memory = 7000;
    for i in 0..10 {
        world.file(&format!("{i}.png"), "large");
    }
    let (result, _, most) = world.run(&mut MemorySink::default());
    assert_eq!((result.unwrap().done, most), (10, 7000));
}

#[test]
fn fail_fast_and_max_failures_end_a_run() {
    let mut world = World::new(4);
    world.fail_fast = true;
    for i in 0..500 {
        world.file(&format!("{i:03}.png"), if i == 3 { "bad" } else { "good" });
    }
    let (result, _, _) = world.run(&mut MemorySink::default());
    let summary = result.unwrap();
    assert_eq!(summary.stopped, Some(crate::outcome::Stop::FirstFailure));
    assert!(summary.dealt_with() < 500);

    let mut world = World::new(4);
    world.max_failures = Some(MaxFailures::Count(5));
    for i in 0..500 {
        world.file(&format!("{i:03}.png"), "bad");
    }
    let (result, _, _) = world.run(&mut MemorySink::default());
    let summary = result.unwrap();
    assert_eq!(summary.stopped, Some(crate::outcome::Stop::TooManyFailures));
    assert_eq!(summary.failed, 6);
}

/// Work in progress beside the failure that ends the run is dropped, with any number of workers.
#[test]
fn failures_end_a_run_at_the_same_input_however_many_workers_there_are() {
    for (limit, jobs) in [(Some(MaxFailures::Count(2)), 1), (Some(MaxFailures::Count(2)), 16), (None, 1), (None, 16)] {
        let mut world = World::new(jobs);
        (world.max_failures, world.fail_fast) = (limit, limit.is_none());
        for i in 0..200 {
            world.file(&format!("{i:03}.png"), if i % 20 == 9 { "bad" } else { "good" });
        }
        let (result, log, _) = world.run(&mut MemorySink::default());
        let summary = result.unwrap();
        let (done, failed) = if limit.is_some() { (47, 3) } else { (9, 1) };
        assert_eq!((summary.done, summary.failed, log.len()), (done, failed, (done + failed) as usize), "{jobs}");
        assert_eq!((summary.left, summary.left_exact), (200 - done - failed, true), "{jobs} {limit:?}");
    }
}

#[test]
fn a_percentage_of_failures_is_checked_at_the_end_too() {
    for (percent, stopped) in [(40.0, Some(crate::outcome::Stop::TooManyFailures)), (60.0, None)] {
        let mut world = World::new(4);
        world.max_failures = Some(MaxFailures::Percent(percent));
        for i in 0..20 {
            world.file(&format!("{i:03}.png"), if i % 2 == 0 { "bad" } else { "good" });
        }
        let (result, _, _) = world.run(&mut MemorySink::default());
        let summary = result.unwrap();
        assert_eq!((summary.failed, summary.stopped), (10, stopped));
    }
}

#[test]
fn a_thread_that_dies_ends_the_run_and_nothing_is_finished() {
    for (counts, in_order) in [(false, false), (false, true), (true, true)] {
        let mut world = World::new(4);
        world.walker.dies = true;
        world.counts = counts;
        world.file("a.png", "good");
        let mut sink = MemorySink { in_order, ..MemorySink::default() };
        let (result, _, _) = world.run(&mut sink);
        let Err(error @ RunError::Halted { .. }) = result else { panic!("{result:?}") };
        assert!(error.to_string().contains("died: a bug of the walk"), "{error}");
        assert_eq!(sink.ended, Some("abandoned"));
    }
}

#[test]
fn a_walk_ignores_files_that_are_not_pictures() {
    let world = World::new(2);
    world.file("a.png", "good");
    std::fs::write(world.dir.path().join("notes.txt"), "hello").unwrap();
    std::fs::write(world.dir.path().join("b.jpg"), "hello").unwrap();
    world.file("no-extension", "good too");
    let mut sink = MemorySink::default();
    let (result, log, _) = world.run(&mut sink);
    let summary = result.unwrap();
    // The extension of `b.jpg` makes it an input, and its content makes it fail. `notes.txt` is not
    // an input.
    assert_eq!((summary.done, summary.failed, summary.skipped), (2, 1, 0), "{log:?}");
    let mut names: Vec<_> = sink.files.iter().map(|f| f.0.file_name().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["a.png", "no-extension.png"]);
    assert!(Path::new("/nowhere").symlink_metadata().is_err());
}
