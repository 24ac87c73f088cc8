//! Examples in CSV and TSV as Python's strict `csv` reads them: the same cells, or both refuse.
//!
//! `CONTEXTURE_TEST_TABLES` names a folder whose tables are compared too.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use contexture::syntax::diag::Faults;
use contexture::syntax::source::{ProjectPath, Source};
use contexture::text::examples::{Mapping, read};
use contexture::text::fragment::is_lfs_pointer;
use serde_json::{Value, json};

/// What cells are put together from.
const ATOMS: [&str; 15] =
    [";", "\"", "\"\"", "\"a\"", ",", ",", "\t", "\n", "\r\n", "\r", " ", "a", "é", "b c", "\"x,\n\"\"y\"\"\""];

/// Whole numbers by chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn cell(&mut self) -> String {
        (0..self.below(4)).map(|_| ATOMS[self.below(ATOMS.len())]).collect()
    }

    /// A table whose header and rows are mostly as they should be.
    fn table(&mut self, delimiter: &str) -> String {
        let name = |name: &str, dice: &mut Self| match dice.below(12) {
            0..=7 => name.to_owned(),
            8..=10 => format!("\"{name}\""),
            _ => format!("\"{name}\"{}", dice.cell()),
        };
        let mut lines = vec![["q", "a", "rest"].map(|written| name(written, self)).join(delimiter)];
        for _ in 0..=self.below(3) {
            lines.push([self.cell(), "yes".to_owned(), self.cell()].join(delimiter));
        }
        lines.join(["\n", "\r\n", "\n\n"][self.below(3)])
    }
}

/// The table as we read it: the cells of each row but the empty ones, and the answer; null where it is refused.
fn case(path: &str, text: &str, columns: &[String], answer: &str) -> Value {
    let source = Source::new(ProjectPath::new(path).unwrap(), text);
    let map = Mapping { user: columns.to_vec(), assistant: answer.to_owned() };
    let found = read(&source, Some(&map), true, &mut Faults::new());
    let rows = found.map(|all| all.iter().map(|one| json!([one.turns[0].text, one.turns[1].text])).collect::<Vec<_>>());
    json!({"path": path, "text": text, "columns": columns, "answer": answer, "found": rows})
}

/// Every table of a folder, its answers in the first column that has no empty cell.
fn tables_of(folder: &Path, cases: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            tables_of(&path, cases);
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let text = ["csv", "tsv"].contains(&ending).then(|| std::fs::read_to_string(&path).ok()).flatten();
        let is_table = |text: &String| !text.contains('\0') && !is_lfs_pointer(text);
        let Some(text) = text.filter(is_table) else { continue };
        let text = text.trim_start_matches('\u{feff}');
        let header = text.lines().next().unwrap_or_default();
        let signs = if ending == "csv" { ['\t', ';', ','].as_slice() } else { &['\t'] };
        let delimiter = *signs.iter().max_by_key(|sign| header.matches(**sign).count()).unwrap();
        let columns: Vec<String> = header.split(delimiter).map(|name| name.trim_matches('"').to_owned()).collect();
        let tried = columns.iter().map(|answer| case(&format!("a.{ending}"), text, &columns, answer));
        let mut tried: Vec<Value> = tried.collect();
        let first_read = tried.iter().position(|one| !one["found"].is_null()).unwrap_or(0);
        cases.push(tried.swap_remove(first_read));
    }
}

#[test]
fn tables_are_those_of_python() {
    let mut dice = Dice(0x5eed);
    let mut cases = Vec::new();
    let columns = ["q", "a", "rest"].map(str::to_owned);
    for number in 0..20_000 {
        let (path, delimiter) = [("a.csv", ","), ("a.tsv", "\t"), ("a.csv", ";"), ("a.csv", "\t")][number % 4];
        cases.push(case(path, &dice.table(delimiter), &columns, "a"));
    }
    if let Some(folder) = std::env::var_os("CONTEXTURE_TEST_TABLES") {
        tables_of(Path::new(&folder), &mut cases);
    }
    let is_read = |case: &&Value| !case["found"].is_null();
    assert!(cases.iter().filter(is_read).count() > 2_000, "most tables are refused, so little is compared");
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON").expect("CONTEXTURE_TEST_PYTHON names a Python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/csv_check.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.ends_with(&format!("compared {}\n", cases.len())), "{said}");
}
