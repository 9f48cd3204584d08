//! The catalogue as a CSV file (RFC 4180) that spreadsheets read and write.
//!
//! A file has the articles in lines, in the columns that its first line names. It is written with
//! commas and points, and also read with semicolons and decimal commas, as French spreadsheets
//! write it.

use csv::{QuoteStyle, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use domain::article::line::Line;
use domain::article::{Article, ArticleError};

use crate::error::Problem;
use crate::error::code::Code;
use column::Column;

mod cell;
pub mod column;

/// The media type (RFC 7111, section 5.1).
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8";

/// The mark by which spreadsheets recognize UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// A line of a file, read or refused.
pub struct NumberedLine {
    /// The number of the line in the file; the line with the columns has number 1.
    pub number: u64,
    /// What the line says.
    pub content: Result<Line, Problem>,
}

/// Returns the line that names the columns.
pub fn heading() -> String {
    written(Column::ALL.map(Column::name))
}

/// Returns the line of an article.
pub fn line(article: &Article) -> String {
    written(Column::ALL.map(|column| column.cell(article)))
}

/// Reads the lines of a file. Returns an error if the file as a whole cannot be read.
pub fn read(file: &[u8]) -> Result<Vec<NumberedLine>, Problem> {
    let text = std::str::from_utf8(file).map_err(|_| invalid("the file must be in UTF-8"))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // A file that was cut off would have the rest of its text in one cell.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err(invalid("a quotation mark has no counterpart"));
    }
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).from_reader(text.as_bytes());
    let columns = column::named(reader.headers().map_err(invalid)?)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(invalid)?;
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            let content = content(&columns, &record);
            lines.push(NumberedLine { number: number(text, &record), content });
        }
    }
    Ok(lines)
}

/// Returns what separates the cells of a file, by its first line: no column has one in its name.
fn delimiter(text: &str) -> u8 {
    if text.lines().next().is_some_and(|line| line.contains(';')) { b';' } else { b',' }
}

/// Returns the number of the line on which a record begins: after the empty lines before it.
fn number(text: &str, record: &StringRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}

fn content(columns: &[Column], record: &StringRecord) -> Result<Line, Problem> {
    let detail = format!("the line must have {} cells", columns.len());
    match record.len().cmp(&columns.len()) {
        std::cmp::Ordering::Less => Err(Problem::because(Code::MissingField, detail)),
        std::cmp::Ordering::Greater => Err(Problem::because(Code::UnknownField, detail)),
        std::cmp::Ordering::Equal => Ok(parse(columns, record)?),
    }
}

fn parse(columns: &[Column], record: &StringRecord) -> Result<Line, ArticleError> {
    let mut line = Line::default();
    for (column, cell) in columns.iter().zip(record) {
        column.read(cell, &mut line)?;
    }
    Ok(line)
}

fn written<const N: usize>(cells: [String; N]) -> String {
    let mut line = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::NonNumeric)
        .from_writer(Vec::new());
    // Neither a buffer nor cells of one line can fail.
    let _ = line.write_record(cells);
    String::from_utf8(line.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn invalid(reason: impl ToString) -> Problem {
    Problem::because(Code::InvalidCsv, reason)
}

#[cfg(test)]
mod tests {
    use domain::article::texts::Texts;
    use domain::article::{ArticleId, NEUTRAL_PICTURE};
    use domain::money::Cents;

    use super::*;

    fn article(name: &str, description: &str) -> Article {
        Article {
            id: ArticleId(7),
            name: name.to_owned(),
            description: description.to_owned(),
            picture: NEUTRAL_PICTURE.to_owned(),
            price: Cents(1_250),
            on_hand: 5,
            reserved: 2,
            active: true,
            revision: 4,
            translation: Texts { name: "Lamp".into(), description: String::new() },
            uploaded: None,
        }
    }

    fn refusals(file: &str) -> Vec<(u64, Code)> {
        let lines = read(file.as_bytes()).unwrap().into_iter();
        let refused = |line: NumberedLine| Some((line.number, line.content.err()?.code));
        lines.filter_map(refused).collect()
    }

    #[test]
    fn an_article_is_written_in_a_line_that_is_no_formula_and_read_back() {
        assert_eq!(
            heading(),
            "\"id\",\"version\",\"name_fr\",\"name_en\",\"description_fr\",\"description_en\",\
             \"price\",\"on_hand\",\"active\"\r\n"
        );
        let formula = line(&article("=1+1", "a \"b\", c;\nd"));
        assert_eq!(
            formula,
            "7,\"4-3\",\"'=1+1\",\"Lamp\",\"a \"\"b\"\", c;\nd\",\"\",12.50,5,\"true\"\r\n"
        );
        for text in
            ["=1", "'=1", "''@x", "'tis", "- 5 %", "\t=1", "\tx", " +1", "＝1", "", "é\r\n;\"\""]
        {
            let article = article("Lampe", text);
            let file = format!("{BYTE_ORDER_MARK}{}{}", heading(), line(&article));
            let lines = read(file.as_bytes()).unwrap();
            let Line { id, version, fields } = lines[0].content.clone().unwrap();
            assert_eq!((id, version), (Some(article.id), Some(article.version())));
            assert_eq!(fields.description.as_deref(), Some(text));
            assert_eq!((fields.price, fields.on_hand), (Some(article.price), Some(5)));
            assert_eq!(fields.name.as_deref(), Some("Lampe"));
        }
    }

    #[test]
    fn semicolons_decimal_commas_and_empty_lines_are_read_and_lines_are_numbered() {
        let file = "Price ; ID;name_fr\r\n\r\n12,50;1;\"a\nb\"\r\n;;\r\n1 299,9;;c\r\n\nx;2;d\n";
        let lines = read(file.as_bytes()).unwrap();
        let found: Vec<_> = lines.iter().map(|line| line.number).collect();
        assert_eq!(found, [3, 6, 8]);
        let prices = lines.iter().map(|line| line.content.as_ref().ok()?.fields.price);
        assert_eq!(prices.collect::<Vec<_>>(), [Some(Cents(1_250)), Some(Cents(129_990)), None]);
        assert_eq!(refusals(file), [(8, Code::InvalidArticle)]);
    }

    #[test]
    fn a_line_with_too_few_or_too_many_cells_or_with_a_wrong_one_is_refused() {
        let file = "id,price,on_hand,active,version\n1\n1,1,1,true,,2\nx,,,,\n,x,,,\n,,x,,\n\
                    ,,,x,\n1,,,,x\n1,1,1,true,1-1\n1,,,,\n";
        let wrong = |line| (line, Code::InvalidArticle);
        let mut expected = vec![(2, Code::MissingField), (3, Code::UnknownField)];
        expected.extend((4..=8).map(wrong));
        assert_eq!(refusals(file), expected);
    }

    #[test]
    fn a_file_without_known_columns_in_utf8_is_refused_as_a_whole() {
        for (file, code) in [
            (&b""[..], Code::MissingField),
            (b"price\n1", Code::MissingField),
            (b"id,colour\n1,2", Code::UnknownField),
            (b"id,ID\n1,2", Code::OutOfRange),
            (b"id,name_fr\n1,\xE9", Code::InvalidCsv),
            (b"id,name_fr\n1,\"cut off", Code::InvalidCsv),
        ] {
            assert_eq!(read(file).err().map(|problem| problem.code), Some(code), "{file:?}");
        }
    }
}
