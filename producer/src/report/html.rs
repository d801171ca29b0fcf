//! A report as one HTML page: no script, nothing that is fetched, light or dark as the reader has it,
//! and ready to be printed. `maud` escapes every text.

use super::page::{Block, Page};
use super::{EvidenceReport, Outcome, Stage};
use crate::view::span;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// Nothing is fetched and nothing runs, whatever a text holds.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Width of the picture of the stages, and of the names beside the bars.
const WIDTH: i64 = 960;
const NAMES: i64 = 200;
const ROW: i64 = 28;

pub(super) fn render(page: &Page, report: &EvidenceReport) -> String {
    let verdict = match (report.verdict.records_intact, report.verdict.outcome) {
        (false, _) => "tampered",
        (true, Outcome::Succeeded) => "succeeded",
        (true, Outcome::Failed) => "failed",
        (true, Outcome::Unfinished) => "unfinished",
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (page.title) }
                    p class={ "verdict " (verdict) } {
                        strong { (verdict) } " " (page.summary)
                    }
                }
                main {
                    @for section in &page.sections {
                        section {
                            h2 { (section.title) }
                            @for block in &section.blocks { (drawn(block, report)) }
                        }
                    }
                }
                footer {
                    p { (report.generated_by) ", " (report.generated_at) ", format version " (report.format_version) }
                }
            }
        }
    };
    markup.into_string()
}

fn drawn(block: &Block, report: &EvidenceReport) -> Markup {
    match block {
        Block::Text(text) => html! { p { (text) } },
        Block::Facts(facts) => html! {
            dl { @for (name, text) in facts { dt { (name) } dd { (text) } } }
        },
        Block::Table { says, head, rows } => table(says, head, rows),
        Block::Code(text) => html! { pre tabindex="0" { code { (text) } } },
        Block::Timeline => timeline(&report.stages, report.times.elapsed_ms),
    }
}

fn table(says: &str, head: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div class="scrolls" tabindex="0" role="region" aria-label=(says) {
            table {
                caption { (says) }
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td class=[mood(cell)] { (cell) } } }
                    }
                }
            }
        }
    }
}

/// Words that say how something stands are coloured, and said all the same.
fn mood(cell: &str) -> Option<&'static str> {
    match cell {
        "passed" | "done" | "succeeded" => Some("good"),
        "failed" => Some("bad"),
        "waiting" | "retrying" | "not run" => Some("open"),
        _ => None,
    }
}

/// The stages as bars: from acceptance to the end, the whole width.
fn timeline(stages: &[Stage], elapsed_ms: i64) -> Markup {
    let begun: Vec<&Stage> = stages.iter().filter(|stage| stage.began_after_ms.is_some()).collect();
    let scale = |ms: i64| (WIDTH - NAMES) * ms.clamp(0, elapsed_ms.max(1)) / elapsed_ms.max(1);
    let height = ROW * i64::try_from(begun.len()).unwrap_or(0);
    html! {
        @if !begun.is_empty() {
            svg class="stages" role="img" aria-label="the stages as bars; the table below says the same"
                viewBox={ "0 0 " (WIDTH) " " (height) } {
                @for (n, stage) in (0_i64..).zip(&begun) {
                    @let y = n * ROW;
                    @let x = NAMES + scale(stage.began_after_ms.unwrap_or(0));
                    @let width = scale(stage.took_ms.unwrap_or(0)).max(3);
                    text x="0" y=(y + 18) { (stage.step) }
                    rect class={ "bar " (stage.status) } x=(x.min(WIDTH - 3)) y=(y + 4) rx="3"
                        width=(width.min(WIDTH - x.min(WIDTH - 3))) height=(ROW - 8) {
                        title { (stage.step) ": " (span(stage.took_ms.unwrap_or(0))) }
                    }
                }
            }
        }
    }
}
