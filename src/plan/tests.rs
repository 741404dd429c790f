use super::*;
use thumbs_render::geometry::Placement;
use thumbs_render::size::{Region, Size};

fn naming(destination: Destination, template: &str) -> Naming {
    Naming {
        destination,
        template: Template::parse(template).unwrap(),
        labels: vec!["256".into(), "512".into()],
        formats: vec![FormatChoice::Keep],
        existing: Existing::Careful,
        roots: Vec::new(),
    }
}

fn variant(size_index: usize, format: Format, width: u32, height: u32) -> PlannedVariant {
    let size = Size::new(width, height);
    let placement = Placement { crop: Region::whole(size), resized: size, canvas: size, offset: (0, 0) };
    PlannedVariant { size_index, format, size, placement }
}

fn paths(naming: &Naming, source: &str, below: &str, variants: &[PlannedVariant]) -> Vec<String> {
    let outputs = naming.name(Some(Path::new(source)), Path::new(below), variants).unwrap();
    outputs.into_iter().map(|o| o.path.display().to_string()).collect()
}

#[test]
fn names_beside_and_in_destinations() {
    let v = [variant(0, Format::Jpeg, 256, 171)];
    let beside = naming(Destination::Beside, "{stem}_thumb.{ext}");
    assert_eq!(paths(&beside, "in/a.JPG", "", &v), ["in/a_thumb.JPG"]);
    assert_eq!(paths(&beside, "a.png", "", &v), ["a_thumb.jpg"]);
    assert_eq!(paths(&beside, "a", "", &v), ["a_thumb.jpg"]);
    let dir = naming(Destination::Directory("out".into()), "{stem}.{ext}");
    assert_eq!(paths(&dir, "in/x/a.jpeg", "x", &v), ["out/x/a.jpeg"]);
    let flat = naming(Destination::Directory("out".into()), "{dir}/t/{name}.{ext}");
    assert_eq!(paths(&flat, "in/x/a.jpg", "x", &v), ["out/x/t/a.jpg.jpg"]);
    let aside = naming(Destination::Beside, "t/{dir}/{stem}.{ext}");
    assert_eq!(paths(&aside, "in/x/a.jpg", "x", &v), ["in/t/x/a.jpg"]);
}

#[test]
fn equal_variants_collapse_and_others_do_not() {
    let dir = naming(Destination::Directory("out".into()), "{stem}-{width}.{ext}");
    let same = [variant(0, Format::Jpeg, 100, 50), variant(1, Format::Jpeg, 100, 50)];
    assert_eq!(paths(&dir, "a.jpg", "", &same), ["out/a-100.jpg"]);
    let tall = [variant(0, Format::Jpeg, 100, 50), variant(1, Format::Jpeg, 100, 60)];
    assert!(matches!(dir.name(Some(Path::new("a.jpg")), Path::new(""), &tall), Err(PlanError::Ambiguous(_))));
}

#[test]
fn own_outputs_are_known_by_their_sibling() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["photo.jpg", "big.JPG", "logo.gif", "a_thumb.jpg", "notes", "notes.jpg.txt"] {
        fs::write(at(name), "").unwrap();
    }
    let png = b"\x89PNG\r\n\x1a\n0000IHDR";
    for name in ["lies.jpg", "bare", "data.dat"] {
        fs::write(at(name), png).unwrap();
    }
    let beside = naming(Destination::Beside, "{stem}_thumb.{ext}");
    let own = |naming: &Naming, name: &str| OwnOutputs::new(naming).contain(&at(name));
    assert!(own(&beside, "photo_thumb.jpg"));
    assert!(own(&beside, "big_thumb.JPG"));
    assert!(own(&beside, "logo_thumb.png"), "a GIF is kept as PNG or JPEG");
    assert!(own(&beside, "a_thumb_thumb.jpg"));
    assert!(!own(&beside, "photo_thumb.png"), "a JPEG is not kept as PNG");
    assert!(!own(&beside, "lone_thumb.jpg"));
    assert!(!own(&beside, "photo.jpg"));
    assert!(!own(&beside, "notes_thumb.jpg"), "of what is no picture no output is made");
    for name in ["lies_thumb.png", "bare_thumb.png", "data_thumb.png"] {
        assert!(own(&beside, name), "{name}");
    }
    let webp = Naming { formats: vec![FormatChoice::To(Format::WebP)], ..beside.clone() };
    assert!(own(&webp, "photo_thumb.webp"));
    let elsewhere = naming(Destination::Directory(at("out")), "{stem}_thumb.{ext}");
    assert!(!own(&elsewhere, "photo_thumb.jpg"));
}

