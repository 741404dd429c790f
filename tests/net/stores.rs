//! Pictures from object stores: a server of keys and faults with std alone, and moto where it is installed.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::moto::Moto;
use crate::server::{Request, Server, answer};
use crate::testenv::{Ran, World, line, report};

/// Keys of a page.
const PAGE: usize = 3;

/// Keys with the versions of their pictures.
type Keys = Arc<Mutex<BTreeMap<String, usize>>>;

/// A bucket `b`. Each request up to `faults` of them fails.
fn bucket(names: &[&str], faults: usize) -> (Server, Keys) {
    let keys: Keys = Arc::new(Mutex::new(names.iter().map(|name| ((*name).to_owned(), 0)).collect()));
    let (held, left) = (Arc::clone(&keys), AtomicUsize::new(faults));
    let server = Server::start(move |request, stream| {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            return answer(stream, 503, &[], b"");
        }
        let keys = held.lock().unwrap().clone();
        match request.path.split_once('?') {
            Some(("/b", query)) => answer(stream, 200, &[], listing(&keys, query).as_bytes()),
            None => match request.path.strip_prefix("/b/").and_then(|path| keys.get(&decoded(path))) {
                Some(version) => {
                    let body = oddities::jpeg::plain(96 + *version as u32, 64);
                    let headers = [("ETag", &*etag(*version)), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
                    answer(stream, 200, &headers, &body)
                }
                None => answer(stream, 404, &[], b"<Code>NoSuchKey</Code>"),
            },
            _ => answer(stream, 404, &[], b"<Code>NoSuchBucket</Code>"),
        }
    });
    (server, keys)
}

fn etag(version: usize) -> String {
    format!("\"v{version}\"")
}

fn listing(keys: &BTreeMap<String, usize>, query: &str) -> String {
    let value = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded).unwrap_or_default()
    };
    let (prefix, from) = (value("prefix"), value("continuation-token"));
    let mut rest = keys.iter().filter(|(key, _)| key.starts_with(&prefix) && **key >= from);
    let mut text = "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>".to_owned();
    for (key, version) in rest.by_ref().take(PAGE) {
        text += &format!(
            "<Contents><Key>{}</Key><LastModified>1994-11-06T08:49:37.000Z</LastModified><ETag>&quot;v{version}&quot;</ETag></Contents>",
            encoded(key)
        );
    }
    match rest.next() {
        Some((key, _)) => {
            text += "<IsTruncated>true</IsTruncated>";
            text += &format!("<NextContinuationToken>{key}</NextContinuationToken>");
        }
        None => text += "<IsTruncated>false</IsTruncated>",
    }
    text + "</ListBucketResult>"
}

pub fn encoded(key: &str) -> String {
    key.bytes()
        .map(
            |b| if b.is_ascii_alphanumeric() || b"/.-".contains(&b) { (b as char).into() } else { format!("%{b:02X}") },
        )
        .collect()
}

pub fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = std::str::from_utf8(&tail[..tail.len().min(2)]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

const USER: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "user"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_ALLOW_HTTP", "true")];

/// Runs the program as a user of the store at this port.
pub fn run(world: &World, port: u16, args: &[&str]) -> Ran {
    run_with(world, port, args, &USER)
}

pub fn run_with(world: &World, port: u16, args: &[&str], settings: &[(&str, &str)]) -> Ran {
    let mut command = world.thumbs();
    server(&mut command, port);
    command.envs(settings.iter().copied());
    command.args(args).args(["-s", "32", "--retry-delay", "0.01", "--report", "-"]);
    world.finish(&mut command)
}

/// Takes away the settings of whoever runs the tests, and names a server.
fn server(command: &mut Command, port: u16) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("AWS_CONFIG_FILE", "/dev/null");
}

/// Lets a command run as a user of the store at this port.
pub fn user(command: &mut Command, port: u16) {
    server(command, port);
    command.envs(USER);
}

fn gets(log: &[Request]) -> usize {
    log.iter().filter(|request| !request.path.contains('?')).count()
}

