//! What the command line plans from words of any kind: templates, sizes, globs and lists of names. Whatever they say,
//! outputs stay below their folder, under names that a file system takes, and nothing runs for long.
#![no_main]

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use thumbs_render::format::Format;
use thumbs_render::geometry::{Constraint, Fit, Gravity, SizeSpec, place};
use thumbs::internal::{Destination, Fields, Ledger, Naming, OwnOutputs, Plan, Standing, Template};
use thumbs::Existing;
use thumbs_render::recipe::FormatChoice;
use thumbs_render::render::PlannedVariant;
use thumbs_render::size::Size;
use thumbs::internal::{Input, Item, Patterns, Selection, Walker};

/// Folders and files to be found, made once and never written to afterwards.
fn grove() -> &'static Path {
    static GROVE: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        let root = std::env::temp_dir().join("thumbs-fuzz-plan");
        for file in ["a.jpg", "b_thumb.jpg", "b.jpg", "sub/c.png", "sub/..x.gif", "....", ".hidden/d.jpg"] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        std::env::set_current_dir(&root).expect("a folder");
        root
    });
    &GROVE
}

fn stays_below(path: &Path) -> bool {
    let sound = |c: Component<'_>| matches!(c, Component::Normal(name) if name.len() <= 255);
    path.components().count() > 0 && path.components().all(sound)
}

fuzz_target!(|bytes: &[u8]| {
    let root = grove();
    let mut parts = bytes.splitn(5, |&b| b == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (template, size, glob, flags, list) = (next(), next(), next(), next(), next());
    let flag = |n: usize| flags.get(n).copied().unwrap_or(0);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    if let Ok(size) = text(size).parse::<SizeSpec>() {
        assert!(size.to_string().parse::<SizeSpec>().is_ok(), "{size}");
        let picture = Size::new(u32::from_le_bytes([flag(0), flag(1), flag(5), flag(6)]).max(1), u32::from(flag(7)) + 1);
        let fit = [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill, Fit::Outside][usize::from(flag(8)) % 5];
        let gravity = [Gravity::Center, Gravity::NorthEast, Gravity::South][usize::from(flag(9)) % 3];
        let placed = place(picture, &Constraint { size, fit, gravity, enlarge: flag(10) & 1 != 0 });
        assert!(placed.resized.width > 0 && placed.resized.height > 0);
        assert!(placed.crop.x >= 0.0 && placed.crop.x + placed.crop.width <= f64::from(picture.width) + 1e-6);
        assert!(placed.offset.0 + placed.resized.width <= placed.canvas.width);
        assert!(placed.offset.1 + placed.resized.height <= placed.canvas.height);
    }
    let Ok(template) = Template::parse(&text(template)) else { return };
    let label = text(size).replace('/', "-");
    let destination = match flag(2) % 3 {
        0 => Destination::Beside,
        1 => Destination::Directory(PathBuf::from("out")),
        _ => Destination::Archive(None),
    };
    let naming = Naming {
        destination,
        template,
        labels: vec![label],
        formats: vec![FormatChoice::Keep],
        allowed: Vec::new(),
        existing: Existing::Careful,
        roots: vec![root.to_path_buf()],
    };
    let patterns = Patterns::new(&[text(glob)]);
    let selection = match patterns {
        Ok(patterns) if flag(3) & 1 == 0 => Selection { include: patterns, ..Selection::default() },
        Ok(patterns) => Selection { exclude: patterns, ..Selection::default() },
        Err(_) => Selection::default(),
    };
    let walker = Walker { selection, avoid: HashSet::new(), avoid_name: None, relative_to: None, careful: false };
    let mut ledger = Ledger::new(true);
    let mut items = 0;
    let mut taken: HashSet<PathBuf> = HashSet::new();
    let mut give = |item: Item| {
        items += 1;
        if let Item::Found(found) = item {
            let climbs = |path: &PathBuf| path.components().any(|c| matches!(c, Component::ParentDir));
            assert!(!found.path.as_ref().is_some_and(climbs), "{found:?}");
            plan(&naming, &found.path, &found.below, flag(4), &mut ledger, &mut taken);
        }
        if items < 64 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    // Only names below the grove: a fuzzer that walks the whole machine finds little and takes long.
    let inside = |name: &[u8]| {
        let path = Path::new(OsStr::from_bytes(name));
        !path.components().any(|c| matches!(c, Component::ParentDir | Component::RootDir))
    };
    let nul = flag(3) & 2 != 0;
    if list.split(|&b| b == 0 || b == b'\n' || b == b'\r').all(inside) {
        let _ = walker.walk_list(&mut Cursor::new(list), nul, &mut give);
    }
    if inside(glob) {
        let _ = walker.walk(&Input::Path(PathBuf::from(OsStr::from_bytes(glob))), &mut give);
    }
    // Names that no file here bears.
    for name in list.split(|&b| b == 0 || b == b'\n').take(16) {
        let path = Path::new(OsStr::from_bytes(name));
        let whole = Path::new(path.file_name().unwrap_or_default());
        if whole.as_os_str().is_empty() || name.contains(&0) || whole.as_os_str().len() > 255 {
            continue;
        }
        let _ = OwnOutputs::new(&naming).contain(whole);
        let fields = Fields {
            stem: whole.file_stem().expect("a name has a stem"),
            name: whole.as_os_str(),
            ext: OsStr::new("jpg"),
            size: &naming.labels[0],
            width: u32::from(flag(0)),
            height: 1,
            hash: "0123456789abcdef",
            dir: Path::new(""),
        };
        let made = naming.template.expand(&fields);
        let short = naming.template.as_str().len() + naming.labels[0].len() < 128;
        assert!(!short || stays_below(&made), "{made:?} of {:?}", naming.template);
    }
});

/// Names the outputs of an input and settles them as a run does.
fn plan(
    naming: &Naming,
    path: &Option<PathBuf>,
    below: &Path,
    width: u8,
    ledger: &mut Ledger,
    taken: &mut HashSet<PathBuf>,
) {
    let Some(path) = path else { return };
    let thumbs::internal::Admission::New(number) = ledger.admit(path) else { return };
    let size = Size { width: u32::from(width) + 1, height: 1 };
    let original =
        Constraint { size: SizeSpec::Original, fit: Fit::Inside, gravity: Gravity::Center, enlarge: false };
    let variant = |format| PlannedVariant {
        size_index: 0,
        format,
        candidates: Vec::new(),
        size,
        placement: place(size, &original),
    };
    let settled = [variant(Format::Jpeg), variant(Format::Png)];
    let open = [PlannedVariant { candidates: vec![Format::Png, Format::Jpeg], ..variant(Format::Png) }];
    let variants = if width % 2 == 0 { &settled[..] } else { &open };
    let Ok(outputs) = naming.name(Some(path), below, variants) else { return };
    if let Ok(Plan::Make(outputs)) = naming.settle(outputs, number, ledger, &|_, _, _| Standing::Nothing) {
        for output in outputs.iter().flat_map(|output| {
            // Formats that do not show in a name share it.
            output.paths().map(Path::to_path_buf).collect::<HashSet<_>>()
        }) {
            assert_ne!(&output, path, "an input would be replaced");
            assert!(taken.insert(output.clone()), "{output:?} twice");
        }
    }
}
