//! A call of a worker as a planted bug sees it, and the answer to it.

use super::super::wire::operation;
use aurora_restore_local::wire::{WireRequest, WireResponse};
use serde_json::{Value, json};

/// A call that can be read: AWS JSON (DynamoDB, SQS) or a form (RDS).
#[derive(Debug, Clone)]
pub struct Call {
    /// Who calls.
    pub component: String,
    /// The operation.
    pub operation: String,
    /// When it leaves, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// The body, where it is JSON.
    pub body: Value,
    /// The parameters, where it is a form.
    pub form: Vec<(String, String)>,
    request: WireRequest,
}

impl Call {
    /// Reads a request; none, when it is of neither kind.
    #[must_use]
    pub fn read(component: &str, now_ms: i64, request: &WireRequest) -> Option<Self> {
        let is_form = request.header("content-type").contains("form-urlencoded");
        let is_json = request.header("content-type").contains("amz-json");
        let (body, form) = match (is_json, is_form) {
            (true, _) => (serde_json::from_slice(&request.body).ok()?, Vec::new()),
            (_, true) => {
                let pairs = form_urlencoded::parse(&request.body).into_owned();
                (Value::Null, pairs.collect())
            }
            _ => return None,
        };
        let (component, operation) = (component.to_owned(), operation(request).to_owned());
        Some(Self { component, operation, now_ms, body, form, request: request.clone() })
    }

    /// The request that it is now.
    #[must_use]
    pub fn write(&self) -> WireRequest {
        let body = if self.body.is_null() {
            form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.form).finish()
        } else {
            self.body.to_string()
        };
        let mut request = self.request.clone();
        request.headers.insert("content-length".to_owned(), body.len().to_string());
        request.body = body.into();
        request
    }

    /// Another call to the same service in AWS JSON.
    #[must_use]
    pub fn another(&self, operation: &str, body: Value) -> Self {
        let target = self.request.header("x-amz-target");
        let service = target.split('.').next().unwrap_or_default();
        let mut other = Self { operation: operation.to_owned(), body, ..self.clone() };
        let target = format!("{service}.{operation}");
        other.request.headers.insert("x-amz-target".to_owned(), target);
        other
    }

    /// Another call to the same service as a form.
    #[must_use]
    pub fn another_form(&self, operation: &str, form: &[(&str, &str)]) -> Self {
        let mut pairs = vec![("Action".to_owned(), operation.to_owned())];
        pairs.extend(self.form.iter().filter(|(name, _)| name == "Version").cloned());
        pairs.extend(form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self { operation: operation.to_owned(), form: pairs, ..self.clone() }
    }

    /// A text of the body.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// A parameter of the form.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        let found = self.form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Changes a parameter of the form.
    pub fn set_param(&mut self, name: &str, value: &str) {
        for pair in self.form.iter_mut().filter(|(key, _)| key == name) {
            value.clone_into(&mut pair.1);
        }
    }

    /// The answer of somebody who does nothing and says that it is done.
    #[must_use]
    pub fn pretended(body: &Value) -> WireResponse {
        WireResponse {
            status: 200,
            content_type: "application/x-amz-json-1.0",
            headers: Vec::new(),
            body: body.to_string().into(),
        }
    }
}

/// What the writes of states are to the protocol.
impl Call {
    /// Whether it writes the item of this kind of sort key.
    #[must_use]
    pub fn puts(&self, sort_key: &str) -> bool {
        let sk = self.body["Item"]["sk"]["S"].as_str().unwrap_or_default();
        self.operation == "PutItem" && sk.starts_with(sort_key)
    }

    /// Whether it is an update that has this value.
    #[must_use]
    pub fn updates_with(&self, value: &str) -> bool {
        self.operation == "UpdateItem" && !self.value(value).is_null()
    }

    /// The value of an update.
    #[must_use]
    pub fn value(&self, name: &str) -> &Value {
        &self.body["ExpressionAttributeValues"][name]
    }

