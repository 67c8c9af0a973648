//! The tables that are printed.

use std::fmt::Write;

use super::figures::Figures;
use super::targets::TARGETS;

/// A heading, and rows whose first is the columns' names.
struct Table {
    title: &'static str,
    rows: Vec<Vec<String>>,
}

/// Everything, as text.
pub(super) fn render(figures: &Figures) -> String {
    let tables = [targets(figures), costs(figures), latencies(figures), others(figures)];
    let mut text = tables.iter().filter(|table| table.rows.len() > 1).map(Table::render).collect::<String>();
    for (prefix, reason) in figures.left_out() {
        let _ = writeln!(text, "Not measured, {prefix}*: {reason}");
    }
    text
}

fn targets(figures: &Figures) -> Table {
    let mut rows = vec![row(["target", "aimed at", "measured", ""])];
    for target in &TARGETS {
        let (limit, unit) = (target.limit, target.unit);
        let aim = format!("{} {} {unit}", limit.sign(), limit.bound());
        rows.push(match target.measured(figures) {
            Some(value) => {
                let verdict = if limit.met(value) { "met" } else { "missed" };
                row([target.what, &aim, &format!("{} {unit}", rounded(value)), verdict])
            }
            None => row([target.what, &aim, "-", &format!("not measured: {}", target.reason(figures))]),
        });
    }
    Table { title: "Targets (medians of each round's ratio)", rows }
}

/// CPU of the server for an operation, and how many were done in a second while clients shared the machine.
fn costs(figures: &Figures) -> Table {
    let mut rows = vec![row(["operation", "CPU, µs", "of Redis, µs", "a second and core", "a second here"])];
    for (name, _) in figures.samples() {
        let Some(operation) = name.strip_suffix(".cpu") else { continue };
        let cpu = figures.median(name);
        let per_second = figures.median(&format!("{operation}.per_second"));
        let of_redis = figures.median(&format!("{name}_of_redis"));
        let per_core = cpu.map(|cpu| 1e6 / cpu);
        rows.push(
            [Some(operation.to_owned())]
                .into_iter()
                .chain([cpu, of_redis, per_core, per_second].map(|value| value.map(rounded)))
                .map(or_dash)
                .collect(),
        );
    }
    Table { title: "Server's CPU, closed loops (medians of rounds)", rows }
}

fn latencies(figures: &Figures) -> Table {
    let mut rows = vec![row(["latency", "p50, µs", "p99, µs", "p99.9, µs", "longest, µs", "of"])];
    for (name, spread) in figures.spreads() {
        let values = [spread.p50, spread.p99, spread.p999, spread.most].map(rounded);
        rows.push([name.to_owned()].into_iter().chain(values).chain([spread.count.to_string()]).collect());
    }
    Table { title: "Latencies; those of an open loop count from when a request was meant to be sent", rows }
}

/// What has no table of its own: bare operations and peers in µs, memory in MB, scale.
fn others(figures: &Figures) -> Table {
    let mut rows = vec![row(["figure", "median", "unit"])];
    for (name, _) in figures.samples() {
        let is_shown = ["bare.", "verifier", "pbkdf2", "peer.", "memory.", "scale."];
        if let (true, Some(median)) =
            (is_shown.iter().any(|prefix| name.starts_with(prefix)), figures.median(name))
        {
            let unit = if name.contains("memory") { "MB" } else { "µs of CPU" };
            rows.push(row([name, &rounded(median), unit]));
        }
    }
    Table { title: "By themselves", rows }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".to_owned())
}

/// To three digits or so.
fn rounded(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

impl Table {
    /// The first column to the left, the others to the right but for the last, which may be words.
    fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = format!("{}\n\n", self.title);
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                let words = column == 0 || cell.starts_with(|first: char| first.is_ascii_lowercase());
                if words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let _ = writeln!(text, "  {}", line.trim_end());
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_stands_beside_what_was_measured() {
        let mut figures = Figures::default();
        figures.leave_out("peer.", "there is no --peers");
        figures.add("verifier", 110.0);
        figures.add("bare.login", 100.0);
        figures.add("memory.both", 300.0);
        let text = render(&figures);
        let line = |what: &str| text.lines().find(|line| line.contains(what)).unwrap();
        assert!(line("over its bare curve operations").ends_with("≤ 1.25 ×    1.10 ×  met"), "{text}");
        assert!(line("memory with 10,000").ends_with("≤ 250 MB    300 MB  missed"), "{text}");
        assert!(
            line("the crate spake2plus").ends_with("≥ 7 ×         -  not measured: there is no --peers"),
            "{text}"
        );
        assert!(text.contains("Not measured, peer.*: there is no --peers"));
    }

    #[test]
    fn an_operation_has_its_cost_and_what_a_core_does_of_it() {
        let mut figures = Figures::default();
        figures.add("login.redis.cpu", 200.0);
        figures.add("login.redis.cpu_of_redis", 50.0);
        figures.add("login.redis.per_second", 3000.0);
        let text = render(&figures);
        let line = text.lines().find(|line| line.contains("login.redis")).unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["login.redis", "200", "50.0", "5000", "3000"]
        );
    }
}
