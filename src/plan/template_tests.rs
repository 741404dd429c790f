//! Tests of templates.

use super::*;

#[test]
fn literal_extensions() {
    for (text, want) in [
        ("{stem}.webp", Some("webp")),
        ("{stem}-{width}.JPG", Some("JPG")),
        ("t/{dir}/{name}.tar.jpg", Some("jpg")),
        ("one.png", Some("png")),
        ("{stem}.{ext}", None),
        ("{stem}.{size}", None),
        ("{stem}_jpg", None),
        ("{stem}.", None),
        ("{dir}/.jpg", None),
        ("a.b/{name}", None),
    ] {
        assert_eq!(Template::parse(text).unwrap().literal_extension(), want, "{text}");
    }
}

fn fields<'a>(stem: &'a str, ext: &'a str) -> Fields<'a> {
    Fields {
        stem: OsStr::new(stem),
        name: OsStr::new(stem),
        ext: OsStr::new(ext),
        size: "256",
        width: 200,
        height: 100,
        hash: "0123456789abcdef",
        dir: Path::new("sub"),
    }
}

#[test]
fn a_digest_comes_before_the_extension() {
    for (text, want) in [
        ("{stem}.{ext}", "a.0123456789abcdef.jpg"),
        ("v1.2/{stem}_{size}.{ext}", "v1.2/a_256.0123456789abcdef.jpg"),
        ("{stem}-x.png", "a-x.0123456789abcdef.png"),
        ("v1.2/{stem}", "v1.2/a.0123456789abcdef"),
        ("{hash}/{stem}.{ext}", "0123456789abcdef/a.jpg"),
    ] {
        let template = Template::parse(text).unwrap().with_hash();
        assert_eq!(template.expand(&fields("a", "jpg")), Path::new(want), "{text}");
        assert!(template.tells_hash());
    }
    let origins = Template::parse("{stem}.{hash}.{ext}").unwrap().origins(OsStr::new("a.0123456789abcdef.jpg"), &[]);
    assert_eq!(origins[0].stem.as_deref(), Some(OsStr::new("a")));
    assert!(
        Template::parse("{stem}.{hash}.{ext}").unwrap().origins(OsStr::new("a.0123456789abcdeg.jpg"), &[]).is_empty()
    );
}

#[test]
fn standard_templates_are_what_they_say() {
    for destination in [Destination::Beside, Destination::Directory("out".into())] {
        for sizes in [1, 2] {
            let standard = Template::standard(&destination, sizes);
            let parsed = Template::parse(standard.as_str()).unwrap();
            let expand = |t: &Template| t.expand(&fields("a", "jpg"));
            assert_eq!(expand(&standard), expand(&parsed));
            assert_eq!(standard.has_marker(), destination == Destination::Beside || sizes > 1);
        }
    }
}

#[test]
fn templates_fill() {
    for (text, want) in [
        ("{stem}_thumb.{ext}", "a_thumb.jpg"),
        ("{dir}/t/{stem}-{width}x{height}.{ext}", "sub/t/a-200x100.jpg"),
        ("{stem}_{size}.{ext}", "a_256.jpg"),
        ("{{{stem}}}.{ext}", "{a}.jpg"),
        ("x/{name}", "x/a"),
    ] {
        assert_eq!(Template::parse(text).unwrap().expand(&fields("a", "jpg")), Path::new(want), "{text}");
    }
    let top = Fields { dir: Path::new(""), ..fields("a", "jpg") };
    assert_eq!(Template::parse("{dir}/{stem}.{ext}").unwrap().expand(&top), Path::new("a.jpg"));
}

#[test]
fn templates_that_climb_or_mean_nothing_are_refused() {
    for text in ["", "/x", "../x", "a/../b", "a/", "a//b", ".", "./a", "{dir}", "{stem}/.."] {
        assert_eq!(Template::parse(text), Err(TemplateError::Path), "{text}");
    }
    assert_eq!(Template::parse("{stme}.x"), Err(TemplateError::Unknown("stme".into())));
    for text in ["{stem", "stem}", "a{"] {
        assert_eq!(Template::parse(text), Err(TemplateError::Brace), "{text}");
    }
}

#[test]
fn stems_of_dots_do_not_climb() {
    for (file, text, want) in [
        ("...", "{stem}/x.{ext}", ".._/x.jpg"),
        ("..x", "t/{stem}/{name}", "t/._/..x"),
        ("...", "{stem}{stem}.{ext}", ".....jpg"),
    ] {
        let file = Path::new(file);
        let names = Fields { stem: file.file_stem().unwrap(), name: file.as_os_str(), ..fields("", "jpg") };
        assert_eq!(Template::parse(text).unwrap().expand(&names), Path::new(want), "{text}");
    }
}

#[test]
fn matching_is_bounded() {
    let t = Template::parse("{stem}{name}{ext}{width}{height}{stem}q").unwrap();
    assert!(t.origins(OsStr::new(&"1".repeat(255)), &[]).is_empty());
}

#[test]
fn markers() {
    for (text, marked) in [
        ("{stem}_thumb.{ext}", true),
        ("{stem}.{ext}", false),
        ("{stem}_{size}.{ext}", true),
        ("thumbs/{stem}.{ext}", false),
        ("thumbs/t{stem}.{ext}", true),
        ("cover.{ext}", false),
    ] {
        assert_eq!(Template::parse(text).unwrap().has_marker(), marked, "{text}");
    }
}

#[test]
fn names_are_traced_back() {
    let t = Template::parse("{stem}_thumb.{ext}").unwrap();
    let origins = t.origins(OsStr::new("a_thumb_thumb.jpg"), &[]);
    assert_eq!(origins[0].stem.as_deref(), Some(OsStr::new("a_thumb")));
    assert_eq!(origins[0].ext.as_deref(), Some(OsStr::new("jpg")));
    assert!(t.origins(OsStr::new("a.jpg"), &[]).is_empty());
    assert!(t.origins(OsStr::new("_thumb.jpg"), &[]).is_empty());
    let t = Template::parse("{stem}_{size}.{ext}").unwrap();
    let labels = ["256".to_owned(), "50%".to_owned()];
    assert_eq!(t.origins(OsStr::new("a_50%.jpg"), &labels).len(), 1);
    assert!(t.origins(OsStr::new("a_512.jpg"), &labels).is_empty());
    assert!(Template::parse("{stem}.{ext}").unwrap().origins(OsStr::new("a.jpg"), &[]).is_empty());
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let t = Template::parse("{stem}_thumb.{ext}").unwrap();
    let (a, b) = ("é".repeat(125), format!("{}a", "é".repeat(124)));
    let a = t.expand(&fields(&a, "jpg"));
    let b = t.expand(&fields(&b, "jpg"));
    assert!(a.as_os_str().len() <= 255 && a.to_str().unwrap().ends_with("_thumb.jpg"));
    assert_ne!(a, b);
    let exact = "x".repeat(255 - "_thumb.jpg".len());
    assert_eq!(t.expand(&fields(&exact, "jpg")), PathBuf::from(format!("{exact}_thumb.jpg")));
}
