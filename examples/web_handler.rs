//! A web handler without a framework: `cargo run --example web_handler -- photos/`, then open
//! `http://127.0.0.1:8080/photo.jpg?256`. Every request is answered by a thread of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use thumbs::{Limits, Recipe, render};

type Answer = Result<(&'static str, Vec<u8>), (u16, String)>;

/// One call from bytes to a picture; errors of the picture are the client's 422.
fn thumbnail(bytes: &[u8], size: &str) -> Answer {
    let bad = |e: &dyn std::fmt::Display| (422, e.to_string());
    let recipe = Recipe::default().with_sizes([size.parse().map_err(|e| bad(&e))?]);
    // What a stranger may ask for is less than what a batch may.
    let limits = Limits::default().with_max_pixels(50_000_000).with_max_memory(256 << 20);
    let mut rendered = render(bytes, &recipe, &limits).map_err(|e| bad(&e))?;
    let output = rendered.outputs.remove(0);
    let kind = match output.format {
        thumbs::Format::Png => "image/png",
        thumbs::Format::WebP => "image/webp",
        _ => "image/jpeg",
    };
    Ok((kind, output.bytes))
}

fn answer(root: &Path, target: &str) -> Answer {
    let (path, size) = target.trim_start_matches('/').split_once('?').unwrap_or((target, "256"));
    if path.split('/').any(|part| part == "..") {
        return Err((403, "no".into()));
    }
    let bytes = std::fs::read(root.join(path.trim_start_matches('/'))).map_err(|e| (404, e.to_string()))?;
    thumbnail(&bytes, size)
}

fn serve(root: &Path, stream: TcpStream) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or("/");
    let (status, kind, body) = match answer(root, target) {
        Ok((kind, body)) => (200, kind, body),
        Err((status, text)) => (status, "text/plain", text.into_bytes()),
    };
    let mut out = &stream;
    write!(out, "HTTP/1.0 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())?;
    out.write_all(&body)
}

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fixtures/photos".into()));
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    println!("http://{}/", listener.local_addr()?);
    for stream in listener.incoming().flatten() {
        let root = root.clone();
        std::thread::spawn(move || serve(&root, stream));
    }
    Ok(())
}
