//! Options of runs that replace their sources, as they are typed.

use std::path::PathBuf;

use clap::Args;

use crate::policy::MinSavings;

use super::typed;

/// In place.
#[derive(Debug, Args)]
#[command(next_help_heading = "In place")]
pub struct InPlaceArgs {
    /// Replace each picture by its compressed self, where that is smaller; size, format, metadata, profile, orientation, mode, owner and times stay
    #[arg(long)]
    pub in_place: bool,
    /// Replace a picture only if this share, or this many bytes, are saved, such as 10% or 20k [default: 5%]
    #[arg(long, value_name = "N%|SIZE", value_parser = typed::min_savings)]
    pub min_savings: Option<MinSavings>,
    /// Keep each replaced picture in DIR, mirrored
    #[arg(long, value_name = "DIR")]
    pub backup: Option<PathBuf>,
    /// Replace pictures with several hard links, too; the other names keep the old picture
    #[arg(long)]
    pub hard_links: bool,
    /// Give replaced pictures a new modification time
    #[arg(long)]
    pub touch: bool,
    /// With -n, encode as well and say what would be saved
    #[arg(long)]
    pub measure: bool,
}
