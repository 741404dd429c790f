//! Resolves arguments into a run. All usage errors are found here, before anything is written.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::pipeline::{self, List, Memory, RunConfig};
use crate::plan::{Destination, Naming, Template};
use crate::policy::{DropDuplicates, Existing};
use crate::walk::{self, Input, Patterns, Selection, Walker, real_path};
use crate::words;
use anyhow::{Result, bail, ensure};
use thumbs_render::format::Format;
use thumbs_render::geometry::SizeSpec;
use thumbs_render::limits::Limits;
use thumbs_render::recipe::{EncodeSettings, FormatChoice, Goal, Placeholder, Recipe};
use thumbs_render::render::AUTO_TARGET;

use super::archives;
use super::args::Args;
use super::command::Typed;
use super::destination;
use super::effect;
use super::effects;
use super::in_place;
use super::nightly::{self, StatePlan};
use super::place;
use super::srcset;
use super::tables;
use super::tell::{Tell, tell};
use super::typed::{Quality, TypedSize};
use super::usage::shown;

/// A run, and how to report it.
#[derive(Debug)]
pub struct Resolved {
    pub run: RunConfig,
    pub tell: Tell,
    pub state: Option<StatePlan>,
    pub nice: bool,
    /// Notices to print before the run.
    pub notices: Vec<String>,
}

