//! `--update` with pictures from the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{Server, answer};
use crate::testenv::{Ran, World, line, report};

/// A server of pictures in versions: with an ETag, with a date, with neither, and of failures.
fn versions() -> (Server, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (version, bodies) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, sent) = (Arc::clone(&version), Arc::clone(&bodies));
    let server = Server::start(move |request, stream| {
        let n = now.load(Ordering::SeqCst);
        let body = oddities::jpeg::plain(96 + n as u32, 64);
        let etag = format!("\"v{n}\"");
        let date = format!("Sun, 06 Nov 199{n} 08:49:37 GMT");
        let headers = match request.path.as_str() {
            "/etag.jpg" => vec![("ETag", etag.as_str())],
            "/date.jpg" => vec![("Last-Modified", date.as_str())],
            "/plain.jpg" => vec![],
            "/broken.jpg" => {
                let known = request.header("if-none-match") == Some("\"b\"");
                return answer(
                    stream,
                    if known { 304 } else { 200 },
                    &[("ETag", "\"b\"")],
                    if known { b"" } else { b"text" },
                );
            }
            "/gone.jpg" => return answer(stream, 404, &[], b""),
            _ => return answer(stream, 503, &[], b""),
        };
        if request.header("if-none-match") == Some(&etag) || request.header("if-modified-since") == Some(&date) {
            return answer(stream, 304, &headers, b"");
        }
        sent.fetch_add(1, Ordering::SeqCst);
        answer(stream, 200, &headers, &body)
    });
    (server, version, bodies)
}

fn run(world: &World, server: &Server, names: &[&str], more: &[&str]) -> Ran {
    let urls: Vec<String> = names.iter().map(|name| server.url(&format!("/{name}.jpg"))).collect();
    let mut args: Vec<&str> = urls.iter().map(String::as_str).collect();
    args.extend(["-s", "32", "-o", "out/", "--allow-private", "--update", "--retries", "0", "--report", "-"]);
    args.extend(more);
    world.run(&args)
}

#[test]
fn an_unchanged_url_costs_no_body() {
    let ((server, version, bodies), world) = (versions(), World::new());
    let names = ["etag", "date", "plain"];
    run(&world, &server, &names, &[]).ok();
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 3);
    let ran = run(&world, &server, &names, &[]);
    ran.ok();
    let lines = report(&ran.stdout);
    for name in names {
        assert_eq!(line(&lines, "skipped", &format!("/{name}.jpg"))["reason"], "up-to-date");
    }
    assert_eq!(line(&lines, "skipped", "/etag.jpg")["status"], 304);
    // Without an ETag or a date, only the content shows it.
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 1);
    version.store(1, Ordering::SeqCst);
    let ran = run(&world, &server, &names, &[]);
    assert_eq!(report(&ran.ok_stdout()).iter().filter(|line| line["type"] == "done").count(), 3);
    assert_eq!(bodies.load(Ordering::SeqCst), 3);
}

#[test]
fn a_lost_output_is_made_again() {
    let ((server, _, bodies), world) = (versions(), World::new());
    run(&world, &server, &["etag"], &[]).ok();
    std::fs::remove_file(world.path("out/etag.jpg")).unwrap();
    run(&world, &server, &["etag"], &[]).ok();
    assert!(world.exists("out/etag.jpg"));
    assert_eq!(bodies.load(Ordering::SeqCst), 2);
}

#[test]
fn another_recipe_downloads_again_and_checksum_does_too() {
    let ((server, _, bodies), world) = (versions(), World::new());
    run(&world, &server, &["etag"], &[]).ok();
    run(&world, &server, &["etag"], &["-q", "50"]).ok();
    assert_eq!(bodies.swap(0, Ordering::SeqCst), 2);
    run(&world, &server, &["etag"], &["-q", "50", "--checksum"]).ok();
    assert_eq!(bodies.load(Ordering::SeqCst), 1);
}

