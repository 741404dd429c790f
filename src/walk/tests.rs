use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    dir
}

fn walk(walker: &Walker, dir: &Path, input: &str) -> Vec<String> {
    let mut all = Vec::new();
    let _ = walker.walk(&Input::Path(dir.join(input)), &mut |item| {
        all.push(match item {
            Item::Found(f) => {
                let path = f.path.unwrap().strip_prefix(dir).unwrap().display().to_string();
                format!("{path} in '{}'{}", f.below.display(), if f.certain { "" } else { "?" })
            }
            Item::Failed { path, error } => format!("{}: {error}", path.strip_prefix(dir).unwrap().display()),
            Item::LeftOut(_) => return Flow::Continue(()),
            other => format!("{other:?}"),
        });
        Flow::Continue(())
    });
    all
}

#[test]
fn directories_are_walked_in_order() {
    let dir = tree(&["t/b.jpg", "t/a/z.png", "t/a/note.txt", "t/.hidden.jpg", "t/.h/x.jpg", "t/.thumbs-1-0.tmp"]);
    let walker = Walker::default();
    let want = ["t/a/note.txt in 'a'?", "t/a/z.png in 'a'", "t/b.jpg in ''"];
    assert_eq!(walk(&walker, dir.path(), "t"), want);
    let selection = Selection { hidden: true, max_depth: Some(1), ..Selection::default() };
    let walker = Walker { selection, ..Walker::default() };
    assert_eq!(walk(&walker, dir.path(), "t"), ["t/.hidden.jpg in ''", "t/b.jpg in ''"]);
}

#[test]
fn patterns_mirror_below_their_literal_part() {
    let dir = tree(&["p/1/a.jpg", "p/2/b.jpg", "p/2/c.png", "p/[x].jpg"]);
    let walker = Walker::default();
    assert_eq!(walk(&walker, dir.path(), "p/*/*.jpg"), ["p/1/a.jpg in '1'", "p/2/b.jpg in '2'"]);
    assert_eq!(walk(&walker, dir.path(), "p/**/*.png"), ["p/2/c.png in '2'"]);
    assert_eq!(walk(&walker, dir.path(), "p/[x].jpg"), ["p/[x].jpg in ''"], "a file of that very name");
    assert_eq!(walk(&walker, dir.path(), "p/*.gif").len(), 1);
    assert!(walk(&walker, dir.path(), "p/*.gif")[0].contains("matches nothing"));
    assert_eq!(walk(&walker, dir.path(), "p/?"), ["p/1/a.jpg in '1'", "p/2/b.jpg in '2'", "p/2/c.png in '2'"]);
}

#[test]
fn selection_by_patterns() {
    let dir = tree(&["t/a.jpg", "t/sub/b.jpg", "t/sub/c.png", "t/skip/d.jpg"]);
    let include = Patterns::new(&["*.jpg"]).unwrap();
    let exclude = Patterns::new(&["skip"]).unwrap();
    let selection = Selection { include, exclude, ..Selection::default() };
    let walker = Walker { selection, ..Walker::default() };
    assert_eq!(walk(&walker, dir.path(), "t"), ["t/a.jpg in ''", "t/sub/b.jpg in 'sub'"]);
    let include = Patterns::new(&["sub/*"]).unwrap();
    let walker = Walker { selection: Selection { include, ..Selection::default() }, ..Walker::default() };
    assert_eq!(walk(&walker, dir.path(), "t"), ["t/sub/b.jpg in 'sub'", "t/sub/c.png in 'sub'"]);
}

#[test]
fn loops_and_dangling_links_are_passed() {
    let dir = tree(&["t/a.jpg"]);
    std::os::unix::fs::symlink("..", dir.path().join("t/up")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("t/gone.jpg")).unwrap();
    assert_eq!(walk(&Walker::default(), dir.path(), "t"), ["t/a.jpg in ''"]);
    let selection = Selection { follow: true, ..Selection::default() };
    let walker = Walker { selection, ..Walker::default() };
    assert_eq!(walk(&walker, dir.path(), "t"), ["t/a.jpg in ''"]);
}

#[test]
fn lists_are_literal() {
    let dir = tree(&["a*.jpg", "b\n.jpg"]);
    let top = dir.path().display();
    let list = format!("{top}/a*.jpg\0{top}/b\n.jpg\0{top}/none*\0");
    let mut found = Vec::new();
    let mut give = |item| {
        found.push(matches!(item, Item::Found(_)));
        Flow::Continue(())
    };
    let _ = Walker::default().walk_list(&mut list.as_bytes(), true, &mut give).unwrap();
    assert_eq!(found, [true, true, false]);
}
