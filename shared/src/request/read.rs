//! Reading a request as people write it, with every fault noted.

use super::{Notify, Priority, REQUEST_VERSION, Request, access, schedule, source, target};
use crate::fault::Reader;
use crate::webhook;

const FIELDS: [&str; 13] = [
    "version",
    "idempotency_key",
    "caller",
    "labels",
    "priority",
    "source",
    "target",
    "schedule",
    "access",
    "mask",
    "verify",
    "keep",
    "notify",
];

pub(super) fn request(r: &Reader<'_>) -> Option<Request> {
    r.object(&FIELDS)?;
    let version = version(&r.field("version"));
    let text = |name: &str| r.field(name).optional(|r| r.short_text(256));
    let (idempotency_key, caller) = (text("idempotency_key"), text("caller"));
    let labels = r.field("labels").texts();
    let priority = r.field("priority").optional(|r| r.one_of(&Priority::ALL));
    let source = source::read(&r.field("source"));
    let target = target::read(&r.field("target"));
    let schedule = r.field("schedule").optional(schedule::read);
    let access = r.field("access").optional(access::read).unwrap_or_default();
    let mask = r.field("mask").optional(access::mask);
    let verify = r.field("verify").optional(access::verify).unwrap_or_default();
    let keep = r.field("keep").optional(schedule::keep).unwrap_or_default();
    let notify = r.field("notify").list(notify);
    access::check_together(r, &access, &verify);
    Some(Request {
        version: version?,
        idempotency_key,
        caller,
        labels,
        priority: priority.unwrap_or_default(),
        source: source?,
        target: target?,
        schedule,
        access,
        mask,
        verify,
        keep,
        notify,
    })
}

fn version(r: &Reader<'_>) -> Option<u32> {
    let n = r.whole(1, 1_000_000)?;
    if n != i64::from(REQUEST_VERSION) {
        r.fault(format!("is {n}"), format!("this release speaks version {REQUEST_VERSION}"));
    }
    u32::try_from(n).ok()
}

fn notify(r: &Reader<'_>) -> Option<Notify> {
    let map = r.object(&["sns", "event_bridge", "webhook"])?;
    if map.len() != 1 {
        r.fault("must name exactly one receiver", "give one of sns, event_bridge, webhook");
        return None;
    }
    let text = |name: &str| r.field(name).optional(|r| r.short_text(2048));
    let sns = text("sns").map(Notify::Sns);
    sns.or_else(|| text("event_bridge").map(Notify::EventBridge))
        .or_else(|| r.field("webhook").optional(webhook_address).map(Notify::Webhook))
}

fn webhook_address(r: &Reader<'_>) -> Option<String> {
    let text = r.short_text(2048)?;
    let wrong = webhook::address(&text).err();
    if let Some(wrong) = wrong {
        r.fault(wrong, "give an address such as \"https://hooks.example.com/restored\"");
    }
    wrong.is_none().then_some(text)
}
