//! Action patterns of policies: `rds:*`, `sqs:SendMessage`, `*`.

/// Whether a pattern means an action. `*` stands for any text, `?` for one character; the case of
/// letters does not count.
pub(super) fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.as_bytes(), action.as_bytes());
    let (mut p, mut a) = (0, 0);
    // The last star passed, and how far the action had come there.
    let mut star: Option<(usize, usize)> = None;
    while a < action.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, a));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&action[a]) => {
                p += 1;
                a += 1;
            }
            _ => {
                // Let the last star stand for one character more.
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                a = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_any_text_and_question_marks_for_one_character() {
        for (pattern, action, is) in [
            ("*", "rds:Copy", true),
            ("rds:*", "rds:DescribeDBClusters", true),
            ("rds:*", "sqs:SendMessage", false),
            ("sqs:sendmessage", "sqs:SendMessage", true),
            ("sqs:Send*", "sqs:SendMessageBatch", true),
            ("rds:*Snapshot", "rds:CopyDBClusterSnapshot", true),
            ("rds:*Snapshot", "rds:DescribeDBClusterSnapshots", false),
            ("sqs:?eceiveMessage", "sqs:ReceiveMessage", true),
            ("", "sqs:ReceiveMessage", false),
        ] {
            assert_eq!(matches(pattern, action), is, "{pattern} {action}");
        }
    }

    proptest! {
        #[test]
        fn a_star_around_any_part_of_an_action_means_the_action(
            before in "\\PC{0,8}", within in "\\PC{0,8}", after in "\\PC{0,8}",
        ) {
            prop_assume!(!within.contains(['*', '?']));
            let (pattern, action) = (format!("*{within}*"), format!("{before}{within}{after}"));
            prop_assert!(matches(&pattern, &action));
        }

        #[test]
        fn no_pattern_is_too_much(pattern in "[a*?]{0,40}", action in "\\PC{0,40}") {
            matches(&pattern, &action);
        }
    }
}
