//! Facts about the page in a real browser: it is drawn without a script and without a fetch, and what
//! comes from outside stays text. Needs Chromium or Chrome; without one it is skipped, and says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod common;

use aurora_restore_producer::query::settled;
use aurora_restore_producer::report::EvidenceReport;
use aurora_restore_producer::submit::submit;
use common::{Lab, START_MS, drill};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Would change the page's title, and be seen, if it ran.
const EVIL: &str =
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&folders);
    let places = places.flat_map(|folder| names.map(|name| folder.join(name)));
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no Chromium or Chrome here");
    }
    found
}

/// The page of a job with hostile names, in a file.
async fn page(folder: &Path) -> PathBuf {
    let lab = Lab::ready().await;
    let mut request = drill();
    request.labels = [("evil".to_owned(), EVIL.to_owned())].into();
    let id = submit(&lab.env, &request).await.unwrap().id;
    let details = settled(&lab.env, id).await.unwrap().unwrap();
    let file = folder.join("report.html");
    let report = EvidenceReport::of(&details, START_MS + 60_000).unwrap();
    std::fs::write(&file, report.html()).unwrap();
    file
}

fn browse(browser: &Path, folder: &Path, what: &str, page: &Path) -> Vec<u8> {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args([profile.as_str(), "--window-size=400,800", what])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[tokio::test(start_paused = true)]
async fn a_browser_draws_the_page_and_runs_nothing_of_it() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path()).await;
    let seen = browse(&browser, folder.path(), "--dump-dom", &page);
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.contains("<title>Restore of orders-drill in 111111111111 us-east-1</title>"));
    assert!(seen.contains("&lt;img src=x onerror="), "it is told as text");
    assert!(!seen.contains("<img") && !seen.contains("<script"), "and is none");
    for element in ["<h1>", "<caption>", "<th scope=\"col\">", "<dl>", "<main>"] {
        assert!(seen.contains(element), "{element}");
    }
    let paper = folder.path().join("report.pdf");
    let print = format!("--print-to-pdf={}", paper.display());
    browse(&browser, folder.path(), &print, &page);
    assert!(std::fs::read(&paper).unwrap().starts_with(b"%PDF"), "it can be printed");
}