#[test]
fn lasting_failures_are_remembered_and_others_tried_again() {
    let ((server, _, _), world) = (versions(), World::new());
    let names = ["gone", "busy", "broken"];
    run(&world, &server, &names, &[]).code(1);
    let ran = run(&world, &server, &names, &[]);
    ran.code(1);
    let lines = report(&ran.stdout);
    assert_eq!(line(&lines, "skipped", "/gone.jpg")["reason"], "failed-before");
    assert_eq!(line(&lines, "skipped", "/broken.jpg")["reason"], "failed-before");
    assert_eq!(line(&lines, "failed", "/busy.jpg")["status"], 503);
    assert_eq!((server.asked("/gone.jpg"), server.asked("/busy.jpg"), server.asked("/broken.jpg")), (1, 2, 2));
    run(&world, &server, &names, &["--retry-failed"]).code(1);
    assert_eq!(server.asked("/gone.jpg"), 2);
}

#[test]
fn a_new_signature_is_the_same_picture() {
    let server = Server::start(|request, stream| match request.header("if-none-match") {
        Some("\"x\"") => answer(stream, 304, &[("ETag", "\"x\"")], b""),
        _ => answer(stream, 200, &[("ETag", "\"x\"")], &oddities::jpeg::plain(96, 64)),
    });
    let world = World::new();
    for n in ["1", "2"] {
        let url = server.url(&format!("/a.jpg?X-Amz-Date={n}&X-Amz-Signature={n}"));
        world.run(&[&url, "-s", "32", "-o", "out/", "--allow-private", "--update"]).ok();
    }
    assert_eq!(server.log()[1].header("if-none-match"), Some("\"x\""));
}

#[test]
fn a_picture_that_was_there_is_asked_for_again() {
    let server = Server::start(|request, stream| match request.nth {
        2 => answer(stream, 404, &[], b""),
        _ => answer(stream, 200, &[("ETag", "\"x\"")], &oddities::jpeg::plain(96, 64)),
    });
    let world = World::new();
    run(&world, &server, &["a"], &[]).ok();
    run(&world, &server, &["a"], &[]).code(1).says("404 Not Found");
    assert!(world.exists("out/a.jpg"));
    run(&world, &server, &["a"], &[]).ok();
    assert_eq!(server.log()[2].header("if-none-match"), Some("\"x\""));
}

#[test]
fn prune_removes_outputs_of_earlier_options_and_of_urls_that_are_not_named() {
    let ((server, _, _), world) = (versions(), World::with(&["in/local.jpg"]));
    let args = |name| ["in", "--name", name, "--prune"];
    run(&world, &server, &["etag", "plain"], &args("{stem}-a.{ext}")).ok();
    run(&world, &server, &["etag"], &args("{stem}-b.{ext}")).ok();
    let pictures: Vec<String> = world.tree().into_iter().filter(|name| name.ends_with(".jpg")).collect();
    assert_eq!(pictures, ["in/local.jpg", "out/etag-b.jpg", "out/local-b.jpg"]);
}

/// The names of outputs below `out/`.
fn outputs(world: &World) -> Vec<String> {
    world.tree().into_iter().filter(|name| name.starts_with("out") && name.ends_with(".jpg")).collect()
}

/// A run of the list `list` into `out`.
fn listed(world: &World, server: &Server, names: &[&str], out: &str, more: &[&str]) -> Ran {
    let list: String = names.iter().map(|name| server.url(&format!("/{name}.jpg\n"))).collect();
    world.write("list", list.as_bytes());
    run_list(world, out, more)
}

fn run_list(world: &World, out: &str, more: &[&str]) -> Ran {
    let args = ["--files-from", "list", "-s", "32", "-o", out, "--allow-private", "--update", "--retries", "0"];
    world.run(&[&args[..], more].concat())
}

#[test]
fn prune_removes_outputs_of_urls_that_are_no_longer_in_the_list() {
    let ((server, _, _), world) = (versions(), World::new());
    listed(&world, &server, &["etag", "date", "plain"], "out/", &["--prune"]).ok();
    // A dry run says so.
    let ran = listed(&world, &server, &["etag", "date"], "out/", &["--prune", "-n"]);
    assert!(String::from_utf8_lossy(&ran.ok().stdout).contains("out/plain.jpg"), "{:?}", ran.stdout);
    // Without the option, it stays; with it, a picture that fails now stays.
    listed(&world, &server, &["etag", "date"], "out/", &[]).ok();
    assert_eq!(outputs(&world), ["out/date.jpg", "out/etag.jpg", "out/plain.jpg"]);
    let ran = listed(&world, &server, &["etag", "date"], "out/", &["--prune", "--report", "-"]);
    assert_eq!(outputs(&world), ["out/date.jpg", "out/etag.jpg"]);
    let lines = report(&ran.ok().stdout);
    assert!(lines.iter().any(|line| line["type"] == "pruned"), "{lines:?}");
    // An output that was changed meanwhile is not ours.
    world.write("out/date.jpg", b"mine");
    listed(&world, &server, &["etag"], "out/", &["--prune"]).ok();
    assert_eq!(outputs(&world), ["out/date.jpg", "out/etag.jpg"]);
}

