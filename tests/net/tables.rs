//! Tables of URLs and files.

use std::io::Write;

use crate::server::{Server, answer, faults};
use crate::testenv::{World, line, report};

/// The members of a tar archive.
pub fn members(tar: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut reader = thumbs::internal::TarReader::new(tar);
    let mut found = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut bytes = Vec::new();
        reader.read_into(&mut bytes, entry.size).unwrap();
        found.push((String::from_utf8(entry.name.clone()).unwrap(), bytes));
    }
    found
}

#[test]
fn a_table_becomes_a_data_set_with_captions() {
    let (world, server) = (World::with(&["local.jpg"]), Server::start(faults));
    let mut table = String::from("id,caption,url,license\r\n");
    table.push_str(&format!("1,\"a boat, red\",{},CC0\r\n", server.url("/a.jpg")));
    table.push_str(&format!("2,,{},CC BY\r\n", server.url("/b.jpg")));
    table.push_str(&format!("3,gone,{},\r\n", server.url("/missing/c.jpg")));
    table.push_str("4,a file,local.jpg,own\r\n");
    world.write("t.csv", table.as_bytes());
    let args =
        ["--table", "t.csv", "--keep-columns", "caption,license", "-s", "32", "--webdataset", "set", "--allow-private"];
    world.run(&args).code(1).says("404 Not Found");
    let found = members(&world.read("set/000000.tar"));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "000000000.jpg",
            "000000000.json",
            "000000000.txt",
            "000000001.jpg",
            "000000001.json",
            "000000003.jpg",
            "000000003.json",
            "000000003.txt",
        ]
    );
    assert_eq!(found[2].1, b"a boat, red");
    let json: serde_json::Value = serde_json::from_slice(&found[4].1).unwrap();
    assert_eq!((&json["caption"], &json["license"]), (&"".into(), &"CC BY".into()), "{json}");
    assert!(json["source"].as_str().unwrap().ends_with("/b.jpg"));
    // A rerun makes nothing again, and other columns are another data set.
    let asked = server.log().len();
    world.run(&args).code(1);
    assert_eq!(server.log().len() - asked, 1);
    let other = ["--table", "t.csv", "-s", "32", "--webdataset", "set", "--allow-private"];
    world.run(&other).code(3).says("made with other options");
}

#[test]
fn kept_values_of_ndjson_keep_their_types() {
    let (world, server) = (World::new(), Server::start(faults));
    let url = server.url("/a.jpg");
    let table = format!("{{\"url\":\"{url}\",\"caption\":\"x\",\"score\":0.5,\"tags\":[\"a\",\"b\"]}}\n");
    let args =
        ["--table", "-", "--keep-columns", "score,tags,none", "-s", "32", "--webdataset", "set", "--allow-private"];
    world.feed(&args, table.as_bytes()).ok();
    let found = members(&world.read("set/000000.tar"));
    assert_eq!(found.len(), 2);
    let json: serde_json::Value = serde_json::from_slice(&found[1].1).unwrap();
    assert_eq!((&json["score"], &json["tags"][1], &json["none"]), (&0.5.into(), &"b".into(), &serde_json::Value::Null));
}

#[test]
fn a_column_names_the_outputs() {
    let (world, server) = (World::with(&["local.png"]), Server::start(faults));
    let mut table = String::from("image\tname\n");
    table.push_str(&format!("{}\tboat 1.5\n", server.url("/x/image.jpg")));
    table.push_str(&format!("{}\t../../up\n", server.url("/y/image.jpg")));
    table.push_str("local.png\tmine\n");
    world.write("t.tsv", table.as_bytes());
    let args = ["--table", "t.tsv", "--url-column", "image", "--key-column", "name", "-s", "32", "-o", "out/"];
    world.run(&[&args[..], &["--allow-private"]].concat()).ok();
    assert_eq!(world.tree(), ["local.png", "out/_._.._up.jpg", "out/boat 1.5.jpg", "out/mine.png", "t.tsv"]);
}

const KEYED: &[&str] = &[
    "--table",
    "t.csv",
    "--key-column",
    "id",
    "-s",
    "32",
    "--allow-private",
    "--webdataset",
    "set",
    "--shard-size",
    "2",
];

