//! What downloads become.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::server::{Server, answer, faults, picture};
use crate::testenv::{World, line, report};

#[test]
fn a_url_becomes_a_thumbnail_named_after_its_last_segment() {
    let (world, server) = (World::new(), Server::start(faults));
    let url = server.url("/photos/a%20red%20boat.jpg?width=900#top");
    let ran = world.run(&[&url, "-s", "32", "-o", "out/", "--allow-private", "--report", "-"]);
    ran.ok();
    assert_eq!(world.tree(), ["out/a red boat.jpg"]);
    assert_eq!(world.size("out/a red boat.jpg"), (32, 21));
    let lines = report(&ran.stdout);
    let done = line(&lines, "done", "width=900");
    assert_eq!((&done["status"], &done["attempts"]), (&200.into(), &1.into()), "{done}");
    assert_eq!(server.log()[0].path, "/photos/a%20red%20boat.jpg?width=900");
}

#[test]
fn a_url_goes_to_standard_output_and_to_one_file() {
    let (world, server) = (World::new(), Server::start(faults));
    let url = server.url("/a.jpg");
    let ran = world.run(&[&url, "-s", "32", "-o", "-", "--allow-private"]);
    ran.ok();
    assert!(ran.stdout.starts_with(&[0xff, 0xd8]));
    world.run(&[&url, "-s", "32", "-o", "b.webp", "--allow-private"]).ok();
    assert_eq!(world.tree(), ["b.webp"]);
}

#[test]
fn a_url_without_a_destination_is_a_usage_error() {
    let (world, server) = (World::with(&["a.jpg"]), Server::start(faults));
    let url = server.url("/b.jpg");
    world.run(&["a.jpg", &url]).code(2).says("a URL has no directory to put outputs beside; use -o");
    world.run(&["--in-place", &url]).code(2).says("pictures on the network are not replaced");
    world.write("list", format!("a.jpg\n{url}\n").as_bytes());
    world.run(&["--files-from", "list"]).code(1).says("a URL has no directory to put outputs beside; use -o");
    assert_eq!(world.tree(), ["a.jpg", "a_thumb.jpg", "list"]);
    assert_eq!(server.log().len(), 0);
}

#[test]
fn lists_hold_urls_and_files_and_connections_are_reused() {
    let (world, server) = (World::with(&["local.jpg"]), Server::start(faults));
    let mut list = String::from("local.jpg\n");
    for n in 0..100 {
        list.push_str(&format!("{}\n", server.url(&format!("/p/{n}.jpg"))));
    }
    let ran = world.feed(
        &["--files-from", "-", "-s", "32", "-o", "out/", "--allow-private", "--connections", "8", "--report", "r.json"],
        list.as_bytes(),
    );
    ran.ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("out/")).count(), 101);
    assert!(server.connections() <= 8, "{} connections", server.connections());
    assert_eq!(server.log().len(), 100);
    let lines = report(&world.read("r.json"));
    assert_eq!(lines.last().unwrap()["done"], 101);
}

#[test]
fn one_host_gets_as_many_connections_as_allowed() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_, stream| {
        MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        NOW.fetch_sub(1, Ordering::SeqCst);
        picture(stream)
    });
    let world = World::new();
    let list: String = (0..30).map(|n| server.url(&format!("/{n}.jpg")) + "\n").collect();
    world
        .feed(&["--files-from", "-", "-s", "32", "-o", "out/", "--allow-private", "--per-host", "3"], list.as_bytes())
        .ok();
    assert!((2..=3).contains(&MOST.load(Ordering::SeqCst)), "{MOST:?}");
}

#[test]
fn duplicates_are_downloaded_once() {
    let (world, server) = (World::new(), Server::start(faults));
    let (one, same) = (server.url("/a.jpg"), server.url("/x/../a.jpg#b"));
    let ran = world.run(&[&one, &same, "-s", "32", "-o", "out/", "--allow-private", "--report", "-"]);
    ran.ok();
    assert_eq!(server.asked("/a.jpg"), 1);
    assert_eq!(report(&ran.stdout).iter().filter(|line| line["reason"] == "duplicate").count(), 1);
}

