//! Caches decoding tables between pictures. Most files use the tables of annex K, and making a skip
//! table takes as long as decoding some hundred blocks.

use std::cell::RefCell;
use std::rc::Rc;

use super::error::Error;
use super::huffman::{AcTable, Codes, Coding, DcTable};
use super::skip::SkipTable;

/// Tables cached per kind and thread. An AC entry takes 20 KiB.
const KEPT: usize = 12;

/// The tables for AC coefficients.
#[derive(Debug)]
pub(super) struct Ac {
    pub one: AcTable,
    pub skip: SkipTable,
}

type Shelf<T> = RefCell<Vec<(Coding, Box<[u8]>, Rc<T>)>>;

thread_local! {
    static DC: Shelf<DcTable> = const { RefCell::new(Vec::new()) };
    static AC: Shelf<Ac> = const { RefCell::new(Vec::new()) };
}

/// Returns the cached table, or makes it. In both cases it moves to the front.
fn take<T>(shelf: &Shelf<T>, coding: Coding, spec: &[u8], make: impl FnOnce(Codes) -> T) -> Result<Rc<T>, Error> {
    let mut shelf = shelf.borrow_mut();
    if let Some(found) = shelf.iter().position(|(c, s, _)| *c == coding && **s == *spec) {
        shelf[..=found].rotate_right(1);
        return Ok(shelf[0].2.clone());
    }
    let table = Rc::new(make(Codes::new(spec)?));
    shelf.truncate(KEPT - 1);
    shelf.insert(0, (coding, spec.into(), table.clone()));
    Ok(table)
}

/// The DC table of a DHT entry (counts and values).
pub(super) fn dc(spec: &[u8]) -> Result<Rc<DcTable>, Error> {
    DC.with(|shelf| take(shelf, Coding::Dc, spec, |codes| DcTable::new(codes, Coding::Dc)))
}

/// The table of differences of a DHT entry (counts and values), for lossless coding.
pub(super) fn differences(spec: &[u8]) -> Result<Rc<DcTable>, Error> {
    DC.with(|shelf| take(shelf, Coding::Lossless, spec, |codes| DcTable::new(codes, Coding::Lossless)))
}

/// The AC tables of a DHT entry (counts and values).
pub(super) fn ac(coding: Coding, spec: &[u8]) -> Result<Rc<Ac>, Error> {
    AC.with(|shelf| {
        take(shelf, coding, spec, |codes| {
            let skip = SkipTable::new(&codes, coding);
            Ac { one: AcTable::new(codes, coding), skip }
        })
    })
}
