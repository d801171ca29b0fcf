//! The core: all services of all accounts and Regions, one call at a time.

use crate::call::{self, Call, Service};
use crate::data_plane::DataPlane;
use crate::error::AwsError;
use crate::faults::{Asked, Fate, Faults, Inside};
use crate::identity::Identity;
use crate::meter::{CallRecord, Meter};
use crate::params::Params;
use crate::settings::WorldSettings;
use crate::wire::{WireRequest, WireResponse};
use crate::xml::Xml;
use crate::{cloudwatch, dynamodb, events, kms, rds, secrets, sns, sqs, sts};
use bytes::Bytes;
use serde_json::{Value, json};

/// What a service's handler is given beside its input.
pub struct Context<'a> {
    /// The call.
    pub call: &'a Call,
    /// The present moment, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Settings of the world.
    pub settings: &'a WorldSettings,
    /// The seeded source of every random choice.
    pub rng: &'a mut fastrand::Rng,
    /// The keys, for the services that look them up.
    pub kms: &'a mut kms::Kms,
    /// What the call was about and what it cost: filled in by the handler.
    pub record: &'a mut CallRecord,
    /// The injected faults that happen inside a service.
    pub faults: Inside<'a>,
}

/// What a service's handler answers.
#[derive(Debug)]
pub enum Reply {
    /// The members of a JSON answer.
    Json(Value),
    /// The children of the result element of an XML answer.
    Xml(Xml),
    /// Nothing yet: ask again when there is news ([`World::take_news`]), at `retry_at_ms` at the
    /// latest (a long poll).
    Park {
        /// Milliseconds since the Unix epoch.
        retry_at_ms: i64,
    },
}

/// What a handler returns.
pub type Answer = Result<Reply, AwsError>;

/// The core's answer to a door.
#[derive(Debug)]
pub enum Handled {
    /// Send this.
    Response(WireResponse),
    /// Ask again when there is news ([`World::take_news`]), at `retry_at_ms` at the latest.
    Park {
        /// Milliseconds since the Unix epoch.
        retry_at_ms: i64,
    },
}

/// The state of the whole local cloud.
pub struct World {
    /// Settings.
    pub settings: WorldSettings,
    /// Injected faults.
    pub faults: Faults,
    /// What was called.
    pub meter: Meter,
    /// Access keys, roles and their sessions.
    pub identity: Identity,
    /// SQS, all accounts and Regions.
    pub sqs: sqs::Sqs,
    /// DynamoDB, all accounts and Regions.
    pub dynamodb: dynamodb::DynamoDb,
    /// RDS, all accounts and Regions.
    pub rds: rds::Rds,
    /// Secrets Manager, all accounts and Regions.
    pub secrets: secrets::Secrets,
    /// KMS, all accounts and Regions.
    pub kms: kms::Kms,
    /// SNS, all accounts and Regions.
    pub sns: sns::Sns,
    /// CloudWatch, all accounts and Regions.
    pub cloudwatch: cloudwatch::Cloudwatch,
    /// EventBridge, all accounts and Regions.
    pub events: events::Events,
    /// Something came to be due earlier than waiting calls know.
    due_earlier: bool,
    pub(crate) rng: fastrand::Rng,
    requests: u64,
}

