//! Coefficients survive a rewrite, and the search counts what the writer writes.

use super::super::encode::blocks::Blocks;
use super::super::encode::scans::Coded;
use super::super::encode::script::{self, Scan};
use super::super::encode::search::scans::{self, Scans};
use super::super::encode::search::tally::{COUNT, EDGES, Tally};
use super::super::encode::segments;
use super::super::encode::word::Word;
use super::super::frame::{Component, Frame, Kind};
use super::super::idct::ZIGZAG;
use super::super::markers::{EOI, SOI};
use super::super::read_header;
use super::super::script::{Quant, Script};
use super::*;
use proptest::prelude::*;

/// Coefficients of a component's blocks in zigzag order, row by row.
type Dense = Vec<[i16; 64]>;

struct Random(u32);

impl Random {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * u64::from(below)) >> 32) as u32
    }
}

/// A picture of coefficients.
#[derive(Debug)]
struct Coefficients {
    frame: Frame,
    quant: Vec<Quant>,
    dense: Vec<Dense>,
}

impl Coefficients {
    /// Random blocks in which about one of `sparse` coefficients is not zero.
    fn random(frame: Frame, sparse: u32, seed: u32) -> Self {
        let mut random = Random(seed);
        let (most, mean) = if frame.is_wide() { (14, 15) } else { (10, 10) };
        let mut block = || {
            let mut block = [0; 64];
            // Most blocks end early, and some are empty.
            let end = if random.next(4) == 0 { 64 } else { 1 + random.next(20) };
            for value in &mut block[1..end as usize] {
                if random.next(sparse) == 0 {
                    let bits = random.next(most + 1).min(random.next(most + 1));
                    let magnitude = random.next(1 << bits) as i16;
                    *value = if random.next(2) == 0 { magnitude } else { -magnitude };
                }
            }
            block[0] = (random.next(1 << mean) as i32 - (1 << (mean - 1))) as i16;
            block
        };
        let count = |c| (frame.blocks(c).0 * frame.blocks(c).1) as usize;
        let dense = frame.components.iter().map(|c| (0..count(c)).map(|_| block()).collect()).collect();
        let mut random = Random(seed ^ 1);
        let most = if frame.is_wide() || seed.is_multiple_of(5) { 1000 } else { 255 };
        let tables: Vec<Quant> = (0..2).map(|_| std::array::from_fn(|_| 1 + random.next(most) as u16)).collect();
        let quant = frame.components.iter().map(|c| tables[usize::from(c.table & 1)]).collect();
        Self { frame, quant, dense }
    }

    /// Writes the picture with the scan script of libjpeg.
    fn write<W: Word>(&self, restart: u16) -> Vec<u8> {
        let blocks: Vec<Blocks<W>> =
            self.frame.components.iter().zip(&self.dense).map(|(c, dense)| packed(&self.frame, c, dense)).collect();
        let mut frame = self.frame.clone();
        let tables = number(&mut frame, self.quant.iter().copied());
        let mut out = vec![0xFF, SOI];
        segments::quantisation(&mut out, &tables);
        segments::frame(&mut out, &frame);
        segments::restart(&mut out, restart);
        let mut all = script::of(&frame);
        if !scans::is_interleaved(&frame) {
            all = all
                .iter()
                .flat_map(|scan| scan.components.iter().map(|&c| Scan { components: vec![c], ..scan.clone() }))
                .collect();
        }
        for (scan, counter) in Scans::of(all, &frame, &blocks, restart.into()).0 {
            out = Coded::new(&frame, &scan, &blocks, restart.into()).write_counted(out, &counter);
        }
        out.extend([0xFF, EOI]);
        out
    }

    fn read(data: &[u8]) -> Self {
        let header = read_header(data).unwrap();
        let script = Script::read(data, &header).unwrap();
        let quant = read::quantisation(&script).unwrap();
        let dense = if header.frame.is_wide() {
            read::blocks::<u32>(data, &header, &script, &Options::default()).unwrap().0.iter().map(spread).collect()
        } else {
            read::blocks::<u16>(data, &header, &script, &Options::default()).unwrap().0.iter().map(spread).collect()
        };
        Self { frame: header.frame, quant, dense }
    }

