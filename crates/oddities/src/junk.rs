//! Files that are not pictures, under the names of pictures.

/// All files, with their names.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty.jpg", Vec::new()),
        ("one-byte.jpg", vec![0xff]),
        ("zeros.jpg", vec![0; 100_000]),
        ("page.jpg", html()),
        ("pointer.jpg", lfs_pointer()),
        ("drawing.svg", svg()),
        ("script.mvg", mvg()),
        ("photo.heic", heic()),
        ("start-only.jpg", vec![0xff, 0xd8]),
        ("signature-only.png", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("riff-only.webp", b"RIFF\x04\0\0\0WEBP".to_vec()),
    ]
}

/// The response of a web server in place of a picture.
pub fn html() -> Vec<u8> {
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n".to_vec()
}

/// The pointer that git leaves in place of a large file that was not fetched.
pub fn lfs_pointer() -> Vec<u8> {
    let digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n").into_bytes()
}

/// A drawing that asks its reader to open a local file and to fetch another.
pub fn svg() -> Vec<u8> {
    br#"<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
<text y="20">&secret;</text><image xlink:href="http://127.0.0.1:9/x.png" width="64" height="64"/></svg>
"#
    .to_vec()
}

/// A script in ImageMagick's drawing language that asks to read a file.
pub fn mvg() -> Vec<u8> {
    b"push graphic-context\nviewbox 0 0 64 64\nimage over 0,0 0,0 'label:@/etc/passwd'\npop graphic-context\n".to_vec()
}

/// The first box of a HEIC file.
pub fn heic() -> Vec<u8> {
    [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(), &[0; 64]].concat()
}
