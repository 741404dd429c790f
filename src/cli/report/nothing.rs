//! The message of a run that found no pictures: where it looked, and which options hid files.

use crate::outcome::Summary;
use crate::walk::LeftOut;

/// Places that are named; the rest is counted.
const NAMED: usize = 3;

/// The message, if a finished run found nothing.
pub fn found(summary: &Summary, places: &[String]) -> Option<String> {
    if summary.dealt_with() > 0 || summary.stopped.is_some() || !summary.searched {
        return None;
    }
    let named = places.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match places.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let files = counted(summary.no_pictures, "other file", "other files");
    let archives = match summary.archives {
        0 => String::new(),
        1 => ", 1 of them an archive (name it to take its members)".to_owned(),
        archives => format!(", {archives} of them archives (name them to take their members)"),
    };
    let left_out: Vec<String> = summary.left_out.iter().map(|(rule, count)| left_out(*rule, *count)).collect();
    let left_out = if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    Some(format!("thumbs: no pictures found in {named}{more}: {files}{archives}{left_out}"))
}

fn left_out(rule: LeftOut, count: u64) -> String {
    match rule {
        LeftOut::Hidden => format!("{count} hidden (--hidden takes them)"),
        LeftOut::Backup => {
            let what = counted(count, "backup or partial download", "backups or partial downloads");
            format!("{what} (--backups takes them)")
        }
        LeftOut::Link => {
            format!("{} (--follow takes them)", counted(count, "symbolic link", "symbolic links"))
        }
        LeftOut::Excluded => format!("{count} by --exclude"),
        LeftOut::NotIncluded => format!("{count} by --include"),
        LeftOut::TooDeep => format!("{count} by --max-depth"),
        LeftOut::VersionControl => counted(count, "store of version control", "stores of version control"),
        LeftOut::Written => counted(count, "directory that this run writes", "directories that this run writes"),
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_was_left_out_is_named() {
        let summary = Summary {
            no_pictures: 2,
            searched: true,
            left_out: LeftOut::ALL.iter().enumerate().map(|(at, rule)| (*rule, at as u64 + 1)).collect(),
            ..Summary::default()
        };
        let places: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
        let line = found(&summary, &places).unwrap();
        assert_eq!(
            line,
            "thumbs: no pictures found in a, b, c and 2 more: 2 other files; left out: 1 hidden (--hidden takes them), \
             2 backups or partial downloads (--backups takes them), 3 symbolic links (--follow takes them), \
             4 by --exclude, 5 by --include, 6 by --max-depth, 7 directories that this run writes, \
             8 stores of version control"
        );
        assert_eq!(found(&Summary { searched: false, ..summary.clone() }, &places), None);
        assert_eq!(found(&Summary { skipped: 1, ..summary }, &places), None);
    }
}
