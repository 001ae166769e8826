//! The sole spawner of git: what every call's environment and settings are, and how its answer
//! and its errors are read.

use crate::{GitError, Mark, Oid};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Names of a million files; more than that is an answer we did not ask for.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Git's words are for a person to read: the beginning of them says what is wrong.
const WORDS_BYTES_MAX: u64 = 8 << 10;

const NAME: &str = "EQUITR Coder";
const EMAIL: &str = "equitrcoder@localhost";

/// Where git is looked for when our own environment has no absolute path to offer.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// Nothing that a repository, a person or a worker configured may run or change what we write.
///
/// Objects and references are flushed to the disk before git says it is done, since the journal
/// holds on to their names.
const SETTINGS: [&str; 22] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.fsync=committed,loose-object,reference",
    "core.fsyncMethod=batch",
    "core.symlinks=true",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.alternateRefsCommand=true",
    "protocol.allow=never",
    "protocol.file.allow=user",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "core.quotePath=false",
    "checkout.workers=0",
    "advice.detachedHead=false",
    "init.defaultBranch=main",
];

/// All that a git process of ours gets to see of an environment, besides `PATH`, its place and a mark.
///
/// What a repository allows by `protocol.NAME.allow` goes before `protocol.allow`, and a URL of its
/// making before the path we name; the list of allowed protocols goes before both.
const ENVIRONMENT: [(&str, &str); 21] = [
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_ASKPASS", "/bin/false"),
    ("SSH_ASKPASS", "/bin/false"),
    ("GIT_EDITOR", "/bin/false"),
    ("GIT_PAGER", "cat"),
    ("GIT_ALLOW_PROTOCOL", "file"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_DEFAULT_REF_FORMAT", "files"),
    ("GIT_ADVICE", "0"),
    ("GIT_AUTHOR_NAME", NAME),
    ("GIT_AUTHOR_EMAIL", EMAIL),
    ("GIT_COMMITTER_NAME", NAME),
    ("GIT_COMMITTER_EMAIL", EMAIL),
];

/// Who commits: the name and address that every commit of ours bears.
pub(crate) fn committer() -> String {
    format!("{NAME} <{EMAIL}>")
}

/// Which repository a call is about. It is pinned, so what lies in the folder can't redirect it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// No repository at all.
    Anywhere,
    /// Whatever repository the folder turns out to be in; for opening the person's one only.
    Found(&'a Path),
    /// The repository alone, without files.
    Bare(&'a Path),
    /// The repository together with a folder of files.
    Files {
        /// The repository, or a linked worktree's own part of it.
        git_dir: &'a Path,
        /// The folder with the files.
        root: &'a Path,
    },
}

impl Place<'_> {
    fn folder(&self) -> &Path {
        match self {
            Place::Anywhere => Path::new("/"),
            Place::Found(path) | Place::Bare(path) | Place::Files { root: path, .. } => path,
        }
    }
}

/// One run of git, being put together.
#[derive(Debug)]
pub(crate) struct Call {
    verb: &'static str,
    place: PathBuf,
    command: Command,
    input: Vec<u8>,
    held: Option<File>,
    overrides: usize,
}

/// What git answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit status; -1 when a signal ended it.
    pub status: i32,
    /// Its standard output, up to the limit.
    pub output: Vec<u8>,
    /// How much of its output is not in `output`.
    pub left_out: u64,
    /// Its standard error, trimmed.
    words: String,
}

/// What happens to output beyond the limit.
#[derive(Debug, Clone, Copy)]
enum Beyond {
    /// It is read, counted and dropped.
    Counted,
    /// The process is ended: nobody needs the rest.
    Refused,
}

/// Starts a call of `git <verb>` at a place.
pub(crate) fn git(verb: &'static str, place: Place<'_>) -> Call {
    let path = search_path();
    let mut command = Command::new(program(&path));
    command.env_clear().env("PATH", path).envs(ENVIRONMENT);
    match place {
        Place::Anywhere | Place::Found(_) => {}
        Place::Bare(git_dir) => {
            command.env("GIT_DIR", git_dir);
        }
        Place::Files { git_dir, root } => {
            command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", root);
        }
    }
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let folder = place.folder();
    command.arg(verb).current_dir(folder).process_group(0);
    let place = folder.to_owned();
    Call { verb, place, command, input: Vec::new(), held: None, overrides: 0 }
}

