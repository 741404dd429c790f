//! A small world for the built binary: a temporary folder, runs in it, and what came of them.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A temporary folder, removed at the end, in which the program runs.
pub struct World {
    dir: tempfile::TempDir,
}

/// What a run left behind.
pub struct Ran {
    /// Exit code, or none if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl World {
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("thumbs-test-").tempdir().expect("a temporary folder") }
    }

    /// A world with one 96 x 64 picture for each name.
    pub fn with(names: &[&str]) -> Self {
        let world = Self::new();
        for name in names {
            world.picture(name);
        }
        world
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.root().join(Path::new(name.as_ref()))
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a name has a parent")).expect("folders");
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// Writes the scene, 96 x 64, in the format that the name's extension says (JPEG if it says nothing).
    pub fn picture(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.sized(name, 96, 64)
    }

    /// The same in another size.
    pub fn sized(&self, name: impl AsRef<OsStr>, width: u32, height: u32) -> PathBuf {
        let extension = Path::new(name.as_ref()).extension().unwrap_or_default().to_ascii_lowercase();
        let bytes = match extension.to_str() {
            Some("png") => oddities::png::rgb(width, height),
            Some("webp") => oddities::webp::rgb(width, height),
            _ => oddities::jpeg::plain(width, height),
        };
        self.write(name, &bytes)
    }

    pub fn read(&self, name: impl AsRef<OsStr>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; there is {:?}", path.display(), self.tree()))
    }

    pub fn exists(&self, name: impl AsRef<OsStr>) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Every file below the folder, relative, sorted, unreadable bytes replaced. Folders are left out.
    pub fn tree(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.root().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a readable folder") {
                let entry = entry.expect("an entry");
                if entry.file_type().expect("a type").is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    files.push(path.strip_prefix(self.root()).expect("below").to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        files
    }

    /// Width, height and the bytes as RGB of a picture that was made.
    pub fn pixels(&self, name: impl AsRef<OsStr>) -> (u32, u32, Vec<u8>) {
        decode(&self.read(name))
    }

    pub fn size(&self, name: impl AsRef<OsStr>) -> (u32, u32) {
        let (width, height, _) = self.pixels(name);
        (width, height)
    }

    /// A command that runs `program` here, without a terminal, input, or settings of the caller's.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).stdin(Stdio::null());
        for name in
            ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE", "RUST_LOG", "RAYON_NUM_THREADS", "COLUMNS"]
        {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command
    }

    pub fn thumbs(&self) -> Command {
        self.command(binary())
    }

    /// Runs the program with these arguments.
    pub fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        self.finish(self.thumbs().args(args))
    }

    /// Runs the program with bytes on standard input.
    pub fn feed(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .thumbs()
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let feeder = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().expect("it ends");
        feeder.join().expect("feeding");
        Ran::from(output)
    }

    /// Runs a shell script, in which `"$thumbs"` is the program.
    pub fn shell(&self, script: &str) -> Ran {
        self.finish(self.command("bash").arg("-c").arg(script).env("thumbs", binary()))
    }

    pub fn finish(&self, command: &mut Command) -> Ran {
        Ran::from(command.output().expect("the program starts"))
    }

    /// Starts the program and does not wait.
    pub fn start(&self, args: &[&str]) -> Child {
        self.thumbs().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// Fails if a temporary file of a run stands anywhere.
    #[track_caller]
    pub fn no_leftovers(&self, expected: &[&str]) {
        assert_eq!(self.tree(), expected, "files in the folder");
    }
}

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_thumbs")
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: output.stdout,
        }
    }
}

impl Ran {
    /// Holds that the exit code is this one.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit code; signal {:?}, standard error:\n{}", self.signal, self.stderr);
        self
    }

    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.code(0)
    }

    /// Holds that standard error contains these words.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "standard error lacks {words:?}:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn never_says(&self, words: &str) -> &Self {
        assert!(!self.stderr.contains(words), "standard error has {words:?}:\n{}", self.stderr);
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Lines of standard output, sorted.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.text().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

/// Decodes a picture that the program made, by libraries that it does not read pictures with.
pub fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    // Not by `image`, whose zune-jpeg 0.5.15 loses the last blocks of files of a few hundred bytes.
    if bytes.starts_with(&[0xff, 0xd8]) {
        let picture = mozjpeg::Decompress::new_mem(bytes).and_then(|picture| picture.rgb());
        let mut picture = picture.expect("a JPEG that decodes");
        let rgb: Vec<[u8; 3]> = picture.read_scanlines().expect("a whole JPEG");
        return (picture.width() as u32, picture.height() as u32, rgb.concat());
    }
    let picture = image::load_from_memory(bytes).expect("a picture that decodes").into_rgb8();
    (picture.width(), picture.height(), picture.into_raw())
}

/// The lines of a report, parsed.
pub fn report(text: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(text).expect("a report is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}"))).collect()
}

/// The one line of a report with this type, of the source that ends in `source`.
#[track_caller]
pub fn line<'a>(lines: &'a [serde_json::Value], kind: &str, source: &str) -> &'a serde_json::Value {
    let ends = |l: &&serde_json::Value| l["source"].as_str().is_some_and(|s| s.ends_with(source));
    let mut found = lines.iter().filter(|l| l["type"] == kind).filter(ends);
    let first = found.next().unwrap_or_else(|| panic!("no {kind:?} line for {source:?} in {lines:#?}"));
    assert!(found.next().is_none(), "two {kind:?} lines for {source:?} in {lines:#?}");
    first
}

/// Largest difference between two samples.
pub fn distance(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len(), "pictures of two sizes");
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// Mean difference of two samples.
pub fn mean(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len(), "pictures of two sizes");
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

/// True when run as root, to whom no permission is denied.
pub fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Whether a program can be found, for tests that need one.
pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$1\" >/dev/null", "sh", program]).status();
    found.is_ok_and(|s| s.success())
}

/// Says why a test is not run. Shown by `cargo test -- --nocapture` and on failure.
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}
