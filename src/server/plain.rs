//! Plain connections, on which HTTP/1 and HTTP/2 are told apart before anything is read.
//!
//! hyper-util tells them by reading the first bytes, and hands these on by themselves; hyper then makes room for a whole
//! buffer beside them, and keeps 16 KiB for as long as the connection lasts instead of 8. So they are looked at while they
//! are still in the socket.

use std::future::{Ready, ready};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{self, Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How HTTP/2 begins, without upgrade and TLS (RFC 9113, section 3.4), and no request of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Takes connections that are not encrypted.
#[derive(Clone)]
pub(super) struct PlainAcceptor;

impl<S> Accept<TcpStream, S> for PlainAcceptor {
    type Stream = Plain;
    type Service = S;
    type Future = Ready<Result<(Plain, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(stream.set_nodelay(true).map(|()| (Plain { stream, is_told: false }, service)))
    }
}

/// A connection whose first read is of nothing if it speaks HTTP/1, which is how hyper-util tells.
pub(super) struct Plain {
    stream: TcpStream,
    is_told: bool,
}

impl Plain {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }

    /// Whether what has come so far cannot become HTTP/2.
    fn poll_is_http1(&self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        let mut first = [0; PREFACE.len()];
        let mut first = ReadBuf::new(&mut first);
        task::ready!(self.stream.poll_peek(cx, &mut first))?;
        Poll::Ready(Ok(!PREFACE.starts_with(first.filled())))
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if !self.is_told {
            let is_http1 = task::ready!(self.poll_is_http1(cx))?;
            self.is_told = true;
            if is_http1 {
                return Poll::Ready(Ok(()));
            }
        }
        self.stream().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.stream().poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