pub fn resolve(args: Args, typed: &Typed) -> Result<Resolved> {
    let args = in_place::with_defaults(args, typed);
    let (sizes, labels) = sizes(&args.size);
    let mut formats = formats(&args.format);
    let allowed = allowed(&args, typed)?;
    let inputs: Vec<Input> = args.inputs.iter().map(|path| input(path, args.archive_in)).collect();
    let mut lists = lists(&args);
    let others = !inputs.is_empty() || !lists.is_empty() || args.given;
    lists.extend(tables::lists(&args.tables, &placeholders(&args), args.webdataset.is_some(), others)?);
    let more = !lists.is_empty() || args.given;
    ensure!(!inputs.is_empty() || more, "{}", no_input());
    check_stdin(&inputs, &lists)?;

    let in_place = in_place::resolve(&args, &inputs, sizes.len())?;
    ensure!(!args.archive_in || inputs.contains(&Input::StdinArchive), "--archive-in: only for the INPUT -");
    let from_stdin = inputs.contains(&Input::Stdin) || inputs.contains(&Input::StdinArchive);
    let only_stdin = inputs.contains(&Input::Stdin) && inputs.len() == 1 && !more;
    let destination = destination::of(&args, only_stdin)?;
    destination::check(&args, &destination)?;
    if from_stdin && destination == Destination::Beside {
        bail!("standard input has no directory to put outputs beside; use -o");
    }
    if inputs.iter().any(Input::is_remote) {
        ensure!(destination != Destination::Beside, "a URL has no directory to put outputs beside; use -o");
        ensure!(destination != Destination::InPlace, "--in-place: pictures on the network are not replaced");
    }
    let archive_input = inputs.iter().any(Input::is_archive);
    if archive_input && destination == Destination::Beside {
        bail!("outputs cannot stand beside members of an archive; use -o");
    }
    if matches!(destination, Destination::File(_) | Destination::Object(_) | Destination::Stdout) {
        let one = inputs.len() == 1 && !more && !inputs[0].is_many();
        let (what, hint) = match &destination {
            Destination::File(file) | Destination::Object(file) => {
                (words::path(file), "; for a directory, end its name with a slash")
            }
            _ => ("-".to_owned(), "; for several, add --archive tar"),
        };
        ensure!(one, "-o {what}: one picture takes exactly one INPUT, a file or -{hint}");
        ensure!(sizes.len() == 1 && formats.len() == 1, "-o {what}: one picture takes one size and one format{hint}");
    }
    if destination == Destination::Beside {
        place::check_last(&args.inputs)?;
    }
    if let Destination::File(file) | Destination::Object(file) = &destination {
        let extension = file.extension().unwrap_or_default();
        format_of(extension, &mut formats, || format!("-o {}", words::path(file)))?;
    }
    let template = template(&args, &destination, labels.len())?;
    if let Some(extension) = template.literal_extension() {
        format_of(OsStr::new(extension), &mut formats, || format!("--name {}", shown(template.as_str())))?;
    }
    if labels.len() > 1 && !matches!(destination, Destination::File(_) | Destination::Object(_) | Destination::Stdout) {
        ensure!(
            template.tells_sizes(),
            "--name {}: several sizes get one name; let it hold {{size}} or {{width}}",
            shown(template.as_str())
        );
    }
    if formats.len() > 1 {
        ensure!(
            template.tells_formats(),
            "--name {}: several formats get one name; let it hold {{ext}}",
            shown(template.as_str())
        );
    }

    let effects = effects::effects(&args.effects, &limits(&args))?;
    effects::check(&args.effects, in_place.is_some(), args.enlarge, &template)?;
    let (mut nightly, state) = nightly::resolve(&args.nightly, &args.inputs, &destination)?;
    // What is replaced cannot be made again.
    nightly.fsync |= in_place.is_some();
    let roots = walk::roots(&inputs);
    let mut walker = Walker {
        selection: Selection {
            include: Patterns::new(&args.include)?,
            exclude: Patterns::new(&args.exclude)?,
            max_depth: args.max_depth.map(|n| n as usize),
            hidden: args.hidden,
            backups: args.backups,
            follow: args.follow,
        },
        avoid: avoided(&args, &destination, &roots, state.as_ref()),
        avoid_name: (destination == Destination::Beside).then(|| template.literal_dir().map(str::to_owned)).flatten(),
        relative_to: place::relative_to(args.relative_to.as_deref(), &destination)?,
        outputs: None,
        downloads: args.network.options(args.webdataset.is_some()),
        careful: in_place.is_some(),
        #[cfg(test)]
        dies: false,
    };
    let sources = destination::separate(&inputs, &destination, &mut walker)?;
    let dataset = archives::dataset(&args, &destination, labels.len(), formats.len())?;
    ensure!(
        state.is_none() || dataset.is_none(),
        "--update: not for data sets, of which a rerun makes only missing shards"
    );
    ensure!(state.is_none() || !archive_input, "--update: not for members of archives, which it does not remember");
    let streamed = matches!(destination, Destination::Stdout | Destination::Archive(_)) || dataset.is_some();
    ensure!(!args.keep_times || !streamed, "--keep-times: only for outputs that are single files");
    ensure!(!args.compress.measure || args.dry_run, "--measure: it has no effect without -n");
    ensure!(!nightly.fsync || !streamed, "--fsync: only for outputs that are single files");
    let skips = args.existing.map(Existing::from) == Some(Existing::Skip);
    tables::check_duplicates(&args.tables, state.is_some(), in_place.is_some(), skips)?;
    let archive = archives::options(&args, &destination, &inputs)?;
    let tell = tell(&args, &destination)?;
    // The inputs of a shard are known, whatever has become of the list.
    if args.split.plan.is_none() {
        place::check_lists(&lists)?;
    }
    for (option, file) in [("--report", &args.report), ("--metrics", &args.nightly.metrics)] {
        if let Some(file) = file.as_ref().filter(|file| option == "--metrics" || file.as_os_str() != "-") {
            place::check_file(option, file, &destination)?;
            place::check_not_source(option, file, &inputs, &lists)?;
        }
    }
    srcset::check(&args, &destination, &inputs, &lists)?;
    let notices = if args.quiet { Vec::new() } else { effect::without(&args, typed, &sizes, &formats) };
    let run = RunConfig {
        inputs,
        lists,
        given: None,
        planned: None,
        portion: None,
        walker,
        recipe: recipe(&args, sizes, formats.clone()).with_allowed(allowed.clone()).with_effects(effects),
        naming: Naming {
            destination,
            template,
            labels,
            formats,
            allowed,
            existing: args.existing.map_or(Existing::Careful, Existing::from),
            roots,
            sources,
        },
        skip_own: !args.no_skip_own,
        shape: tables::shape(&args.tables),
        drop_duplicates: args.tables.drop_duplicates.map(DropDuplicates::from),
        limits: limits(&args),
        memory: memory(&args),
        jobs: args.jobs.map_or_else(pipeline::processors, |n| n as usize),
        fail_fast: args.fail_fast,
        max_failures: args.max_failures,
        in_order: args.srcset.is_some() && state.is_none() && !nightly.fsync,
        page: args.srcset.clone(),
        dry_run: args.dry_run,
        measure: args.compress.measure,
        keep_times: args.keep_times,
        in_place,
        archive,
        dataset,
        inventory: None,
        count_ahead: tell.count_after().filter(|_| !archive_input),
        nightly,
    };
    Ok(Resolved { run, tell, state, nice: args.nightly.nice, notices })
}

