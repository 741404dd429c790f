//! Servers that fail.

use crate::server::{Server, faults};
use crate::testenv::{World, line, report};

const QUICK: &[&str] = &[
    "-s",
    "32",
    "-o",
    "out/",
    "--allow-private",
    "--retry-delay",
    "0.01",
    "--retries",
    "2",
    "--idle-timeout",
    "1",
    "--download-timeout",
    "3",
    "--max-file-size",
    "2M",
    "--report",
    "-",
];

/// Each fault: its path, the words, the status and the number of attempts. No words: it succeeds.
const FAULTS: &[(&str, &str, u16, u32)] = &[
    ("/missing/a.jpg", "the server answers 404 Not Found", 404, 1),
    ("/forbidden/a.jpg", "the server answers 403 Forbidden", 403, 1),
    ("/busy-once/a1.jpg", "", 200, 2),
    ("/busy/a.jpg", "the server answers 503 Service Unavailable; 3 attempts", 503, 3),
    ("/wait-once/a2.jpg", "", 200, 2),
    ("/wait-long/a.jpg", "the server answers 429 Too Many Requests", 429, 1),
    ("/reset-once/a3.jpg", "", 200, 2),
    ("/cut/a.jpg", "the connection ended after", 200, 3),
    ("/cut-once/a4.jpg", "", 200, 2),
    ("/silent/a.jpg", "nothing came for 1 s (--idle-timeout)", 0, 3),
    ("/stalls/a.jpg", "nothing came for 1 s, after 100 B (--idle-timeout)", 200, 3),
    ("/drips/a.jpg", "it takes longer than 3 s (--download-timeout)", 200, 3),
    ("/short-length/a.jpg", "", 200, 1),
    ("/gzip/a5.jpg", "", 200, 1),
    ("/bomb/a.jpg", "more than the limit of 2.10 MB (--max-file-size)", 200, 1),
    ("/brotli/a.jpg", "its Content-Encoding \"br\" is not read", 200, 1),
    ("/endless/a.jpg", "more than the limit of 2.10 MB (--max-file-size)", 200, 1),
    ("/large/a.jpg", "its size of 3.15 MB is over the limit of 2.10 MB (--max-file-size)", 200, 1),
    ("/chunked/a6.jpg", "", 200, 1),
    ("/until-close/a7.jpg", "", 200, 1),
    ("/no-http/a.jpg", "its answer is not HTTP", 0, 3),
    ("/text/a.jpg", "not a picture", 200, 1),
    ("/circle/a.jpg", "its redirects lead in a circle", 0, 1),
    ("/far/0", "more than 10 redirects", 0, 1),
    ("/moved/a8.jpg", "", 200, 1),
    ("/to-file/a.jpg", "a redirect to a file address is not followed", 302, 1),
    ("/to-ftp/a.jpg", "a redirect to a ftp address is not followed", 302, 1),
    ("/nowhere/a.jpg", "the server answers 302 without a place to go", 302, 1),
];

#[test]
fn every_fault_has_its_reason_its_status_and_its_attempts() {
    let (world, server) = (World::new(), Server::start(faults));
    let list: String = FAULTS.iter().map(|(path, ..)| server.url(path) + "\n").collect();
    let ran = world.feed(&[&["--files-from", "-", "--connections", "64"], QUICK].concat(), list.as_bytes());
    ran.code(1);
    let lines = report(&ran.stdout);
    for (path, words, status, attempts) in FAULTS {
        if *path == "/short-length/a.jpg" {
            let failed = line(&lines, "failed", path);
            assert_eq!(failed["stage"], "decode", "{failed}");
            continue;
        }
        let line = line(&lines, if words.is_empty() { "done" } else { "failed" }, path);
        assert!(line["error"].as_str().unwrap_or_default().contains(words), "{path}: {line}");
        assert_eq!(line["status"].as_u64().unwrap_or(0), u64::from(*status), "{path}: {line}");
        assert_eq!(line["attempts"], *attempts, "{path}: {line}");
    }
}