impl World {
    /// An empty world whose databases live on the given data plane.
    #[must_use]
    pub fn new(settings: WorldSettings, data_plane: Box<dyn DataPlane>) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(settings.seed),
            faults: Faults::seeded(settings.seed),
            meter: Meter::keeping(settings.keep_calls.max(1)),
            identity: Identity::default(),
            sqs: sqs::Sqs::default(),
            dynamodb: dynamodb::DynamoDb::default(),
            rds: rds::Rds::new(data_plane),
            secrets: secrets::Secrets::default(),
            kms: kms::Kms::default(),
            sns: sns::Sns::default(),
            cloudwatch: cloudwatch::Cloudwatch::default(),
            events: events::Events::default(),
            due_earlier: false,
            requests: 0,
            settings,
        }
    }

    /// Finds out what a request is; numbers it. A request that cannot be identified is answered
    /// at once with the error in the protocol it seems to speak.
    ///
    /// # Errors
    /// The response to send when the request is not a call.
    pub fn identify(
        &mut self,
        request: &WireRequest,
        now_ms: i64,
    ) -> Result<Call, Box<WireResponse>> {
        self.requests += 1;
        let request_id = format!("00000000-0000-4000-8000-{:012x}", self.requests);
        let call = call::identify(request, &self.identity, request_id.clone(), now_ms);
        call.map_err(|(service, e)| {
            tracing::warn!(code = %e.code, message = %e.message, "refused an unidentified request");
            if cloudwatch::told_in_cbor(service, request) {
                return Box::new(cloudwatch::refusal(&request_id, &e));
            }
            if service == Some(Service::Cloudwatch) && cloudwatch::speaks_json(request) {
                return Box::new(json_refusal(Service::Cloudwatch, &request_id, &e));
            }
            Box::new(refusal(service.unwrap_or(spoken(request)), &request_id, &e))
        })
    }

    /// Decides how long a call is on its way (milliseconds, both directions together) and whether
    /// it meets an injected fault.
    pub fn fate(&mut self, asked: &Asked<'_>) -> (u64, Fate) {
        let (low, high) = self.settings.latency_ms;
        let latency = if high == 0 { 0 } else { self.rng.u64(low..=high) };
        (latency, self.faults.decide(asked))
    }

    /// Handles one call at a moment.
    pub fn handle(
        &mut self,
        call: &Call,
        component: &str,
        request: &WireRequest,
        fate: &Fate,
        now_ms: i64,
    ) -> Handled {
        let mut record = blank_record(call, component, fate, now_ms);
        let answer = match &fate.refuse {
            Some(refusal) => Err(refusal.clone()),
            None => self.attend(&Asked { call, component, request }, &mut record, now_ms),
        };
        let response = match answer {
            Ok(Reply::Park { retry_at_ms }) => return Handled::Park { retry_at_ms },
            Ok(Reply::Json(value)) if call.cbor => cloudwatch::response(call, &value),
            Ok(Reply::Json(value)) => json_response(200, call.service, &value, &call.request_id),
            Ok(Reply::Xml(result)) => xml_response(call, result),
            Err(e) => {
                record.outcome.clone_from(&e.code);
                refused(call, &e)
            }
        };
        self.meter.add(record);
        Handled::Response(response)
    }

    /// Whether something happened that parked calls wait for; asking resets it. Only SQS parks
    /// calls, so nothing else makes news: a long poll must not wake up for every other call.
    pub fn take_news(&mut self) -> bool {
        let due_earlier = std::mem::take(&mut self.due_earlier);
        self.sqs.take_news() || due_earlier
    }

    /// Lets a call have its effect. Time passes in RDS on its own calls only; where rules send
    /// events into queues it passes with every call, so that the events come when they are due.
    fn attend(&mut self, asked: &Asked<'_>, record: &mut CallRecord, now_ms: i64) -> Answer {
        let call = asked.call;
        self.identity.authorize(call)?;
        if !self.events.has_targets() {
            let answer = self.dispatch(asked, record, now_ms);
            // With the first target, polls that wait already must look when RDS is due.
            self.due_earlier |= self.events.has_targets();
            return answer;
        }
        self.rds.advance(now_ms);
        self.tell_events(now_ms);
        let due_ms = self.rds.next_due_ms(now_ms);
        let answer = self.dispatch(asked, record, now_ms);
        self.tell_events(now_ms);
        let now_due_ms = self.rds.next_due_ms(now_ms);
        self.due_earlier |= now_due_ms.is_some_and(|ms| due_ms.is_none_or(|before| ms < before));
        match answer {
            // The record of a receive that waits names its queue.
            Ok(Reply::Park { retry_at_ms }) if self.events.fills(call, &record.resource) => {
                let due_ms = now_due_ms.unwrap_or(i64::MAX);
                Ok(Reply::Park { retry_at_ms: retry_at_ms.min(due_ms) })
            }
            answer => answer,
        }
    }

    /// Brings what RDS has to say to the queues that wait for it.
    fn tell_events(&mut self, now_ms: i64) {
        let notices = self.rds.take_notices();
        let (sqs, faults) = (&mut self.sqs, &mut self.faults);
        self.events.tell(notices, sqs, faults, &mut self.rng, now_ms);
    }

    fn dispatch(&mut self, asked: &Asked<'_>, record: &mut CallRecord, now_ms: i64) -> Answer {
        let (call, request, settings) = (asked.call, asked.request, &self.settings);
        let faults = Inside::new(&mut self.faults, *asked);
        let (rng, kms) = (&mut self.rng, &mut self.kms);
        let mut cx = Context { call, now_ms, settings, rng, kms, record, faults };
        match call.service {
            Service::Sqs => self.sqs.handle(&mut cx, &body_json(request)?),
            Service::Dynamodb => self.dynamodb.handle(&mut cx, &body_json(request)?),
            Service::Secretsmanager => {
                self.rds.advance(now_ms);
                self.secrets.obey(self.rds.take_secret_orders(), now_ms);
                self.secrets.handle(&mut cx, &body_json(request)?)
            }
            Service::Rds => {
                let answer = self.rds.handle_fated(&mut cx, &Params::parse(&request.body));
                self.secrets.obey(self.rds.take_secret_orders(), now_ms);
                answer
            }
            Service::Kms => {
                // What is over by now was still over while its key was good.
                self.rds.advance(now_ms);
                let answer = kms::handle(&mut cx, &body_json(request)?);
                self.rds.heed_keys(cx.kms);
                answer
            }
            Service::Sts => sts::handle(&mut self.identity, &mut cx, &Params::parse(&request.body)),
            Service::Sns => self.sns.handle(&mut cx, &Params::parse(&request.body), &mut self.sqs),
            Service::Cloudwatch => self.cloudwatch.handle(&mut cx, request),
            Service::Events => self.events.handle(&mut cx, &body_json(request)?, &mut self.sqs),
        }
    }
}

