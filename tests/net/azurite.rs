//! The emulator of Azure Blob Storage, where it is installed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::testenv::{Ran, World, skip};

/// The account of the emulator, with the key that its documentation gives.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running server. It ends with the test.
pub struct Azurite {
    child: Child,
    port: u16,
    dir: PathBuf,
}

impl Azurite {
    pub fn start(world: &World) -> Option<Self> {
        let program = std::env::var_os("THUMBS_AZURITE").map_or_else(|| PathBuf::from("azurite-blob"), PathBuf::from);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = std::env::temp_dir().join(world.root().file_name().unwrap()).with_extension("azurite");
        let mut command = world.command(&program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--location"]).arg(&dir);
        command.args(["--skipApiVersionCheck", "--disableTelemetry", "--silent"]);
        let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            skip("azurite-blob is not found (THUMBS_AZURITE)");
            return None;
        };
        let azurite = Self { child, port, dir };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(azurite);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("azurite-blob does not listen within a minute");
    }

    pub fn container(&self, name: &str) {
        self.put(&format!("/{name}"), "?restype=container", "\nrestype:container", "", b"");
    }

    /// A blob of somebody else.
    pub fn blob(&self, container: &str, name: &str, body: &[u8]) {
        self.put(&format!("/{container}/{name}"), "", "", "x-ms-blob-type:BlockBlob\n", body);
    }

    fn put(&self, path: &str, query: &str, canonical: &str, kind: &str, body: &[u8]) {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let headers = format!("{kind}x-ms-date:{date}\nx-ms-version:2021-08-06\n");
        let text = format!("PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}/{ACCOUNT}/{ACCOUNT}{path}{canonical}");
        let signature = STANDARD.encode(hmac(&STANDARD.decode(KEY).unwrap(), text.as_bytes()));
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let headers = headers.replace('\n', "\r\n");
        let head = format!(
            "PUT /{ACCOUNT}{path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: SharedKey {ACCOUNT}:{signature}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&answer));
    }

    pub fn user(&self, command: &mut Command) {
        command.env("AZURE_STORAGE_USE_EMULATOR", "true");
        command.env("AZURITE_BLOB_STORAGE_URL", format!("http://127.0.0.1:{}", self.port));
    }

    /// Runs the program as a user of the emulator.
    pub fn run(&self, world: &World, args: &[&str]) -> Ran {
        let mut command = world.thumbs();
        self.user(&mut command);
        command.args(args).args(["-s", "32", "--retry-delay", "0.01", "--report", "-"]);
        world.finish(&mut command)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// HMAC with SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let with = |byte: u8| block.map(|b| b ^ byte);
    let inner = Sha256::digest([&with(0x36)[..], text].concat());
    Sha256::digest([&with(0x5c)[..], &inner].concat()).to_vec()
}