#[test]
fn a_column_gives_the_keys_of_a_data_set() {
    let (world, server) = (World::with(&["local.jpg"]), Server::start(faults));
    let long = "\u{e9}".repeat(60);
    let mut table = String::from("id,url\n");
    for (id, url) in [
        ("boat 1.5", server.url("/a.jpg")),
        ("../up", server.url("/b.jpg")),
        ("lost", server.url("/missing/c.jpg")),
        (&long, "local.jpg".to_owned()),
        ("boat 1_5", server.url("/d.jpg")),
        ("lost", server.url("/e.jpg")),
        (&"x".repeat(201), server.url("/f.jpg")),
        ("\u{fc}", server.url("/g.jpg")),
    ] {
        table.push_str(&format!("{id},{url}\n"));
    }
    world.write("t.csv", table.as_bytes());
    let ran = world.run(&[KEYED, &["--report", "-"]].concat());
    let lines = report(&ran.code(1).stdout);
    let error = |url: &str| line(&lines, "failed", url)["error"].as_str().unwrap().to_owned();
    assert_eq!(error("/d.jpg"), "row 6 of the table: the key \"boat 1_5\" is that of row 2");
    // Also where the first row fails.
    assert_eq!(error("/e.jpg"), "row 7 of the table: the key \"lost\" is that of row 4");
    assert_eq!(error("/f.jpg"), "row 8 of the table: its --key-column is longer than 200 bytes");
    let first = members(&world.read("set/000000.tar"));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["boat 1_5.jpg", "boat 1_5.json", "___up.jpg", "___up.json"]);
    let json: serde_json::Value = serde_json::from_slice(&first[3].1).unwrap();
    assert_eq!((&json["key"], &json["index"]), (&"___up".into(), &1.into()));

    // A rerun tries only what failed, and makes a missing shard as it was.
    let second = world.read("set/000001.tar");
    let asked = server.log().len();
    world.run(KEYED).code(1);
    assert_eq!(server.log().len() - asked, 1);
    std::fs::remove_file(world.path("set/000001.tar")).unwrap();
    world.run(KEYED).code(1);
    assert_eq!(world.read("set/000001.tar"), second);
    assert_eq!((server.asked("/a.jpg"), server.asked("/g.jpg"), server.asked("/d.jpg")), (1, 2, 0));

    // Other keys are other samples, and other columns another data set.
    world.write("t.csv", table.replace("../up", "up").as_bytes());
    world.run(KEYED).code(3).says("the inputs are not those that set/000000.tar was made of");
    world
        .run(&["--table", "t.csv", "-s", "32", "--allow-private", "--webdataset", "set"])
        .code(3)
        .says("other options");
}

#[test]
fn of_duplicates_the_first_in_the_list_is_made_whichever_arrives_first() {
    let world = World::new();
    let server = Server::start(|request, stream| {
        if request.path.starts_with("/slow") {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        answer(stream, 200, &[], &oddities::jpeg::plain(96, 64))
    });
    let list: String = ["/slow.jpg", "/b.jpg", "/c.jpg"].iter().map(|path| server.url(path) + "\n").collect();
    let args = ["--files-from", "-", "-s", "32", "-o", "out/", "--allow-private", "--report", "-"];
    let ran = world.feed(&[&args[..], &["--drop-duplicates", "sha256"]].concat(), list.as_bytes());
    let lines = report(&ran.ok().stdout);
    assert_eq!(world.tree(), ["out/slow.jpg"]);
    assert_eq!(line(&lines, "skipped", "/c.jpg")["duplicate_of"], server.url("/slow.jpg"));
}

#[test]
fn pictures_of_a_directory_cannot_share_a_key() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    std::fs::create_dir(world.path("set")).unwrap();
    world.write("t.csv", b"id,url\n1,in\n");
    world.run(KEYED).code(1).says("in/b.jpg: failed: row 2 of the table: the key \"1\" is that of row 2");
    assert_eq!(members(&world.read("set/000000.tar")).len(), 2);
}