/// The error for a command line without INPUT, with a hint if standard input is a pipe.
fn no_input() -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let stdin = std::fs::metadata("/dev/stdin").map(|metadata| metadata.file_type());
    match stdin {
        Ok(kind) if kind.is_fifo() || kind.is_file() => {
            "no INPUT; to read names from standard input, add --files-from - (--files0-from - after find -print0); \
             for one picture, -"
        }
        _ => "no INPUT; name pictures, directories or a list (see --help)",
    }
}

fn recipe(args: &Args, sizes: Vec<SizeSpec>, formats: Vec<FormatChoice>) -> Recipe {
    let mut encode = EncodeSettings::default()
        .with_quality(match args.quality {
            Quality::Fixed(quality) => quality,
            Quality::Auto => EncodeSettings::default().quality,
        })
        .with_lossless(args.lossless)
        .with_progressive(args.progressive)
        .with_subsampling(args.subsample.into());
    encode.effort = args.effort;
    encode.depth = args.depth;
    encode.near_lossless = args.near_lossless;
    encode.lossy_png = args.lossy_png;
    encode.alpha_quality = args.alpha_quality;
    Recipe::default()
        .with_sizes(sizes)
        .with_formats(formats)
        .with_fit(args.fit.into())
        .with_gravity(args.gravity.into())
        .with_background(args.background)
        .with_enlarge(args.enlarge)
        .with_auto_orient(!args.no_auto_orient)
        .with_filter(args.filter.into())
        .with_linear(args.linear)
        .with_icc(args.icc.into())
        .with_metadata(args.metadata.into())
        .with_encode(encode)
        .with_goal(goal(args))
        .with_placeholders(placeholders(args))
        .with_without_larger(args.srcset.is_some())
        .with_allow_truncated(args.allow_truncated)
        .with_strict(args.strict)
}

fn placeholders(args: &Args) -> Vec<Placeholder> {
    args.placeholder.iter().map(|&kind| kind.into()).collect()
}

fn goal(args: &Args) -> Goal {
    let mut goal = Goal::default().with_allow_smaller(args.allow_smaller);
    let is_auto = args.quality == Quality::Auto || args.format.contains(&FormatChoice::Auto);
    goal.score = args.target.or(is_auto.then_some(AUTO_TARGET));
    goal.max_bytes = args.max_bytes;
    goal
}

fn input(path: &Path, archive_in: bool) -> Input {
    match (path.as_os_str() == "-", archive_in) {
        (true, false) => Input::Stdin,
        (true, true) => Input::StdinArchive,
        _ => Input::Path(path.to_path_buf()),
    }
}

fn lists(args: &Args) -> Vec<List> {
    let list = |path: &PathBuf, nul| List { file: (path.as_os_str() != "-").then(|| path.clone()), nul, table: None };
    let nul = args.files0_from.iter().map(|p| list(p, true));
    nul.chain(args.files_from.iter().map(|p| list(p, false))).collect()
}

fn check_stdin(inputs: &[Input], lists: &[List]) -> Result<()> {
    let from_stdin = |input: &&Input| matches!(input, Input::Stdin | Input::StdinArchive);
    let users = inputs.iter().filter(from_stdin).count() + lists.iter().filter(|l| l.file.is_none()).count();
    ensure!(users <= 1, "standard input can be read only once: by one INPUT - or one list");
    Ok(())
}

/// Lets the extension of a picture choose the format.
fn format_of(extension: &OsStr, formats: &mut Vec<FormatChoice>, option: impl Fn() -> String) -> Result<()> {
    place::check_written(extension, &option)?;
    let Some(format) = Format::from_extension(extension.as_encoded_bytes()) else { return Ok(()) };
    match formats.as_slice() {
        [FormatChoice::Keep] => *formats = vec![FormatChoice::To(format)],
        [FormatChoice::To(other)] if *other == format => {}
        [FormatChoice::Auto] => {
            bail!("{}: its extension asks for {format}, -f auto for a name that follows the format", option())
        }
        _ => bail!("{}: its extension asks for {format}, -f for another format", option()),
    }
    Ok(())
}