#[test]
fn a_prefix_is_walked_in_pages_and_mirrored() {
    let names =
        ["p/a.jpg", "p/b b+.jpg", "p/c/d.JPG", "p/c/e/", "p/c/n.txt", "p/f.jpg", "q/g.jpg", "p.jpg", "p/.h/i.jpg"];
    let ((server, _), world) = (bucket(&names, 0), World::new());
    run(&world, server.port, &["s3://b/p/", "-o", "out/"]).ok();
    assert_eq!(world.tree(), ["out/a.jpg", "out/b b+.jpg", "out/c/d.JPG", "out/f.jpg"]);
    let log = server.log();
    assert_eq!(gets(&log), 4);
    // Seven keys below the prefix.
    assert_eq!(log.len() - gets(&log), 3);
    assert!(log.iter().all(|r| r.header("authorization").is_some_and(|text| text.starts_with("AWS4-HMAC-SHA256 "))));
    // A bucket alone is a prefix, and a key is one picture.
    run(&world, server.port, &["s3://b", "-o", "all/", "--exclude", "c", "--include", "*.jpg"]).ok();
    assert!(world.exists("all/q/g.jpg") && world.exists("all/p/a.jpg") && !world.exists("all/p/c"));
    run(&world, server.port, &["s3://b/p/b b+.jpg", "-o", "one.jpg"]).ok();
    assert_eq!(world.size("one.jpg"), (32, 21));
    run(&world, server.port, &["s3://b/p/", "-o", "one.jpg"]).code(2).says("one picture takes exactly one INPUT");
    // In a list, and mirrored from the top.
    world.write("list", b"s3://b/p/c/\ns3://b/q/g.jpg\n");
    run(&world, server.port, &["--files-from", "list", "-o", "top/", "--relative-to", "s3://b/"]).ok();
    assert!(world.exists("top/p/c/d.JPG") && world.exists("top/q/g.jpg"));
}

#[test]
fn hostile_keys_stay_in_the_destination() {
    let names = [
        "p/../x.jpg",
        "p//y.jpg",
        "p//etc/z.jpg",
        "p/a/../../w.jpg",
        "p/a\u{1}\n.jpg",
        "p/..jpg/v.jpg",
        "p/ok.jpg",
        "../u.jpg",
    ];
    for more in [&[][..], &["--hidden"]] {
        let ((server, _), world) = (bucket(&names, 0), World::new());
        let args = [&["s3://b/p/", "-o", "in/out/"][..], more].concat();
        let ran = run(&world, server.port, &args);
        ran.code(1).says("its key has a dot segment (. or ..), which no request can name");
        let tree = world.tree();
        assert!(tree.iter().all(|name| name.starts_with("in/out/")), "{tree:?}");
        for name in ["in/out/y.jpg", "in/out/etc/z.jpg", "in/out/a__.jpg", "in/out/ok.jpg"] {
            assert!(world.exists(name), "{name} {tree:?}");
        }
    }
}

#[test]
fn a_prefix_in_a_table_of_urls_is_walked() {
    let ((server, _), world) = (bucket(&["p/a.jpg", "p/b?#%41.jpg"], 0), World::new());
    world.write("t.csv", b"url\ns3://b/p/b?#%41.jpg\ns3://b/p/\n");
    let ran = run(&world, server.port, &["--table", "t.csv", "-o", "out/"]);
    ran.ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("out/")).count(), 2);
    assert!(world.exists("out/b?#%41.jpg"));
    let lines = report(&ran.stdout);
    assert_eq!(line(&lines, "skipped", "s3://b/p/b?#%41.jpg")["reason"], "duplicate");
}

