//! Outputs in object stores.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::azurite::Azurite;
use crate::depot::Depot;
use crate::moto::Moto;
use crate::server::{Server, answer};
use crate::stores::{run, run_with};
use crate::testenv::{World, decode, line, report};

pub fn size(depot: &Depot, key: &str) -> (u32, u32) {
    let (width, height, _) = decode(&depot.get(key).body);
    (width, height)
}

#[test]
fn pictures_go_to_a_bucket() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("in/a.jpg", 96, 64);
    world.sized("in/c/ü b+.jpg", 96, 64);
    let ran = run(&world, depot.server.port, &["in", "-o", "s3://b/p/"]);
    ran.ok();
    assert_eq!(depot.keys(), ["p/a.jpg", "p/c/ü b+.jpg"]);
    assert_eq!(size(&depot, "p/a.jpg"), (32, 21));
    assert_eq!(depot.get("p/a.jpg").kind, "image/jpeg");
    let lines = report(&ran.stdout);
    let made = line(&lines, "done", "in/a.jpg");
    assert_eq!(made["outputs"][0]["path"], "s3://b/p/a.jpg");
    // The same bytes as in a file, and nothing on the disk.
    world.run(&["in", "-o", "files", "-s", "32"]).ok();
    assert_eq!(world.read("files/a.jpg"), depot.get("p/a.jpg").body);
    assert!(!world.exists("s3:"));
    // A name without a slash is a prefix, too, and a bucket alone is one.
    run(&world, depot.server.port, &["in/a.jpg", "-o", "s3://b/q", "-f", "png,webp"]).ok();
    run(&world, depot.server.port, &["in/a.jpg", "-o", "s3://b"]).ok();
    run(&world, depot.server.port, &["in/a.jpg", "-o", "s3://b/one.webp"]).ok();
    assert_eq!(depot.keys(), ["a.jpg", "one.webp", "p/a.jpg", "p/c/ü b+.jpg", "q/a.png", "q/a.webp"]);
    assert_eq!(depot.get("q/a.png").kind, "image/png");
    assert_eq!(depot.get("one.webp").kind, "image/webp");
}

#[test]
fn a_bucket_is_read_and_written() {
    let (depot, world) = (Depot::new(), World::new());
    let picture = oddities::jpeg::plain(96, 64);
    for key in ["in/a.jpg", "in/d/b.jpg"] {
        depot.place(key, &picture);
    }
    run(&world, depot.server.port, &["s3://b/in/", "-o", "s3://b/out/"]).ok();
    assert_eq!(depot.keys(), ["in/a.jpg", "in/d/b.jpg", "out/a.jpg", "out/d/b.jpg"]);
    // What is written below the INPUT is not read.
    for _ in 0..2 {
        run(&world, depot.server.port, &["s3://b/", "-o", "s3://b/thumbs/", "--exclude", "out"]).ok();
    }
    let thumbs: Vec<String> = depot.keys().into_iter().filter(|key| key.starts_with("thumbs/")).collect();
    assert_eq!(thumbs, ["thumbs/in/a.jpg", "thumbs/in/d/b.jpg"]);
    // Neither is an INPUT written to.
    run(&world, depot.server.port, &["s3://b/in/", "-o", "s3://b/in/"]).code(2).says("an INPUT");
    let ran = run(&world, depot.server.port, &["s3://b/in/", "-o", "s3://b/", "--name", "in/{name}"]);
    ran.code(1).says("is below the INPUT");
    let ran = run(&world, depot.server.port, &["s3://b/in/a.jpg", "-o", "s3://b/in/", "--existing", "replace"]);
    ran.code(1).says("is an input of this run");
    assert_eq!(depot.get("in/a.jpg").body, picture);
}