    /// The number of an update.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        self.value(name)["N"].as_str().and_then(|n| n.parse().ok()).unwrap_or_default()
    }

    /// Whether it claims a job.
    #[must_use]
    pub fn is_claim(&self) -> bool {
        self.updates_with(":token")
    }

    /// Whether it commits a tick.
    #[must_use]
    pub fn is_commit(&self) -> bool {
        self.updates_with(":mine") && self.text("ConditionExpression") == COMMIT
    }

    /// Whether it moves a due time on.
    #[must_use]
    pub fn is_move(&self) -> bool {
        self.updates_with(":next")
    }

    /// Whether it wakes a job.
    #[must_use]
    pub fn is_wake(&self) -> bool {
        self.updates_with(":due") && self.updates_with(":one")
    }

    /// The job that an item belongs to.
    #[must_use]
    pub fn job(&self) -> &str {
        let pk = self.body["Key"]["pk"]["S"].as_str().or(self.body["Item"]["pk"]["S"].as_str());
        pk.and_then(|pk| pk.strip_prefix("job#")).unwrap_or_default()
    }

    /// Gives it another condition.
    pub fn condition(&mut self, condition: &str) {
        self.body["ConditionExpression"] = condition.into();
        self.drop_unused();
    }

    /// Changes its update.
    pub fn update(&mut self, from: &str, to: &str) {
        let update = self.text("UpdateExpression").replace(from, to);
        self.body["UpdateExpression"] = update.into();
        self.drop_unused();
    }

    /// Takes its condition off.
    pub fn unconditional(&mut self) {
        if let Some(members) = self.body.as_object_mut() {
            members.remove("ConditionExpression");
            members.remove("ReturnValuesOnConditionCheckFailure");
        }
        self.drop_unused();
    }

    /// DynamoDB refuses names and values that nothing uses.
    fn drop_unused(&mut self) {
        let expressions = ["UpdateExpression", "ConditionExpression"].map(|e| self.text(e));
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_:#".contains(c);
        let words: Vec<String> =
            expressions.join(" ").split(|c| !is_word(c)).map(str::to_owned).collect();
        for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            let Some(all) = self.body[member].as_object_mut() else { continue };
            all.retain(|name, _| words.contains(name));
            if all.is_empty()
                && let Some(body) = self.body.as_object_mut()
            {
                body.remove(member);
            }
        }
    }
}

/// The condition of a commit.
const COMMIT: &str = "epoch = :mine AND seq = :seq";

/// The attributes of a commit, which sets or removes each by a numbered name.
impl Call {
    fn placeholder(&self, attribute: &str) -> Option<String> {
        let names = self.body["ExpressionAttributeNames"].as_object()?;
        let found = names.iter().find(|(_, name)| name.as_str() == Some(attribute));
        found.map(|(placeholder, _)| placeholder.clone())
    }

    /// What a commit sets an attribute to.
    #[must_use]
    pub fn attribute(&self, attribute: &str) -> &Value {
        let placeholder = self.placeholder(attribute).unwrap_or_default();
        self.value(&placeholder.replace('#', ":"))
    }

    /// The status that a commit writes.
    #[must_use]
    pub fn status(&self) -> &str {
        self.attribute("status")["S"].as_str().unwrap_or_default()
    }

    /// Has a commit set an attribute, or, for none, remove it.
    pub fn set(&mut self, attribute: &str, value: Option<Value>) {
        let Some(name) = self.placeholder(attribute) else { return };
        let place = name.replace('#', ":");
        let update = self.text("UpdateExpression").trim_start_matches("SET ").to_owned();
        let (sets, removes) = update.split_once(" REMOVE ").unwrap_or((update.as_str(), ""));
        let is_other = |entry: &&str| entry.split(' ').next() != Some(name.as_str());
        let others = |list: &str| -> Vec<String> {
            list.split(", ").filter(|e| !e.is_empty()).filter(is_other).map(str::to_owned).collect()
        };
        let (mut sets, mut removes) = (others(sets), others(removes));
        if let Some(value) = value {
            sets.push(format!("{name} = {place}"));
            self.body["ExpressionAttributeValues"][&place] = value;
        } else {
            removes.push(name);
        }
        let mut update = format!("SET {}", sets.join(", "));
        if !removes.is_empty() {
            update = format!("{update} REMOVE {}", removes.join(", "));
        }
        self.body["UpdateExpression"] = update.into();
        self.drop_unused();
    }
}

/// A text as an attribute of an item.
#[must_use]
pub fn string(text: &str) -> Value {
    json!({ "S": text })
}

/// A number as an attribute of an item.
#[must_use]
pub fn integer(number: i64) -> Value {
    json!({ "N": number.to_string() })
}

/// The body of an answer in AWS JSON.
#[must_use]
pub fn json_of(answer: &WireResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The body of an answer as text.
#[must_use]
pub fn text_of(answer: &WireResponse) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
