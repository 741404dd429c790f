//! The same in an async program: rendering is work for a processor, so it goes to the blocking
//! pool, and a semaphore bounds how much of it is done at once.
//! `cargo run --example async_handler -- fixtures/photos/chelsea.jpg 256`

use std::sync::Arc;

use thumbs::{Limits, Recipe, RenderError, Rendered, render};
use tokio::sync::Semaphore;

/// What an async handler would call.
async fn thumbnail(slots: Arc<Semaphore>, bytes: Vec<u8>, recipe: Arc<Recipe>) -> Result<Rendered, RenderError> {
    let slot = slots.acquire_owned().await.expect("the semaphore is never closed");
    let work = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        render(&bytes, &recipe, &Limits::default())
    });
    work.await.expect("decoders may panic; a server would answer 500 here")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "fixtures/photos/chelsea.jpg".into());
    let size = args.next().unwrap_or_else(|| "256".into());
    let recipe = Arc::new(Recipe::default().with_sizes([size.parse()?]));
    let slots = Arc::new(Semaphore::new(2));
    let bytes = std::fs::read(&path)?;
    let requests = (0..4).map(|_| tokio::spawn(thumbnail(slots.clone(), bytes.clone(), recipe.clone())));
    for request in requests.collect::<Vec<_>>() {
        let rendered = request.await??;
        println!("{path}: {} bytes of {}", rendered.outputs[0].bytes.len(), rendered.outputs[0].format);
    }
    Ok(())
}