#[test]
fn urls_with_one_name_collide_unless_their_paths_are_mirrored() {
    let (world, server) = (World::new(), Server::start(faults));
    let urls = [server.url("/a/x.jpg"), server.url("/b/x.jpg")];
    let ran = world.run(&[&urls[0], &urls[1], "-s", "32", "-o", "flat/", "--allow-private"]);
    ran.code(1).says("already makes \"flat/x.jpg\"; a mirrored tree (--relative-to) keeps them apart");
    assert_eq!(world.tree(), ["flat/x.jpg"]);
    let base = ["-s", "32", "--allow-private"];
    world.run(&[&base[..], &[&urls[0], &urls[1], "-o", "whole/", "--relative-to", "http://"]].concat()).ok();
    let top = server.url("/");
    world.run(&[&base[..], &[&urls[0], &urls[1], "-o", "part/", "--relative-to", &top]].concat()).ok();
    let host = format!("127.0.0.1:{}", server.port);
    let want = [
        "flat/x.jpg".to_owned(),
        "part/a/x.jpg".to_owned(),
        "part/b/x.jpg".to_owned(),
        format!("whole/{host}/a/x.jpg"),
        format!("whole/{host}/b/x.jpg"),
    ];
    assert_eq!(world.tree(), want);
    let elsewhere = server.url("/a/");
    let ran = world.run(&[&base[..], &[&urls[1], "-o", "part/", "--relative-to", &elsewhere]].concat());
    ran.code(1).says("which --relative-to names");
}

/// The names in a tar archive, in order.
fn members(tar: &[u8]) -> Vec<String> {
    let mut reader = thumbs::internal::TarReader::new(tar);
    let mut names = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        names.push(String::from_utf8(entry.name.clone()).unwrap());
    }
    names
}

/// Answers the earlier pictures later.
fn late(request: &crate::server::Request, stream: &mut std::net::TcpStream) -> bool {
    let n: u64 = request.path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
    std::thread::sleep(Duration::from_millis(60_u64.saturating_sub(n * 3)));
    picture(stream)
}

#[test]
fn archives_hold_pictures_in_the_order_of_the_list() {
    let (world, server) = (World::with(&["local.jpg"]), Server::start(late));
    let mut names: Vec<String> = (0..30).map(|n| format!("{n}.jpg")).collect();
    let mut list: String = names.iter().map(|name| server.url(&format!("/{name}")) + "\n").collect();
    list.push_str("local.jpg\n");
    list.push_str(&server.url("/30.jpg"));
    names.extend(["local.jpg".to_owned(), "30.jpg".to_owned()]);
    world.write("list", list.as_bytes());
    world.run(&["--files-from", "list", "-s", "32", "-o", "a.tar", "--allow-private"]).ok();
    assert_eq!(members(&world.read("a.tar")), names);
}

#[test]
fn little_memory_slows_downloads_and_stops_none() {
    let noise = oddities::png::rgb(1200, 900);
    let server = Server::start(move |request, stream| {
        if request.path == "/0.png" && request.nth % 2 == 1 {
            // While it waits for its retry, the others fill the memory.
            return answer(stream, 503, &[], b"");
        }
        answer(stream, 200, &[], &noise)
    });
    let list: String = (0..60).map(|n| server.url(&format!("/{n}.png")) + "\n").collect();
    for output in ["a.tar", "out/"] {
        let world = World::new();
        let args = [
            "--files-from",
            "-",
            "-s",
            "32",
            "-o",
            output,
            "--allow-private",
            "--memory",
            "24M",
            "--retry-delay",
            "0.5",
        ];
        world.feed(&args, list.as_bytes()).ok();
    }
}

#[test]
fn a_data_set_downloads_only_what_its_missing_shards_need() {
    let (world, server) = (World::new(), Server::start(faults));
    let mut urls: Vec<String> = (0..20).map(|n| server.url(&format!("/{n}.jpg?sig={n}"))).collect();
    urls[5] = server.url("/missing/5.jpg");
    world.write("list", urls.join("\n").as_bytes());
    let args = ["--files-from", "list", "-s", "32", "--webdataset", "set", "--shard-size", "8", "--allow-private"];
    let ran = world.run(&args);
    ran.code(1).says("404 Not Found");
    let first = members(&world.read("set/000000.tar"));
    assert_eq!(&first[..2], ["000000000.jpg", "000000000.json"]);
    assert!(!first.contains(&"000000005.jpg".to_owned()));
    let json = String::from_utf8_lossy(&world.read("set/000000.tar")).into_owned();
    assert!(json.contains("/3.jpg?sig=***") && !json.contains("sig=3"), "{json}");
    let second = world.read("set/000001.tar");
    std::fs::remove_file(world.path("set/000001.tar")).unwrap();
    let asked = server.log().len();
    world.run(&args).code(1);
    assert_eq!(world.read("set/000001.tar"), second);
    // Eight pictures of the shard, and the one that failed.
    assert_eq!(server.log().len() - asked, 9);
    world.write("list", urls[1..].join("\n").as_bytes());
    world.run(&args).code(3).says("the inputs are not those");
}