#[test]
fn an_object_of_somebody_else_survives() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("a.jpg", 96, 64);
    world.sized("b.jpg", 96, 64);
    depot.place("p/a.jpg", b"somebody's");
    let port = depot.server.port;
    let ran = run(&world, port, &["a.jpg", "b.jpg", "-o", "s3://b/p/"]);
    ran.code(1).says("s3://b/p/a.jpg").says("exists and thumbs did not write it (--existing replace or skip)");
    assert_eq!(depot.get("p/a.jpg").body, b"somebody's");
    assert_eq!(size(&depot, "p/b.jpg"), (32, 21));
    // Our own is replaced, and an empty one, too.
    depot.place("p/c.jpg", b"");
    world.sized("b.jpg", 64, 64);
    world.sized("c.jpg", 96, 64);
    run(&world, port, &["b.jpg", "c.jpg", "-o", "s3://b/p/"]).ok();
    assert_eq!((size(&depot, "p/b.jpg"), size(&depot, "p/c.jpg")), ((32, 32), (32, 21)));
    // What is no longer as we wrote it is not ours.
    depot.place("p/b.jpg", b"changed");
    run(&world, port, &["b.jpg", "-o", "s3://b/p/"]).code(1);
    assert_eq!(depot.get("p/b.jpg").body, b"changed");
    let ran = run(&world, port, &["a.jpg", "b.jpg", "-o", "s3://b/p/", "--existing", "skip"]);
    ran.ok();
    assert_eq!(line(&report(&ran.stdout), "skipped", "a.jpg")["reason"], "exists");
    let ran = run(&world, port, &["a.jpg", "-o", "s3://b/p/", "--existing", "fail"]);
    ran.code(1).says("exists");
    assert_eq!(depot.get("p/a.jpg").body, b"somebody's");
    run(&world, port, &["a.jpg", "-o", "s3://b/p/", "--existing", "replace"]).ok();
    assert_eq!(size(&depot, "p/a.jpg"), (32, 21));
}

#[test]
fn an_object_that_comes_meanwhile_survives() {
    // The server says that there is nothing, and then there is.
    let depot = Depot::with(|request| (request.method == "HEAD").then_some(404));
    depot.place("p/a.jpg", b"somebody's");
    let world = World::new();
    world.sized("a.jpg", 96, 64);
    run(&world, depot.server.port, &["a.jpg", "-o", "s3://b/p/"]).code(1).says("thumbs did not write it");
    assert_eq!(depot.get("p/a.jpg").body, b"somebody's");
}

#[test]
fn a_server_without_conditions_is_written_to() {
    let depot = Depot::with(|request| request.header("if-none-match").map(|_| 501));
    let world = World::new();
    world.sized("a.jpg", 96, 64);
    run(&world, depot.server.port, &["a.jpg", "-o", "s3://b/p/"]).ok();
    assert_eq!(depot.keys(), ["p/a.jpg"]);
}

#[test]
fn uploads_are_tried_again() {
    let depot = Depot::with(|request| (request.method == "PUT" && request.nth <= 3).then_some(503));
    let world = World::new();
    world.sized("a.jpg", 96, 64);
    run(&world, depot.server.port, &["a.jpg", "-o", "s3://b/p/"]).ok();
    assert_eq!(depot.keys(), ["p/a.jpg"]);
    // An upload whose answer is lost has been done.
    let depot = Depot::with(|request| (request.method == "PUT" && request.nth == 2).then_some(0));
    run(&world, depot.server.port, &["a.jpg", "-o", "s3://b/p/"]).ok();
    assert_eq!((depot.keys(), depot.count("PUT")), (vec!["p/a.jpg".to_owned()], 2));
    let depot = Depot::with(|request| (request.method == "PUT").then_some(503));
    let ran = run(&world, depot.server.port, &["a.jpg", "-o", "s3://b/p/", "--retries", "2"]);
    ran.code(1).says("the server answers 503 Service Unavailable; 3 attempts");
    let failed = &line(&report(&ran.stdout), "failed", "a.jpg")["upload"].clone();
    assert_eq!((&failed["status"], &failed["attempts"]), (&503.into(), &3.into()));
    assert!(depot.keys().is_empty());
}