#[test]
fn an_unchanged_key_costs_no_request() {
    let names = ["p/a.jpg", "p/b.jpg", "p/c.jpg", "p/d.jpg"];
    let ((server, keys), world) = (bucket(&names, 0), World::new());
    let again =
        |more: &[&str]| run(&world, server.port, &[&["s3://b/p/", "-o", "out/", "--update"][..], more].concat());
    again(&[]).ok();
    assert_eq!(gets(&server.log()), 4);
    let ran = again(&[]);
    ran.ok();
    assert_eq!(gets(&server.log()), 4);
    assert_eq!(line(&report(&ran.stdout), "skipped", "s3://b/p/a.jpg")["reason"], "up-to-date");
    keys.lock().unwrap().insert("p/b.jpg".to_owned(), 1);
    again(&[]).ok();
    assert_eq!(gets(&server.log()), 5);
    assert_eq!(world.size("out/b.jpg"), (32, 21));
    // What is gone is pruned, but not when the listing fails.
    keys.lock().unwrap().remove("p/c.jpg");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let failed = ["s3://b/p/", "-o", "out/", "--update", "--prune", "--retries", "0"];
    run(&world, closed, &failed).code(1).says("s3://b/p/").says("its listing failed");
    assert!(world.exists("out/c.jpg"));
    again(&["--prune"]).ok();
    assert!(!world.exists("out/c.jpg") && world.exists("out/a.jpg"));
}

#[test]
fn what_can_pass_is_tried_again() {
    let ((server, _), world) = (bucket(&["p/a.jpg"], 2), World::new());
    run(&world, server.port, &["s3://b/p/", "-o", "out/"]).ok();
    assert_eq!(server.log().len(), 4);
    let ((server, _), world) = (bucket(&["p/a.jpg"], 2), World::new());
    let ran = run(&world, server.port, &["s3://b/p/a.jpg", "-o", "out/"]);
    ran.ok();
    let lines = report(&ran.stdout);
    let made = line(&lines, "done", "s3://b/p/a.jpg");
    assert_eq!((&made["attempts"], &made["status"]), (&3.into(), &200.into()));
}

#[test]
fn a_picture_over_the_limit_is_cut_while_it_comes() {
    let ((server, _), world) = (bucket(&["p/a.jpg"], 0), World::new());
    run(&world, server.port, &["s3://b/p/a.jpg", "-o", "out/", "--max-file-size", "100"])
        .code(1)
        .says("--max-file-size");
}

#[test]
fn what_is_missing_fails_with_one_clear_error() {
    let ((server, _), world) = (bucket(&["p/a.jpg"], 0), World::new());
    let ran = run(&world, server.port, &["s3://b/p/none.jpg", "-o", "out/"]);
    ran.code(1).says("s3://b/p/none.jpg").says("404 Not Found; there is no such key, or no such bucket");
    let ran = run(&world, server.port, &["s3://none/p/", "-o", "out/"]);
    ran.code(1).says("s3://none/p/").says("its listing failed").says("404 Not Found; is there such a bucket?");
    let open = ("AWS_ALLOW_HTTP", "true");
    let key = ("AWS_ACCESS_KEY_ID", "user");
    let secret = ("AWS_SECRET_ACCESS_KEY", "secret");
    let nowhere = ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1");
    let ran = run_with(&world, server.port, &["s3://b/p/a.jpg", "-o", "out/"], &[open, nowhere]);
    ran.code(1).says("s3://b/p/a.jpg").says("no credentials: neither AWS_ACCESS_KEY_ID");
    let ran = run_with(&world, server.port, &["s3://b/p/a.jpg", "-o", "out/"], &[key, secret]);
    ran.code(1).says("AWS_ENDPOINT_URL is not https://; AWS_ALLOW_HTTP=true permits that");
    assert!(world.tree().is_empty());
    // Public buckets need none.
    run_with(&world, server.port, &["s3://b/p/", "-o", "out/"], &[open, ("AWS_SKIP_SIGNATURE", "true")]).ok();
    assert!(server.log().last().is_some_and(|request| request.header("authorization").is_none()));
}

