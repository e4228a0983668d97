//! What runs take, and what is given back.

/// What runs take, and removing them would free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many records.
    pub records: u64,
    /// Bytes of the records, with their hashes.
    pub record_bytes: u64,
    /// How many blobs that no other run refers to.
    pub blobs: u64,
    /// Bytes of these blobs.
    pub blob_bytes: u64,
}

/// Blobs that no run refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many.
    pub blobs: u64,
    /// Bytes of these.
    pub bytes: u64,
}
