//! HTTPS, with a certificate of the test's own authority. Certificate and key are only for this.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::server::{Server, answer};
use crate::testenv::{World, line, report};

const AUTHORITY: &[u8] = include_bytes!("certificates/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/loopback.pem");
const KEY: &[u8] = include_bytes!("certificates/loopback.key");

/// A server that answers every request with a picture. Returns its port.
fn secure() -> u16 {
    secure_at("127.0.0.1:0")
}

fn secure_at(address: &str) -> u16 {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            std::thread::spawn(move || {
                let mut secure = rustls::StreamOwned::new(connection, stream);
                let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
                while let Ok(n) = secure.read(&mut buffer) {
                    request.extend_from_slice(&buffer[..n]);
                    if n == 0 {
                        return;
                    }
                    if request.ends_with(b"\r\n\r\n") {
                        request.clear();
                        let body = oddities::jpeg::plain(96, 64);
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                        if secure.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    port
}

#[test]
fn the_systems_certificates_decide_whom_to_trust() {
    let (world, port) = (World::new(), secure());
    let authority = world.write("authority.pem", AUTHORITY);
    let url = format!("https://localhost:{port}/a.jpg");
    let args = [url.as_str(), "-s", "32", "-o", "out/", "--allow-private", "--report", "-"];
    world.finish(world.thumbs().args(args).env("SSL_CERT_FILE", &authority)).ok();
    assert!(world.exists("out/a.jpg"));
    // Without that authority.
    let empty = world.write("empty.pem", b"");
    let ran = world.finish(world.thumbs().args(args).env("SSL_CERT_FILE", &empty).env_remove("SSL_CERT_DIR"));
    ran.code(1);
    let lines = report(&ran.stdout);
    let failed = line(&lines, "failed", "/a.jpg");
    let words = failed["error"].as_str().unwrap();
    assert!(words.starts_with("no secure connection: ") && words.contains("UnknownIssuer"), "{words}");
    assert_eq!(failed["attempts"], 1);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (world, port) = (World::new(), secure_at("127.0.0.2:0"));
    let authority = world.write("authority.pem", AUTHORITY);
    // The certificate holds localhost and 127.0.0.1.
    let url = format!("https://127.0.0.2:{port}/a.jpg");
    let ran = world.finish(
        world.thumbs().args([&url, "-o", "out/", "--allow-private", "--retries", "0"]).env("SSL_CERT_FILE", &authority),
    );
    ran.code(1).says("no secure connection: ").says("not valid for name");
}

#[test]
fn a_redirect_leads_from_http_to_https() {
    let (world, port) = (World::new(), secure());
    let authority = world.write("authority.pem", AUTHORITY);
    let place = format!("https://localhost:{port}/there.jpg");
    let server = Server::start(move |_, stream| answer(stream, 301, &[("Location", &place)], b""));
    let args = [&server.url("/a.jpg"), "-s", "32", "-o", "out/", "--allow-private"];
    world.finish(world.thumbs().args(args).env("SSL_CERT_FILE", &authority)).ok();
    assert_eq!(world.tree(), ["authority.pem", "out/a.jpg"]);
}
