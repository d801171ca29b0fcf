//! Questions, asked read-only.

use super::{Session, beside, connect, says_nothing_of_the_data, words};
use crate::database::sql::Authority;
use crate::database::trouble::not_connected;
use crate::database::{Answers, Login};
use aurora_restore_shared::failure::Failure;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Error, Row};

pub(in crate::database) async fn ask(
    authority: &Authority,
    login: &Login,
    queries: &[&str],
) -> Result<Answers, Failure> {
    let (mut client, connection) = connect(authority, login, Session::Reading).await?;
    beside(login, connection, ask_all(&mut client, login, queries)).await
}

async fn ask_all(client: &mut Client, login: &Login, queries: &[&str]) -> Result<Answers, Failure> {
    let mut answers = Vec::new();
    for query in queries {
        answers.push(match ask_one(client, query).await {
            Ok(row) => row.as_ref().map_or(Ok(Value::Null), first_value),
            Err(e) if says_nothing_of_the_data(&e) => return Err(not_connected(login, &words(&e))),
            Err(e) => Err(words(&e)),
        });
    }
    Ok(answers)
}

/// One query in a read-only transaction of its own, which is rolled back. The extended protocol
/// takes one statement only, so a query cannot end the transaction and go on.
async fn ask_one(client: &mut Client, query: &str) -> Result<Option<Row>, Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    Ok(transaction.query(query, &[]).await?.into_iter().next())
}

/// The first value of a row as JSON.
fn first_value(row: &Row) -> Result<Value, String> {
    let Some(column) = row.columns().first() else { return Ok(Value::Null) };
    let kind = column.type_().clone();
    let value = match kind {
        Type::BOOL => get::<bool>(row)?.map(Value::from),
        Type::INT2 => get::<i16>(row)?.map(Value::from),
        Type::INT4 => get::<i32>(row)?.map(Value::from),
        Type::INT8 => get::<i64>(row)?.map(Value::from),
        Type::FLOAT4 => get::<f32>(row)?.map(Value::from),
        Type::FLOAT8 => get::<f64>(row)?.map(Value::from),
        Type::NUMERIC => get::<Decimal>(row)?.and_then(|n| n.to_f64()).map(Value::from),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
            get::<String>(row)?.map(Value::from)
        }
        other => return Err(format!("type {other} cannot be compared; cast it, e.g. ::text")),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn get<'a, T: FromSql<'a>>(row: &'a Row) -> Result<Option<T>, String> {
    row.try_get::<_, Option<T>>(0).map_err(|e| words(&e))
}
