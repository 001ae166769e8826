//! The supervisor's answers so far: who asks the same again has the answer at once.

use crate::id::TaskId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers that are kept: a run with more questions than that has no common ones.
const ANSWERS_MAX: usize = 1_000;

/// A question that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whose worker asked first.
    pub task: TaskId,
    /// In these words.
    pub question: Arc<str>,
    /// The answer.
    pub answer: Arc<str>,
}

/// Answers by what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    by_words: BTreeMap<Arc<str>, usize>,
    /// In the order they were given.
    given: Vec<Answered>,
}

impl Answers {
    /// The answer to the same question: the same words, whatever their case, spaces and signs.
    pub fn to(&self, question: &str) -> Option<&Answered> {
        self.given.get(*self.by_words.get(words(question).as_str())?)
    }

    /// All, the first one first.
    pub fn given(&self) -> &[Answered] {
        &self.given
    }

    pub(crate) fn keep(&mut self, answered: Answered) {
        if self.given.len() < ANSWERS_MAX {
            self.by_words.insert(words(&answered.question).into(), self.given.len());
            self.given.push(answered);
        }
    }
}

fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_is_found_whatever_its_case_spaces_and_signs() {
        let mut answers = Answers::default();
        let (question, answer) = ("Which port?".into(), "8000".into());
        answers.keep(Answered { task: TaskId(1), question, answer });
        assert_eq!(&*answers.to("which  PORT").unwrap().answer, "8000");
        assert_eq!(answers.to("Which ports?"), None);
    }
}
