//! What is being done: a bar on a terminal, else a line for each stage, on standard error.

use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

const WIDTH: usize = 30;

pub(super) struct Progress {
    steps: usize,
    done: usize,
    stage: String,
    start: Instant,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn of(steps: usize) -> Self {
        let is_terminal = stderr().is_terminal();
        Self { steps, done: 0, stage: String::new(), start: Instant::now(), is_terminal }
    }

    /// The next step begins.
    pub(super) fn step(&mut self, stage: &str, what: &str) {
        let seconds = self.start.elapsed().as_secs();
        if self.is_terminal {
            let bar = bar(self.done, self.steps);
            tell(format_args!("\r{bar} {seconds} s, {stage}: {what}\x1b[K"));
        } else if self.stage != stage {
            tell(format_args!("{}/{} after {seconds} s: {stage}\n", self.done, self.steps));
            stage.clone_into(&mut self.stage);
        }
        self.done += 1;
    }
}

impl Drop for Progress {
    /// Leaves a clean line to whoever writes next.
    fn drop(&mut self) {
        clear_line();
    }
}

/// On a terminal: what is said next must not stand behind the bar.
pub(super) fn clear_line() {
    if stderr().is_terminal() {
        tell(format_args!("\r\x1b[K"));
    }
}

fn bar(done: usize, of: usize) -> String {
    let full = WIDTH * done.min(of) / of.max(1);
    format!("[{}{}] {done}/{of}", "#".repeat(full), "-".repeat(WIDTH - full))
}

fn tell(text: std::fmt::Arguments<'_>) {
    let mut out = stderr().lock();
    drop(out.write_fmt(text));
    drop(out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar(0, 4), "[------------------------------] 0/4");
        assert_eq!(bar(2, 4), "[###############---------------] 2/4");
        assert_eq!(bar(4, 4), "[##############################] 4/4");
    }
}
