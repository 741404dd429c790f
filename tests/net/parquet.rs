//! Tables in Parquet.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::server::{Server, faults};
use crate::tables::members;
use crate::testenv::{World, line, report};

const SCHEMA: &str = "message schema {
    optional binary url (UTF8);
    required int64 id;
    optional binary caption (UTF8);
    optional double score;
    optional boolean nsfw;
    optional binary raw;
}";

/// A row: the URL, the caption, the score, and the flag. Its id is its number from 100.
type Row<'a> = (Option<&'a str>, Option<&'a str>, Option<f64>, Option<bool>);

/// Writes a file with `per_group` rows in each row group.
fn write(world: &World, name: &str, rows: &[Row<'_>], per_group: usize, compression: Compression) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = File::create(world.path(name)).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let levels = |present: Vec<bool>| present.into_iter().map(i16::from).collect::<Vec<_>>();
    for (at, rows) in rows.chunks(per_group).enumerate() {
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($type:ty, $values:expr, $levels:expr) => {
                let mut column = group.next_column().unwrap().unwrap();
                let (values, levels): (Vec<_>, Option<Vec<i16>>) = ($values, $levels);
                column.typed::<$type>().write_batch(&values, levels.as_deref(), None).unwrap();
                column.close().unwrap();
            };
        }
        let texts = |texts: Vec<Option<&str>>| texts.into_iter().flatten().map(ByteArray::from).collect();
        let urls: Vec<Option<&str>> = rows.iter().map(|row| row.0).collect();
        column!(ByteArrayType, texts(urls.clone()), Some(levels(urls.iter().map(Option::is_some).collect())));
        column!(Int64Type, (0..rows.len()).map(|n| (100 + at * per_group + n) as i64).collect(), None);
        let captions: Vec<Option<&str>> = rows.iter().map(|row| row.1).collect();
        column!(ByteArrayType, texts(captions.clone()), Some(levels(captions.iter().map(Option::is_some).collect())));
        let present = levels(rows.iter().map(|row| row.2.is_some()).collect());
        column!(DoubleType, rows.iter().filter_map(|row| row.2).collect(), Some(present));
        let present = levels(rows.iter().map(|row| row.3.is_some()).collect());
        column!(BoolType, rows.iter().filter_map(|row| row.3).collect(), Some(present));
        column!(ByteArrayType, texts(urls.clone()), Some(levels(urls.iter().map(Option::is_some).collect())));
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn kept_values_of_parquet_keep_their_types() {
    let (world, server) = (World::with(&["local.jpg"]), Server::start(faults));
    let (first, second) = (server.url("/a.jpg"), server.url("/b.jpg"));
    let rows: [Row<'_>; 4] = [
        (Some(&first), Some("a boat"), Some(0.5), Some(true)),
        (None, Some("no URL"), None, None),
        (Some(&second), None, None, Some(false)),
        (Some("local.jpg"), Some(""), Some(f64::NAN), None),
    ];
    let zstd = Compression::ZSTD(ZstdLevel::default());
    for (at, compression) in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
        zstd,
    ]
    .into_iter()
    .enumerate()
    {
        write(&world, "t.parquet", &rows, 1 + at % 3, compression);
        let set = format!("set{at}");
        let keep = ["--keep-columns", "caption,score,nsfw,id,raw", "--key-column", "id", "--webdataset", &set];
        let ran =
            world.run(&[&["--table", "t.parquet", "-s", "32", "--allow-private", "--report", "-"], &keep[..]].concat());
        let lines = report(&ran.code(1).stdout);
        assert_eq!(line(&lines, "failed", "row 2")["error"], "row 2 of the table: its --url-column is empty");
        let found = members(&world.read(format!("{set}/000000.tar")));
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["100.jpg", "100.json", "100.txt", "102.jpg", "102.json", "103.jpg", "103.json"]);
        let json = |at: usize| serde_json::from_slice::<serde_json::Value>(&found[at].1).unwrap();
        let null = serde_json::Value::Null;
        let (one, two, three) = (json(1), json(4), json(6));
        assert_eq!(
            (&one["caption"], &one["score"], &one["nsfw"], &one["id"]),
            (&"a boat".into(), &0.5.into(), &true.into(), &100.into())
        );
        assert_eq!(
            (&two["caption"], &two["score"], &two["nsfw"], &two["id"]),
            (&null, &null, &false.into(), &102.into())
        );
        assert_eq!((&three["caption"], &three["score"], &three["nsfw"]), (&"".into(), &null, &null));
        // Bytes that are text.
        assert_eq!(one["raw"], first);
    }
}

#[test]
fn damaged_parquet_fails_with_a_reason() {
    let world = World::with(&["a.jpg"]);
    let rows: Vec<Row<'_>> = (0..50).map(|n| (Some("a.jpg"), Some("text"), Some(f64::from(n)), None)).collect();
    write(&world, "whole.parquet", &rows, 10, Compression::SNAPPY);
    let whole = world.read("whole.parquet");
    let args = ["--table", "t.parquet", "-s", "32", "-o", "out/"];
    for len in [4, 12, whole.len() / 2, whole.len() - 1] {
        world.write("t.parquet", &whole[..len]);
        world.run(&args).code(2).says("--table t.parquet: ");
    }
    // Damage in the pages: what comes before is made, and no thread dies.
    for at in (4..whole.len()).step_by(211) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        world.write("t.parquet", &bytes);
        let ran = world.run(&args);
        assert!(matches!(ran.code, Some(0..=2)), "{at}: {:?} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{at}: {}", ran.stderr);
    }
    world.write("t.parquet", &whole);
    world.shell("\"$thumbs\" --table - -s 32 -o out < <(cat t.parquet)").code(1).says("from a file only");
    world
        .run(&[&args[..], &["--url-column", "link"]].concat())
        .code(2)
        .says("it has no column \"link\"; it has url, id");
}

#[test]
fn pyarrow_tables_are_read() {
    let (world, server) = (World::new(), Server::start(faults));
    let script = r#"
import sys
try:
    import pyarrow as pa, pyarrow.parquet as pq
except ImportError:
    sys.exit(77)
n = 5000
pq.write_table(pa.table({
    "URL": [sys.argv[1]] + ["none.jpg"] * n,
    "TEXT": ["a boat"] + [None] * n,
    "WIDTH": pa.array([640] + [None] * n, pa.int32()),
    "similarity": pa.array([0.25] + [None] * n, pa.float32()),
    "tags": [["a", "b"]] + [None] * n,
}), "t.parquet", row_group_size=1000)
"#;
    let Ok(made) = world.command("python3").args(["-c", script, &server.url("/a.jpg")]).output() else {
        println!("skipped: python3 is not installed");
        return;
    };
    if made.status.code() == Some(77) {
        println!("skipped: the Python package pyarrow is not installed");
        return;
    }
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let args = ["--table", "t.parquet", "--url-column", "URL", "--keep-columns", "TEXT,WIDTH,similarity,tags"];
    let ran =
        world.run(&[&args[..], &["-s", "32", "--allow-private", "--webdataset", "set", "--report", "-"]].concat());
    let lines = report(&ran.code(1).stdout);
    assert_eq!((&lines.last().unwrap()["done"], &lines.last().unwrap()["failed"]), (&1.into(), &5000.into()));
    let found = members(&world.read("set/000000.tar"));
    let json: serde_json::Value = serde_json::from_slice(&found[1].1).unwrap();
    assert_eq!((&json["TEXT"], &json["WIDTH"], &json["similarity"]), (&"a boat".into(), &640.into(), &0.25.into()));
    assert!(json["tags"].to_string().contains("\"a\""), "{json}");
}
