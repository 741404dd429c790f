//! ThunderScan, 4-bit grey: each byte is a run, some differences, or a sample (as in libtiff's
//! tif_thunder.c).

/// Decodes as many rows as there are, two samples per byte.
pub fn decode(packed: &[u8], columns: u32, rows: u32) -> Vec<u8> {
    let columns = columns as usize;
    let mut bytes = packed.iter();
    let (mut out, mut row) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        row.clear();
        let mut last = 0;
        while row.len() < columns {
            let Some(&byte) = bytes.next() else { return out };
            match byte >> 6 {
                0 => row.resize(row.len() + usize::from(byte), last),
                1 => change(&mut row, &mut last, [byte >> 4 & 3, byte >> 2 & 3, byte & 3], 2),
                2 => change(&mut row, &mut last, [byte >> 3 & 7, byte & 7], 4),
                _ => {
                    last = byte & 15;
                    row.push(last);
                }
            }
        }
        row.truncate(columns);
        out.extend(row.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)));
    }
    out
}

/// Appends samples given as differences from the last one. The code in the middle, `none`, adds no
/// sample.
fn change<const N: usize>(row: &mut Vec<u8>, last: &mut u8, codes: [u8; N], none: u8) {
    for code in codes.into_iter().filter(|&code| code != none) {
        let difference = if code < none { code } else { code.wrapping_sub(2 * none) };
        *last = last.wrapping_add(difference) & 15;
        row.push(*last);
    }
}