#[test]
fn data_sets_respect_what_servers_ask() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/no.jpg" => answer(stream, 200, &[("X-Robots-Tag", "noai, noindex")], &oddities::jpeg::plain(96, 64)),
        _ => picture(stream),
    });
    let (yes, no) = (server.url("/yes.jpg"), server.url("/no.jpg"));
    let base = [yes.as_str(), no.as_str(), "-s", "32", "--allow-private"];
    let world = World::new();
    let ran = world.run(&[&base[..], &["--webdataset", "one"]].concat());
    ran.code(1).says("its server asks to keep it out of collections (X-Robots-Tag; --ignore-robots-tag)");
    world.run(&[&base[..], &["--webdataset", "two", "--ignore-robots-tag"]].concat()).ok();
    world.run(&[&base[..], &["-o", "out/"]].concat()).ok();
}

#[test]
fn outputs_keep_the_time_of_last_modified() {
    let server = Server::start(|_, stream| {
        let headers = [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
        answer(stream, 200, &headers, &oddities::jpeg::plain(96, 64))
    });
    let world = World::new();
    world.run(&[&server.url("/a.jpg"), "-s", "32", "-o", "out/", "--allow-private", "--keep-times"]).ok();
    let modified = std::fs::metadata(world.path("out/a.jpg")).unwrap().modified().unwrap();
    let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds, 784_111_777);
}

#[test]
fn a_signal_ends_a_run_that_waits_for_the_network() {
    let (world, server) = (World::new(), Server::start(faults));
    let list: String = (0..40).map(|n| server.url(&format!("/silent/{n}.jpg")) + "\n").collect();
    world.write("list", list.as_bytes());
    let mut child = world.start(&["--files-from", "list", "-o", "out/", "--allow-private"]);
    while server.log().len() < 16 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(2), "{words}");
    assert!(words.contains("interrupted"), "{words}");
}

#[test]
fn a_list_that_has_not_ended_holds_up_no_picture() {
    let (world, server) = (World::new(), Server::start(faults));
    let args = ["--files-from", "-", "-s", "32", "-o", "out/", "--allow-private"];
    let mut child = world.thumbs().args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut list = child.stdin.take().unwrap();
    writeln!(list, "{}", server.url("/a.jpg")).unwrap();
    let begin = Instant::now();
    while !world.exists("out/a.jpg") {
        assert!(begin.elapsed() < Duration::from_secs(60), "the picture waits for the end of the list");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(list);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_dry_run_names_outputs_and_writes_nothing() {
    let (world, server) = (World::new(), Server::start(late));
    let urls: Vec<String> = (0..5).map(|n| server.url(&format!("/{n}.jpg"))).collect();
    let mut args: Vec<&str> = urls.iter().map(String::as_str).collect();
    args.extend(["-s", "32", "-o", "out/", "--allow-private", "-n"]);
    let ran = world.run(&args);
    ran.ok();
    let text = ran.text();
    let places: Vec<_> = (0..5).map(|n| text.find(&format!("out/{n}.jpg"))).collect();
    assert!(places.is_sorted() && !places.contains(&None), "{text}");
    assert_eq!(world.tree(), Vec::<String>::new());
}

#[test]
fn options_of_downloads_without_a_url_are_named() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "--retries", "3"]).ok().says("--retries has no effect: no INPUT is a URL");
}

#[test]
fn the_report_names_the_bottleneck() {
    let server = Server::start(|_, stream| {
        std::thread::sleep(Duration::from_millis(300));
        picture(stream)
    });
    let world = World::new();
    let args = ["-s", "32", "-o", "out/", "--allow-private", "-v", "--report", "-"];
    let ran = world.run(&[&[server.url("/a.jpg").as_str()], &args[..]].concat());
    ran.ok().says("bottleneck: the network: workers waited for downloads for ").says("network: 1 requests, ");
    let lines = report(&ran.stdout);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["bottleneck"], &summary["requests"]), (&"network".into(), &1.into()), "{summary}");
    assert!(summary["bytes_downloaded"].as_u64().unwrap() > 500, "{summary}");
}
