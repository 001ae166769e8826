//! The supervisor and the launcher of this crate's own tests.
//!
//! `sandbox-trial run MODE WORKTREE LINE` runs one line; `sandbox-trial attacks MODE FOLDER` runs the
//! attacks and prints a row for each, with what is known of it. Inside, `sandbox-trial fetch HOST`
//! asks the proxy that `http_proxy` names, `sandbox-trial connect ADDRESS` asks nobody, and
//! `sandbox-trial echo` talks to itself. `sandbox-trial hold FILE` locks a file, says so, and waits
//! for the end of its input.

use equitr_sandbox::attacks::{Verdict, run_all};
use equitr_sandbox::{Mode, Policy, choose, launch_if_asked, wrap};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    launch_if_asked(std::env::args_os());
    match tried() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            let hint = error.downcast_ref::<equitr_sandbox::Error>().and_then(|error| error.hint());
            if let Some(hint) = hint {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(3)
        }
    }
}

fn tried() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let launcher = std::env::current_exe()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let backend = |mode: &str| -> Result<_, equitr_sandbox::Error> {
        choose(mode.parse::<Mode>()?, &path, &launcher)
    };
    match words[..] {
        ["run", mode, worktree, line] => {
            let policy = Policy::new(worktree);
            let variables = [("PATH".into(), path.clone())].into();
            let status = wrap(&backend(mode)?, &policy, &variables, &launcher, line)?.status()?;
            Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(255))?))
        }
        ["attacks", mode, folder] => {
            let backend = backend(mode)?;
            for (attack, verdict) in run_all(&backend, &launcher, Path::new(folder))? {
                let verdict = match verdict {
                    Verdict::Blocked => "blocked".to_owned(),
                    Verdict::Leaked if attack.is_known_to_leak(&backend) => "known leak".to_owned(),
                    Verdict::Leaked => "LEAKED".to_owned(),
                    Verdict::NotProvable { why } => format!("not provable: {why}"),
                };
                println!("{}\t{attack}\t{verdict}", attack.number());
            }
            Ok(ExitCode::SUCCESS)
        }
        ["fetch", host] => {
            let proxy = std::env::var("http_proxy")?;
            let mut stream = TcpStream::connect(proxy.trim_start_matches("http://"))?;
            write!(stream, "GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            println!("{}", answer.lines().next().unwrap_or_default());
            Ok(ExitCode::SUCCESS)
        }
        ["connect", address] => {
            println!("{:?}", TcpStream::connect(address).map(drop).map_err(|error| error.kind()));
            Ok(ExitCode::SUCCESS)
        }
        ["hold", file] => {
            let file = File::create(file)?;
            file.lock()?;
            println!("held");
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
            Ok(ExitCode::SUCCESS)
        }
        ["echo"] => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            TcpStream::connect(listener.local_addr()?)?.write_all(b"heard\n")?;
            let mut heard = String::new();
            listener.accept()?.0.read_to_string(&mut heard)?;
            print!("{heard}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("unknown arguments".into()),
    }
}
