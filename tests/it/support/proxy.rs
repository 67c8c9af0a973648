//! A way to Redis that breaks when a test says so, to the command.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Less than the service waits for Redis.
const HELD: Duration = Duration::from_millis(700);

/// What becomes of the next script that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is lost on the way there: Redis never sees it.
    Command,
    /// Redis has executed it, and the reply is lost.
    Reply,
}

/// Passes everything on until it is told otherwise.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    upstream: String,
    cut: Option<Cut>,
    /// How many scripts come before the one whose reply is held up.
    hold: Option<usize>,
    error: Option<String>,
    stopped: bool,
}

impl Proxy {
    /// In front of the server at `upstream`, `127.0.0.1:6379` for instance.
    pub fn to(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { upstream: upstream.to_owned(), ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                if state.lock().unwrap().stopped {
                    return;
                }
                // An error is an end of the connection, which ends the other half too.
                thread::spawn(move || drop(serve(client, &state)));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Cuts the connection on which the next script arrives; all later ones are whole.
    pub fn cut_next_script(&self, cut: Cut) {
        self.state.lock().unwrap().cut = Some(cut);
    }

    /// Whether a cut that was ordered has not been made.
    pub fn still_has_to_cut(&self) -> bool {
        self.state.lock().unwrap().cut.is_some()
    }

    /// Holds up the reply to a script that Redis has executed, for longer than an impatient caller waits; `before` others
    /// come first.
    pub fn hold_reply(&self, before: usize) {
        self.state.lock().unwrap().hold = Some(before);
    }

    /// Whether a reply that is to be held up has not come.
    pub fn still_has_to_hold(&self) -> bool {
        self.state.lock().unwrap().hold.is_some()
    }

    /// Answers every command with `error` and passes none on; `None` ends that.
    pub fn answer(&self, error: Option<&str>) {
        self.state.lock().unwrap().error = error.map(|error| format!("-{error}\r\n"));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.lock().unwrap().stopped = true;
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// One command after the other, each with its reply: in the order of Redis, and slower than it.
fn serve(mut client: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut commands = BufReader::new(client.try_clone()?);
    let upstream = state.lock().unwrap().upstream.clone();
    let mut upstream = TcpStream::connect(upstream)?;
    for stream in [&client, &upstream] {
        stream.set_nodelay(true)?;
    }
    let mut replies = BufReader::new(upstream.try_clone()?);
    loop {
        let command = frame(&mut commands)?;
        let error = state.lock().unwrap().error.clone();
        if let Some(error) = error {
            client.write_all(error.as_bytes())?;
            continue;
        }
        let is_script = is_script(&command);
        if is_script && takes_order(state, Cut::Command) {
            return Ok(());
        }
        upstream.write_all(&command)?;
        let reply = frame(&mut replies)?;
        // Such a script was not executed; it comes again with its text.
        if is_script && !reply.starts_with(b"-NOSCRIPT") && takes_order(state, Cut::Reply) {
            return Ok(());
        }
        if is_script && !reply.starts_with(b"-NOSCRIPT") && is_to_hold(state) {
            thread::sleep(HELD);
        }
        client.write_all(&reply)?;
    }
}

fn is_script(command: &[u8]) -> bool {
    [&b"\r\nEVAL\r\n"[..], b"\r\nEVALSHA\r\n"]
        .iter()
        .any(|name| command.windows(name.len()).take(12).any(|part| part == *name))
}

fn takes_order(state: &Mutex<State>, cut: Cut) -> bool {
    let mut state = state.lock().unwrap();
    let ordered = state.cut == Some(cut);
    if ordered {
        state.cut = None;
    }
    ordered
}

fn is_to_hold(state: &Mutex<State>) -> bool {
    let mut state = state.lock().unwrap();
    let before = state.hold;
    state.hold = before.and_then(|before| before.checked_sub(1));
    before == Some(0)
}

/// One command or reply of RESP2, as it came.
fn frame(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut frame = Vec::new();
    // An array's elements are frames themselves.
    let mut left = 1;
    while left > 0 {
        left -= 1;
        let start = frame.len();
        if from.read_until(b'\n', &mut frame)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&frame[start..]).into_owned();
        let number = || line[1..].trim_end().parse::<i64>().map_err(io::Error::other);
        match line.as_bytes()[0] {
            b'*' => left += number()?.max(0),
            b'$' if number()? >= 0 => {
                let length = number()?.unsigned_abs() + 2;
                if from.by_ref().take(length).read_to_end(&mut frame)? as u64 != length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            _ => {}
        }
    }
    Ok(frame)
}
