//! Bitmaps made here.
