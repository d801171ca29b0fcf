//! `faults`: sets, shows and clears injected faults at run time.

use super::client::{Client, Output, Remote};
use super::text::{document, member, say, section};
use super::trouble::Trouble;
use aurora_restore_local::faults::{FaultRule, KINDS};
use clap::{Args, Subcommand};
use comfy_table::Cell;
use serde_json::{Value, json};

/// The flags of `faults`.
#[derive(Debug, Args)]
pub(crate) struct Faults {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the rules in force, and how often each has fired.
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Add a rule: what goes wrong, how often, and for which calls (without a selector: for all).
    #[command(after_help = add_help())]
    Add(Box<Add>),
    /// Take one rule away, or all.
    #[command(after_help = CLEAR_EXAMPLES)]
    Clear {
        /// The number of the rule, as `list` shows it; without it, all rules go.
        number: Option<u64>,
    },
}

const LIST_EXAMPLES: &str = "\
Examples:
  aurora-restore-local faults list
  aurora-restore-local faults list --output json";

const CLEAR_EXAMPLES: &str = "\
Examples:
  aurora-restore-local faults clear
  aurora-restore-local faults clear 2";

fn add_help() -> String {
    let kinds = KINDS.iter().map(|(kind, members)| {
        let flags = members.iter().map(|m| format!(" --{m}"));
        format!("  {}{}\n", kind.replace('_', "-"), flags.collect::<String>())
    });
    let kinds = kinds.collect::<String>();
    format!(
        "Kinds, and the flags that belong to them:\n{kinds}\n\
         Examples:\n  \
         aurora-restore-local faults add throttle --service rds --rate 0.2 --seed 7 --limit 10\n  \
         aurora-restore-local faults add latency --ms 300 --region eu-west-1\n  \
         aurora-restore-local faults add stuck --operation CopyDBClusterSnapshot --limit 1"
    )
}

/// A rule in words. Read by the same rules as on the page, so that all that is wrong is told at
/// once: hence all of them are texts.
#[derive(Debug, Args)]
struct Add {
    /// What goes wrong (see below).
    kind: String,
    /// How often: 0 to 1.
    #[arg(long, default_value = "1", allow_hyphen_values = true)]
    rate: String,
    /// Only this service: sqs, dynamodb, rds, sts, secretsmanager, kms, sns, cloudwatch, events.
    #[arg(long)]
    service: Option<String>,
    /// Only this operation, e.g. RestoreDBClusterFromSnapshot.
    #[arg(long)]
    operation: Option<String>,
    /// Only this Region.
    #[arg(long)]
    region: Option<String>,
    /// Only calls of this account.
    #[arg(long)]
    account: Option<String>,
    /// Only calls of this component (the application name in the user agent).
    #[arg(long)]
    component: Option<String>,
    /// Only calls that name this table, queue, secret, cluster, instance or snapshot.
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// At most so many times.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    limit: Option<String>,
    /// Seed of the rule's own random stream.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<String>,
    /// Milliseconds, for the kinds that take time.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    ms: Option<String>,
    /// How many times longer, for slow.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    times: Option<String>,
    /// The wire code, for refuse and rds-refusal.
    #[arg(long)]
    code: Option<String>,
    /// The HTTP status, for refuse.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    status: Option<String>,
}

/// A number, if a text is one.
fn number(text: &str) -> Value {
    let whole = text.parse::<u64>().map(Value::from);
    let number = whole.or_else(|_| text.parse::<f64>().map(Value::from));
    number.ok().filter(Value::is_number).unwrap_or_else(|| json!(text))
}

impl Add {
    fn rule(&self) -> Value {
        let numbers = [("ms", &self.ms), ("times", &self.times), ("status", &self.status)];
        let mut fault = json!({ "kind": self.kind.replace('-', "_") });
        for (name, given) in numbers {
            given.iter().for_each(|text| fault[name] = number(text));
        }
        self.code.iter().for_each(|code| fault["code"] = json!(code));
        let mut rule = json!({ "fault": fault, "rate": number(&self.rate) });
        for (name, given) in [
            ("service", &self.service),
            ("operation", &self.operation),
            ("region", &self.region),
            ("account", &self.account),
            ("component", &self.component),
            ("resource", &self.resource),
        ] {
            given.iter().for_each(|text| rule[name] = json!(text));
        }
        for (name, given) in [("limit", &self.limit), ("seed", &self.seed)] {
            given.iter().for_each(|text| rule[name] = number(text));
        }
        rule
    }
}

/// Does one of the verbs, and shows the rules that are in force then.
pub(super) fn faults(args: &Faults) -> Result<(), Trouble> {
    let client = Client::new(&args.remote)?;
    let rules = match &args.verb {
        Verb::List => client.get("faults")?,
        Verb::Add(add) => {
            let rule = add.rule();
            FaultRule::read(&rule).map_err(Trouble::BadFlags)?;
            client.post("faults", &rule)?
        }
        Verb::Clear { number: Some(number) } => client.delete(&format!("faults/{number}"))?,
        Verb::Clear { number: None } => client.delete("faults")?,
    };
    match args.remote.output {
        Output::Json => document(&rules)?,
        Output::Table => say(&table(&rules))?,
    }
    Ok(())
}

fn table(rules: &Value) -> String {
    let rules = rules["rules"].as_array().into_iter().flatten();
    let header = ["no", "fault", "rate", "fired", "limit", "meets", "seed"];
    section("Faults", &header, &[1, 5], rules.map(cells).collect())
}

fn cells(rule: &Value) -> Vec<Cell> {
    let fault = rule["fault"].as_object().into_iter().flatten();
    let fault = fault.filter(|(name, _)| *name != "kind");
    let more = fault.map(|(name, _)| format!(" {name}={}", member(&rule["fault"], name)));
    let fault = member(&rule["fault"], "kind").replace('_', "-") + &more.collect::<String>();
    let cell = |name: &str| Cell::new(member(rule, name));
    let (meets, seed) = (Cell::new(meets(rule)), cell("seed"));
    vec![cell("number"), Cell::new(fault), cell("rate"), cell("fired"), cell("limit"), meets, seed]
}

/// Whom a rule meets.
fn meets(rule: &Value) -> String {
    let selectors = ["service", "operation", "region", "account", "component", "resource"];
    let given = selectors.iter().filter(|name| !rule[**name].is_null());
    let given: Vec<_> = given.map(|name| format!("{name} {}", member(rule, name))).collect();
    if given.is_empty() { "everything".into() } else { given.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::number;
    use serde_json::json;

    #[test]
    fn what_is_no_number_stays_a_text_for_the_reader_to_refuse() {
        assert_eq!(number("7"), json!(7));
        assert_eq!(number("0.5"), json!(0.5));
        assert_eq!(number("-1"), json!(-1.0));
        for text in ["NaN", "inf", "", "1x", "0x1"] {
            assert_eq!(number(text), json!(text));
        }
    }
}
