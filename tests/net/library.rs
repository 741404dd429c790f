//! Downloads from Rust.

use thumbs::{Cancel, DownloadOptions, Event, Recipe, Reporter, RunConfig, SourceName};

use crate::server::{Server, faults};

/// The status and the attempts of each source.
#[derive(Default)]
struct Answers(Vec<(Option<u16>, u32)>);

impl Reporter for Answers {
    fn event(&mut self, event: &Event<'_>) {
        let source = match event {
            Event::Done(done) => &done.source,
            Event::Failed(failure) => &failure.source,
            _ => return,
        };
        if let SourceName::Url(address) = source {
            self.0.push((address.status, address.attempts));
        }
    }
}

#[test]
fn a_run_of_the_library_downloads() {
    let (out, server) = (tempfile::tempdir().unwrap(), Server::start(faults));
    let recipe = Recipe::default().with_sizes(["32".parse().unwrap()]);
    let run = |options: DownloadOptions| {
        let urls = [server.url("/a.jpg"), server.url("/missing/b.jpg")];
        let config = RunConfig::into_directory(urls, recipe.clone(), out.path()).with_downloads(options);
        let mut answers = Answers::default();
        let summary = thumbs::run(config, &mut answers, &Cancel::default()).unwrap();
        answers.0.sort();
        (summary.done, summary.failed, answers.0)
    };
    assert_eq!(run(DownloadOptions::default()), (0, 2, vec![(None, 1), (None, 1)]));
    let answers = vec![(Some(200), 1), (Some(404), 1)];
    assert_eq!(run(DownloadOptions::default().with_allow_private(true)), (1, 1, answers));
}
