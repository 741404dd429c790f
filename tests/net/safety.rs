//! What a list of URLs cannot do.

use crate::server::{Server, answer, faults, picture};
use crate::testenv::{Ran, World};

const REFUSED: &str = "its host has an address in a private or reserved network; --allow-private reads from there";

#[test]
fn private_addresses_are_refused() {
    let (world, server) = (World::new(), Server::start(faults));
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.1",
        "\u{ff11}27.0\u{3002}0.1",
    ] {
        let url = format!("http://{host}:{}/a.jpg", server.port);
        world.run(&[&url, "-o", "out/", "--retries", "0"]).code(1).says(REFUSED);
    }
    for url in
        ["http://169.254.169.254/latest/meta-data/a.jpg", "http://10.0.0.1/a.jpg", "https://[fd00:ec2::254]/a.jpg"]
    {
        world.run(&[url, "-o", "out/"]).code(1).says(REFUSED);
    }
    assert_eq!(server.connections(), 0);
}

/// Runs with a proxy that is the server itself, as every host.
fn through(server: &Server, world: &World, args: &[&str]) -> Ran {
    let proxy = format!("http://127.0.0.1:{}", server.port);
    world.finish(
        world
            .thumbs()
            .args(args)
            .env("http_proxy", &proxy)
            .env("HTTP_PROXY", &proxy)
            .env("ALL_PROXY", &proxy)
            .env("NO_PROXY", "localhost"),
    )
}

#[test]
fn redirects_to_private_addresses_are_refused() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/to-metadata" => answer(stream, 302, &[("Location", "http://169.254.169.254/latest/a.jpg")], b""),
        "/to-loopback" => answer(stream, 302, &[("Location", "http://127.0.0.1:1/a.jpg")], b""),
        "/to-name" => answer(stream, 302, &[("Location", "http://localhost:1/a.jpg")], b""),
        _ => picture(stream),
    });
    let world = World::new();
    for path in ["to-metadata", "to-loopback", "to-name"] {
        let url = format!("http://photos.example/{path}");
        through(&server, &world, &[&url, "-o", "out/"]).code(1).says(REFUSED);
    }
    // The proxy itself is the user's choice.
    through(&server, &world, &["http://photos.example/a.jpg", "-s", "32", "-o", "out/"]).ok();
    assert_eq!(world.tree(), ["out/a.jpg"]);
}

#[test]
fn credentials_go_to_their_own_host_alone() {
    let other = Server::start(faults);
    let place = other.url("/moved.jpg");
    let server = Server::start(move |request, stream| match request.path.as_str() {
        "/out.jpg" => answer(stream, 302, &[("Location", &place)], b""),
        "/in.jpg" => answer(stream, 302, &[("Location", "/there.jpg")], b""),
        _ => picture(stream),
    });
    let world = World::new();
    for name in ["out.jpg", "in.jpg"] {
        let url = format!("http://us%20er:pass@127.0.0.1:{}/{name}", server.port);
        world.run(&[&url, "-s", "32", "-o", "out/", "--allow-private"]).ok();
    }
    // us er:pass
    let sent = Some("Basic dXMgZXI6cGFzcw==");
    for path in ["/out.jpg", "/in.jpg", "/there.jpg"] {
        let log = server.log();
        let request = log.iter().find(|request| request.path == path).unwrap();
        assert_eq!(request.header("authorization"), sent, "{path}");
    }
    assert_eq!(other.log()[0].header("authorization"), None);
}

#[test]
fn secrets_are_in_no_message_report_or_state() {
    let (world, server) = (World::new(), Server::start(faults));
    let place = format!("http://tom:geheim@127.0.0.1:{}", server.port);
    let urls: Vec<String> = ["/a.jpg", "/missing/b.jpg"]
        .map(|path| format!("{place}{path}?X-Amz-Signature=geheim&token=geheim&w=1"))
        .into();
    let bad = format!("{place}0000/c.jpg?sig=geheim");
    let args = ["-s", "32", "-o", "out/", "--allow-private", "-v", "--report", "r.json", "--update"];
    let ran = world.run(&[&[urls[0].as_str(), &urls[1], &bad], &args[..]].concat());
    ran.code(1).says("?X-Amz-Signature=***&token=***&w=1").says("://***@127.0.0.1");
    ran.never_says("geheim").never_says("tom");
    assert!(server.log()[0].path.contains("X-Amz-Signature=geheim"));
    for file in ["r.json", "out/.thumbs-state.sqlite"] {
        let bytes = world.read(file);
        assert!(!bytes.windows(6).any(|window| window == b"geheim"), "{file}");
    }
}

#[test]
fn names_from_urls_stay_in_the_destination() {
    let (world, server) = (World::new(), Server::start(faults));
    for path in
        ["/a/..%2f..%2fescape.jpg", "/%2e%2e/%2e%2e/up.jpg", "/.hidden.jpg", "/%0a%1b%5b31m.jpg", "/%00.jpg", "/"]
    {
        world.run(&[&server.url(path), "-s", "32", "-o", "in/out/", "--allow-private"]).ok();
    }
    let long = server.url(&format!("/{}.jpg", "x".repeat(400)));
    world.run(&[&long, "-s", "32", "-o", "in/out/", "--allow-private", "--relative-to", "http://"]).ok();
    let tree = world.tree();
    assert_eq!(tree.len(), 7, "{tree:?}");
    assert!(tree.iter().all(|name| name.starts_with("in/out/") && !name.contains("/.")), "{tree:?}");
    assert!(tree.contains(&"in/out/_._.._escape.jpg".to_owned()), "{tree:?}");
}
