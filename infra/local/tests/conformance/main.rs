//! The conformance suite: facts about AWS, each with its source, held against every door.
//!
//! Every fact runs in process (virtual time, one thread) and over HTTP (a real port). Where
//! `AURORA_CONFORMANCE_<SERVICE>` names an endpoint (`http://127.0.0.1:4566`, or `aws` for a real
//! account), the facts of that service run there, too: so the same tests judge another emulator,
//! or AWS judges us. What an endpoint cannot do is skipped, with the reason.
#![expect(clippy::unwrap_used, reason = "a fact that does not hold panics")]
#![expect(clippy::print_stdout, reason = "says what was skipped, and why")]

mod bed;
mod clean;
mod cloudwatch;
mod doors;
mod dynamodb;
mod events;
mod fact;
mod faults;
mod kms;
mod raw;
mod rds;
mod refusal;
mod secrets;
mod seed;
mod sns;
mod sqs;
mod sts;

use doors::Door;
use fact::Fact;
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = Door::all().into_iter().flat_map(trials).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// All facts, module by module.
fn facts() -> impl Iterator<Item = &'static Fact> {
    [
        cloudwatch::put::FACTS,
        cloudwatch::read::FACTS,
        dynamodb::batches::FACTS,
        dynamodb::capacity::FACTS,
        dynamodb::conditions::FACTS,
        dynamodb::expressions::FACTS,
        dynamodb::indexes::FACTS,
        dynamodb::items::FACTS,
        dynamodb::queries::FACTS,
        dynamodb::records::FACTS,
        dynamodb::tables::FACTS,
        events::delivery::FACTS,
        events::rules::FACTS,
        faults::inside_dynamodb::FACTS,
        faults::inside_rds::FACTS,
        faults::inside_sqs::FACTS,
        faults::on_the_way::FACTS,
        kms::FACTS,
        rds::clone::FACTS,
        rds::copy::FACTS,
        rds::credentials::FACTS,
        rds::deleting::FACTS,
        rds::encryption::FACTS,
        rds::groups::FACTS,
        rds::instances::FACTS,
        rds::kinds::FACTS,
        rds::mysql::FACTS,
        rds::notices::FACTS,
        rds::passages::FACTS,
        rds::planned::FACTS,
        rds::point_in_time::FACTS,
        rds::quotas::FACTS,
        rds::rates::FACTS,
        rds::reading::FACTS,
        rds::refusals::FACTS,
        rds::rename::FACTS,
        rds::restoring::FACTS,
        rds::share::FACTS,
        rds::statuses::FACTS,
        rds::wire_codes::FACTS,
        secrets::FACTS,
        seed::FACTS,
        sns::publish::FACTS,
        sns::topics::FACTS,
        sqs::batches::FACTS,
        sqs::dead_letters::FACTS,
        sqs::deduplication::FACTS,
        sqs::groups::FACTS,
        sqs::limits::FACTS,
        sqs::long_polls::FACTS,
        sqs::moves::FACTS,
        sqs::queues::FACTS,
        sqs::receipts::FACTS,
        sqs::receiving::FACTS,
        sqs::records::FACTS,
        sts::chains::FACTS,
        sts::refusals::FACTS,
        sts::sessions::FACTS,
        sts::trust::FACTS,
    ]
    .into_iter()
    .flatten()
}

/// The facts that a door can be asked about.
fn trials(door: Door) -> Vec<Trial> {
    let asked = facts().filter(|fact| door.serves(fact.service));
    asked.map(|fact| trial(door.clone(), fact)).collect()
}

fn trial(door: Door, fact: &'static Fact) -> Trial {
    let name = format!("{}::{}::{}", door.name(), fact.service, fact.name);
    Trial::test(name, move || {
        match door.try_out(fact) {
            Ok(()) => Ok(()),
            Err(skip) if matches!(door, Door::Elsewhere(_)) => {
                println!("skipped: {skip} ({})", fact.source);
                Ok(())
            }
            // Nothing is out of reach behind our own doors.
            Err(skip) => Err(format!("skipped: {skip}").into()),
        }
    })
}
