//! Questions, asked read-only.

use super::{connect, leave, says_nothing_of_the_data, words};
use crate::database::sql::{ASK_TIMEOUT, Authority};
use crate::database::trouble::not_connected;
use crate::database::{Answers, Login};
use aurora_restore_shared::failure::Failure;
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row, Value as Sql};
use serde_json::Value;

pub(in crate::database) async fn ask(
    authority: &Authority,
    login: &Login,
    queries: &[&str],
) -> Result<Answers, Failure> {
    let mut conn = connect(authority, login).await?;
    let mut answers = Vec::new();
    for query in queries {
        let asked = tokio::time::timeout(ASK_TIMEOUT, ask_one(&mut conn, query)).await;
        answers.push(match asked {
            Ok(Ok(row)) => row.map_or(Ok(Value::Null), first_value),
            Ok(Err(e)) if says_nothing_of_the_data(&e) => {
                return Err(not_connected(login, &words(&e)));
            }
            Ok(Err(e)) => Err(words(&e)),
            // The answer may still come: nothing more can be asked on this connection.
            Err(_) => return Err(not_connected(login, "a query was not answered in time")),
        });
    }
    leave(conn).await;
    Ok(answers)
}

/// One query in a read-only transaction of its own, which is rolled back. A prepared statement is
/// one statement only; should it end the transaction, the session is read-only all the same.
async fn ask_one(conn: &mut Conn, query: &str) -> Result<Option<Row>, Error> {
    conn.query_drop("SET SESSION TRANSACTION READ ONLY").await?;
    conn.query_drop("START TRANSACTION READ ONLY").await?;
    let asked = conn.exec_first(query, ()).await;
    conn.query_drop("ROLLBACK").await?;
    asked
}

/// The first value of a row as JSON.
fn first_value(row: Row) -> Result<Value, String> {
    let Some(column) = row.columns_ref().first().map(mysql_async::Column::column_type) else {
        return Ok(Value::Null);
    };
    match row.unwrap().into_iter().next() {
        None | Some(Sql::NULL) => Ok(Value::Null),
        Some(Sql::Int(n)) => Ok(n.into()),
        Some(Sql::UInt(n)) => Ok(n.into()),
        Some(Sql::Float(n)) => Ok(n.into()),
        Some(Sql::Double(n)) => Ok(n.into()),
        Some(Sql::Bytes(bytes)) => from_bytes(column, bytes),
        Some(Sql::Date(..) | Sql::Time(..)) => Err(incomparable(column)),
    }
}

fn from_bytes(column: ColumnType, bytes: Vec<u8>) -> Result<Value, String> {
    use ColumnType as C;
    let text = String::from_utf8(bytes).map_err(|_| incomparable(column))?;
    match column {
        C::MYSQL_TYPE_DECIMAL | C::MYSQL_TYPE_NEWDECIMAL => {
            text.parse::<f64>().map(Value::from).map_err(|_| incomparable(column))
        }
        C::MYSQL_TYPE_BIT => Err(incomparable(column)),
        _ => Ok(text.into()),
    }
}

fn incomparable(column: ColumnType) -> String {
    format!("type {column:?} cannot be compared; cast it, e.g. CAST(... AS CHAR)")
}
