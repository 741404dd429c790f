//! Options that other tools have, and what does the same here.

/// Names of an option elsewhere, and the answer. `{}` is the value that was typed, or `N`.
const FOREIGN: &[(&[&str], &str)] = &[
    (&["--width"], "-s {}x sets the width, with the height free"),
    (&["--height"], "-s x{} sets the height, with the width free"),
    (&["--resize", "--thumbnail", "--dimensions", "--geometry", "--max-size"], "-s {} sets the size"),
    (&["--scale", "--percentage"], "-s 50% sets the size in percent"),
    (&["--crop"], "--fit cover crops to the size"),
    (&["--pad"], "--fit contain pads to the size"),
    (&["--stretch"], "--fit fill stretches to the size"),
    (&["--recursive", "-r", "-R"], "directories are walked anyway (--max-depth 1 takes only their own files)"),
    (
        &["--overwrite", "--force", "--clobber", "-y", "--yes"],
        "--existing replace replaces files that thumbs did not write",
    ),
    (&["--no-clobber", "--skip-existing", "--no-overwrite"], "--existing skip keeps files that exist"),
    (&["--strip", "--strip-all", "--strip-metadata", "--no-metadata"], "metadata is dropped by default"),
    (&["--keep-metadata", "--keep-exif", "--exif", "--preserve-metadata"], "--metadata keep keeps EXIF, XMP and IPTC"),
    (
        &["--out", "--outdir", "--out-dir", "--output-dir", "--output-directory", "--dest", "--destination", "-d"],
        "-o DIR/ sets the directory of the outputs",
    ),
    (&["--suffix", "--prefix", "--rename", "--pattern"], "--name '{stem}_thumb.{ext}' names the outputs"),
    (&["--threads", "--workers", "--parallel", "--cpus", "-t"], "-j {} sets the number of workers"),
    (&["--type", "--ext", "--to", "--convert", "--extension"], "-f jpeg, png, webp or avif sets the format"),
    (&["--jpeg", "--jpg"], "-f jpeg sets the format"),
    (&["--png"], "-f png sets the format"),
    (&["--webp"], "-f webp sets the format"),
    (&["--autorotate", "--auto-rotate", "--rotate"], "pictures are turned upright by default"),
    (&["--avif"], "-f avif sets the format"),
    (
        &["--speed", "--method", "--compression-level", "--level"],
        "--effort 0 to 9 sets the time to spend for smaller files",
    ),
    (&["--no-rotate", "--no-autorotate"], "--no-auto-orient leaves pixels as stored"),
    (&["--silent"], "--quiet prints failures only"),
    (&["--upscale", "--allow-upscale"], "--enlarge lets pictures grow"),
    (&["--watch"], "run it again with --update, from cron or a systemd timer"),
    (&["--null", "--from0"], "--files0-from - reads names that end with NUL"),
    (&["--from-file", "--files", "--list", "-T"], "--files-from FILE reads names, one a line"),
];

/// What does here what `option` does elsewhere. `value` is the word behind it.
pub fn answer(option: &str, value: Option<&str>) -> Option<String> {
    let (_, answer) = FOREIGN.iter().find(|(names, _)| names.contains(&option))?;
    let is_size = |value: &&str| !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'x');
    Some(answer.replace("{}", value.filter(is_size).unwrap_or("N")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_an_option_of_ours() {
        let command = crate::cli::command::command();
        let ours = |name: &str| {
            command.get_arguments().any(|arg| {
                let long = arg.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long));
                long || arg.get_short().is_some_and(|short| name.len() == 2 && name.ends_with(short))
            })
        };
        for name in FOREIGN.iter().flat_map(|(names, _)| *names) {
            assert!(!ours(name), "{name}");
        }
    }

    #[test]
    fn values_are_taken_over() {
        assert!(answer("--width", Some("300")).unwrap().starts_with("-s 300x "));
        assert!(answer("--width", Some("a.jpg")).unwrap().starts_with("-s Nx "));
        assert_eq!(answer("--sise", None), None);
    }
}
