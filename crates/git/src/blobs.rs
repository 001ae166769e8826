//! Reading many blobs by one process, within bounds.

use crate::command::Call;
use crate::{GitError, Oid};
use std::io::{self, BufRead, ErrorKind, Read};

/// What is read of a blob that is above the limit: enough to tell whether it is binary.
const BEGINNING_BYTES: u64 = 8_000;

/// A blob, while it is being read.
pub(crate) struct Blob<'a> {
    /// Its size.
    pub bytes: u64,
    /// All of it, or the beginning of one that is above the limit.
    pub content: &'a [u8],
}

impl Blob<'_> {
    pub fn is_whole(&self) -> bool {
        self.content.len() as u64 == self.bytes
    }
}

/// Shows each of the blobs, in their order, with its place in the list; those of more than
/// `bytes_max` with their beginning only. Ends early after `all_bytes_max` in all.
pub(crate) fn each_blob(
    cat_file: Call,
    oids: &[&Oid],
    (bytes_max, all_bytes_max): (u64, u64),
    mut see: impl FnMut(usize, Blob<'_>),
) -> Result<(), GitError> {
    if oids.is_empty() {
        return Ok(());
    }
    let request: String = oids.iter().flat_map(|oid| [oid.as_str(), "\n"]).collect();
    cat_file.args(["--batch", "--buffer"]).input(request).heard(|answer| {
        let mut content = Vec::new();
        let mut left = all_bytes_max;
        for place in 0..oids.len() {
            let bytes = header(answer)?;
            if bytes > left {
                return Ok(());
            }
            left -= bytes;
            let read = if bytes > bytes_max { bytes.min(BEGINNING_BYTES) } else { bytes };
            content.clear();
            (&mut *answer).take(read).read_to_end(&mut content)?;
            // The rest of it, and the line break that git puts after each.
            let rest = bytes - read + 1;
            if io::copy(&mut (&mut *answer).take(rest), &mut io::sink())? < rest {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            see(place, Blob { bytes, content: &content });
        }
        Ok(())
    })
}

/// Reads `<id> blob <size>`; the size.
fn header(answer: &mut dyn BufRead) -> io::Result<u64> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    if line.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.trim_end().split(' ').skip(1);
    let size = (words.next() == Some("blob")).then(|| words.next()?.parse().ok()).flatten();
    size.ok_or_else(|| {
        io::Error::new(ErrorKind::InvalidData, format!("no blob: {}", line.trim_end()))
    })
}
