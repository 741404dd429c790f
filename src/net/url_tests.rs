use super::*;

fn url(text: &str) -> Url {
    Url::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn urls_are_read_as_browsers_read_them() {
    for (text, want) in [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:443/A.jpg#part", "https://example.org/A.jpg"),
        ("http://example.org:8080/a b/\u{e9}.jpg", "http://example.org:8080/a%20b/%C3%A9.jpg"),
        ("http://example.org?x=1", "http://example.org/?x=1"),
        ("http://example.org/a/../b/./c.jpg", "http://example.org/b/c.jpg"),
        ("http://example.org/../../etc", "http://example.org/etc"),
        ("http://example.org/a/%2e%2e/b", "http://example.org/b"),
        ("http://example.org/a/..", "http://example.org/"),
        ("http://user:pass@example.org/", "http://example.org/"),
        ("http://[::1]:81/x", "http://[::1]:81/x"),
        ("http://a@b@example.org/", "http://example.org/"),
        (" http://example.org/x ", "http://example.org/x"),
    ] {
        assert_eq!(url(text).request(), want, "{text}");
    }
    for (text, want) in [
        ("ftp://example.org/", UrlError::Scheme("ftp".into())),
        ("http:///x", UrlError::Host),
        ("http://exa mple.org/", UrlError::Host),
        ("http://a\u{ff0f}b.example/", UrlError::Host),
        ("http://a%2fb.example/", UrlError::Host),
        ("http://a%00b.example/", UrlError::Host),
        ("http://%ff.example/", UrlError::Host),
        ("http://\u{fc}\u{5d0}.example/", UrlError::Host),
        ("http://\u{200d}/", UrlError::Host),
        ("http://example.org\\@evil.org/", UrlError::Host),
        ("http://example.org:99999/", UrlError::Port),
        ("http://example.org:0/", UrlError::Port),
        ("http://example.org/a\r\nX: y", UrlError::Control),
        ("http://[::1/", UrlError::Host),
    ] {
        assert_eq!(Url::parse(text.as_bytes()), Err(want), "{text}");
    }
}

#[cfg(feature = "http")]
#[test]
fn hosts_in_unicode_become_ascii() {
    for (text, want) in [
        ("http://b\u{fc}cher.example:81/\u{e9}", "http://xn--bcher-kva.example:81/%C3%A9"),
        ("http://B\u{dc}CHER.example/", "http://xn--bcher-kva.example/"),
        ("http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"),
        // A Cyrillic letter shows.
        ("http://\u{430}pple.com/", "http://xn--pple-43d.com/"),
        // Full width, and other dots.
        ("http://\u{ff11}\u{ff12}\u{ff17}\u{3002}0.0.1/", "http://127.0.0.1/"),
        ("http://u:p@fa\u{df}.de/", "http://xn--fa-hia.de/"),
    ] {
        assert_eq!(url(text).request(), want, "{text}");
        assert_eq!(url(text).key(), url(want).key(), "{text}");
    }
}

#[test]
fn redirects_are_joined() {
    let base = url("https://u:p@example.org/a/b.jpg?x=1");
    for (location, want) in [
        ("http://other.org/c", "http://other.org/c"),
        ("//other.org/c", "https://other.org/c"),
        ("/c?y=2", "https://example.org/c?y=2"),
        ("c.jpg", "https://example.org/a/c.jpg"),
        ("../c.jpg", "https://example.org/c.jpg"),
        ("?y=2", "https://example.org/a/b.jpg?y=2"),
        ("", "https://example.org/a/b.jpg?x=1"),
        ("a:b/c", "scheme a"),
        ("file:///etc/passwd", "scheme file"),
        ("data:image/png,x", "scheme data"),
        ("./a:b", "https://example.org/a/a:b"),
    ] {
        match base.join(location.as_bytes()) {
            Ok(url) => assert_eq!(url.request(), want, "{location}"),
            Err(UrlError::Scheme(scheme)) => assert_eq!(format!("scheme {scheme}"), want, "{location}"),
            Err(other) => panic!("{location}: {other}"),
        }
    }
    assert!(base.is_same_origin(&base.join(b"/c").unwrap()));
    assert!(!base.is_same_origin(&base.join(b"http://example.org/c").unwrap()));
    assert!(!base.is_same_origin(&base.join(b"https://example.org:444/c").unwrap()));
}

#[test]
fn messages_hold_no_secrets() {
    for (text, want) in [
        ("http://user:pass@example.org/a?sig=x", "http://***@example.org/a?sig=***"),
        ("http://user:pass@exa mple.org/a?sig=x", "http://exa mple.org/a"),
        ("photos/a@b.jpg?sig=x", "photos/a@b.jpg?sig=x"),
    ] {
        assert_eq!(masked_text(Path::new(text)), Path::new(want));
    }
}

#[test]
fn names_are_safe() {
    for (text, want) in [
        ("http://example.org/photos/a%20b.jpg?w=1", "a b.jpg"),
        ("http://example.org/photos/", "photos"),
        ("http://example.org/", "example.org"),
        ("http://example.org/x%2F..%2F..%2Fetc", "x_.._.._etc"),
        ("http://example.org/%2e%2e%2f", "_._"),
        ("http://example.org/a/.%00hidden", "__hidden"),
        ("http://example.org/%0a%1b[31m.jpg", "__[31m.jpg"),
        ("http://example.org/100%.jpg", "100%.jpg"),
    ] {
        assert_eq!(url(text).file_name(), want, "{text}");
    }
}

#[test]
fn keys_are_paths_with_one_directory_for_each_host() {
    let key = |text: &str| url(text).key();
    assert_eq!(key("http://example.org/a/b.jpg?x=1/2"), Path::new("/http:/example.org/|a|b.jpg?x=1|2"));
    assert_eq!(key("https://example.org:81"), Path::new("/https:/example.org:81/|"));
    let several =
        ["http://h/a", "http://h/a/", "http://h//a", "https://h/a", "http://h/a?", "http://h/a?b", "http://h:8/a"];
    for (at, one) in several.iter().enumerate() {
        // An empty query asks for the same.
        let same = |other: &&&str| key(other) == key(one) && !(one.contains('?') && other.ends_with('a'));
        assert_eq!(several[..at].iter().find(same), None, "{one}");
    }
}

#[test]
fn mirrored_below_a_prefix() {
    let below = |text: &str, prefix: &str| url(text).below(Path::new(prefix));
    let path = |text: &str| Some(PathBuf::from(text));
    assert_eq!(below("https://h/a/b/c.jpg", "https://"), path("h/a/b"));
    assert_eq!(below("https://h:81/a/c.jpg", "https://"), path("h:81/a"));
    assert_eq!(below("https://h/a/b/c.jpg", "https://h/a"), path("b"));
    assert_eq!(below("https://h/a/b/c.jpg", "https://h/a/"), path("b"));
    assert_eq!(below("https://h/a/%2e%2fb/c.jpg", "https://h/"), path("a/__b"));
    assert_eq!(below("https://h/ab/c.jpg", "https://h/a"), None);
    assert_eq!(below("http://h/a/c.jpg", "https://"), None);
    assert_eq!(below("https://other/a/c.jpg", "https://h/"), None);
    assert_eq!(below("https://h/a/c.jpg", "/srv/photos"), None);
}

proptest::proptest! {
    #[test]
    fn any_text_is_safe(tail in "[ -~\\u{0}-\\u{ff}%./?#@:\\\\\\[\\]]{0,60}") {
        let Ok(url) = Url::parse(format!("http://{tail}").as_bytes()) else { return Ok(()) };
        let again = Url::parse(url.request().as_bytes()).unwrap();
        proptest::prop_assert_eq!(again.request(), url.request());
        let name = url.file_name();
        proptest::prop_assert!(Path::new(&name).components().eq([std::path::Component::Normal(&name)]), "{:?}", name);
        for prefix in ["http://", "http://h/"] {
            let below = url.below(Path::new(prefix)).unwrap_or_default();
            let normal = |c| matches!(c, std::path::Component::Normal(_));
            proptest::prop_assert!(below.components().all(normal), "{:?}", below);
        }
        let joined = url.join(tail.as_bytes());
        proptest::prop_assert!(joined.is_err() || joined.is_ok_and(|url| url.request().starts_with("http")));
    }
}