#[test]
fn a_profile_has_what_the_environment_lacks() {
    let ((server, _), world) = (bucket(&["p/a.jpg"], 0), World::new());
    world.write("aws/credentials", b"[work]\naws_access_key_id = of-work\naws_secret_access_key = quiet\n");
    world.write("aws/config", b"[profile work]\nregion = eu-north-1\n[profile login]\nsso_session = x\n");
    let file = |name: &str| world.root().join("aws").join(name).to_str().unwrap().to_owned();
    let (credentials, config) = (file("credentials"), file("config"));
    let settings = |profile: &'static str| {
        [
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
            ("AWS_CONFIG_FILE", config.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"),
            ("AWS_PROFILE", profile),
        ]
    };
    let args = ["s3://b/p/a.jpg", "-o", "out/"];
    let signer = || server.log().last().and_then(|r| r.header("authorization").map(str::to_owned)).unwrap_or_default();
    run_with(&world, server.port, &args, &settings("work")).ok().never_says("quiet");
    assert!(signer().contains("Credential=of-work/") && signer().contains("/eu-north-1/s3/"), "{}", signer());
    // Keys of the environment come first.
    let keys = [("AWS_ACCESS_KEY_ID", "user"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    run_with(&world, server.port, &args, &[&settings("work")[..], &keys].concat()).ok();
    assert!(signer().contains("Credential=user/"), "{}", signer());
    run_with(&world, server.port, &args, &settings("play")).code(1).says("AWS_PROFILE: neither");
    run_with(&world, server.port, &args, &settings("login")).code(1).says("the profile's sso_session is not read");
    run_with(&world, server.port, &args, &settings("")).code(1).says("nor a profile in ~/.aws, nor a role");
}

#[test]
fn secrets_are_in_no_message_or_report() {
    let ((server, _), world) = (bucket(&["p/a.jpg"], 0), World::new());
    let ran = run(&world, server.port, &["s3://b/p/a.jpg", "s3://b/p/x.jpg", "-o", "out/", "-v"]);
    ran.code(1).never_says("secret").never_says("AWS4-HMAC").never_says("127.0.0.1");
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("secret"));
}

#[test]
fn ten_thousand_keys_are_listed_in_pages() {
    let world = World::new();
    let Some(moto) = Moto::start(&world) else { return };
    moto.put("/bucket", b"");
    let picture = oddities::jpeg::plain(48, 32);
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (moto, picture) = (&moto, &picture);
            scope.spawn(move || {
                (0..2500).for_each(|n| moto.put(&format!("/bucket/p/{part}/{n:04}.jpg"), picture));
            });
        }
    });
    let some = ["s3://bucket/p/", "-o", "out/", "--include", "*77.jpg", "--update"];
    run(&world, moto.port, &some).ok();
    let made = world.tree().iter().filter(|name| name.ends_with(".jpg")).count();
    assert_eq!((made, moto.gets(), moto.listings()), (100, 100, 10));
    assert!(world.exists("out/3/2477.jpg"));
    let ran = run(&world, moto.port, &some);
    ran.ok();
    assert_eq!((moto.gets(), moto.listings()), (100, 20));
    assert_eq!(line(&report(&ran.stdout), "skipped", "s3://bucket/p/0/0077.jpg")["reason"], "up-to-date");
}

#[test]
fn a_real_server_knows_odd_keys() {
    let world = World::new();
    let Some(moto) = Moto::start(&world) else { return };
    moto.put("/bucket", b"");
    let picture = oddities::jpeg::plain(48, 32);
    for path in ["/bucket/p/a%20b%2B%26.jpg", "/bucket/p/%C3%BC/%3Fx%23.jpg", "/bucket/p//deep.jpg"] {
        moto.put(path, &picture);
    }
    run(&world, moto.port, &["s3://bucket/p/", "-o", "out/"]).ok();
    assert_eq!(world.tree(), ["out/a b+&.jpg", "out/deep.jpg", "out/\u{fc}/?x#.jpg"]);
    let ran = run(&world, moto.port, &["s3://bucket/p/none.jpg", "s3://no-such-bucket/", "-o", "out/"]);
    ran.code(1).says("404 Not Found; there is no such key").says("is there such a bucket?");
}