#[test]
fn nothing_is_sent_to_another_host() {
    let other = Depot::new();
    let place = format!("http://127.0.0.1:{}/b/p/a.jpg", other.server.port);
    let server = Server::start(move |request, stream| match request.method.as_str() {
        "GET" => answer(stream, 200, &[], b"<ListBucketResult></ListBucketResult>"),
        "HEAD" => answer(stream, 404, &[], b""),
        _ => answer(stream, 307, &[("Location", &place)], b""),
    });
    let world = World::new();
    world.sized("a.jpg", 96, 64);
    let ran = run(&world, server.port, &["a.jpg", "-o", "s3://b/p/", "--retries", "0"]);
    ran.code(3).says("307 Temporary Redirect; is it the bucket's region?").never_says("secret");
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("secret"));
    assert!(other.server.log().is_empty());
}

#[test]
fn a_signal_lets_uploads_end() {
    let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let held = Arc::clone(&gate);
    let depot = Depot::with(move |request| {
        if request.method == "PUT" {
            let (lock, changed) = &*held;
            let wait = Duration::from_secs(60);
            let _ = changed.wait_timeout_while(lock.lock().unwrap(), wait, |open| !*open).unwrap();
        }
        None
    });
    let world = World::new();
    (0..200).for_each(|n| drop(world.sized(format!("in/{n:03}.jpg"), 96, 64)));
    let mut command = world.thumbs();
    crate::stores::user(&mut command, depot.server.port);
    command.args(["in", "-o", "s3://b/p/", "-s", "32", "--report", "report", "--connections", "2", "-j", "1"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..1200 {
        if depot.count("PUT") == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(300));
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    // What was begun is whole, and reported.
    let lines = report(&world.read("report"));
    let made: Vec<String> = lines
        .iter()
        .filter(|line| line["type"] == "done")
        .map(|line| line["outputs"][0]["path"].as_str().unwrap().trim_start_matches("s3://b/").to_owned())
        .collect();
    let mut sorted = made.clone();
    sorted.sort();
    assert_eq!(sorted, depot.keys());
    assert!(!made.is_empty() && made.len() < 200, "{}", made.len());
}

#[test]
fn a_destination_that_is_not_there_is_said_once() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("a.jpg", 96, 64);
    world.sized("b.jpg", 96, 64);
    let port = depot.server.port;
    let ran = run(&world, port, &["a.jpg", "b.jpg", "-o", "s3://none/p/"]);
    ran.code(3).says("-o s3://none/p/: cannot be written: the server answers 404 Not Found; is there such a bucket?");
    assert_eq!(depot.server.log().len(), 1);
    let open = ("AWS_ALLOW_HTTP", "true");
    let nowhere = ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1");
    run_with(&world, port, &["a.jpg", "-o", "s3://b/p/"], &[open, nowhere]).code(3).says("no credentials");
    let depot = Depot::with(|request| (request.method == "PUT").then_some(403));
    let ran = run(&world, depot.server.port, &["a.jpg", "b.jpg", "-o", "s3://b/p/", "-j", "1", "--connections", "1"]);
    ran.code(3).says("stopped: ").says("403 Forbidden; the credentials do not permit it").never_says("secret");
}

#[test]
fn what_an_object_cannot_follow_is_refused() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("a.jpg", 96, 64);
    for (args, words) in [
        (&["--fsync"][..], "--fsync: "),
        (&["--keep-times"], "--keep-times: "),
        (&["--update"], "--state FILE"),
        (&["--update", "--state", "s3://b/state"], "--state s3://b/state: it is on this machine"),
        (&["--metrics", "s3://b/metrics"], "--metrics s3://b/metrics: it is on this machine"),
    ] {
        let args = [&["a.jpg", "-o", "s3://b/p/"], args].concat();
        run(&world, depot.server.port, &args).code(2).says(words);
    }
    for (output, words) in [
        ("s3:///p/", "the bucket's name"),
        ("s3://b/p//q/", "an empty name between slashes"),
        ("s3://b/../q/", "dot segment"),
        ("s3://b/a.gif", "GIF is read, not written"),
    ] {
        run(&world, depot.server.port, &["a.jpg", "-o", output]).code(2).says(words);
    }
    run(&world, depot.server.port, &["a.jpg", "--in-place", "-o", "s3://b/p/"]).code(2);
    for (option, place) in [("--backup", "s3://b/p/"), ("--report", "s3://b/report")] {
        let inside = if option == "--backup" { "--in-place" } else { "--quiet" };
        let ran = world.run(&["a.jpg", inside, option, place]);
        ran.code(2).says(&format!("{option} {place}: it is on this machine"));
    }
    assert!(depot.server.log().is_empty());
}

