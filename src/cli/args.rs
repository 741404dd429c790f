//! The command line as it is typed.

use std::path::PathBuf;

use crate::plan::Template;
use crate::policy::MaxFailures;
use crate::sink::shards::ShardSize;
use clap::{ArgAction, Parser};
use thumbs_render::format::Format;
use thumbs_render::recipe::{Color, FormatChoice};

use super::args_values::{ArchiveKind, Existing, Filter, Fit, Gravity, Icc, Metadata, Placeholder, Subsample, When};
use super::typed::{self, TypedSize};

/// Turn piles of pictures into thumbnails and smaller pictures.
#[derive(Debug, Parser)]
#[command(
    name = "thumbs",
    version,
    max_term_width = 100,
    override_usage = "thumbs [OPTIONS] [INPUT]...",
    after_help = SHORT,
    after_long_help = EXAMPLES,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Args {
    /// Pictures, directories (walked), archives (their members), addresses (http://, https://; with the feature stores s3://, gs://, az://), quoted patterns, or - for a picture on standard input
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,

    /// Largest size: 800x600, 256 (256x256), 800x, x600, 50% or original; repeatable [default: 800x600]
    #[arg(short, long, value_name = "SIZE", value_delimiter = ',', value_parser = typed::size, help_heading = "Geometry")]
    pub size: Vec<TypedSize>,
    /// How a picture fits its size, as in CSS
    #[arg(long, value_enum, default_value_t = Fit::Inside, help_heading = "Geometry")]
    pub fit: Fit,
    /// Part that a crop keeps, or place in a padded box: center, top, bottom-left, north, ...
    #[arg(long, value_enum, value_name = "G", default_value_t = Gravity::Center, hide_possible_values = true, help_heading = "Geometry")]
    pub gravity: Gravity,
    /// CSS colour of padding, and behind transparency in formats without alpha
    #[arg(long, value_name = "COLOR", default_value = "white", value_parser = typed::color, help_heading = "Geometry")]
    pub background: Color,
    /// Let pictures grow to the size
    #[arg(long, help_heading = "Geometry")]
    pub enlarge: bool,
    /// Resize kernel
    #[arg(long, value_enum, default_value_t = Filter::Lanczos3, help_heading = "Geometry")]
    pub filter: Filter,
    /// Resize in linear light (slower)
    #[arg(long, help_heading = "Geometry")]
    pub linear: bool,
    /// Do not apply EXIF orientation
    #[arg(long, help_heading = "Geometry")]
    pub no_auto_orient: bool,
    /// Apply EXIF orientation; the default, but with --in-place
    #[arg(long, conflicts_with = "no_auto_orient", help_heading = "Geometry")]
    pub auto_orient: bool,

    /// Convert colours to sRGB, or keep pixels and profile
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Icc::Srgb, help_heading = "Geometry")]
    pub icc: Icc,
    /// EXIF, XMP and IPTC to copy into outputs; GPS only with keep
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Metadata::None, help_heading = "Geometry")]
    pub metadata: Metadata,

    /// Directory, picture file, archive (.tar .tar.gz .tgz .tar.zst .zip), or - for standard output [default: beside each input]
    ///
    /// In builds with the feature stores, also an object store: s3://, gs:// or az://bucket/thumbs/
    #[arg(short, long, value_name = "DEST", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Kind of archive to write to standard output, with -o -
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Output")]
    pub archive: Option<ArchiveKind>,
    /// Finish an archive even if inputs fail
    #[arg(long, help_heading = "Output")]
    pub partial: bool,
    /// Compression level of .tar.zst, 1 to 19 [default: 3]
    #[arg(long, value_name = "N", value_parser = typed::whole::<i32>("a level", 1..=19), help_heading = "Output")]
    pub zstd_level: Option<i32>,
    /// Compression level of .tar.gz, 0 to 9 [default: 6]
    #[arg(long, value_name = "N", value_parser = typed::whole::<u32>("a level", 0..=9), help_heading = "Output")]
    pub gzip_level: Option<u32>,
    /// Write a WebDataset data set to DIR, in shards 000000.tar, 000001.tar, ...
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "name", "relative_to", "existing"], help_heading = "Output")]
    pub webdataset: Option<PathBuf>,
    /// Size of a shard, in samples, or in bytes with a unit such as 500M [default: 10000]
    #[arg(long, value_name = "N|SIZE", value_parser = typed::shard_size, help_heading = "Output")]
    pub shard_size: Option<ShardSize>,
    /// Mirror paths relative to DIR in the destination
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub relative_to: Option<PathBuf>,
    /// Name template of {stem} {name} {ext} {size} {width} {height} {hash} {dir} [default: {stem}_thumb.{ext} beside inputs, {stem}.{ext} in a destination]
    #[arg(long, value_name = "TEMPLATE", value_parser = typed::template, help_heading = "Output")]
    pub name: Option<Template>,
    /// Put a digest into names, before the extension, for caches that keep a file for ever: another source or other options give another name
    #[arg(long, help_heading = "Output")]
    pub hash: bool,
    /// Output format: keep, jpeg, png, webp or avif, repeatable; or auto, the smallest for a score (--target, else 80) [default: keep]
    #[arg(short, long, value_name = "FORMAT", value_delimiter = ',', value_parser = typed::format, help_heading = "Output")]
    pub format: Vec<FormatChoice>,
    /// Formats among which -f auto chooses, such as webp,jpeg; repeatable [default: all]
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = typed::allow, help_heading = "Output")]
    pub allow: Vec<Format>,
    /// Quality of lossy formats, 1 to 100, or auto (--target 80)
    #[arg(short, long, value_name = "N", default_value = "80", value_parser = typed::quality, help_heading = "Output")]
    pub quality: typed::Quality,
    /// Choose the lowest quality that reaches a SSIMULACRA2 score against the resized pixels: 70 is high, 80 very high
    #[arg(long, value_name = "SCORE", value_parser = typed::score, conflicts_with = "quality", help_heading = "Output")]
    pub target: Option<f64>,
    /// Lower the quality until an output fits into SIZE, such as 100k
    #[arg(long, value_name = "SIZE", value_parser = typed::byte_size, help_heading = "Output")]
    pub max_bytes: Option<u64>,
    /// With --max-bytes, make a picture smaller rather than lower its quality below 40
    #[arg(long, requires = "max_bytes", help_heading = "Output")]
    pub allow_smaller: bool,
    /// Time to spend for smaller files, 0 (fast) to 9 (small)
    #[arg(long, value_name = "N", value_parser = typed::whole::<u8>("the effort", 0..=9), help_heading = "Output")]
    pub effort: Option<u8>,
    /// Encode WebP without loss; with -s original, rewrite JPEG with the same pixels in fewer bytes
    #[arg(long, help_heading = "Output")]
    pub lossless: bool,
    /// Encode WebP nearly without loss: 100 changes no pixel, 0 changes most
    #[arg(long, value_name = "N", value_parser = typed::whole::<u8>("the level", 0..=100), conflicts_with = "lossless", help_heading = "Output")]
    pub near_lossless: Option<u8>,
    /// Reduce PNG to a palette of as many colours as -q asks for, with dithering
    #[arg(long, help_heading = "Output")]
    pub lossy_png: bool,
    /// Quality of alpha in lossy WebP and AVIF, 1 to 100 [default: exact in WebP, -q in AVIF]
    #[arg(long, value_name = "N", value_parser = typed::whole::<u8>("quality", 1..=100), help_heading = "Output")]
    pub alpha_quality: Option<u8>,
    /// Write progressive JPEG
    #[arg(long, help_heading = "Output")]
    pub progressive: bool,
    /// Bits per sample of AVIF: 8 or 10 [default: 10]
    #[arg(long, value_name = "BITS", value_parser = typed::depth, help_heading = "Output")]
    pub depth: Option<u8>,
    /// Chroma subsampling of JPEG and AVIF
    #[arg(long, value_enum, value_name = "S", default_value_t = Subsample::Auto, help_heading = "Output")]
    pub subsample: Subsample,
    /// Write FILE.json or FILE.html with the variants of each picture, ready for a page; sizes larger than a picture are left out
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub srcset: Option<PathBuf>,
    /// Add placeholders of the smallest output to the report and to a data set: a ThumbHash, a BlurHash, the dominant colour, a tiny picture as data: URI
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', help_heading = "Output")]
    pub placeholder: Vec<Placeholder>,
    /// What to do when an output exists [default: replace it if thumbs wrote it, else fail]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Output")]
    pub existing: Option<Existing>,
    /// Give outputs the modification time of their source; the default with --in-place
    #[arg(long, help_heading = "Output")]
    pub keep_times: bool,
    /// Take thumbnails beside their pictures as inputs, too
    #[arg(long, help_heading = "Output")]
    pub no_skip_own: bool,

    /// Read INPUTs from FILE (- for standard input), each ending with NUL
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    pub files0_from: Vec<PathBuf>,
    /// Read INPUTs from FILE (- for standard input), one per line
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    pub files_from: Vec<PathBuf>,
    /// Whether a caller names more inputs during the run.
    #[arg(skip)]
    pub given: bool,
    /// Read an archive (.tar, .tar.gz, .tar.zst) from the INPUT -
    #[arg(long, help_heading = "Selection")]
    pub archive_in: bool,
    /// Take only files that match, in directories, patterns and archives; repeatable
    #[arg(long, value_name = "GLOB", value_parser = typed::glob, help_heading = "Selection")]
    pub include: Vec<String>,
    /// Leave out files and directories that match; repeatable
    #[arg(long, value_name = "GLOB", value_parser = typed::glob, help_heading = "Selection")]
    pub exclude: Vec<String>,
    /// Walk at most N levels deep; 1 takes only a directory's own files
    #[arg(long, value_name = "N", value_parser = typed::whole("a depth", 1..=u32::MAX), help_heading = "Selection")]
    pub max_depth: Option<u32>,
    /// Include hidden files and directories
    #[arg(long, help_heading = "Selection")]
    pub hidden: bool,
    /// Include backups, partial downloads and previews of network drives (.bak, .part, a.jpg_original, @eaDir, ...)
    #[arg(long, help_heading = "Selection")]
    pub backups: bool,
    /// Follow symbolic links in directories
    #[arg(long, help_heading = "Selection")]
    pub follow: bool,

    #[command(flatten)]
    pub effects: super::args_effects::EffectArgs,

    #[command(flatten)]
    pub tables: super::args_table::TableArgs,

    /// Number of workers [default: the available processors]
    #[arg(short, long, value_name = "N", value_parser = typed::whole::<u32>("the number of workers", 1..=1024), help_heading = "Run")]
    pub jobs: Option<u32>,
    /// Memory for pictures in flight, such as 512M [default: half of the available memory]
    #[arg(long, value_name = "SIZE", value_parser = typed::memory, help_heading = "Run")]
    pub memory: Option<u64>,
    /// Refuse pictures with more pixels
    #[arg(long, value_name = "N", default_value_t = thumbs_render::limits::Limits::DEFAULT_MAX_PIXELS, value_parser = typed::whole("a number of pixels", 1..=u64::MAX), help_heading = "Run")]
    pub max_pixels: u64,
    /// Refuse larger files
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = typed::byte_size, help_heading = "Run")]
    pub max_file_size: u64,
    /// Stop at the first failure
    #[arg(long, help_heading = "Run")]
    pub fail_fast: bool,
    /// Stop after more than N failures, or when more than P% of the inputs failed
    #[arg(long, value_name = "N|P%", value_parser = typed::max_failures, help_heading = "Run")]
    pub max_failures: Option<MaxFailures>,
    /// Print what would be made, and write nothing; decodes headers only
    #[arg(short = 'n', long, help_heading = "Run")]
    pub dry_run: bool,
    /// Decode truncated pictures as far as their data goes
    #[arg(long, help_heading = "Run")]
    pub allow_truncated: bool,
    /// Check all data of a picture, even what its thumbnails do not need
    #[arg(long, help_heading = "Run")]
    pub strict: bool,

    #[command(flatten)]
    pub compress: super::args_in_place::InPlaceArgs,

    #[command(flatten)]
    pub network: super::args_network::NetworkArgs,

    #[command(flatten)]
    pub nightly: super::args_nightly::NightlyArgs,

    #[command(flatten)]
    pub split: super::args_split::SplitArgs,

    /// Show progress: a bar on a terminal, lines elsewhere
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, help_heading = "Messages")]
    pub progress: When,
    /// Print failures only
    #[arg(long, help_heading = "Messages")]
    pub quiet: bool,
    /// Print each output, every failure, and timings
    #[arg(short, long, help_heading = "Messages")]
    pub verbose: bool,
    /// Use colours in messages
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, help_heading = "Messages")]
    pub color: When,
    /// Print the path of every finished output
    #[arg(long, help_heading = "Messages")]
    pub print: bool,
    /// Like --print, but end each path with NUL
    #[arg(short = '0', long, help_heading = "Messages")]
    pub print0: bool,
    /// Write an NDJSON report on every input to FILE (- for standard output), a table if it ends in .csv; .gz and .zst are compressed
    #[arg(long, value_name = "FILE", help_heading = "Messages")]
    pub report: Option<PathBuf>,

    /// Print help; -h prints the common options, --help all
    #[arg(short, long, action = ArgAction::Help, help_heading = "Messages")]
    pub help: Option<bool>,
    /// Print the man page, as roff
    #[arg(long, exclusive = true, help_heading = "Messages")]
    pub man: bool,
    /// Print completions for a shell
    #[arg(long, value_enum, value_name = "SHELL", exclusive = true, ignore_case = true, help_heading = "Messages")]
    pub completions: Option<clap_complete::Shell>,
    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Messages")]
    pub version: Option<bool>,
}

