//! Why an archive is not made where something stands.

/// Something that has to stay is in the way.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Conflict(pub String);
