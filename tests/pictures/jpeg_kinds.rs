//! JPEGs of rare kinds through the program, beside their twins of the usual kind.

use crate::testenv::World;

const TWINS: [(&[u8], &[u8]); 2] = [
    (include_bytes!("../../fixtures/jpeg/arithmetic.jpg"), include_bytes!("../../fixtures/jpeg/huffman.jpg")),
    (
        include_bytes!("../../fixtures/jpeg/arithmetic-progressive.jpg"),
        include_bytes!("../../fixtures/jpeg/huffman-progressive.jpg"),
    ),
];

const WIDE: &[u8] = include_bytes!("../../fixtures/jpeg/twelve-bits.jpg");
const NARROW: &[u8] = include_bytes!("../../fixtures/jpeg/huffman.jpg");

#[test]
fn arithmetic_coding_makes_the_same_thumbnails() {
    for (arithmetic, huffman) in TWINS {
        let world = World::new();
        world.write("arithmetic.jpg", arithmetic);
        world.write("huffman.jpg", huffman);
        world.run(&["arithmetic.jpg", "huffman.jpg", "-s", "50", "-o", "out/"]).ok();
        assert_eq!(world.size("out/arithmetic.jpg"), (50, 38));
        assert!(world.read("out/arithmetic.jpg") == world.read("out/huffman.jpg"));
    }
}

#[test]
fn twelve_bits_make_nearly_the_same_thumbnails() {
    let world = World::new();
    world.write("a.jpg", WIDE);
    world.run(&["a.jpg", "-s", "50", "-f", "png", "-o", "out/"]).ok();
    let (width, height, pixels) = world.pixels("out/a.png");
    assert_eq!((width, height), (50, 38));
    world.write("b.jpg", NARROW);
    world.run(&["b.jpg", "-s", "50", "-f", "png", "-o", "out/"]).ok();
    let mean = crate::testenv::mean(&pixels, &world.pixels("out/b.png").2);
    assert!(mean < 2.0, "{mean}");
}
