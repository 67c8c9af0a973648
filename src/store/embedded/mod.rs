//! The store of one process on one machine: in memory, or in a file.

mod cursor;
mod file;
mod memory;

pub use file::{FileStore, OpenFileError};
pub use memory::MemoryStore;
