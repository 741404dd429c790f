//! A temporary folder with pictures, and the built program between other programs in it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub struct Stage(tempfile::TempDir);

/// A JPEG whose pixels depend on `seed`.
pub fn jpeg(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (i as u32 / 7 + seed * 31) as u8 & 0xf0 | (state >> 28) as u8
        })
        .collect();
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 80).encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

impl Stage {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("thumbs-stage-").tempdir().unwrap())
    }

    /// `in/00.jpg` and so on, in two folders.
    pub fn with_pictures(count: u32) -> Self {
        let stage = Self::new();
        for i in 0..count {
            stage.write(format!("in/{}/{i:03}.jpg", i % 2), &jpeg(64 + i as u16 % 40, 48, i));
        }
        stage
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name.as_ref())).unwrap_or_else(|e| panic!("{}: {e}", name.as_ref().display()))
    }

    pub fn exists(&self, name: impl AsRef<Path>) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Names directly in a folder, sorted, hidden ones, too.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).stdin(Stdio::null()).env_remove("RUST_BACKTRACE").env("thumbs", binary());
        command
    }

    pub fn thumbs<A: AsRef<OsStr>>(&self, args: &[A]) -> Output {
        self.command(binary()).args(args).output().unwrap()
    }

    /// Runs the program, and holds that it ends with this code.
    #[track_caller]
    pub fn ends<A: AsRef<OsStr>>(&self, code: i32, args: &[A]) -> Output {
        expect(code, self.thumbs(args))
    }

    /// A shell script with `"$thumbs"` in it.
    #[track_caller]
    pub fn shell(&self, code: i32, script: &str) -> Output {
        expect(code, self.command("bash").arg("-c").arg(format!("set -o pipefail; {script}")).output().unwrap())
    }

    /// Runs a program that reads archives; standard output of it.
    #[track_caller]
    pub fn other(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = self.command(program).args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args:?}: {}\n{stderr}", output.status);
        assert_eq!(stderr, "", "{program} {args:?}");
        output.stdout
    }

    #[track_caller]
    pub fn feed(&self, code: i32, args: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(binary())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The program may stop reading.
        let feeder = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        expect(code, output)
    }
}

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_thumbs")
}

#[track_caller]
pub fn expect(code: i32, output: Output) -> Output {
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout[..output.stdout.len().min(2000)])
    );
    output
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a program is installed; says so when it is not.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    // unzip knows no --version, but it is there.
    let found = found.is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}
