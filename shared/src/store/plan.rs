//! `job#<id>` / `plan#<epoch>`: the plan, put before the commit that names its epoch. It stands in
//! an item of its own so that `state`, which is written often, stays under one write unit; the
//! epoch in its key makes a plan of a fenced worker harmless. See decision 0002.

use super::item::{Item, ItemReader, Unreadable, job_pk, ordered, text};
use super::spec::Spec;
use super::{Store, StoreResult, store_error};
use crate::ids::{Epoch, JobId};
use crate::plan::Plan;

fn sort_key(epoch: Epoch) -> String {
    format!("plan#{:08}", epoch.0)
}

pub(super) fn encode(id: JobId, epoch: Epoch, plan: &Plan) -> Item {
    let plan = serde_json::to_string(plan).unwrap_or_default();
    [("pk", text(job_pk(id))), ("sk", text(sort_key(epoch))), ("plan", text(plan))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

pub(super) fn decode(item: &Item) -> Result<Plan, Unreadable> {
    ItemReader::new(item).json("plan")
}

impl Store {
    /// Puts the plan made under an epoch; a repeat is harmless.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_plan(&self, id: JobId, epoch: Epoch, plan: &Plan) -> StoreResult<()> {
        let item = encode(id, epoch, plan).into_iter().collect();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(store_error!(self, "storing the plan"))?;
        Ok(())
    }

    /// The spec of a job and, when an epoch is named, the plan made under it: one read.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or an item cannot be read.
    pub async fn load_spec_and_plan(
        &self,
        id: JobId,
        plan_epoch: Option<Epoch>,
    ) -> StoreResult<(Option<Spec>, Option<Plan>)> {
        // "plan#..." sorts before "spec", and nothing else of a job lies between the two.
        let first = sort_key(plan_epoch.unwrap_or(Epoch(99_999_999)));
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(job_pk(id)))
            .expression_attribute_values(":first", text(&first))
            .expression_attribute_values(":last", text("spec"));
        let page = query.send().await.map_err(store_error!(self, "reading the job's plan"))?;
        let (mut spec, mut plan) = (None, None);
        for item in page.items.unwrap_or_default().into_iter().map(ordered) {
            match ItemReader::new(&item).text("sk")? {
                "spec" => spec = Some(Spec::decode(&item)?),
                sk if plan_epoch.is_some() && sk == first => plan = Some(decode(&item)?),
                _ => {}
            }
        }
        Ok((spec, plan))
    }
}
