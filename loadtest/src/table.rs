//! Tables for a person: no lines, as wide as what they hold.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, Table, presets::NOTHING};

/// A table without a header where that is empty; `padding` is the space left and right of a column.
#[must_use]
pub fn plain(header: &[&str], rows: Vec<Vec<Cell>>, padding: (u16, u16)) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).add_rows(rows);
    if !header.is_empty() {
        table.set_header(header.iter().map(Cell::new));
    }
    for column in table.column_iter_mut() {
        column.set_padding(padding).set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// A cell that holds a number, or what is lined up like one.
#[must_use]
pub fn number(n: impl ToString) -> Cell {
    Cell::new(n.to_string()).set_alignment(CellAlignment::Right)
}