#[test]
fn a_dry_run_writes_no_object() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("a.jpg", 96, 64);
    let mut command = world.thumbs();
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", depot.server.port));
    command.envs([("AWS_ACCESS_KEY_ID", "u"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_ALLOW_HTTP", "true")]);
    let ran = world.finish(command.args(["a.jpg", "-o", "s3://b/p/", "-n"]));
    ran.ok();
    assert!(ran.text().contains("s3://b/p/a.jpg"), "{}", ran.text());
    assert!(depot.keys().is_empty() && depot.count("PUT") == 0);
}

#[test]
fn a_real_server_keeps_pictures() {
    let world = World::new();
    let Some(moto) = Moto::start(&world) else { return };
    moto.put("/bucket", b"");
    world.sized("in/a.jpg", 96, 64);
    world.sized("in/ü b+.jpg", 96, 64);
    moto.put("/bucket/p/x.jpg", b"somebody's");
    world.sized("in/x.jpg", 96, 64);
    let args = ["in", "-o", "s3://bucket/p/"];
    run(&world, moto.port, &args).code(1).says("s3://bucket/p/x.jpg").says("thumbs did not write it");
    // Ours are replaced.
    run(&world, moto.port, &args).code(1);
    run(&world, moto.port, &["s3://bucket/p/", "-o", "back/", "--exclude", "x.jpg"]).ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("back/")).count(), 2);
    assert_eq!(world.size("back/ü b+.jpg"), (32, 21));
}

/// Runs the program as a user of Google's store.
fn google(world: &World, depot: &Depot, args: &[&str]) -> crate::testenv::Ran {
    let mut command = world.thumbs();
    command.env("STORAGE_EMULATOR_HOST", format!("127.0.0.1:{}", depot.server.port));
    command.args(args).args(["-s", "32", "--retry-delay", "0.01", "--report", "-"]);
    world.finish(&mut command)
}

