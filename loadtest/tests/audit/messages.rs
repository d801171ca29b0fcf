//! Messages deleted too early.

use crate::records::failed;
use crate::stage::{Case, TARGET};
use aurora_restore_loadtest::simulate::audit::Invariant as I;

pub const CASES: &[Case] = &[
    Case {
        wrong: I::AckAfterCommit,
        what: "a wake-up deleted before anything is done",
        done: |s| {
            Box::pin(async {
                s.submitted("k", TARGET).await;
                let receipt = s.receive("w1.1", "low").await;
                s.delete("w1.1", "low", &receipt).await;
            })
        },
    },
    Case {
        wrong: I::AckAfterCommit,
        what: "a wake-up deleted between claim and commit",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                let receipt = s.receive("w1.1", "low").await;
                s.claim("w1.1", job, 1, 1, s.sim.clock.now_ms()).await;
                s.delete("w1.1", "low", &receipt).await;
            })
        },
    },
    Case {
        wrong: I::LettersMatch,
        what: "an unreadable message thrown away",
        done: |s| {
            Box::pin(async {
                s.message("stranger", "normal", "g", "hello").await;
                let receipt = s.receive("w1.1", "normal").await;
                s.delete("w1.1", "normal", &receipt).await;
            })
        },
    },
    Case {
        wrong: I::LettersMatch,
        what: "the pointer to a failed job thrown away",
        done: |s| {
            Box::pin(async {
                failed(s, "w1.1").await;
                let receipt = s.receive("operator-1", "dead-letters").await;
                s.delete("operator-1", "dead-letters", &receipt).await;
            })
        },
    },
    Case {
        wrong: I::SecretsStaySecret,
        what: "a password in a message",
        done: |s| {
            Box::pin(async {
                let body = format!("it is {}", crate::stage::PASSWORD);
                s.message("w1.1", "dead-letters", "g", &body).await;
            })
        },
    },
];