const SHORT: &str = "\
Examples:
  thumbs photo.jpg                                    photo_thumb.jpg beside it, inside 800x600
  thumbs images/*.jpg -s 256 -o thumbs/               into a directory
  thumbs photos/ -o web/ -s 400,1600 -f webp,jpeg     a tree, two sizes in two formats
  thumbs photos/ -s 256 --fit cover -o squares/       squares, cropped
  thumbs photos/ -s 400 -o thumbs/ --update --quiet   every night: only what is new or changed

thumbs --help lists every option, thumbs --man prints the man page.";

const EXAMPLES: &str = "\
Examples:
  thumbs photo.jpg                          photo_thumb.jpg beside it, inside 800x600
  thumbs images/*.jpg -s 256 -o thumbs/     into a directory
  thumbs photos/ -o web/ -s 400,1600 -f webp,jpeg
                                            a tree, two sizes in two formats
  thumbs photos/ -s 256 --fit cover --gravity top -o faces/
                                            squares, cropped from the bottom
  thumbs photos/ -s 256 -o small.tar.zst    one archive, in the order of the inputs
  find . -name '*.png' -print0 | thumbs --files0-from - -o small/ --relative-to .
  thumbs - -s 256 < in.jpg > out.jpg        one picture through a pipe
  thumbs photos/ --in-place -n --measure    what compressing in place would save
  thumbs photos/ --in-place --backup old/   replaces pictures that get smaller

Exit status:
  0          every input is done, or skipped
  1          some inputs failed
  2          usage error; nothing was written
  3          the run could not go on
  4          --max-time ended the run, and inputs are left
  75         try again later: another run holds the lock of the state, or a shard failed for a reason that may pass
  130, 143   ended by SIGINT or SIGTERM";