#[test]
fn a_list_that_cannot_be_trusted_prunes_no_urls() {
    let ((server, _, _), world) = (versions(), World::with(&["in/a.jpg"]));
    let all = ["out/date.jpg", "out/etag.jpg", "out/plain.jpg"];
    listed(&world, &server, &["etag", "date", "plain"], "out/", &[]).ok();
    // An empty list: something went wrong before.
    let ran = listed(&world, &server, &[], "out/", &["--prune"]);
    ran.code(3)
        .says("nothing is pruned: the lists hold nothing, where 3 URLs were known; --prune-all prunes all the same");
    assert_eq!(outputs(&world), all);
    // A line that is wrong may be a URL of before.
    let url = server.url("/etag.jpg");
    for list in [format!("{url}\nhttp://:80/\n"), format!("{url}\nhttps//example.org/a.jpg\n")] {
        world.write("list", list.as_bytes());
        run_list(&world, "out/", &["--prune"]).code(1);
        assert_eq!(outputs(&world), all);
    }
    // A table that breaks off.
    world.write("t.csv", format!("url\n{url}\n\"http://").as_bytes());
    let args = ["--table", "t.csv", "-s", "32", "-o", "out/", "--allow-private", "--update", "--prune"];
    world.run(&args).code(1).says("the table cannot be read");
    assert_eq!(outputs(&world), all);
    // A run that ends early.
    listed(&world, &server, &["busy", "etag"], "out/", &["--prune", "--fail-fast"]).code(1);
    assert_eq!(outputs(&world), all);
    // A job of files.
    world.run(&["in", "-s", "32", "-o", "out/", "--update", "--prune"]).ok();
    world.write("list", b"in/a.jpg\n");
    run_list(&world, "out/", &["--prune"]).ok();
    assert_eq!(outputs(&world), ["out/a.jpg", all[0], all[1], all[2]]);
    listed(&world, &server, &[], "out/", &["--prune-all"]).ok();
    assert_eq!(outputs(&world), ["out/a.jpg"]);
}

#[test]
fn prune_keeps_outputs_of_other_jobs_with_the_same_state() {
    let ((server, _, _), world) = (versions(), World::new());
    let state = ["--state", "state", "--prune"];
    listed(&world, &server, &["etag", "gone"], "out1/", &state).code(1);
    listed(&world, &server, &["date", "plain"], "out2/", &state).ok();
    assert_eq!(outputs(&world), ["out1/etag.jpg", "out2/date.jpg", "out2/plain.jpg"]);
    listed(&world, &server, &["date"], "out2/", &state).ok();
    assert_eq!(outputs(&world), ["out1/etag.jpg", "out2/date.jpg"]);
    // The other job's failure is still remembered.
    listed(&world, &server, &["etag", "gone"], "out1/", &state).code(0);
    assert_eq!(server.asked("/gone.jpg"), 1);
}

#[test]
fn a_report_that_is_a_table_has_status_and_attempts() {
    let ((server, _, _), world) = (versions(), World::new());
    let url = server.url("/gone.jpg");
    world.run(&[&url, "-o", "out/", "--allow-private", "--report", "r.csv"]).code(1);
    let text = String::from_utf8(world.read("r.csv")).unwrap();
    let mut rows = text.lines();
    let names: Vec<&str> = rows.next().unwrap().split(',').collect();
    let values: Vec<&str> = rows.next().unwrap().split(',').collect();
    let value = |name: &str| names.iter().position(|n| *n == name).and_then(|at| values.get(at)).copied();
    assert_eq!(
        (value("status"), value("attempts"), value("duplicate_of")),
        (Some("404"), Some("1"), Some("")),
        "{text}"
    );
}

impl Ran {
    fn ok_stdout(&self) -> Vec<u8> {
        self.ok();
        self.stdout.clone()
    }
}