    /// Turns the picture one coefficient at a time.
    fn turned(&self, turn: Turn) -> Self {
        let mut frame = self.frame.clone();
        turn.frame(&mut frame);
        let (across, down) = match turn {
            Turn::None | Turn::Transpose => (false, false),
            Turn::FlipH | Turn::Rotate90 => (true, false),
            Turn::FlipV | Turn::Rotate270 => (false, true),
            Turn::Rotate180 | Turn::Transverse => (true, true),
        };
        let place = |u: usize, v: usize| ZIGZAG.iter().position(|&z| usize::from(z) == v * 8 + u).unwrap();
        let moved = |block: &[i16; 64]| {
            std::array::from_fn(|k| {
                let (u, v) = (usize::from(ZIGZAG[k] % 8), usize::from(ZIGZAG[k] / 8));
                let from = if turn.is_transposed() { place(v, u) } else { k };
                let is_negative = (across && u % 2 == 1) != (down && v % 2 == 1);
                if is_negative { -block[from] } else { block[from] }
            })
        };
        let blocks = |(c, dense): (&Component, &Dense)| {
            let (columns, rows) = (frame.blocks(c).0 as usize, frame.blocks(c).1 as usize);
            let at = |x: usize, y: usize| {
                let (x, y) = (if across { columns - 1 - x } else { x }, if down { rows - 1 - y } else { y });
                if turn.is_transposed() { x * rows + y } else { y * columns + x }
            };
            (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).map(|(x, y)| moved(&dense[at(x, y)])).collect()
        };
        let dense = frame.components.iter().zip(&self.dense).map(blocks).collect();
        let steps = |quant: &Quant| {
            std::array::from_fn(|k| {
                let (u, v) = (usize::from(ZIGZAG[k] % 8), usize::from(ZIGZAG[k] / 8));
                if turn.is_transposed() { quant[place(v, u)] } else { quant[k] }
            })
        };
        Self { quant: self.quant.iter().map(steps).collect(), dense, frame }
    }
}

fn packed<W: Word>(frame: &Frame, c: &Component, dense: &Dense) -> Blocks<W> {
    let columns = frame.blocks(c).0 as usize;
    let mut blocks = Blocks::new(columns, 0);
    dense.chunks(columns).for_each(|row| blocks.push_levels(row));
    blocks
}

fn spread<W: Word>(blocks: &Blocks<W>) -> Dense {
    let block = |words: &[W]| {
        let mut block = [0; 64];
        block[0] = words[0].mean() as i16;
        let mut k = 0;
        for word in words[1..].iter().filter(|word| word.symbol() != 0) {
            k += word.run() as usize + 1;
            block[k] = word.value() as i16;
        }
        block
    };
    (0..blocks.rows()).flat_map(|y| blocks.row(y)).map(block).collect()
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let kind = prop_oneof![Just(Kind::Extended), Just(Kind::Progressive)];
    let factors = proptest::collection::vec((1u8..=4, 1u8..=4), 4);
    let count = prop_oneof![Just(1usize), Just(3), Just(4)];
    let common = prop_oneof![3 => Just(true), 1 => Just(false)];
    (kind, any::<bool>(), 1u32..70, 1u32..70, (count, factors, common)).prop_map(
        |(kind, wide, width, height, (count, factors, common))| {
            let component = |(i, (h, v)): (usize, (u8, u8))| {
                // Mostly subsampled chroma, as in real files.
                let (h, v) = if !common {
                    (h, v)
                } else if i % 3 == 0 {
                    (1 + h % 2, 1 + v % 2)
                } else {
                    (1, 1)
                };
                Component { id: i as u8 + 1, h, v, table: u8::from(i > 0) }
            };
            let components = factors.into_iter().take(count).enumerate().map(component).collect();
            Frame { kind, arithmetic: false, precision: if wide { 12 } else { 8 }, width, height, components }
        },
    )
}