#[test]
fn own_outputs_are_known_by_names_that_were_cut() {
    let dir = tempfile::tempdir().unwrap();
    for template in ["{stem}_thumb.{ext}", "{name}_small.{ext}", "{stem}_{width}.{ext}"] {
        let beside = naming(Destination::Beside, template);
        for name in [format!("{}.jpg", "n".repeat(250)), format!("{}é.jpg", "n".repeat(248))] {
            let source = dir.path().join(&name);
            fs::write(&source, b"\xff\xd8\xff\xe0").unwrap();
            let v = [variant(0, Format::Jpeg, 800, 533)];
            let made = beside.name(Some(&source), Path::new(""), &v).unwrap().remove(0).path;
            assert!(made.file_name().unwrap().len() <= 255);
            assert!(OwnOutputs::new(&beside).contain(&made), "{made:?}");
            fs::remove_file(&source).unwrap();
            assert!(!OwnOutputs::new(&beside).contain(&made), "without its source");
        }
    }
}

#[test]
fn only_what_is_ours_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["a.jpg", "b_small.jpg"] {
        fs::write(at(name), "somebody's").unwrap();
    }
    fs::write(at("empty.jpg"), "").unwrap();
    fs::create_dir(at("d.jpg")).unwrap();
    std::os::unix::fs::symlink("empty.jpg", at("link.jpg")).unwrap();
    let source = at("a.png");
    let limits = thumbs_render::limits::Limits::default();
    let picture = Picture {
        size: Size::new(960, 640),
        bytes: 9999,
        metadata: thumbs_render::recipe::MetadataPolicy::None,
        limits: &limits,
    };
    let settle = |naming: &Naming, name: &str| {
        let mut ledger = Ledger::default();
        let Admission::New(number) = ledger.admit(&source) else { panic!() };
        let outputs = vec![PlannedOutput { variant: 0, path: at(name), replace: Replace::Never, digest: 0 }];
        let variants = [variant(0, Format::Jpeg, 96, 64)];
        naming.settle(outputs, number, &mut ledger, &|o| naming.look(o, &variants, &picture, &|_| false))
    };
    let out = naming(Destination::Directory(dir.path().to_path_buf()), "{stem}.{ext}");
    let replaces = |name: &str| match settle(&out, name) {
        Ok(Plan::Make(outputs)) => Some(outputs[0].replace),
        _ => None,
    };
    assert_eq!(replaces("new.jpg"), Some(Replace::Own));
    assert_eq!(replaces("empty.jpg"), Some(Replace::Any));
    for name in ["a.jpg", "b_small.jpg", "link.jpg"] {
        assert_eq!(settle(&out, name), Err(PlanError::Exists(at(name))));
    }
    assert_eq!(settle(&out, "d.jpg"), Err(PlanError::Directory(at("d.jpg"))));
    assert!(matches!(settle(&out, "a.png"), Err(PlanError::Claim(ClaimError::IsInput(_)))));
    let marked = naming(Destination::Beside, "{stem}_small.{ext}");
    assert_eq!(settle(&marked, "b_small.jpg"), Err(PlanError::Exists(at("b_small.jpg"))));
    let skip = Naming { existing: Existing::Skip, ..marked.clone() };
    assert!(matches!(settle(&skip, "b_small.jpg"), Ok(Plan::AllExist)));
    let fail = Naming { existing: Existing::Fail, ..marked.clone() };
    assert!(matches!(settle(&fail, "b_small.jpg"), Err(PlanError::ExistsFail(_))));
    let replace = Naming { existing: Existing::Replace, ..marked };
    assert!(matches!(settle(&replace, "b_small.jpg"), Ok(Plan::Make(o)) if o[0].replace == Replace::Any));
}
