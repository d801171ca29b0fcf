//! Items that many change at once: each write is conditional on the version that was read.

use super::item::{Item, Unreadable, key, number, ordered};
use super::{Store, StoreResult, store_error};
use crate::failure::{Failure, FailureCode, wire_code};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

/// How often a write is tried against rivals before the caller is told to come back.
const RIVALS: usize = 16;

/// What is stored in one item with a version: 0 while there is none.
pub(super) trait Versioned: Default + Clone + PartialEq {
    /// Its sort key.
    const SK: &'static str;

    /// Its version.
    fn version(&mut self) -> &mut u64;

    /// The attributes beside key and version.
    fn attributes(&self) -> Item;

    /// Reads it.
    fn read(item: &Item) -> Result<Self, Unreadable>;
}

/// The whole item.
pub(super) fn encode<T: Versioned>(pk: &str, value: &T) -> Item {
    let mut item = value.attributes();
    item.extend(key(pk, T::SK).map(|(name, value)| (name.to_owned(), value)));
    item.insert("version".into(), number(*value.clone().version()));
    item
}

impl Store {
    /// Applies a pure change to the item: optimistically on an empty one first, because most items
    /// are not there, then on what stood in the way. A change that changes nothing writes nothing.
    /// Returns it as it was and as it is.
    pub(super) async fn change<T: Versioned>(
        &self,
        pk: &str,
        change: impl Fn(&T) -> Option<T>,
    ) -> StoreResult<(T, T)> {
        let mut there = T::default();
        for _ in 0..RIVALS {
            let version = *there.version();
            let Some(mut next) = change(&there).filter(|next| *next != there) else {
                if version > 0 {
                    return Ok((there.clone(), there));
                }
                match self.read_versioned(pk).await? {
                    Some(read) => there = read,
                    None => return Ok((there.clone(), there)),
                }
                continue;
            };
            *next.version() = version + 1;
            match self.put_versioned(pk, version, &next).await? {
                None => return Ok((there, next)),
                // The very write, found done: its answer had been lost.
                Some(found) if found == next => return Ok((there, next)),
                Some(rival) => there = rival,
            }
        }
        let doing = format!("changing {pk}: too many rivals at once");
        Err(Failure::transient(FailureCode::ResourceBusy, doing).into())
    }

    /// The item, when there is one.
    pub(super) async fn read_versioned<T: Versioned>(&self, pk: &str) -> StoreResult<Option<T>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = key(pk, T::SK).into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let doing = format!("reading {}", T::SK);
        let answer = get.send().await.map_err(store_error!(self, doing.as_str()))?;
        Ok(answer.item.map(ordered).map(|item| T::read(&item)).transpose()?)
    }

    /// Puts the item if it is still at the version that was read; `Some` is what stood in the way.
    pub(super) async fn put_versioned<T: Versioned>(
        &self,
        pk: &str,
        read: u64,
        next: &T,
    ) -> StoreResult<Option<T>> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(encode(pk, next).into_iter().collect()));
        let put = match read {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            version => put
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", number(version)),
        };
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match put.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => Ok(None),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => {
                let PutItemError::ConditionalCheckFailedException(e) = e.into_service_error()
                else {
                    return Ok(Some(T::default()));
                };
                match e.item.map(ordered) {
                    Some(item) => Ok(Some(T::read(&item)?)),
                    None => Ok(Some(T::default())),
                }
            }
            Err(e) => {
                let doing = format!("changing {}", T::SK);
                Err(store_error!(self, doing.as_str())(e))
            }
        }
    }
}
