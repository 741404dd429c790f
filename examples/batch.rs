//! A batch with a reporter of one's own: `cargo run --example batch -- fixtures/photos /tmp/out`

use std::path::PathBuf;

use thumbs::{Cancel, Event, Recipe, Reporter, RunConfig};

/// Counts the bytes that were saved for each format.
#[derive(Default)]
struct Saved {
    before: u64,
    after: u64,
}

impl Reporter for Saved {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Done(done) => {
                self.before += done.source_bytes;
                self.after += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
            }
            Event::Failed(failure) => eprintln!("{}: {}", failure.source, failure.error),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = args.as_slice() else { return Err("two arguments: INPUT and OUTPUT directory".into()) };
    let recipe = Recipe::default().with_sizes(["256".parse()?]);
    let config = RunConfig::into_directory([input], recipe, output);
    let mut saved = Saved::default();
    let summary = thumbs::run(config, &mut saved, &Cancel::default())?;
    println!("{} pictures, {} bytes became {}", summary.done, saved.before, saved.after);
    Ok(())
}
