use super::*;
use crate::geometry::Placement;
use crate::size::{Region, Size};
use crate::walk::real_path;

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
    for name in ["photo.jpg", "big.JPG", "logo.gif", "a_thumb.jpg"] {
        fs::write(at(name), "").unwrap();
    }
    let beside = naming(Destination::Beside, "{stem}_thumb.{ext}");
    assert!(beside.is_own_output(&at("photo_thumb.jpg")));
    assert!(beside.is_own_output(&at("big_thumb.JPG")));
    assert!(beside.is_own_output(&at("logo_thumb.png")), "a GIF is kept as PNG or JPEG");
    assert!(beside.is_own_output(&at("a_thumb_thumb.jpg")));
    assert!(!beside.is_own_output(&at("photo_thumb.png")), "a JPEG is not kept as PNG");
    assert!(!beside.is_own_output(&at("lone_thumb.jpg")));
    assert!(!beside.is_own_output(&at("photo.jpg")));
    let webp = Naming { formats: vec![FormatChoice::To(Format::WebP)], ..beside.clone() };
    assert!(webp.is_own_output(&at("photo_thumb.webp")));
    let elsewhere = naming(Destination::Directory(at("out")), "{stem}_thumb.{ext}");
    assert!(!elsewhere.is_own_output(&at("photo_thumb.jpg")));
}

#[test]
fn only_what_is_surely_ours_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("out")).unwrap();
    fs::create_dir_all(at("in")).unwrap();
    for name in ["out/a.jpg", "in/a_small.jpg", "in/b.jpg"] {
        fs::write(at(name), "").unwrap();
    }
    let settle = |naming: &Naming, path: PathBuf| {
        let mut ledger = Ledger::default();
        let Admission::New(number) = ledger.admit(&at("in/a.png")) else { panic!() };
        naming.settle(vec![PlannedOutput { variant: 0, path, replace: false, digest: 0 }], number, &mut ledger, &|_| {
            false
        })
    };
    let out = naming(Destination::Directory(at("out")), "{stem}.{ext}");
    assert!(matches!(settle(&out, at("out/a.jpg")), Ok(Plan::Make(o)) if o[0].replace));
    let inside = Naming { roots: vec![real_path(dir.path())], ..out.clone() };
    assert!(matches!(settle(&inside, at("out/a.jpg")), Err(PlanError::Exists(_))));
    let same = naming(Destination::Directory(at("in")), "{stem}.{ext}");
    assert!(matches!(settle(&same, at("in/b.jpg")), Err(PlanError::Exists(_))));
    assert!(matches!(settle(&same, at("in/a.png")), Err(PlanError::Claim(ClaimError::IsInput(_)))));
    let marked = naming(Destination::Beside, "{stem}_small.{ext}");
    assert!(matches!(settle(&marked, at("in/a_small.jpg")), Ok(Plan::Make(o)) if o[0].replace));
    let skip = Naming { existing: Existing::Skip, ..marked.clone() };
    assert!(matches!(settle(&skip, at("in/a_small.jpg")), Ok(Plan::AllExist)));
    let fail = Naming { existing: Existing::Fail, ..marked };
    assert!(matches!(settle(&fail, at("in/a_small.jpg")), Err(PlanError::ExistsFail(_))));
}