#[test]
fn google_cloud_storage_is_read_and_written() {
    let (depot, world) = (Depot::new(), World::new());
    let picture = oddities::jpeg::plain(96, 64);
    for key in ["in/a.jpg", "in/d/b +.jpg"] {
        depot.place(key, &picture);
    }
    depot.place("out/c.jpg", b"somebody's");
    let args = ["gs://b/in/", "-o", "gs://b/out/", "--update", "--state", "state"];
    google(&world, &depot, &args).ok();
    assert_eq!(depot.keys(), ["in/a.jpg", "in/d/b +.jpg", "out/a.jpg", "out/c.jpg", "out/d/b +.jpg"]);
    assert_eq!(size(&depot, "out/a.jpg"), (32, 21));
    let puts: Vec<_> = depot.server.log().into_iter().filter(|request| request.method == "PUT").collect();
    assert!(puts.iter().all(|request| request.header("x-goog-if-generation-match") == Some("0")));
    assert!(puts.iter().all(|request| request.header("authorization").is_none()));
    let ran = google(&world, &depot, &args);
    assert_eq!(line(&report(&ran.stdout), "skipped", "gs://b/in/a.jpg")["reason"], "up-to-date");
    assert_eq!(depot.count("PUT"), 2);
    // Ours is replaced, what is somebody's is not.
    google(&world, &depot, &["gs://b/in/a.jpg", "-o", "gs://b/out/"]).ok();
    let last = depot.server.log().into_iter().rfind(|request| request.method == "PUT").unwrap();
    assert_ne!(last.header("x-goog-if-generation-match"), Some("0"));
    depot.place("in/c.jpg", &picture);
    google(&world, &depot, &["gs://b/in/c.jpg", "-o", "gs://b/out/"]).code(1).says("thumbs did not write it");
    assert_eq!(depot.get("out/c.jpg").body, b"somebody's");
    google(&world, &depot, &["gs://none/", "-o", "x/"]).code(1).says("is there such a bucket?");
}

#[test]
fn a_token_of_google_goes_to_its_server_alone() {
    let (depot, tokens, world) = (Depot::new(), Depot::new(), World::new());
    world.sized("a.jpg", 96, 64);
    // A login of gcloud: the token comes from the account's own service, which is out of reach here.
    let login = r#"{"type":"authorized_user","client_id":"i","client_secret":"hidden","refresh_token":"hidden"}"#;
    let login = world.write("login.json", login.as_bytes());
    let mut command = world.thumbs();
    command.env("GOOGLE_BASE_URL", format!("http://127.0.0.1:{}", depot.server.port));
    command.env("GOOGLE_ALLOW_HTTP", "true").env("GOOGLE_APPLICATION_CREDENTIALS", login);
    command.env("HTTPS_PROXY", format!("http://127.0.0.1:{}", tokens.server.port));
    let ran = world.finish(command.args(["a.jpg", "-o", "gs://b/p/", "--retries", "0"]));
    ran.code(3).says("no credentials").never_says("hidden");
    assert!(depot.server.log().is_empty());
}

#[test]
fn azure_blob_storage_is_read_and_written() {
    let world = World::new();
    let Some(azurite) = Azurite::start(&world) else { return };
    azurite.container("box");
    for name in ["in/a.jpg", "in/d/b +ü.jpg"] {
        world.sized(name, 96, 64);
    }
    let run = |args: &[&str]| azurite.run(&world, args);
    run(&["in", "-o", "az://box/p/"]).ok();
    run(&["az://box/p/", "-o", "back/"]).ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("back/")).count(), 2);
    assert_eq!(world.size("back/d/b +ü.jpg"), (32, 21));
    // From container to container, without a change and with one.
    let args = ["az://box/p/", "-o", "az://box/q/", "--update", "--state", "state", "--prune"];
    run(&args).ok();
    let ran = run(&args);
    assert_eq!(line(&report(&ran.stdout), "skipped", "az://box/p/a.jpg")["reason"], "up-to-date");
    let ran = run(&[&args[..], &["-f", "png"]].concat());
    ran.ok();
    assert_eq!(report(&ran.stdout).iter().filter(|line| line["type"] == "pruned").count(), 2, "{}", ran.text());
    // Ours is replaced.
    run(&["in", "-o", "az://box/p/"]).ok();
    // What is not ours is kept: the mark names a size.
    azurite.blob("box", "p/x.jpg", b"somebody's");
    world.sized("in/x.jpg", 96, 64);
    run(&["in", "-o", "az://box/p/"]).code(1).says("az://box/p/x.jpg").says("thumbs did not write it");
    run(&["az://none/", "-o", "x/"]).code(1).says("is there such a container?");
    let ran = run(&["az://box/none.jpg", "-o", "x/"]);
    ran.code(1).says("there is no such key").never_says("SharedKey");
}
