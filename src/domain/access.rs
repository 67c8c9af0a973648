//! Who may call the service.

/// Who may call, while there are no API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Callers on this machine.
    Loopback,
    /// Everyone who reaches the listener: the operator said so.
    Everyone,
}
