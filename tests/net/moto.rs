//! A server of the project moto, where it is installed.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::testenv::{World, skip};

/// A running server. It ends with the test.
pub struct Moto {
    child: Child,
    pub port: u16,
    log: PathBuf,
}

impl Moto {
    pub fn start(world: &World) -> Option<Self> {
        let program = match std::env::var_os("THUMBS_STORE_SERVERS") {
            Some(dir) => PathBuf::from(dir).join("bin/moto_server"),
            None => PathBuf::from("moto_server"),
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::env::temp_dir().join(world.root().file_name().unwrap()).with_extension("moto");
        let file = File::create(&log).unwrap();
        let mut command = world.command(&program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let started = command.stdout(Stdio::null()).stderr(file).spawn();
        let Ok(child) = started else {
            let _ = std::fs::remove_file(&log);
            skip("moto_server is not found (THUMBS_STORE_SERVERS)");
            return None;
        };
        let moto = Self { child, port, log };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(moto);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("moto_server does not listen within a minute");
    }

    pub fn put(&self, path: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = "Host: s3.amazonaws.com\r\nAuthorization: AWS4-HMAC-SHA256 Credential=u/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nConnection: close";
        write!(stream, "PUT {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(body).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        assert!(text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&text));
    }

    /// How many requests for pictures came so far.
    pub fn gets(&self) -> usize {
        let text = std::fs::read_to_string(&self.log).unwrap();
        text.lines().filter(|line| line.contains("\"GET /") && !line.contains("list-type")).count()
    }

    pub fn listings(&self) -> usize {
        std::fs::read_to_string(&self.log).unwrap().matches("list-type").count()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}
