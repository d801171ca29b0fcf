//! The body of an answer: whole, or broken off in the middle.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What comes next of a body.
#[derive(Debug)]
enum Next {
    /// All of it, and then the end.
    Whole(Bytes),
    /// This part of it, and then a break.
    Part(Bytes),
    /// A break, once the part before has been sent.
    Break,
    /// Nothing more.
    End,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    next: Next,
    bytes: u64,
}

/// The connection is to break here.
#[derive(Debug)]
pub(super) struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken off within an answer (an injected fault)")
    }
}

impl std::error::Error for BrokenOff {}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Answer {
    /// A body that is sent to its end.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { bytes: length(&bytes), next: Next::Whole(bytes) }
    }

    /// A body of which the first half is sent, under the length of the whole.
    pub(super) fn broken(bytes: &Bytes) -> Self {
        // An empty body has a byte that never comes.
        Self { bytes: length(bytes).max(1), next: Next::Part(bytes.slice(..bytes.len() / 2)) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match std::mem::replace(&mut self.next, Next::End) {
            Next::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Next::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Next::Part(bytes) if bytes.is_empty() => {
                self.next = Next::Break;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Next::Part(bytes) => {
                self.next = Next::Part(Bytes::new());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Next::Break => Poll::Ready(Some(Err(BrokenOff))),
            Next::End => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.next {
            Next::Whole(bytes) => bytes.is_empty(),
            Next::End => true,
            Next::Part(_) | Next::Break => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.next {
            Next::End => SizeHint::with_exact(0),
            _ => SizeHint::with_exact(self.bytes),
        }
    }
}
