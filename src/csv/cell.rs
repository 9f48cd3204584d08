//! Texts in cells, which no spreadsheet must take for formulas (OWASP, CSV Injection; OWASP ASVS
//! 5.0, section 1.2.10).

/// The characters with which formulas begin, also in spreadsheets for Chinese and Japanese.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\0'];

/// The mark in front of a text that would otherwise be a formula.
const MARK: char = '\'';

/// Returns the cell of a text.
pub(super) fn of_text(text: &str) -> String {
    if is_formula(text) { format!("{MARK}{text}") } else { text.to_owned() }
}

/// Returns the text of a cell.
pub(super) fn text_of(cell: &str) -> String {
    cell.strip_prefix(MARK).filter(|text| is_formula(text)).unwrap_or(cell).to_owned()
}

/// Whether a spreadsheet may evaluate a text. Marks in front of it do not count, so that a text
/// which has a mark itself is read back with it.
fn is_formula(text: &str) -> bool {
    let is_before = |letter: char| letter == MARK || letter.is_whitespace() && letter != '\t';
    text.trim_start_matches(is_before).starts_with(FORMULA)
}