fn template(args: &Args, destination: &Destination, sizes: usize) -> Result<Template> {
    let template = plain_template(args, destination, sizes)?;
    if !args.hash {
        return Ok(template);
    }
    let is_named = !matches!(destination, Destination::File(_) | Destination::Object(_) | Destination::Stdout);
    ensure!(is_named, "--hash: it has no effect with one picture as -o");
    ensure!(*destination != Destination::InPlace, "--hash: not together with --in-place: pictures keep their names");
    ensure!(args.webdataset.is_none(), "--hash: the samples of a data set have keys");
    Ok(template.with_hash())
}

/// The template without what other options add.
fn plain_template(args: &Args, destination: &Destination, sizes: usize) -> Result<Template> {
    match (&args.name, destination) {
        (Some(name), Destination::File(_) | Destination::Object(_) | Destination::Stdout) => {
            bail!("--name {}: it has no effect with one picture as -o", shown(name.as_str()))
        }
        (Some(name), _) => Ok(name.clone()),
        (None, _) if args.srcset.is_some() => Ok(Template::parse(srcset::NAME)?),
        (None, _) => Ok(Template::standard(destination, sizes)),
    }
}

/// Paths that the run writes, which walks skip unless they are INPUTs.
fn avoided(args: &Args, destination: &Destination, roots: &[PathBuf], state: Option<&StatePlan>) -> HashSet<PathBuf> {
    let mut avoid: HashSet<PathBuf> = state.into_iter().flat_map(|s| pipeline::state_files(&s.options.state)).collect();
    if let Destination::Directory(dir) = destination {
        let real = real_path(dir);
        if !roots.contains(&real) {
            avoid.insert(real);
        }
    }
    if let Some(dir) = &args.compress.backup {
        let real = real_path(dir);
        if !roots.contains(&real) {
            avoid.insert(real);
        }
    }
    if let Destination::Archive(Some(file)) = destination {
        avoid.insert(real_path(file));
    }
    avoid.extend(args.srcset.as_deref().map(real_path));
    if let Some(report) = args.report.as_ref().filter(|r| r.as_os_str() != "-") {
        avoid.insert(real_path(report));
    }
    avoid
}

fn limits(args: &Args) -> Limits {
    Limits::DEFAULT
        .with_max_pixels(args.max_pixels)
        .with_max_file_size(args.max_file_size)
        .with_max_memory(memory(args).ceiling)
}

fn memory(args: &Args) -> Memory {
    args.memory.map_or_else(Memory::of_machine, Memory::with_budget)
}

/// The sizes and their labels, without duplicates.
fn sizes(typed: &[TypedSize]) -> (Vec<SizeSpec>, Vec<String>) {
    let default = [TypedSize { size: SizeSpec::default(), label: SizeSpec::default().to_string() }];
    let typed = if typed.is_empty() { &default } else { typed };
    let first = |(at, size): &(usize, &TypedSize)| typed[..*at].iter().all(|before| before.label != size.label);
    typed.iter().enumerate().filter(first).map(|(_, size)| (size.size, size.label.clone())).unzip()
}

/// The formats among which `-f auto` chooses.
fn allowed(args: &Args, typed: &Typed) -> Result<Vec<Format>> {
    let all = || Format::all().filter(|format| format.writes()).collect();
    if !args.format.contains(&FormatChoice::Auto) {
        ensure!(args.allow.is_empty(), "--allow: it has no effect without -f auto");
        return Ok(all());
    }
    let is_alone = args.format.iter().all(|choice| *choice == FormatChoice::Auto);
    ensure!(is_alone, "-f auto: not together with other formats, among which it chooses (--allow)");
    ensure!(
        !typed.has("quality") || args.quality == Quality::Auto,
        "-f auto: not together with -q: a score compares formats, a quality does not (--target)"
    );
    if args.allow.is_empty() {
        return Ok(all());
    }
    // In a fixed order, so that the spelling does not count.
    Ok(Format::all().filter(|format| args.allow.contains(format)).collect())
}

fn formats(typed: &[FormatChoice]) -> Vec<FormatChoice> {
    let mut formats = Vec::new();
    for choice in typed {
        if !formats.contains(choice) {
            formats.push(*choice);
        }
    }
    if formats.is_empty() {
        formats.push(FormatChoice::Keep);
    }
    formats
}