/// What becomes of a URL, in a run and in the next one with `--update`.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It is made, and stays.
    Made,
    /// It fails, and is tried again.
    Passes,
    /// It fails, and is not asked for again.
    Lasts,
    /// Its content fails, and is not looked at again while it is the same.
    Unreadable,
}

/// Ten kinds of faults: how they end, the words of the failure, and the attempts of a run.
const KINDS: [(&str, Fate, &str, u64); 10] = [
    ("missing", Fate::Lasts, "404 Not Found", 1),
    ("busy-once", Fate::Made, "", 2),
    ("busy", Fate::Passes, "503 Service Unavailable; 3 attempts", 3),
    ("cut", Fate::Passes, "the connection ended after", 3),
    ("reset-once", Fate::Made, "", 2),
    ("circle", Fate::Lasts, "its redirects lead in a circle", 1),
    ("to-file", Fate::Lasts, "a redirect to a file address is not followed", 1),
    ("bomb", Fate::Lasts, "more than the limit of 2.10 MB (--max-file-size)", 1),
    ("text", Fate::Unreadable, "not a picture", 1),
    ("no-http", Fate::Passes, "its answer is not HTTP", 3),
];

/// The kind of the URL with this number: 30 % have faults.
fn kind(n: usize) -> (&'static str, Fate, &'static str, u64) {
    if n % 10 < 3 { KINDS[(n / 10 * 3 + n % 10) % 10] } else { ("picture", Fate::Made, "", 1) }
}

/// A list of URLs of which 30 % have faults, and the names of the pictures that are made.
fn with_faults(server: &Server, count: usize) -> (String, Vec<String>) {
    let (mut list, mut made) = (String::new(), Vec::new());
    for n in 0..count {
        let (kind, fate, ..) = kind(n);
        list.push_str(&server.url(&format!("/{kind}/{n}.jpg\n")));
        made.extend((fate == Fate::Made).then(|| format!("{n}.jpg")));
    }
    (list, made)
}

const STEADY: &[&str] = &[
    "--files-from",
    "-",
    "-s",
    "32",
    "--allow-private",
    "--retry-delay",
    "0.01",
    "--retries",
    "2",
    "--max-file-size",
    "2M",
    "--quiet",
];

/// Runs with a report, and gives its line for each URL, with the number of requests that the run made for it.
fn outcomes(world: &World, server: &Server, list: &str, count: usize) -> Vec<(serde_json::Value, u64)> {
    let before = server.log().len();
    let ran = world.feed(&[STEADY, &["-o", "out/", "--update", "--report", "-"]].concat(), list.as_bytes());
    let mut found: Vec<_> = (0..count).map(|_| (serde_json::Value::Null, 0)).collect();
    let number = |path: &str| path.rsplit('/').next()?.strip_suffix(".jpg")?.parse::<usize>().ok();
    for line in report(&ran.code(1).stdout) {
        if let Some(n) = line["source"].as_str().and_then(number) {
            assert_eq!(found[n].0, serde_json::Value::Null, "two outcomes: {line}");
            found[n].0 = line;
        }
    }
    for request in &server.log()[before..] {
        found[number(&request.path).unwrap()].1 += 1;
    }
    found
}