#[test]
fn wrong_tables_are_usage_errors() {
    let world = World::with(&["a.jpg"]);
    world.write("t.csv", b"a,b\n1,2\n");
    world.write("list.json", b"[{}]");
    world.write("t.parquet", b"PAR1\x15\x04\x15");
    for (args, words) in [
        (&["--table", "t.csv", "-o", "out/"][..], "--table t.csv: it has no column \"url\"; it has a, b"),
        (&["--table", "list.json", "-o", "out/"], "a JSON array is not read; write one object on each line"),
        (&["--table", "none.csv", "-o", "out/"], "--table none.csv: No such file or directory"),
        (
            &["--table", "t.parquet", "-o", "out/"],
            match cfg!(feature = "parquet") {
                true => "--table t.parquet: ",
                false => {
                    "--table t.parquet: this build reads no Parquet (feature parquet); convert it to CSV or NDJSON"
                }
            },
        ),
        (&["a.jpg", "--url-column", "a"], "--url-column: it has no effect without --table"),
        (
            &["--table", "t.csv", "--url-column", "a", "--keep-columns", "b"],
            "--keep-columns: it has no effect without --webdataset",
        ),
        (
            &["--table", "t.csv", "--url-column", "a", "--keep-columns", "b,width", "--webdataset", "set"],
            "--keep-columns width: the JSON of a sample has a key of this name",
        ),
        (
            &["a.jpg", "--table", "t.csv", "--url-column", "a", "--key-column", "b", "--webdataset", "set"],
            "--key-column: every sample of the data set gets its key from a table, so name no other INPUT",
        ),
        (
            &["--table", "t.csv", "--key-column", "b", "--keep-columns", "index", "--webdataset", "set"],
            "--keep-columns index: the JSON of a sample has a key of this name",
        ),
        (&["a.jpg", "--max-aspect", "0.5"], "--max-aspect 0.5: a ratio of sides is a number from 1 on"),
    ] {
        world.run(args).code(2).says(words);
    }
    assert_eq!(world.tree(), ["a.jpg", "list.json", "t.csv", "t.parquet"]);
}

#[test]
fn wrong_rows_fail_and_the_others_are_made() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.write("t.csv", b"url,id\na.jpg,1\nx.jpg\n,3\nb.jpg,4\n");
    let ran = world.run(&["--table", "t.csv", "-s", "32", "-o", "out/", "--report", "-"]);
    ran.code(1);
    assert!(world.exists("out/a.jpg") && world.exists("out/b.jpg"));
    let lines = report(&ran.stdout);
    let words = "row 3 of the table: it has another number of columns than the first";
    assert_eq!(line(&lines, "failed", "x.jpg")["error"], words);
    assert_eq!(line(&lines, "failed", "row 4")["error"], "row 4 of the table: its --url-column is empty");
}

#[test]
fn small_and_long_pictures_are_left_out() {
    let server = Server::start(|request, stream| {
        let (width, height) = match request.path.as_str() {
            "/small.jpg" => (40, 30),
            "/long.jpg" => (400, 50),
            _ => (96, 64),
        };
        answer(stream, 200, &[("ETag", "\"1\"")], &oddities::jpeg::plain(width, height))
    });
    let world = World::new();
    let urls = ["small", "long", "good"].map(|name| server.url(&format!("/{name}.jpg")));
    let mut args: Vec<&str> = urls.iter().map(String::as_str).collect();
    args.extend(["-s", "32", "-o", "out/", "--allow-private", "--update", "--report", "-"]);
    let filter = ["--min-size", "50", "--max-aspect", "3"];
    let ran = world.run(&[&args[..], &filter].concat());
    let lines = report(&ran.ok().stdout);
    assert_eq!(line(&lines, "skipped", "/small.jpg")["reason"], "too-small");
    assert_eq!(line(&lines, "skipped", "/long.jpg")["reason"], "too-long");
    assert!(world.exists("out/good.jpg") && !world.exists("out/small.jpg") && !world.exists("out/long.jpg"));
    // Without the filter, they are made.
    world.run(&args).ok();
    assert!(world.exists("out/small.jpg") && world.exists("out/long.jpg"));
}

#[test]
fn a_table_may_be_a_pipe() {
    let world = World::with(&["a.jpg"]);
    let mut file = std::fs::File::create(world.path("t.csv")).unwrap();
    file.write_all(b"url\na.jpg\n").unwrap();
    world.shell("\"$thumbs\" --table <(cat t.csv) -s 32 -o out").ok();
    assert!(world.exists("out/a.jpg"));
}
