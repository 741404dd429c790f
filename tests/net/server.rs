//! A server of pictures and faults on this machine, with std alone.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "stores"), allow(dead_code))]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// Which request for this path it is, from 1.
    pub nth: usize,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// All requests, and how often each path was asked for.
type Log = (Vec<Request>, HashMap<String, usize>);

/// Whether the connection stays open.
pub type Keep = bool;

type Handler = dyn Fn(&Request, &mut TcpStream) -> Keep + Send + Sync;

/// A running server. It ends with the test.
pub struct Server {
    pub port: u16,
    log: Arc<Mutex<Log>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request, &mut TcpStream) -> Keep + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let log: Arc<Mutex<Log>> = Arc::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let handler: Arc<Handler> = Arc::new(handler);
        let (all, count) = (Arc::clone(&log), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (handler, all) = (Arc::clone(&handler), Arc::clone(&all));
                std::thread::spawn(move || serve(stream, &*handler, &all));
            }
        });
        Self { port, log, connections }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests so far.
    pub fn log(&self) -> Vec<Request> {
        self.log.lock().unwrap().0.clone()
    }

    /// How often this path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.log().iter().filter(|request| request.path == path).count()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, handler: &Handler, all: &Mutex<Log>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => lines.push(line.trim_end().to_owned()),
            }
        }
        let mut first = lines[0].split(' ');
        let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        if method == "CONNECT" {
            // A proxy that is the target itself.
            if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_err() {
                return;
            }
            continue;
        }
        let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
        let headers: HashMap<_, _> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let method = method.to_owned();
        let request = {
            let mut all = all.lock().unwrap();
            let count = all.1.entry(path.to_owned()).or_default();
            *count += 1;
            let nth = *count;
            all.0.push(Request { method, path: path.to_owned(), headers, nth, body });
            all.0.last().cloned().expect("a request")
        };
        if !handler(&request, &mut stream) {
            return;
        }
    }
}

/// Sends an answer with a body of the right length.
pub fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Keep {
    let mut head = format!("HTTP/1.1 {status} Word\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).is_ok()
}

pub fn picture(stream: &mut TcpStream) -> Keep {
    answer(stream, 200, &[("Content-Type", "image/jpeg")], &oddities::jpeg::plain(96, 64))
}

/// Sends bytes as they are, and ends the connection.
pub fn raw(stream: &mut TcpStream, bytes: &[u8]) -> Keep {
    let _ = stream.write_all(bytes);
    false
}

/// The faults that a server can have, by the first part of the path.
pub fn faults(request: &Request, stream: &mut TcpStream) -> Keep {
    let jpeg = oddities::jpeg::plain(96, 64);
    let kind = request.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match kind {
        "missing" => answer(stream, 404, &[], b"no such picture"),
        "forbidden" => answer(stream, 403, &[], b""),
        "busy-once" if request.nth == 1 => answer(stream, 503, &[], b"later"),
        "busy" => answer(stream, 503, &[], b"later"),
        "wait-once" if request.nth == 1 => answer(stream, 429, &[("Retry-After", "1")], b""),
        "wait-long" => answer(stream, 429, &[("Retry-After", "86400")], b""),
        "reset-once" if request.nth == 1 => false,
        "cut" => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", jpeg.len());
            raw(stream, &[head.as_bytes(), &jpeg[..jpeg.len() / 2]].concat())
        }
        "cut-once" if request.nth == 1 => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", jpeg.len());
            raw(stream, &[head.as_bytes(), &jpeg[..jpeg.len() / 2]].concat())
        }
        "silent" => {
            std::thread::sleep(Duration::from_secs(20));
            false
        }
        "stalls" => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", jpeg.len());
            let _ = stream.write_all(&[head.as_bytes(), &jpeg[..100]].concat());
            std::thread::sleep(Duration::from_secs(20));
            false
        }
        "drips" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
            false
        }
        "short-length" => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", jpeg.len() / 2);
            raw(stream, &[head.as_bytes(), &jpeg].concat())
        }
        "gzip" => {
            let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            coder.write_all(&jpeg).unwrap();
            answer(stream, 200, &[("Content-Encoding", "gzip")], &coder.finish().unwrap())
        }
        "bomb" => {
            let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            for _ in 0..8 {
                coder.write_all(&vec![0; 1 << 20]).unwrap();
            }
            answer(stream, 200, &[("Content-Encoding", "gzip")], &coder.finish().unwrap())
        }
        "brotli" => answer(stream, 200, &[("Content-Encoding", "br")], b"x"),
        "endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 1 << 16], b"\r\n"].concat();
            while stream.write_all(&chunk).is_ok() {}
            false
        }
        "large" => answer(stream, 200, &[], &vec![b'x'; 3 << 20]),
        "chunked" => {
            let mut body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for chunk in jpeg.chunks(100) {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            stream.write_all(&body).is_ok()
        }
        "until-close" => raw(stream, &[b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &jpeg].concat()),
        "no-http" => raw(stream, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        "text" => answer(stream, 200, &[], b"<html>this is no picture</html>"),
        "circle" => answer(stream, 302, &[("Location", &request.path)], b""),
        "far" => {
            let n: usize = request.path.rsplit('/').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            answer(stream, 302, &[("Location", &format!("/far/{}", n + 1))], b"")
        }
        "moved" => answer(stream, 301, &[("Location", "/picture/moved.jpg")], b"over there"),
        "to-file" => answer(stream, 302, &[("Location", "file:///etc/passwd")], b""),
        "to-ftp" => answer(stream, 302, &[("Location", "ftp://example.org/a.jpg")], b""),
        "nowhere" => answer(stream, 302, &[], b""),
        _ => picture(stream),
    }
}