impl Call {
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Has the process bear a mark, by which it can be found should it outlive us.
    pub fn marked(self, mark: Option<&Mark>) -> Self {
        match mark {
            Some(mark) => self.env(&mark.name, &*mark.value),
            None => self,
        }
    }

    /// Lays a value over the repository's own setting; any key, even one with `=` in it.
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        let at = self.overrides;
        self.overrides += 1;
        self.command
            .env(format!("GIT_CONFIG_KEY_{at}"), key)
            .env(format!("GIT_CONFIG_VALUE_{at}"), value)
            .env("GIT_CONFIG_COUNT", self.overrides.to_string());
        self
    }

    /// What git reads on its standard input.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Has a locked file held by the process, too (as its standard input, so not together with
    /// `input`): should we be killed, the file stays locked until the orphan has ended.
    pub fn holding(mut self, lock: &File) -> Result<Self, GitError> {
        let held = lock.try_clone().map_err(|error| self.spawn_error(error))?;
        self.held = Some(held);
        Ok(self)
    }

    /// Runs it, whatever its exit status; an answer beyond 256 MiB is an error.
    pub fn answer(self) -> Result<Answer, GitError> {
        self.answer_within(ANSWER_BYTES_MAX)
    }

    /// Runs it, whatever its exit status; an answer beyond the limit is an error.
    pub fn answer_within(self, bytes_max: u64) -> Result<Answer, GitError> {
        let verb = self.verb;
        let answer = self.run(bytes_max, Beyond::Refused)?;
        if answer.left_out > 0 {
            let path = format!("git {verb}");
            let bytes = bytes_max.saturating_add(answer.left_out);
            return Err(GitError::TooLarge { path, bytes, bytes_max });
        }
        Ok(answer)
    }

    /// Runs it and keeps the beginning of its output; a failure is an error.
    pub fn beginning(self, bytes_max: u64) -> Result<Answer, GitError> {
        let (verb, place) = (self.verb, self.place.clone());
        let answer = self.run(bytes_max, Beyond::Counted)?;
        if answer.status == 0 { Ok(answer) } else { Err(answer.into_failure(verb, place)) }
    }

    /// Runs it and gives its output; a failure is an error.
    pub fn output(self) -> Result<Vec<u8>, GitError> {
        let (verb, place) = (self.verb, self.place.clone());
        let answer = self.answer()?;
        if answer.status == 0 { Ok(answer.output) } else { Err(answer.into_failure(verb, place)) }
    }

    /// Runs it and gives its output as trimmed text; a failure is an error.
    pub fn text(self) -> Result<String, GitError> {
        Ok(lossy(&self.output()?).trim().to_owned())
    }

    /// Runs it and gives the object id it answers; a failure is an error.
    pub fn oid(self) -> Result<Oid, GitError> {
        let verb = self.verb;
        let answer = self.text()?;
        answer.parse().map_err(|_| GitError::Garbled { verb, answer: cut(&answer) })
    }

    /// Runs a question that is answered by exit status 0 (yes) or 1 (no).
    pub fn yes(self) -> Result<bool, GitError> {
        let (verb, place) = (self.verb, self.place.clone());
        let answer = self.answer()?;
        match answer.status {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(answer.into_failure(verb, place)),
        }
    }

    /// Runs it and has its output heard as it comes. When `hear` has heard enough, it is no matter
    /// how the process ends.
    pub fn heard<T>(
        mut self,
        hear: impl FnOnce(&mut dyn BufRead) -> io::Result<T>,
    ) -> Result<T, GitError> {
        let child = self.spawn()?;
        let input = std::mem::take(&mut self.input);
        let ended = listen(child, &input, |stdout, _| Ok(hear(&mut BufReader::new(stdout))));
        let ended = ended.map_err(|error| self.spawn_error(error))?;
        match ended.heard {
            Ok(heard) => Ok(heard),
            Err(error) if ended.status == 0 => Err(self.spawn_error(error)),
            Err(_) => {
                let Ended { status, words, .. } = ended;
                let answer = Answer { status, output: Vec::new(), left_out: 0, words };
                Err(answer.into_failure(self.verb, &self.place))
            }
        }
    }

    fn run(mut self, bytes_max: u64, beyond: Beyond) -> Result<Answer, GitError> {
        let child = self.spawn()?;
        let input = std::mem::take(&mut self.input);
        let hear = |stdout: ChildStdout, child: &mut Child| match beyond {
            Beyond::Counted => beginning(stdout, bytes_max),
            Beyond::Refused => {
                let mut output = Vec::new();
                stdout.take(bytes_max.saturating_add(1)).read_to_end(&mut output)?;
                let left_out = (output.len() as u64).saturating_sub(bytes_max);
                if left_out > 0 {
                    child.kill()?;
                }
                Ok((output, left_out))
            }
        };
        let ended = listen(child, &input, hear).map_err(|error| self.spawn_error(error))?;
        let Ended { status, words, heard: (output, left_out) } = ended;
        Ok(Answer { status, output, left_out, words })
    }

    fn spawn(&mut self) -> Result<Child, GitError> {
        let stdin = match self.held.take() {
            Some(lock) => Stdio::from(lock),
            None if self.input.is_empty() => Stdio::null(),
            None => Stdio::piped(),
        };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().map_err(|error| self.spawn_error(error))
    }

    fn spawn_error(&self, source: io::Error) -> GitError {
        if source.kind() == io::ErrorKind::NotFound && self.place.is_dir() {
            return GitError::NotFound(source);
        }
        GitError::Spawn { verb: self.verb, place: self.place.clone(), source }
    }
}