/// The refusal of an operation the local cloud does not implement: loud, never a silent success.
#[must_use]
pub fn unknown_operation(call: &Call) -> AwsError {
    tracing::error!(service = %call.service, operation = %call.operation,
        "the local cloud does not implement this operation");
    let text = format!("the local cloud does not implement {} {}", call.service, call.operation);
    let code = if call.service.is_query() { "InvalidAction" } else { "UnknownOperationException" };
    AwsError::new(code, text)
}

/// The refusal of a parameter the local cloud does not implement: loud, never silently ignored.
#[must_use]
pub fn unsupported_parameter(call: &Call, name: &str) -> AwsError {
    tracing::error!(service = %call.service, operation = %call.operation, parameter = name,
        "the local cloud does not implement this parameter");
    let operation = &call.operation;
    let text = format!("the local cloud does not implement the parameter {name} of {operation}");
    let code = match call.service {
        Service::Sns => "InvalidParameter",
        Service::Sts => "ValidationError",
        service if service.is_query() => "InvalidParameterCombination",
        _ => "ValidationException",
    };
    AwsError::new(code, text)
}

fn blank_record(call: &Call, component: &str, fate: &Fate, now_ms: i64) -> CallRecord {
    CallRecord {
        n: 0,
        at_ms: now_ms,
        component: component.to_owned(),
        service: call.service,
        operation: call.operation.clone(),
        account: call.account.clone(),
        region: call.region.clone(),
        resource: String::new(),
        items: 0,
        write_units: 0.0,
        read_units: 0.0,
        outcome: "ok".into(),
        response_lost: fate.hides_the_effect(),
    }
}

fn body_json(request: &WireRequest) -> Result<Value, AwsError> {
    serde_json::from_slice(&request.body)
        .map_err(|e| AwsError::new("SerializationException", format!("not a JSON body: {e}")))
}

fn json_type(service: Service) -> &'static str {
    match service {
        Service::Secretsmanager | Service::Kms | Service::Events => "application/x-amz-json-1.1",
        _ => "application/x-amz-json-1.0",
    }
}

fn json_response(status: u16, service: Service, value: &Value, request_id: &str) -> WireResponse {
    let body = Bytes::from(value.to_string());
    WireResponse {
        status,
        content_type: json_type(service),
        headers: vec![("x-amzn-requestid", request_id.to_owned())],
        body,
    }
}

fn namespace(service: Service) -> &'static str {
    match service {
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        Service::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
        Service::Cloudwatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        _ => "http://rds.amazonaws.com/doc/2014-10-31/",
    }
}

fn xml_document(status: u16, request_id: &str, root: &Xml) -> WireResponse {
    WireResponse {
        status,
        content_type: "text/xml",
        headers: vec![("x-amzn-requestid", request_id.to_owned())],
        body: Bytes::from(root.render()),
    }
}

fn xml_response(call: &Call, result: Xml) -> WireResponse {
    let op = &call.operation;
    let metadata = Xml::new("ResponseMetadata").text("RequestId", &call.request_id);
    let root = Xml::new(format!("{op}Response xmlns=\"{}\"", namespace(call.service)));
    xml_document(200, &call.request_id, &root.with(result).with(metadata))
}

/// A service that speaks the protocol a request seems to be in.
pub(crate) fn spoken(request: &WireRequest) -> Service {
    let form = request.header("content-type").starts_with("application/x-www-form-urlencoded");
    if form { Service::Sts } else { Service::Sqs }
}

/// The refusal of a call, as the call was made.
fn refused(call: &Call, e: &AwsError) -> WireResponse {
    if call.cbor {
        return cloudwatch::refusal(&call.request_id, e);
    }
    if call.json {
        return json_refusal(call.service, &call.request_id, e);
    }
    refusal(call.service, &call.request_id, e)
}

/// An error in the wire form of a service's protocol.
pub(crate) fn refusal(service: Service, request_id: &str, e: &AwsError) -> WireResponse {
    if service.is_query() {
        let kind = if e.status < 500 { "Sender" } else { "Receiver" };
        let error =
            Xml::new("Error").text("Type", kind).text("Code", &e.code).text("Message", &e.message);
        let root = Xml::new(format!("ErrorResponse xmlns=\"{}\"", namespace(service)));
        return xml_document(e.status, request_id, &root.with(error).text("RequestId", request_id));
    }
    json_refusal(service, request_id, e)
}

