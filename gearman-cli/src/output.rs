//! How results look: for people on a terminal, for programs when piped.
//!
//! Names are bytes that strangers chose. In tables and in raw lines they are escaped: a control
//! character or a byte that is not UTF-8 is written as `\n` or `\xff`, and a backslash is doubled. In
//! JSON a name is the string that it is; one that is not UTF-8 is the escaped string, and a second field
//! with `_hex` behind its name has the exact bytes. So nothing is lost, and no row is lost for an odd name.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _, Write as _};

use bytes::Bytes;
use clap::ValueEnum;
use gearman_proto::Escaped;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Number, Value};

use crate::clock::time_of_day;

/// What `-o` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns with a header, for people; the default on a terminal.
    Table,
    /// One JSON document, or one object per line where results come one by one.
    Json,
    /// Columns separated by TABs without a header, and results byte by byte; the default when piped.
    Raw,
}

impl Format {
    /// The format that was asked for, or the one that suits whoever reads stdout.
    pub(crate) fn resolve(asked: Option<Self>) -> Self {
        let suitable = || match io::stdout().is_terminal() {
            true => Self::Table,
            false => Self::Raw,
        };
        asked.unwrap_or_else(suitable)
    }
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(Number),
    /// Bytes that a stranger chose.
    Name(Bytes),
    Names(Vec<Bytes>),
}

impl Cell {
    pub(crate) fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Name(name) => Escaped(name).to_string(),
            Self::Names(names) => {
                let names: Vec<_> = names.iter().map(|name| Escaped(name).to_string()).collect();
                names.join(" ")
            }
        }
    }
}

/// A JSON object whose fields keep their order.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    #[must_use]
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.push((field.to_owned(), value.into()));
        self
    }

    /// Bytes as a string, and exactly where they are none.
    #[must_use]
    pub(crate) fn with_bytes(self, field: &str, bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => self.with(field, text),
            Err(_) => self
                .with(field, Escaped(bytes).to_string())
                .with(&format!("{field}_hex"), hex(bytes)),
        }
    }

    fn with_cell(self, field: &str, cell: &Cell) -> Self {
        match cell {
            Cell::Text(text) => self.with(field, text.as_str()),
            Cell::Number(number) => self.with(field, number.clone()),
            Cell::Name(name) => self.with_bytes(field, name),
            Cell::Names(names) => {
                let text = |name: &Bytes| match str::from_utf8(name) {
                    Ok(text) => text.to_owned(),
                    Err(_) => Escaped(name).to_string(),
                };
                let with = self.with(field, names.iter().map(text).collect::<Vec<_>>());
                if names.iter().all(|name| str::from_utf8(name).is_ok()) {
                    return with;
                }
                let exact: Vec<_> = names.iter().map(|name| hex(name)).collect();
                with.with(&format!("{field}_hex"), exact)
            }
        }
    }

    /// One line, with its end.
    pub(crate) fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("strings and numbers only");
        line.push('\n');
        line
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, value) in &self.0 {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A list of rows. Columns bear the names of the JSON fields.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: impl Into<Vec<&'static str>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// One cell for each column.
    pub(crate) fn push(&mut self, row: impl Into<Vec<Cell>>) {
        self.rows.push(row.into());
    }

    /// Leaves out a column; where all rows have the same in it, people need not read it.
    pub(crate) fn without(mut self, column: &str) -> Self {
        if let Some(index) = self.columns.iter().position(|name| *name == column) {
            self.columns.remove(index);
            for row in &mut self.rows {
                row.remove(index);
            }
        }
        self
    }

    pub(crate) fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.for_people(),
            Format::Raw => self.for_programs(),
            Format::Json => self.as_json(),
        }
    }

    fn for_people(&self) -> String {
        let headers = self.columns.iter().map(|name| name.to_uppercase());
        let mut lines = vec![headers.collect::<Vec<_>>()];
        let texts = |row: &Vec<Cell>| row.iter().map(Cell::to_text).collect();
        lines.extend(self.rows.iter().map(texts));
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let columns: Vec<_> = (0..self.columns.len())
            .map(|column| (width(column), self.is_numeric(column)))
            .collect();
        let mut text = String::new();
        for line in &lines {
            let mut padded = String::new();
            for (cell, &(width, numeric)) in line.iter().zip(&columns) {
                let _ = match numeric {
                    true => write!(padded, "{cell:>width$}  "),
                    false => write!(padded, "{cell:<width$}  "),
                };
            }
            text.push_str(padded.trim_end());
            text.push('\n');
        }
        text
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| matches!(cell, Cell::Number(_)))
    }

    fn for_programs(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(Cell::to_text).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text
    }

    fn as_json(&self) -> String {
        let objects: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let fields = self.columns.iter().zip(row);
                fields.fold(Object::default(), |object, (field, cell)| {
                    object.with_cell(field, cell)
                })
            })
            .collect();
        let mut text = serde_json::to_string_pretty(&objects).expect("strings and numbers only");
        text.push('\n');
        text
    }
}

/// Writes to stdout.
pub(crate) fn print(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_ref())?;
    stdout.flush()
}

/// Tells the user something, on stderr.
pub(crate) fn tell(what: impl fmt::Display) {
    write_line(&format!("gearctl: {what}\n"));
}

/// Tells what happens as it happens, on stderr.
pub(crate) fn tell_with_time(what: impl fmt::Display) {
    write_line(&format!("[{}] {what}\n", time_of_day()));
}

/// In one piece: readers see whole lines, and those of several processes do not mix.
fn write_line(line: &str) {
    // There is nobody to tell that nobody can be told anything.
    let _ = io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["function", "total", "offers"]);
        table.push([
            Cell::Name("App\\Job".into()),
            Cell::number(3),
            Cell::Names(vec!["a".into(), "b\t".into()]),
        ]);
        table.push([
            Cell::Name(Bytes::from_static(b"\xff")),
            Cell::number(12),
            Cell::Names(vec![Bytes::from_static(b"\xfe"), "b".into()]),
        ]);
        table
    }

    #[test]
    fn people_get_padded_columns_with_headers() {
        assert_eq!(
            table().render(Format::Table),
            "FUNCTION  TOTAL  OFFERS\n\
             App\\\\Job      3  a b\\t\n\
             \\xff         12  \\xfe b\n"
        );
    }

    #[test]
    fn programs_get_tabs_and_no_name_adds_one() {
        assert_eq!(
            table().render(Format::Raw),
            "App\\\\Job\t3\ta b\\t\n\\xff\t12\t\\xfe b\n"
        );
    }

    #[test]
    fn json_says_names_as_they_are_and_odd_ones_twice() {
        let json: Value = serde_json::from_str(&table().render(Format::Json)).unwrap();
        let expected = serde_json::json!([
            {"function": "App\\Job", "total": 3, "offers": ["a", "b\t"]},
            {"function": "\\xff", "function_hex": "ff", "total": 12,
             "offers": ["\\xfe", "b"], "offers_hex": ["fe", "62"]},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn a_column_can_be_left_out() {
        let text = table()
            .without("offers")
            .without("none")
            .render(Format::Raw);
        assert_eq!(text, "App\\\\Job\t3\n\\xff\t12\n");
    }

    #[test]
    fn an_empty_list_is_a_header_or_nothing_or_an_empty_document() {
        let table = Table::new(["a", "b"]);
        assert_eq!(table.render(Format::Table), "A  B\n");
        assert_eq!(table.render(Format::Raw), "");
        assert_eq!(table.render(Format::Json), "[]\n");
    }
}
