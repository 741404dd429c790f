//! The report as a table: one row an output, or an input without outputs, and the sums at the end.

use serde_json::Value;

/// The columns. Each is a key of an output, or else of its line in NDJSON.
const COLUMNS: [&str; 27] = [
    "type",
    "source",
    "reason",
    "error",
    "path",
    "source_format",
    "source_width",
    "source_height",
    "source_bytes",
    "format",
    "width",
    "height",
    "bytes",
    "savings",
    "quality",
    "score",
    "effort",
    "encoder",
    "ms",
    "notes",
    "status",
    "attempts",
    "duplicate_of",
    "thumbhash",
    "blurhash",
    "color",
    "lqip",
];

/// The first row.
pub fn head() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// The rows of one line of the report.
pub fn rows(line: &Value) -> String {
    if line["type"] == "summary" {
        return sums(line);
    }
    let outputs = line["outputs"].as_array().filter(|outputs| !outputs.is_empty());
    match outputs {
        None => row(|column| &line[column]),
        Some(outputs) => {
            outputs.iter().map(|output| row(|column| output.get(column).unwrap_or(&line[column]))).collect()
        }
    }
}

/// Rows of the types `format`, `folder` and `total`.
fn sums(line: &Value) -> String {
    let mut text = String::new();
    let mut add = |kind: &str, name: &Value, sum: &Value, bytes: (&Value, &Value)| {
        let (kind, savings) = (Value::from(kind), number(bytes.0) - number(bytes.1));
        let (savings, pictures) = (Value::from(savings), sum["pictures"].clone());
        text.push_str(&row(|column| match column {
            "type" => &kind,
            "source" => name,
            "source_bytes" => bytes.0,
            "bytes" => bytes.1,
            "savings" => &savings,
            // How many pictures.
            "notes" => &pictures,
            _ => &Value::Null,
        }));
    };
    for (format, sum) in line["by_format"].as_object().into_iter().flatten() {
        add("format", &format.as_str().into(), sum, (&sum["bytes_in"], &sum["bytes_out"]));
    }
    for sum in line["by_folder"].as_array().into_iter().flatten() {
        add("folder", &sum["folder"], sum, (&sum["bytes_in"], &sum["bytes_out"]));
    }
    let all = serde_json::json!({"pictures": line["done"]});
    add("total", &Value::Null, &all, (&line["bytes_in"], &line["bytes_out"]));
    text
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn row<'a>(get: impl Fn(&str) -> &'a Value) -> String {
    let cells: Vec<String> = COLUMNS.iter().map(|column| cell(get(column))).collect();
    cells.join(",") + "\r\n"
}

/// A cell, in quotes where it has to be (RFC 4180).
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        // A path that is not UTF-8.
        Value::Object(_) => format!("base64:{}", value["bytes"].as_str().unwrap_or_default()),
        other => other.to_string(),
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        for (value, want) in [
            (json!("a.jpg"), "a.jpg"),
            (json!("a, b.jpg"), "\"a, b.jpg\""),
            (json!("say \"a\""), "\"say \"\"a\"\"\""),
            (json!(12), "12"),
            (json!(null), ""),
            (json!(["x", "y"]), "x; y"),
            (json!({"bytes": "/w=="}), "base64:/w=="),
        ] {
            assert_eq!(cell(&value), want);
        }
    }

    #[test]
    fn each_output_has_a_row() {
        let line = json!({"type": "done", "source": "a", "outputs": [{"path": "b", "bytes": 1}, {"path": "c"}]});
        assert_eq!(rows(&line).lines().count(), 2);
        assert!(rows(&line).starts_with("done,a,,,b,"));
        assert_eq!(
            rows(&json!({"type": "failed", "source": "a", "error": "x"})),
            format!("failed,a,,x{}\r\n", ",".repeat(23))
        );
    }
}
