//! Runs seeds of the simulator: `sim --seed 81 --trace`, `sim --seeds 0..20000`.

use equitr_testing::sim;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned()
    };
    let mut out = std::io::stdout().lock();
    if let Some(seed) = value("--seed").and_then(|text| text.parse().ok()) {
        let (result, trace) = sim::traced(seed, None);
        if args.iter().any(|arg| arg == "--trace") {
            trace.iter().for_each(|line| _ = writeln!(out, "{line}"));
        }
        return told(&mut out, result);
    }
    let range = value("--seeds").unwrap_or_else(|| "0..20000".to_owned());
    let ends = range.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    match ends {
        Some(seeds) => {
            let begun = std::time::Instant::now();
            let result = sim::sweep(seeds);
            _ = writeln!(out, "{:.1} s", begun.elapsed().as_secs_f64());
            told(&mut out, result)
        }
        None => {
            eprintln!("error: seeds must be a range such as 0..20000, got '{range}'");
            ExitCode::from(2)
        }
    }
}

fn told(out: &mut impl Write, result: Result<sim::Figures, sim::Violation>) -> ExitCode {
    match result {
        Ok(figures) => {
            _ = writeln!(out, "{figures:#?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            _ = writeln!(out, "{violation}");
            ExitCode::FAILURE
        }
    }
}