fn any_options() -> impl Strategy<Value = Options<'static>> {
    let progressive = prop_oneof![Just(Progressive::Auto), Just(Progressive::Yes), Just(Progressive::No)];
    let restart = prop_oneof![Just(0u16), 1u16..9];
    (progressive, restart, 0usize..8).prop_map(|(progressive, restart, turn)| Options {
        progressive,
        restart,
        turn: Turn::ALL[turn],
        ..Options::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn coefficients_come_back(
        (frame, options) in (any_frame(), any_options()),
        (sparse, seed, restart) in (1u32..30, any::<u32>(), 0u16..5),
    ) {
        let given = Coefficients::random(frame, sparse, seed);
        let data = if given.frame.is_wide() { given.write::<u32>(restart) } else { given.write::<u16>(restart) };
        let header = read_header(&data).unwrap();
        let result = transcode(&data, &header, &options).unwrap();
        let got = Coefficients::read(&result.bytes);
        prop_assert_eq!(result.turned, options.turn.fits(&given.frame));
        prop_assert_eq!(result.trailing, 0);
        let wanted = if result.turned { given.turned(options.turn) } else { given };
        prop_assert_eq!(&got.dense, &wanted.dense);
        prop_assert_eq!(&got.quant, &wanted.quant);
        prop_assert_eq!(got.frame.kind == Kind::Progressive, result.progressive);
        let is_asked = match options.progressive {
            Progressive::Auto => true,
            asked => result.progressive == (asked == Progressive::Yes),
        };
        prop_assert!(is_asked);
        let plain = |c: &Component| Component { table: 0, ..*c };
        prop_assert!(got.frame.components.iter().map(plain).eq(wanted.frame.components.iter().map(plain)));
        prop_assert_eq!(
            (got.frame.width, got.frame.height, got.frame.precision),
            (wanted.frame.width, wanted.frame.height, wanted.frame.precision)
        );
        // A second rewrite changes nothing.
        let again = transcode(&result.bytes, &read_header(&result.bytes).unwrap(), &Options { turn: Turn::None, ..options });
        prop_assert!(again.unwrap().bytes == result.bytes);
        // `Auto` chooses the smaller kind.
        for progressive in [Progressive::Yes, Progressive::No] {
            let one = transcode(&data, &header, &Options { progressive, ..options }).unwrap();
            // The search does not count stuffed bytes.
            prop_assert!(options.progressive != Progressive::Auto || result.bytes.len() <= one.bytes.len() * 101 / 100 + 2);
        }
    }

    #[test]
    fn what_is_tallied_is_what_is_coded(frame in any_frame(), sparse in 1u32..40, seed in any::<u32>(), low in 0u8..4) {
        let mut given = Coefficients::random(frame, sparse, seed);
        given.frame.kind = Kind::Progressive;
        let c = given.frame.components[0];
        let blocks = [packed::<u32>(&given.frame, &c, &given.dense[0])];
        for refines in [false, true] {
            let tally = Tally::new(&blocks[0], low, refines);
            for (from, to) in (0..COUNT).flat_map(|from| (from + 1..=COUNT).map(move |to| (from, to))) {
                let scan = Scan::new(&[0], (EDGES[from], EDGES[to] - 1), (if refines { low + 1 } else { 0 }, low));
                let coded = scans::bytes(&scan, &Coded::new(&given.frame, &scan, &blocks, 0).counter());
                let tallied = scans::bytes(&scan, &tally.band(from, to));
                // The tally ignores the limit on buffered correction bits.
                let room = if refines { 2 + coded[1] / 50 } else { 0 };
                let room_header = if refines { 3 } else { 0 };
                prop_assert!(coded[0].abs_diff(tallied[0]) <= room_header, "{:?}: {:?} {:?}", scan, coded, tallied);
                prop_assert!(coded[1].abs_diff(tallied[1]) <= room, "{:?}: {:?} {:?}", scan, coded, tallied);
            }
        }
    }
}
