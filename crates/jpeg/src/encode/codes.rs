//! Huffman tables made for the symbols of one scan.

/// Codes of a table, and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    /// How many codes there are of each length, 1 to 16.
    pub counts: [u8; 16],
    /// Symbols in the order of their codes.
    pub symbols: Vec<u8>,
    /// Of each symbol, its code above its length (low 8 bits).
    pub codes: [u32; 256],
}

/// Depth of a code before it is limited: counts are below 2^40, and the n-th depth needs the n-th Fibonacci number of symbols.
const DEEPEST: usize = 64;

impl Codes {
    /// The shortest codes for symbols that occur so often, none longer than 16 bits, none all ones (T.81, annex K.2).
    pub fn optimal(counts: &[u64; 256]) -> Self {
        let mut order: Vec<(u64, u16)> =
            (0..256u16).filter(|&s| counts[usize::from(s)] > 0).map(|s| (counts[usize::from(s)], s)).collect();
        // Takes the code of all ones, which is not allowed; rarer than all others, so that it is among the longest.
        order.push((0, 256));
        order.sort_unstable_by_key(|&(count, symbol)| (count, std::cmp::Reverse(symbol)));
        let mut of_length = [0usize; DEEPEST];
        for length in lengths(&order) {
            of_length[length] += 1;
        }
        limit(&mut of_length);
        let longest = (1..=16).rev().find(|&l| of_length[l] > 0).unwrap_or(1);
        of_length[longest] -= 1;
        let mut table = Self { counts: [0; 16], symbols: Vec::with_capacity(order.len() - 1), codes: [0; 256] };
        let mut most_frequent = order.iter().rev().filter(|o| o.1 < 256);
        let mut code = 0u32;
        for (length, &count) in of_length.iter().enumerate().take(17).skip(1) {
            table.counts[length - 1] = count as u8;
            for &(_, symbol) in most_frequent.by_ref().take(count) {
                table.symbols.push(symbol as u8);
                table.codes[usize::from(symbol)] = code << 8 | length as u32;
                code += 1;
            }
            code <<= 1;
        }
        table
    }

    /// Length of a symbol's code.
    pub fn length(&self, symbol: usize) -> u32 {
        self.codes[symbol] & 0xFF
    }
}

/// Lengths of Huffman codes for counts in ascending order. The joined nodes come in ascending order as well, so that the two
/// least are at the heads of two queues; searching 256 counts for them each time takes longer than coding a thumbnail.
fn lengths(order: &[(u64, u16)]) -> Vec<usize> {
    let leaves = order.len();
    if leaves == 1 {
        return vec![1];
    }
    let mut weight: Vec<u64> = order.iter().map(|o| o.0).collect();
    let mut parent = vec![0usize; 2 * leaves - 1];
    let (mut leaf, mut node) = (0, leaves);
    while weight.len() < 2 * leaves - 1 {
        let mut least = || {
            let take_leaf = leaf < leaves && (node >= weight.len() || weight[leaf] <= weight[node]);
            let next = if take_leaf { &mut leaf } else { &mut node };
            *next += 1;
            *next - 1
        };
        let (a, b) = (least(), least());
        (parent[a], parent[b]) = (weight.len(), weight.len());
        weight.push(weight[a] + weight[b]);
    }
    let mut depth = vec![0; 2 * leaves - 1];
    for i in (0..2 * leaves - 2).rev() {
        depth[i] = depth[parent[i]] + 1;
    }
    depth.truncate(leaves);
    depth
}

/// Makes codes longer than 16 bits shorter at the cost of others (T.81, figure K.3).
fn limit(of_length: &mut [usize; DEEPEST]) {
    for i in (17..DEEPEST).rev() {
        while of_length[i] > 0 {
            let mut j = i - 2;
            while of_length[j] == 0 {
                j -= 1;
            }
            of_length[i] -= 2;
            of_length[i - 1] += 1;
            of_length[j + 1] += 2;
            of_length[j] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::huffman;
    use super::*;
    use proptest::prelude::*;

    /// Bits of an optimal code without a limit, but with the reserved one: the sum of all joined weights.
    fn ideal(counts: &[u64; 256]) -> u64 {
        let mut heap: Vec<u64> = counts.iter().copied().filter(|&c| c > 0).chain([0]).collect();
        let mut bits = 0;
        while heap.len() > 1 {
            heap.sort_unstable_by(|a, b| b.cmp(a));
            let joined = heap.pop().unwrap() + heap.pop().unwrap();
            bits += joined;
            heap.push(joined);
        }
        bits
    }

    fn check(counts: &[u64; 256]) -> u64 {
        let codes = Codes::optimal(counts);
        let spec: Vec<u8> = codes.counts.iter().chain(&codes.symbols).copied().collect();
        // The decoder finds the same codes.
        let mut seen = 0;
        huffman::Codes::new(&spec).unwrap().for_each(|code, length, symbol| {
            assert_eq!(codes.codes[usize::from(symbol)], code << 8 | length);
            assert_ne!(code, (1 << length) - 1, "all ones");
            seen += 1;
        });
        assert_eq!(seen, counts.iter().filter(|&&c| c > 0).count());
        (0..256).map(|s| counts[s] * u64::from(codes.length(s))).sum()
    }

    #[test]
    fn few_symbols() {
        assert!(Codes::optimal(&[0; 256]).symbols.is_empty());
        let mut counts = [0; 256];
        counts[9] = 1000;
        assert_eq!(check(&counts), 1000);
        counts[7] = 1;
        assert_eq!(check(&counts), 1002);
    }

    #[test]
    fn deep_codes_are_limited() {
        let mut counts = [0u64; 256];
        let (mut a, mut b) = (1, 1);
        for count in &mut counts[..50] {
            *count = a;
            (a, b) = (b, a + b);
        }
        assert!(check(&counts) > ideal(&counts));
        counts.fill(1);
        check(&counts);
    }

    proptest! {
        #[test]
        fn codes_are_optimal(counts in proptest::collection::vec(prop_oneof![Just(0u64), 1u64..50, 1u64..5000], 256)) {
            let counts: [u64; 256] = counts.try_into().unwrap();
            let (bits, ideal) = (check(&counts), ideal(&counts));
            let deepest = (0..256).map(|s| Codes::optimal(&counts).length(s)).max().unwrap();
            prop_assert!(bits == ideal || deepest == 16 && bits > ideal, "{} {}", bits, ideal);
        }
    }
}
