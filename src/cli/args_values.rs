//! The words that options take.

use clap::ValueEnum;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident => $target:path {
        $($variant:ident $(= $word:literal)? $(| $alias:literal)* $(=> $other:ident)?),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, ValueEnum)]
        pub enum $name { $($(#[value(name = $word)])? $(#[value(alias = $alias)])* $variant),* }

        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => words!(@ $variant $($other)?)),* }
            }
        }
    };
    // The library's name of a variant, where it has another one.
    (@ $variant:ident) => { Self::$variant };
    (@ $variant:ident $other:ident) => { Self::$other };
}

words!(Fit => thumbs_render::geometry::Fit {
    Inside, Cover | "crop", Contain | "pad", Fill | "stretch", Outside,
});
words!(Gravity => thumbs_render::geometry::Gravity {
    Center | "centre" | "middle",
    North | "top",
    NorthEast = "northeast" | "north-east" | "top-right" | "right-top",
    East | "right",
    SouthEast = "southeast" | "south-east" | "bottom-right" | "right-bottom",
    South | "bottom",
    SouthWest = "southwest" | "south-west" | "bottom-left" | "left-bottom",
    West | "left",
    NorthWest = "northwest" | "north-west" | "top-left" | "left-top",
});
words!(Filter => thumbs_render::recipe::Filter {
    Lanczos3 | "lanczos", CatmullRom = "catmullrom" | "catmull-rom" | "bicubic" | "cubic", Mitchell,
    Bilinear | "linear" | "triangle", Box, Nearest,
});
words!(Subsample => thumbs_render::recipe::Subsampling {
    S444 = "444" | "4:4:4", S422 = "422" | "4:2:2", S420 = "420" | "4:2:0", Auto,
});
words!(Icc => thumbs_render::recipe::IccPolicy { Srgb => ToSrgb, Keep });
words!(Metadata => thumbs_render::recipe::MetadataPolicy { None, Copyright, Keep });
words!(Placeholder => thumbs_render::recipe::Placeholder {
    ThumbHash = "thumbhash", BlurHash = "blurhash", Color | "colour" | "dominant", Lqip,
});
words!(Existing => crate::policy::Existing { Replace, Skip, Fail });

/// An archive on standard output.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ArchiveKind {
    /// Not compressed.
    Tar,
    /// gzip.
    #[value(name = "tar.gz")]
    TarGz,
    /// Zstandard.
    #[value(name = "tar.zst")]
    TarZst,
}

/// When to do something that depends on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Also elsewhere.
    Always,
    /// Never.
    Never,
}