impl Answer {
    /// The error this answer amounts to, in git's own words.
    pub fn into_failure(self, verb: &'static str, place: impl Into<PathBuf>) -> GitError {
        let words = if self.words.is_empty() {
            format!("it ended with status {}", self.status)
        } else {
            self.words
        };
        GitError::Failed { verb, place: place.into(), words }
    }
}

/// How a process ended, and what was heard of it.
struct Ended<T> {
    status: i32,
    words: String,
    heard: T,
}

/// Feeds and hears out a process; input, output and errors at once, so that none blocks another.
fn listen<T>(
    mut child: Child,
    input: &[u8],
    hear: impl FnOnce(ChildStdout, &mut Child) -> io::Result<T>,
) -> io::Result<Ended<T>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let stdout = stdout.ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
    std::thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A process that stops listening says why on its standard error.
            scope.spawn(move || stdin.write_all(input));
        }
        let words = stderr.map(|stderr| scope.spawn(move || beginning(stderr, WORDS_BYTES_MAX)));
        let heard = hear(stdout, &mut child)?;
        let status = child.wait()?.code().unwrap_or(-1);
        let words = match words.map(std::thread::ScopedJoinHandle::join) {
            Some(Ok(Ok((words, _)))) => lossy(&words).trim().to_owned(),
            Some(_) | None => String::new(),
        };
        Ok(Ended { status, words, heard })
    })
}

/// The first `bytes_max` bytes, and the number of those after them, which are read and dropped.
fn beginning(mut source: impl Read, bytes_max: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut kept = Vec::new();
    source.by_ref().take(bytes_max).read_to_end(&mut kept)?;
    let left_out = io::copy(&mut source, &mut io::sink())?;
    Ok((kept, left_out))
}

/// Our own `PATH` without entries relative to a folder, for a worker could put a `git` there.
fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let absolute = std::env::split_paths(&path).filter(|entry| entry.is_absolute());
    match std::env::join_paths(absolute) {
        Ok(path) if !path.is_empty() => path,
        Ok(_) | Err(_) => PATH_DEFAULT.into(),
    }
}

