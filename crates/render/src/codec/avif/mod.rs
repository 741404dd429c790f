//! Encodes AVIF: AV1 by `rav1e`, in a container of our own, which has room for profiles and
//! metadata.

mod container;
mod hidden;
pub(in crate::codec) mod out;
mod planes;
mod shown;
