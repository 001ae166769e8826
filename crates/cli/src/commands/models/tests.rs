//! What `models` prints.

use super::*;
use insta::assert_snapshot;

fn printed(filter: Option<&str>) -> Result<String, String> {
    let args = ModelsArgs { filter: filter.map(str::to_owned) };
    let mut out = Vec::new();
    match run(&args, &mut out) {
        Ok(exit) => {
            assert_eq!(exit, Exit::Done);
            Ok(String::from_utf8(out).unwrap())
        }
        Err(error) => {
            assert_eq!((error.exit, out.len()), (Exit::Usage, 0));
            Err(error.to_string())
        }
    }
}

#[test]
fn models_stand_in_columns_with_their_limits_and_prices() {
    assert_snapshot!(printed(Some("openai/GPT-4O-mini")).unwrap());
}

#[test]
fn without_a_filter_every_known_model_is_listed() {
    let text = printed(None).unwrap();
    assert_eq!(text.lines().count(), known_models().count() + 3);
}

#[test]
fn a_filter_that_finds_nothing_says_what_may_have_been_meant() {
    assert_snapshot!(printed(Some("gpt-4oo")).unwrap_err(), @r"
error: no known model has `gpt-4oo` in its name
hint: did you mean `gpt-4o`?
");
    assert_snapshot!(printed(Some("wxyz")).unwrap_err(), @r"
error: no known model has `wxyz` in its name
hint: models that are not listed work, too: name them `PROVIDER/MODEL`, with a price
");
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    assert_eq!(run(&ModelsArgs::default(), &mut Closed).unwrap(), Exit::Done);
}
