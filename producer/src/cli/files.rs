//! Request files: all are read and checked before anything is done with one of them.

use super::error::{CliError, Complaint};
use aurora_restore_shared::fault::{Fault, Faults};
use aurora_restore_shared::request::Request;
use std::collections::BTreeMap;
use std::io::Read;

/// A request, and the file it came from.
#[derive(Debug)]
pub struct Given {
    /// The file, as it was named.
    pub file: String,
    /// The request.
    pub request: Request,
}

/// Reads all files (`-` is standard input); every fault of every file is told at once.
pub fn read_all(files: &[String]) -> Result<Vec<Given>, CliError> {
    let mut given = Vec::new();
    let mut complaints = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let twice = file == "-" && files[..n].contains(file);
        let read = if twice { Err(stdin_twice()) } else { read_text(file) };
        let name = shown(file);
        match read.and_then(|text| check(&text)) {
            Ok(request) => given.push(Given { file: name.to_owned(), request }),
            Err(faults) => complaints.extend(Complaint::all(name, faults)),
        }
    }
    complaints.extend(shared_keys(&given));
    if complaints.is_empty() { Ok(given) } else { Err(CliError::BadInput(complaints)) }
}

/// A file as it is named to a person.
pub fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

fn stdin_twice() -> Faults {
    one_fault("is named twice".into(), "standard input can be read once")
}

fn one_fault(problem: String, fix: &str) -> Faults {
    Faults(vec![Fault { path: String::new(), problem, fix: fix.to_owned() }])
}

/// The text of a file; `-` is standard input.
pub fn read_text(file: &str) -> Result<String, Faults> {
    let read = if file == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| one_fault(format!("cannot be read: {error}"), "name a readable file"))
}

fn check(text: &str) -> Result<Request, Faults> {
    let request = Request::parse(text)?;
    let faults = request.unsupported();
    if faults.is_empty() { Ok(request) } else { Err(Faults(faults)) }
}

/// Two files with one idempotency key and different requests: the second would be refused after
/// the first is stored.
fn shared_keys(given: &[Given]) -> Vec<Complaint> {
    let mut seen: BTreeMap<_, &Given> = BTreeMap::new();
    let mut complaints = Vec::new();
    for this in given {
        let Some(id) = this.request.keyed_id() else { continue };
        let first = *seen.entry(id).or_insert(this);
        if first.request.hash() != this.request.hash() {
            let fault = Fault {
                path: "idempotency_key".into(),
                problem: format!("is that of {}, which holds another request", first.file),
                fix: "give each request a key of its own".into(),
            };
            complaints.push(Complaint { file: this.file.clone(), fault });
        }
    }
    complaints
}
