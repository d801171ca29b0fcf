//! ListQueueTags, TagQueue, UntagQueue.

use super::input::{map, texts};
use super::{Sqs, done};
use crate::world::{Answer, Context, Reply};
use serde_json::{Value, json};

/// `ListQueueTags`.
pub(super) fn list_queue_tags(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let tags = &sqs.queue(cx, input)?.tags;
    Ok(Reply::Json(if tags.is_empty() { json!({}) } else { json!({ "Tags": tags }) }))
}

/// `TagQueue`.
pub(super) fn tag_queue(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    sqs.queue(cx, input)?.tags.extend(map(input, "Tags"));
    done()
}

/// `UntagQueue`.
pub(super) fn untag_queue(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let tags = &mut sqs.queue(cx, input)?.tags;
    for name in texts(input, "TagKeys") {
        tags.remove(name);
    }
    done()
}
