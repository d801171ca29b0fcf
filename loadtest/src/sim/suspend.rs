//! Stopping a future at a suspension point: dropping it there is a crash, keeping it there while
//! others go on is a frozen process.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What came of driving a future up to a suspension point.
#[derive(Debug)]
pub enum Driven<T> {
    /// It ended before.
    Ended(T),
    /// It stands there.
    Suspended,
}

/// Drives a future until it has been suspended `point` times (1 or more), or has ended.
pub async fn drive_to<F: Future>(mut future: Pin<&mut F>, point: usize) -> Driven<F::Output> {
    let mut suspended = 0;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Driven::Ended(output)),
        Poll::Pending => {
            suspended += 1;
            if suspended >= point { Poll::Ready(Driven::Suspended) } else { Poll::Pending }
        }
    })
    .await
}
