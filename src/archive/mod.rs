//! Archives as bytes: tar, zip, and what compresses a tar. Knows nothing of pictures or runs.

pub mod compress;
mod damage;
pub mod detect;
pub mod tar;
pub mod tar_reader;
pub mod zip_reader;
mod zip_records;
pub mod zip_writer;

use std::path::Path;

/// The kinds of archive that are written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// tar.
    Tar,
    /// tar, gzipped.
    TarGz,
    /// tar in Zstandard.
    TarZst,
    /// zip.
    Zip,
}

impl Kind {
    /// By the ending of a file's name, in any case of letters.
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

    /// As it is typed and told.
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
