//! Events as JSON lines in a file of their own, written by a thread of its own: a disk that hangs holds up no request.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::fs::{Access, OFlags};

use super::line::line;
use super::queue::Queue;
use crate::domain::audit::{AuditLog, Event};

/// Bytes that may wait to be written: some ten thousand events.
const CAPACITY: usize = 4 << 20;
/// How long the writer gathers lines before it writes again, so that a busy service does not wake it for each.
const GATHER: Duration = Duration::from_millis(20);
/// What the writer's buffer may keep for the next lines.
const KEPT: usize = 64 << 10;
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// How long a stopping service waits for its last lines.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be opened to append to it: {error}", path.display())]
pub struct CannotOpen {
    path: PathBuf,
    error: io::Error,
}

/// The file. When it is dropped, it has what was recorded.
pub struct ToFile {
    queue: Arc<Queue>,
}

struct Writer {
    queue: Arc<Queue>,
    path: PathBuf,
    file: File,
    /// As the log has been told.
    fails: bool,
}

impl ToFile {
    /// Appends to the file at `path`; one that it makes is its owner's only.
    pub fn open(path: PathBuf) -> Result<Self, CannotOpen> {
        let opened = open(&path).and_then(|file| {
            let queue = Arc::new(Queue::of(CAPACITY));
            let writer = Writer { queue: Arc::clone(&queue), path: path.clone(), file, fails: false };
            thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run())?;
            Ok(Self { queue })
        });
        opened.map_err(|error| CannotOpen { path, error })
    }
}

impl ToFile {
    /// Whether the file at `path` could be appended to, or made.
    pub fn check(path: &Path) -> Result<(), CannotOpen> {
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let checked = if path.exists() {
            OpenOptions::new().append(true).open(path).map(drop)
        } else {
            rustix::fs::access(parent, Access::WRITE_OK).map_err(io::Error::from)
        };
        checked.map_err(|error| CannotOpen { path: path.to_owned(), error })
    }
}

impl AuditLog for ToFile {
    fn record(&self, event: &Event<'_>) {
        self.queue.push(&line(event));
    }

    fn fails(&self) -> bool {
        self.queue.fails()
    }

    fn lost(&self) -> u64 {
        self.queue.lost()
    }
}

impl Drop for ToFile {
    fn drop(&mut self) {
        // Of a file that cannot be written the writer has told.
        if !self.queue.close(CLOSE_WITHIN) && !self.queue.fails() {
            tracing::error!("the last audit events are lost: the file did not take them in time");
        }
    }
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::new();
        while self.queue.take(&mut batch) {
            self.write(&batch);
            batch.clear();
            batch.shrink_to(KEPT);
            self.queue.pause(GATHER);
        }
        self.queue.closed();
    }

    /// Writes lines, again and again if need be: others wait meanwhile, and are lost when they are too many.
    fn write(&mut self, batch: &[u8]) {
        let mut written = 0;
        loop {
            let followed = self.follow();
            if matches!(followed, Ok(true)) {
                // The new file begins with a whole line.
                written = line_start(batch, written);
            }
            let appended = self.append(batch, &mut written);
            let is_done = appended.is_ok();
            self.tell(followed.and(appended));
            if is_done {
                return;
            }
            if self.queue.pause(RETRY_EVERY) {
                tracing::error!("the last audit events are lost: the file cannot be written");
                return;
            }
        }
    }

    /// Opens the file anew if another is at its path, or none: it was moved away to be kept. Until that works, the
    /// one that was moved is written on.
    fn follow(&mut self) -> io::Result<bool> {
        let is_there = match self.path.metadata() {
            Ok(there) => identity(&there) == identity(&self.file.metadata()?),
            Err(_) => false,
        };
        if !is_there {
            self.file = open(&self.path)?;
        }
        Ok(!is_there)
    }

    fn append(&mut self, batch: &[u8], written: &mut usize) -> io::Result<()> {
        while let Some(rest) = batch.get(*written..).filter(|rest| !rest.is_empty()) {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One line in the log when it begins to fail and one when that ends.
    fn tell(&mut self, outcome: io::Result<()>) {
        match outcome {
            Err(error) if !self.fails => tracing::error!(%error, "writing the audit file fails"),
            Ok(()) if self.fails => tracing::info!("writing the audit file works again"),
            _ => return,
        }
        self.fails = !self.fails;
        self.queue.note_failing(self.fails);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let is_torn = is_torn(path);
    // A pipe that nobody reads is an error, and not a start that never ends.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
    if is_torn {
        // Somebody was killed in the middle of a line: the next is one of its own.
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// Whether the file is there and its last line has no end.
fn is_torn(path: &Path) -> bool {
    let last = || {
        let mut file = File::open(path).ok()?;
        file.seek(SeekFrom::End(-1)).ok()?;
        let mut last = [0];
        file.read_exact(&mut last).ok()?;
        Some(last)
    };
    path.is_file() && last().is_some_and(|last| last != *b"\n")
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Where the line begins that holds the byte at `position`.
fn line_start(batch: &[u8], position: usize) -> usize {
    let before = batch.get(..position).unwrap_or_default();
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_begun_again() {
        for (position, start) in [(0, 0), (1, 0), (2, 2), (3, 2), (4, 4)] {
            assert_eq!(line_start(b"a\nb\nc\n", position), start, "{position}");
        }
    }
}
