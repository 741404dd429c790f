//! Writes lossless JPEG (ITU-T T.81, annex H) of any shape: predictors, point transforms, restart
//! intervals, interleaving, sampling factors and depths.

/// The shape of a picture. [`Lossless::default`] is 8-bit grey, 13 x 9.
#[derive(Clone, Debug)]
pub struct Lossless {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits per sample, 2 to 16.
    pub precision: u8,
    /// 1 to 7.
    pub predictor: u8,
    /// Low bits that are dropped.
    pub transform: u8,
    /// Rows of MCUs between restart markers, 0 for none.
    pub restart: u32,
    /// One scan for all components instead of one for each.
    pub interleaved: bool,
    /// Horizontal and vertical sampling factor of each component.
    pub factors: Vec<(u8, u8)>,
    /// A marker segment behind the start of the picture: its code and content, without length.
    pub marker: Option<(u8, Vec<u8>)>,
}

impl Default for Lossless {
    fn default() -> Self {
        Self {
            width: 13,
            height: 9,
            precision: 8,
            predictor: 1,
            transform: 0,
            restart: 0,
            interleaved: true,
            factors: vec![(1, 1)],
            marker: None,
        }
    }
}

/// The scene with 8 bits: grey (1), RGB (3), or inverted CMYK without black (4).
pub fn scene(components: usize, width: u32, height: u32) -> Vec<u8> {
    let rgb = crate::scene::rgb(width, height);
    let sample = |p: &[u8], c: usize| match (components, c) {
        (1, _) => (u16::from(p[0]) * 77 + u16::from(p[1]) * 150 + u16::from(p[2]) * 29) >> 8,
        (_, 3) => 255,
        _ => p[c].into(),
    };
    let planes: Vec<Vec<u16>> = (0..components).map(|c| rgb.chunks(3).map(|p| sample(p, c)).collect()).collect();
    Lossless { width, height, predictor: 4, factors: vec![(1, 1); components], ..Lossless::default() }.encode(&planes)
}

