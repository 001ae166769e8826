//! Figures beside their goals, as a table on stdout.

// Every benchmark uses its part of this.
#![allow(dead_code)]

/// One figure.
pub struct Row {
    figure: String,
    measured: String,
    goal: String,
    best: String,
}

/// A figure with its goal and the best of the tools there are; empty where there is none.
pub fn row(figure: impl Into<String>, measured: impl Into<String>, goal: &str, best: &str) -> Row {
    Row {
        figure: figure.into(),
        measured: measured.into(),
        goal: goal.to_owned(),
        best: best.to_owned(),
    }
}

/// Prints a table with a heading; every column as wide as its widest cell.
pub fn print(heading: &str, rows: &[Row]) {
    let head = row("figure", "measured", "goal", "best elsewhere");
    let lines: Vec<[&str; 4]> = std::iter::once(&head)
        .chain(rows)
        .map(|r| [&*r.figure, &*r.measured, &*r.goal, &*r.best])
        .collect();
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    println!("\n{heading}\n");
    for [figure, measured, goal, best] in lines {
        let [a, b, c] = widths;
        println!("{}", format!("{figure:a$}  {measured:b$}  {goal:c$}  {best}").trim_end());
    }
}

/// The value below which a share (in percent) of the values lies; 0 of none.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(place).copied().unwrap_or_default()
}