fn json_refusal(service: Service, request_id: &str, e: &AwsError) -> WireResponse {
    let mut body = json!({ "__type": error_type(service, &e.code), "message": e.message });
    if let Value::Object(members) = &mut body {
        members.extend(e.fields.clone());
    }
    let mut response = json_response(e.status, service, &body, request_id);
    // Those that had the query protocol before tell their codes from then.
    if matches!(service, Service::Sqs | Service::Cloudwatch) {
        let side = if e.status < 500 { "Sender" } else { "Receiver" };
        response.headers.push(("x-amzn-query-error", format!("{};{side}", e.code)));
    }
    response
}

/// The `__type` member as each service writes it.
fn error_type(service: Service, code: &str) -> String {
    match service {
        Service::Dynamodb => format!("com.amazonaws.dynamodb.v20120810#{code}"),
        Service::Sqs => sqs::shape(code),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Handled, World};
    use crate::data_plane::NoData;
    use crate::faults::Fate;
    use crate::settings::WorldSettings;
    use crate::wire::{WireRequest, WireResponse};
    use serde_json::{Value, json};

    fn request(service: &str, target: &str, body: String) -> WireRequest {
        let scope = format!("Credential=111111111111/20270115/us-east-1/{service}/aws4_request");
        let headers = [("authorization", scope.as_str()), ("x-amz-target", target)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        WireRequest { headers, body: body.into(), ..WireRequest::default() }
    }

    fn ask(world: &mut World, request: &WireRequest, now_ms: i64) -> Handled {
        let call = world.identify(request, now_ms).unwrap();
        world.handle(&call, "tests", request, &Fate::default(), now_ms)
    }

    fn answer(world: &mut World, request: &WireRequest) -> WireResponse {
        let Handled::Response(response) = ask(world, request, 0) else { panic!("it waits") };
        assert_eq!(response.status, 200, "{response:?}");
        response
    }

    /// A world with a queue, and with a cluster on its way.
    fn world() -> World {
        let settings = WorldSettings { speed: 600.0, ..WorldSettings::default() };
        let mut world = World::new(settings, Box::new(NoData));
        let queue = json!({ "QueueName": "q.fifo", "Attributes": { "FifoQueue": "true" } });
        answer(&mut world, &request("sqs", "AmazonSQS.CreateQueue", queue.to_string()));
        let cluster = "Action=CreateDBCluster&DBClusterIdentifier=c&Engine=aurora-postgresql\
            &MasterUsername=postgres&MasterUserPassword=a-password";
        answer(&mut world, &request("rds", "", cluster.into()));
        world
    }

    fn listen(world: &mut World) {
        let call = |operation: &str, input: Value| {
            request("events", &format!("AWSEvents.{operation}"), input.to_string())
        };
        let rule = json!({ "Name": "r", "EventPattern": "{\"source\":[\"aws.rds\"]}" });
        answer(world, &call("PutRule", rule));
        let target = json!({
            "Id": "1",
            "Arn": "arn:aws:sqs:us-east-1:111111111111:q.fifo",
            "SqsParameters": { "MessageGroupId": "g" },
        });
        answer(world, &call("PutTargets", json!({ "Rule": "r", "Targets": [target] })));
    }

    fn poll(world: &mut World) -> i64 {
        let receive = json!({ "QueueUrl": "http://x/111111111111/q.fifo", "WaitTimeSeconds": 20 });
        let receive = request("sqs", "AmazonSQS.ReceiveMessage", receive.to_string());
        let Handled::Park { retry_at_ms } = ask(world, &receive, 0) else { panic!("no wait") };
        retry_at_ms
    }

    #[test]
    fn who_waits_for_events_looks_again_when_rds_is_due() {
        let mut world = world();
        assert_eq!(poll(&mut world), 20_000);
        let due_ms = world.rds.next_due_ms(0).unwrap();
        assert!(due_ms < 20_000, "{due_ms}");
        listen(&mut world);
        assert_eq!(poll(&mut world), due_ms);
    }

    #[test]
    fn what_comes_to_be_due_earlier_is_news_for_who_waits_for_events() {
        let mut world = world();
        listen(&mut world);
        world.rds.advance(1_000_000_000);
        // What has happened until now is no matter here.
        drop(world.rds.take_notices());
        assert_eq!(world.rds.next_due_ms(1_000_000_000), None);
        // What happened so far is not what is waited for.
        world.rds.take_notices();
        let _ = world.take_news();
        poll(&mut world);
        assert!(!world.take_news());
        let delete = "Action=DeleteDBCluster&DBClusterIdentifier=c&SkipFinalSnapshot=true";
        answer(&mut world, &request("rds", "", delete.into()));
        assert!(world.take_news());
    }
}