/// The Adobe segment with this transform.
pub fn adobe(transform: u8) -> (u8, Vec<u8>) {
    (0xee, [b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat())
}

/// Codes of 2 to 12 bits for the sizes 0 to 16: the number of codes per length.
const COUNTS: [u8; 16] = [0, 1, 2, 3, 3, 2, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0];

/// Code and length of each size.
fn codes() -> Vec<(u32, u32)> {
    let mut codes = Vec::new();
    let mut code = 0;
    for (length, &count) in (1..).zip(&COUNTS) {
        code <<= 1;
        for _ in 0..count {
            codes.push((code, length));
            code += 1;
        }
    }
    codes
}

struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, bits: u32) {
        for bit in (0..bits).rev() {
            self.held = self.held << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.out.push(self.held as u8);
                if self.held as u8 == 0xff {
                    self.out.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn pad(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }
}

impl Lossless {
    fn h_max(&self) -> u32 {
        self.factors.iter().map(|f| u32::from(f.0)).max().expect("a component")
    }

    fn v_max(&self) -> u32 {
        self.factors.iter().map(|f| u32::from(f.1)).max().expect("a component")
    }

    /// The size of a component.
    pub fn plane(&self, component: usize) -> (u32, u32) {
        let (h, v) = self.factors[component];
        let side = |full: u32, factor: u8, max: u32| (full * u32::from(factor)).div_ceil(max);
        (side(self.width, h, self.h_max()), side(self.height, v, self.v_max()))
    }

    /// Samples of every component: waves with grain, and the smallest and largest values side by
    /// side.
    pub fn samples(&self) -> Vec<Vec<u16>> {
        let max = (1u64 << self.precision) - 1;
        let mut state = 0x2545_f491u64;
        let mut grain = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 40
        };
        let plane = |c: usize| {
            let (width, height) = self.plane(c);
            let mut plane = Vec::new();
            for i in 0..u64::from(width) * u64::from(height) {
                let (x, y) = (i % u64::from(width), i / u64::from(width));
                plane.push(match (x + y * 3 + c as u64) % 7 {
                    0 => 0,
                    1 => max as u16,
                    _ => ((x * max / 20 + y * max / 15 + grain() % (max / 8 + 1)) % (max + 1)) as u16,
                });
            }
            plane
        };
        (0..self.factors.len()).map(plane).collect()
    }

    /// The samples that a decoder returns: without the bits that the point transform drops.
    pub fn kept(&self, samples: &[Vec<u16>]) -> Vec<Vec<u16>> {
        samples.iter().map(|plane| plane.iter().map(|v| v >> self.transform << self.transform).collect()).collect()
    }

    /// The sample of a component at a pixel. Smaller components are repeated.
    pub fn at(&self, samples: &[Vec<u16>], component: usize, x: u32, y: u32) -> u16 {
        let (h, v) = self.factors[component];
        let (x, y) = (x * u32::from(h) / self.h_max(), y * u32::from(v) / self.v_max());
        samples[component][(y * self.plane(component).0 + x) as usize]
    }

    /// The file.
    pub fn encode(&self, samples: &[Vec<u16>]) -> Vec<u8> {
        let count = self.factors.len() as u8;
        let mut out = vec![0xff, 0xd8];
        if let Some((code, content)) = &self.marker {
            segment(&mut out, *code, content);
        }
        let mut frame = vec![self.precision];
        frame.extend((self.height as u16).to_be_bytes());
        frame.extend((self.width as u16).to_be_bytes());
        frame.push(count);
        for (id, (h, v)) in (1..).zip(&self.factors) {
            frame.extend([id, h << 4 | v, 0]);
        }
        segment(&mut out, 0xc3, &frame);
        segment(&mut out, 0xc4, &[&[0][..], &COUNTS, &(0..=16).collect::<Vec<u8>>()].concat());
        let scans: Vec<Vec<usize>> = if self.interleaved {
            vec![(0..self.factors.len()).collect()]
        } else {
            (0..self.factors.len()).map(|c| vec![c]).collect()
        };
        for scan in scans {
            let alone = scan.len() == 1;
            let columns = if alone { self.plane(scan[0]).0 } else { self.width.div_ceil(self.h_max()) };
            segment(&mut out, 0xdd, &((self.restart * columns) as u16).to_be_bytes());
            let mut header = vec![scan.len() as u8];
            scan.iter().for_each(|&c| header.extend([c as u8 + 1, 0]));
            header.extend([self.predictor, 0, self.transform]);
            segment(&mut out, 0xda, &header);
            out.extend(self.scan(&scan, samples));
        }
        out.extend([0xff, 0xd9]);
        out
    }

    fn scan(&self, components: &[usize], samples: &[Vec<u16>]) -> Vec<u8> {
        let alone = components.len() == 1;
        let (columns, rows) = if alone {
            self.plane(components[0])
        } else {
            (self.width.div_ceil(self.h_max()), self.height.div_ceil(self.v_max()))
        };
        let codes = codes();
        let mut bits = Bits { out: Vec::new(), held: 0, count: 0 };
        for row in 0..rows {
            let begins = row.checked_rem(self.restart).unwrap_or(row) == 0;
            if begins && row > 0 {
                bits.pad();
                bits.out.extend([0xff, 0xd0 + ((row / self.restart - 1) % 8) as u8]);
            }
            for column in 0..columns {
                for &c in components {
                    let (h, v) = if alone { (1, 1) } else { (self.factors[c].0.into(), self.factors[c].1.into()) };
                    for (dy, dx) in (0..v).flat_map(|dy| (0..h).map(move |dx| (dy, dx))) {
                        let (x, y) = (column * h + dx, row * v + dy);
                        let difference = self.difference(samples, c, x, y, begins && dy == 0);
                        // 32,768 is written as 16 without extra bits.
                        let size = 32 - difference.unsigned_abs().leading_zeros();
                        let (code, length) = codes[size as usize];
                        bits.put(code, length);
                        if size < 16 {
                            let extra = if difference < 0 { difference - 1 } else { difference };
                            bits.put(extra as u32 & ((1 << size) - 1), size);
                        }
                    }
                }
            }
        }
        bits.pad();
        bits.out
    }

    /// The difference between a sample and its prediction, between -32,767 and 32,768. The padding
    /// of MCUs repeats the edge.
    fn difference(&self, samples: &[Vec<u16>], c: usize, x: u32, y: u32, first: bool) -> i32 {
        let (width, height) = self.plane(c);
        let at = |x: u32, y: u32| {
            let (x, y) = (x.min(width - 1), y.min(height - 1));
            i32::from(samples[c][(y * width + x) as usize] >> self.transform)
        };
        let predicted = match (x, first) {
            (0, true) => 1 << (self.precision - self.transform - 1),
            (0, false) => at(0, y - 1),
            (_, true) => at(x - 1, y),
            (_, false) => {
                let (left, above, corner) = (at(x - 1, y), at(x, y - 1), at(x - 1, y - 1));
                match self.predictor {
                    1 => left,
                    2 => above,
                    3 => corner,
                    4 => left + above - corner,
                    5 => left + ((above - corner) >> 1),
                    6 => above + ((left - corner) >> 1),
                    _ => (left + above) >> 1,
                }
            }
        };
        match (at(x, y) - predicted) & 0xffff {
            low @ 0..=32_768 => low,
            high => high - 65_536,
        }
    }
}

fn segment(out: &mut Vec<u8>, code: u8, content: &[u8]) {
    out.extend([0xff, code]);
    out.extend((content.len() as u16 + 2).to_be_bytes());
    out.extend(content);
}
