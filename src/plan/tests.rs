use super::*;
use thumbs_render::geometry::Placement;
use thumbs_render::size::{Region, Size};

fn naming(destination: Destination, template: &str) -> Naming {
    Naming {
        destination,
        template: Template::parse(template).unwrap(),
        labels: vec!["256".into(), "512".into()],
        formats: vec![FormatChoice::Keep],
        allowed: Vec::new(),
        existing: Existing::Careful,
        roots: Vec::new(),
        sources: Vec::new(),
    }
}

fn variant(size_index: usize, format: Format, width: u32, height: u32) -> PlannedVariant {
    let size = Size::new(width, height);
    let placement = Placement { crop: Region::whole(size), resized: size, canvas: size, offset: (0, 0) };
    PlannedVariant { size_index, format, candidates: Vec::new(), size, placement }
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
        let outputs = vec![PlannedOutput::named(0, at(name))];
        let variant = variant(0, Format::Jpeg, 96, 64);
        naming.settle(outputs, number, &mut ledger, &|_, _, path| naming.look(path, &variant, &picture, &|_| false))
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

#[test]
fn an_open_format_claims_all_names_and_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let out = naming(Destination::Directory(dir.path().to_path_buf()), "{stem}.{ext}");
    let open = |size_index, formats: &[Format]| PlannedVariant {
        candidates: formats.to_vec(),
        ..variant(size_index, formats[0], 96, 64)
    };
    let both = [open(0, &[Format::WebP, Format::Jpeg])];
    let name = |naming: &Naming, source: &str, variants: &[PlannedVariant]| {
        naming.name(Some(Path::new(source)), Path::new(""), variants)
    };
    let outputs = name(&out, "in/a.JPG", &both).unwrap();
    assert_eq!(outputs[0].path, at("a.auto"));
    assert_eq!(outputs[0].paths().collect::<Vec<_>>(), [at("a.webp"), at("a.JPG")]);
    let mut ledger = Ledger::default();
    let mut settle = |naming: &Naming, source: &str| {
        let Admission::New(number) = ledger.admit(Path::new(source)) else { panic!() };
        let look = |_, _, path: &Path| if path.exists() { Standing::Theirs } else { Standing::Nothing };
        naming.settle(name(naming, source, &both).unwrap(), number, &mut ledger, &look)
    };
    let Ok(Plan::Make(mut outputs)) = settle(&out, "in/a.JPG") else { panic!() };
    assert!(matches!(settle(&out, "in/a.png"), Err(PlanError::Claim(ClaimError::Taken { .. }))));
    outputs[0].settle(Format::Jpeg);
    assert_eq!((outputs[0].path.clone(), outputs[0].replace), (at("a.JPG"), Replace::Own));
    assert_eq!(outputs[0].paths().count(), 1);
    // What stands under one of the names counts, whichever it would get.
    fs::write(at("b.jpg"), "somebody's").unwrap();
    assert_eq!(settle(&out, "in/b.png"), Err(PlanError::Exists(at("b.jpg"))));
    let skip = Naming { existing: Existing::Skip, ..out.clone() };
    fs::write(at("c.webp"), "somebody's").unwrap();
    assert_eq!(settle(&skip, "in/c.png"), Ok(Plan::AllExist));
    let fail = Naming { existing: Existing::Fail, ..out.clone() };
    fs::write(at("d.webp"), "somebody's").unwrap();
    assert_eq!(settle(&fail, "in/d.png"), Err(PlanError::ExistsFail(at("d.webp"))));
    // Equal ones are one; others would have the same name.
    let same = [both[0].clone(), PlannedVariant { size_index: 1, ..both[0].clone() }];
    assert_eq!(name(&out, "in/a.png", &same).unwrap().len(), 1);
    let mixed = [both[0].clone(), variant(1, Format::Jpeg, 96, 64)];
    assert_eq!(name(&out, "in/a.png", &mixed), Err(PlanError::Ambiguous(at("a.jpg"))));
    // A name without its extension is the same for all of them.
    let bare = naming(Destination::Directory(dir.path().to_path_buf()), "{stem}");
    let outputs = name(&bare, "in/a.png", &both).unwrap();
    assert_eq!((outputs[0].path.clone(), outputs[0].paths().count()), (at("a"), 2));
}

#[test]
fn an_output_of_an_open_format_is_known_by_its_sibling() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("photo.jpg"), "").unwrap();
    let formats = vec![FormatChoice::Auto];
    let beside = Naming {
        formats,
        allowed: vec![Format::WebP, Format::Jpeg],
        ..naming(Destination::Beside, "{stem}_thumb.{ext}")
    };
    let own = |name: &str| OwnOutputs::new(&beside).contain(&at(name));
    assert!(own("photo_thumb.webp") && own("photo_thumb.jpg"));
    assert!(!own("photo_thumb.png"), "not allowed");
}
