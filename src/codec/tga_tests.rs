//! TGA made here.
