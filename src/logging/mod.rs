//! Where log lines go and how they look, and where traces go beside them.

mod json;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write, stderr};

use tracing::Dispatch;
use tracing::Subscriber;
use tracing::dispatcher::set_global_default;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{InvalidConfig, LogFormat, ServeArgs};
use crate::traces::Traces;

/// Starts logging to standard error. `RUST_LOG` decides what is logged, else `FLASK_DEBUG`. If there is a collector, its
/// traces are to be finished at the end.
pub fn start(args: &ServeArgs) -> Result<Option<Traces>, InvalidConfig> {
    let default = if args.flask_debug { "info,spake_service=debug" } else { "info" };
    let filter = match args.rust_log.as_deref().filter(|filter| !filter.is_empty()) {
        Some(filter) => {
            EnvFilter::try_new(filter).map_err(|error| InvalidConfig(format!("RUST_LOG: {error}")))?
        }
        None => EnvFilter::new(default),
    };
    let terminal = stderr().is_terminal();
    let format = args.log_format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let traces = args.traces.settings()?.map(Traces::start).transpose();
    let traces = traces.map_err(|error| InvalidConfig(error.to_string()))?;
    let writer = move || OneLine { to: stderr(), colours: terminal };
    set_global_default(log(filter, format, terminal, writer, traces.as_ref()))
        .map_err(|error| InvalidConfig(format!("logging: {error}")))?;
    Ok(traces)
}

fn log<W>(filter: EnvFilter, format: LogFormat, colours: bool, writer: W, traces: Option<&Traces>) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match traces {
        // A filter of the whole costs less than one of each part.
        None => Registry::default().with(filter).with(lines(format, colours, writer)).into(),
        Some(traces) => {
            let lines = lines(format, colours, writer).with_filter(filter);
            Registry::default().with(lines).with(traces.layer()).into()
        }
    }
}

fn lines<S, W>(format: LogFormat, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // It would tell of a failed write by eprintln!, which panics when nobody reads: a log that is full or gone must not
    // cost anybody an answer.
    let lines = layer().with_writer(writer).log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.with_ansi(false).fmt_fields(json::Json).event_format(json::Json).boxed(),
    }
}

/// Keeps an event to one line, whatever stands in its fields: nobody forges the next one. (An event comes as a whole.)
struct OneLine<W> {
    to: W,
    colours: bool,
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.to.write_all(&one_line(event, self.colours))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Control characters escaped as JSON has it, but for the last line end and, on a terminal, the ESC of colours.
fn one_line(event: &[u8], colours: bool) -> Cow<'_, [u8]> {
    let line = event.strip_suffix(b"\n").unwrap_or(event);
    // Nearly every one; told without decoding it.
    if line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return event.into();
    }
    let text = String::from_utf8_lossy(line);
    let is_harmless = |c: char| !c.is_control() || (colours && c == '\u{1b}');
    if text.chars().all(is_harmless) {
        return event.into();
    }
    let mut line = String::with_capacity(event.len() + 16);
    for c in text.chars() {
        if is_harmless(c) { line.push(c) } else { line.push_str(&format!("\\u{:04x}", u32::from(c))) }
    }
    line.push('\n');
    line.into_bytes().into()
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, write: impl FnOnce()) -> String {
        let kept = Kept::default();
        let to = kept.clone();
        let log = log(
            EnvFilter::new("info"),
            format,
            false,
            move || OneLine { to: to.clone(), colours: false },
            None,
        );
        tracing::dispatcher::with_default(&log, write);
        String::from_utf8(std::mem::take(&mut *kept.0.lock().unwrap())).unwrap()
    }

    #[test]
    fn json_is_what_tracing_subscriber_writes() {
        let (ours, theirs) = (Kept::default(), Kept::default());
        let to = |kept: &Kept| {
            let kept = kept.clone();
            move || OneLine { to: kept.clone(), colours: false }
        };
        let reference = layer().with_writer(to(&theirs)).json().flatten_event(true).with_span_list(false);
        let log = Registry::default().with(lines(LogFormat::Json, false, to(&ours))).with(reference);
        let odd: String = (0..=0x9f).chain(['ü' as u32, '👋' as u32]).filter_map(char::from_u32).collect();
        tracing::subscriber::with_default(log, || {
            tracing::info!("outside");
            let outer =
                tracing::info_span!("outer", id = %odd, method = "GET", trace_id = tracing::field::Empty);
            let _outer = outer.enter();
            tracing::warn!(target: "audit", text = &*odd, shown = %odd, debug = ?odd, none = None::<&str>, "{odd}");
            outer.record("trace_id", "abc");
            tracing::error!(
                number = 1.5,
                whole = 1.0,
                nan = f64::NAN,
                below = -1,
                above = u64::MAX,
                wide = u128::MAX,
                yes = true
            );
            let _bare = tracing::info_span!("bare", later = tracing::field::Empty).entered();
            tracing::Span::current().record("later", 7);
            tracing::debug!(parent: &outer, error = &fmt::Error as &dyn std::error::Error);
            tracing::trace!(parent: None, "nobody's");
        });
        let events = |kept: &Kept| -> Vec<String> {
            let text = String::from_utf8(std::mem::take(&mut *kept.0.lock().unwrap())).unwrap();
            // They do not take the time together.
            text.lines().map(|line| line.split_once("Z\",").unwrap().1.to_owned()).collect()
        };
        let (ours, theirs) = (events(&ours), events(&theirs));
        assert_eq!(ours.len(), 5);
        assert_eq!(ours, theirs);
    }

    #[test]
    fn an_event_is_one_line_whatever_stands_in_it() {
        let bad: String = (0..=0x9f).filter_map(char::from_u32).collect();
        let write = || {
            let span = tracing::info_span!("request", id = %bad, method = &*bad);
            span.in_scope(|| tracing::info!(shown = %bad, debug = ?bad, text = &*bad, "{bad}"));
        };
        let text = logged(LogFormat::Text, write);
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(text.trim_end().chars().all(|c| !c.is_control()), "{text:?}");
        let json = logged(LogFormat::Json, write);
        assert_eq!(json.lines().count(), 1, "{json:?}");
        let event: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(event["text"], *bad);
    }
}