#[test]
fn of_a_thousand_urls_every_outcome_is_the_expected_one_twice() {
    let (world, server) = (World::new(), Server::start(faults));
    let (list, made) = with_faults(&server, 1000);
    let mut want: Vec<String> = made.iter().map(|name| format!("out/{name}")).collect();
    want.push("out/.thumbs-state.sqlite".to_owned());
    want.sort();
    for again in [false, true] {
        for (n, (line, requests)) in outcomes(&world, &server, &list, 1000).into_iter().enumerate() {
            let (kind, fate, words, attempts) = kind(n);
            let (outcome, reason, asked) = match (fate, again) {
                (Fate::Made, false) => ("done", "", attempts),
                (Fate::Made, true) => ("skipped", "up-to-date", 1),
                (Fate::Passes, _) | (_, false) => ("failed", "", attempts),
                (Fate::Lasts, true) => ("skipped", "failed-before", 0),
                (Fate::Unreadable, true) => ("skipped", "failed-before", 1),
            };
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                (text("type").as_str(), text("reason").as_str(), requests),
                (outcome, reason, asked),
                "{kind}: {line}"
            );
            assert!(outcome != "failed" || text("error").contains(words), "{kind}: {line}");
        }
        assert_eq!(
            world.tree().iter().filter(|name| !name.ends_with(".lock")).collect::<Vec<_>>(),
            want.iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn faults_change_no_byte_of_an_archive() {
    let mut first = None;
    for more in
        [["-j", "1", "--connections", "1"], ["-j", "4", "--connections", "32"], ["--memory", "12M", "--per-host", "5"]]
    {
        let (world, server) = (World::new(), Server::start(faults));
        let (list, _) = with_faults(&server, 200);
        world.feed(&[STEADY, &["-o", "a.tar", "--partial"], &more].concat(), list.as_bytes()).code(1);
        let tar = world.read("a.tar");
        assert_eq!(*first.get_or_insert_with(|| tar.clone()), tar, "{more:?}");
    }
}

#[test]
fn hosts_that_do_not_answer_fail_with_a_reason() {
    let world = World::new();
    // A port that nobody listens on, as it was just released.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = ["-s", "32", "-o", "out/", "--allow-private", "--retry-delay", "0.01", "--report", "-"];
    let (closed, unknown) = (format!("http://127.0.0.1:{port}/a.jpg"), "http://no-such-host.invalid/b.jpg");
    let ran = world.run(&[&[closed.as_str(), unknown], &args[..]].concat());
    ran.code(1);
    let lines = report(&ran.stdout);
    let failed = line(&lines, "failed", "/a.jpg");
    assert!(failed["error"].as_str().unwrap().starts_with("Connection refused"), "{failed}");
    assert_eq!(failed["attempts"], 5);
    let failed = line(&lines, "failed", "/b.jpg");
    assert!(failed["error"].as_str().unwrap().starts_with("its host is not found"), "{failed}");
}

#[test]
fn a_host_that_is_down_is_given_up() {
    let world = World::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let list: String = (0..30).map(|n| format!("http://127.0.0.1:{port}/{n}.jpg\n")).collect();
    let args = [
        "--files-from",
        "-",
        "-o",
        "out/",
        "--allow-private",
        "--retry-delay",
        "0.01",
        "--report",
        "-",
        "--connections",
        "2",
    ];
    let ran = world.feed(&args, list.as_bytes());
    ran.code(1);
    let lines = report(&ran.stdout);
    let once = lines.iter().filter(|line| line["attempts"] == 1).count();
    assert!(once >= 20, "{once} of 30 were not retried");
}

#[test]
fn wrong_urls_fail_with_a_reason() {
    let world = World::new();
    for (url, words) in [
        ("http://", "the URL's host is neither a host name nor an IP address"),
        ("http:///a.jpg", "the URL's host is neither a host name nor an IP address"),
        ("http://example.org:0/a.jpg", "the URL's port is not a number"),
        ("http://\u{fc}\u{5d0}.example/a.jpg", "the URL's host is neither a host name nor an IP address"),
        #[cfg(not(feature = "stores"))]
        ("ftp://example.org/a.jpg", "ftp:// addresses are not read, only http:// and https://"),
        #[cfg(feature = "stores")]
        ("ftp://example.org/a.jpg", "ftp:// addresses are not read, only http://, https://, s3://, gs:// and az://"),
        #[cfg(not(feature = "stores"))]
        (
            "gs://bucket/a.jpg",
            "gs:// addresses are not read by this build, which has no object stores (feature stores)",
        ),
        #[cfg(not(feature = "stores"))]
        (
            "s3://bucket/a.jpg",
            "s3:// addresses are not read by this build, which has no object stores (feature stores)",
        ),
        #[cfg(feature = "stores")]
        ("s3://b*/a.jpg", "the bucket's name is not letters, digits, dots and hyphens"),
        #[cfg(feature = "stores")]
        ("s3://bucket/a/../b.jpg", "its key has a dot segment (. or ..), which no request can name"),
    ] {
        world.write("list", url.as_bytes());
        world.run(&["--files-from", "list", "-o", "out/"]).code(1).says(words);
    }
}