/// Where git is. Given the whole path, the standard library can start it without copying our
/// process, which is what starting costs when many workers' conversations are in memory.
fn program(path: &OsStr) -> PathBuf {
    let found =
        std::env::split_paths(path).map(|entry| entry.join("git")).find(|git| git.is_file());
    found.unwrap_or_else(|| "git".into())
}

/// Bytes of git's as text; what is not UTF-8 becomes replacement characters.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The items of an answer in which each ends in a zero byte.
pub(crate) fn items(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    answer.split(|byte| *byte == 0).filter(|item| !item.is_empty())
}

/// An answer short enough to be shown in an error.
pub(crate) fn cut(answer: &str) -> String {
    answer.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_verb_the_place_and_gits_words() {
        let folder = tempfile::tempdir().unwrap();
        let error = git("rev-parse", Place::Bare(folder.path())).arg("HEAD").output().unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("`git rev-parse` failed in `/"), "{message}");
        assert!(message.contains("not a git repository"), "{message}");
    }

    #[test]
    fn a_mark_is_borne_by_the_hubs_processes_and_by_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark::new("EQUITR_TEST_MARK", "run 7");
        let hub = folder.path().join("hub.git");
        let plain = crate::Hub::create(&hub, None).unwrap();
        let shown = |call: Call| call.setting("alias.shown", "!env").text().unwrap();
        let line = "EQUITR_TEST_MARK=run 7";
        let marked = crate::Hub::create_marked(&hub, None, &mark).unwrap();
        assert_eq!(marked, plain.clone().marked(mark));
        assert!(shown(marked.call("shown")).lines().any(|shown| shown == line));
        assert!(!shown(plain.call("shown")).contains("EQUITR_TEST_MARK"));
        assert!(!shown(git("shown", Place::Bare(&hub))).contains("EQUITR_TEST_MARK"));
    }

    #[test]
    fn an_answer_is_heard_as_it_comes_and_may_be_left_in_the_middle() {
        let call = || git("stripspace", Place::Anywhere).input("one\ntwo\n".repeat(1 << 16));
        let mut line = String::new();
        call().heard(|answer| answer.read_line(&mut line)).unwrap();
        assert_eq!(line, "one\n");
        let failed = git("cat-file", Place::Anywhere).arg("--batch").heard(|answer| {
            let missing = || Err(io::ErrorKind::UnexpectedEof.into());
            if answer.fill_buf()?.is_empty() { missing() } else { Ok(()) }
        });
        let error = failed.unwrap_err();
        assert!(error.to_string().contains("not a git repository"), "{error}");
    }

    #[test]
    fn a_missing_place_is_not_taken_for_a_missing_git() {
        let error = git("version", Place::Bare(Path::new("/nowhere/at/all"))).output().unwrap_err();
        assert!(matches!(error, GitError::Spawn { .. }), "{error:?}");
    }

    #[test]
    fn an_answer_beyond_the_limit_is_refused_or_counted() {
        let error = git("help", Place::Anywhere).arg("-a").answer_within(10).unwrap_err();
        assert!(matches!(error, GitError::TooLarge { bytes_max: 10, .. }), "{error:?}");
        let answer = git("help", Place::Anywhere).arg("-a").beginning(10).unwrap();
        assert_eq!(answer.output.len(), 10);
        assert!(answer.left_out > 100);
    }

    #[test]
    fn a_large_input_and_a_large_output_do_not_block_each_other() {
        let input = vec![b'x'; 1 << 20];
        let output = git("stripspace", Place::Anywhere).input(input).output().unwrap();
        assert_eq!(output.len(), (1 << 20) + 1);
    }

    #[test]
    fn the_persons_environment_does_not_reach_git() {
        let shown = git("var", Place::Anywhere).arg("GIT_COMMITTER_IDENT").text().unwrap();
        assert!(shown.starts_with("EQUITR Coder <equitrcoder@localhost>"), "{shown}");
        assert!(search_path().to_string_lossy().split(':').all(|entry| entry.starts_with('/')));
    }
}
