//! The one scan of a sequential picture (ITU-T T.81, F.1.2).

use super::blocks::Block;
use super::walk::{Coding, Sink, ac, dc, magnitude};
use super::word::Word;

/// Codes whole blocks.
#[derive(Debug, Default)]
pub(crate) struct Sequential {
    /// The mean of each component's last block.
    last: [i32; 4],
}

impl<W: Word> Coding<W> for Sequential {
    #[inline(always)]
    fn block(&mut self, part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        let Some([mean, words @ ..]) = block else {
            // Beyond the picture: the same mean, and nothing else.
            sink.put(dc(kind), 0, 0);
            sink.put(ac(kind), 0, 0);
            return;
        };
        let mean = mean.mean();
        let (count, bits) = magnitude(mean - self.last[part & 3]);
        self.last[part & 3] = mean;
        sink.put(dc(kind), count as u8, bits);
        sink.words(ac(kind), words);
    }

    fn end(&mut self, _sink: &mut impl Sink) {
        self.last = [0; 4];
    }
}

/// What is not counted while the blocks are made: means, and all of blocks beyond a component.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    last: [i32; 4],
}

impl<W: Word> Coding<W> for Rest {
    #[inline(always)]
    fn block(&mut self, part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        let Some([mean, ..]) = block else {
            sink.put(dc(kind), 0, 0);
            sink.put(ac(kind), 0, 0);
            return;
        };
        let mean = mean.mean();
        let (count, bits) = magnitude(mean - self.last[part & 3]);
        self.last[part & 3] = mean;
        sink.put(dc(kind), count as u8, bits);
    }

    fn end(&mut self, _sink: &mut impl Sink) {
        self.last = [0; 4];
    }
}
