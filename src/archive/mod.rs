//! Archive formats: tar, zip, and compressed tar. Independent of pictures and runs.

pub mod compress;
mod damage;
pub mod detect;
pub mod tar;
pub mod tar_reader;
pub mod zip_reader;
mod zip_records;
pub mod zip_writer;

use std::path::Path;

/// The supported kinds of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// tar.
    Tar,
    /// tar with gzip.
    TarGz,
    /// tar with Zstandard.
    TarZst,
    /// zip.
    Zip,
}

impl Kind {
    /// The kind for a file name, by its ending in any case.
    pub fn from_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.as_encoded_bytes().to_ascii_lowercase();
        let endings: [(&[u8], Self); 5] = [
            (b".tar", Self::Tar),
            (b".tar.gz", Self::TarGz),
            (b".tgz", Self::TarGz),
            (b".tar.zst", Self::TarZst),
            (b".zip", Self::Zip),
        ];
        endings
            .into_iter()
            .find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending))
            .map(|(_, kind)| kind)
    }

    /// The name on the command line and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
            Self::Zip => "zip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_name() {
        for (name, want) in [
            ("a.tar", Some(Kind::Tar)),
            ("d/a.TAR.GZ", Some(Kind::TarGz)),
            ("a.tgz", Some(Kind::TarGz)),
            ("a.b.tar.zst", Some(Kind::TarZst)),
            ("a.Zip", Some(Kind::Zip)),
            (".tar", None),
            ("a.zst", None),
            ("tar", None),
            ("a.jpg", None),
        ] {
            assert_eq!(Kind::from_name(Path::new(name)), want, "{name}");
        }
    }
}
