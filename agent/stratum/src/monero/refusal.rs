//! The errors of the dialect. Miners tell them apart by their texts: the code is always the same.

/// The code of every error.
pub const ERROR_CODE: i64 = -1;

/// What a server refuses, each with the text that miners know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such user, or a wrong password.
    Login,
    /// A message before `login`, or with another session's id. xmrig disconnects on it.
    Unauthenticated,
    /// A job id that this session never had.
    UnknownJob,
    /// A job that was replaced by one on a newer block.
    Stale,
    /// The same share once more.
    Duplicate,
    /// The digest does not meet the job's target.
    LowDifficulty,
    /// The digest sent is not the one that the nonce gives.
    WrongDigest,
    /// A field that is missing or wrong.
    Malformed,
    /// A method that the server does not have.
    UnknownMethod,
    /// The client offers no algorithm that the server has work for.
    NoAlgorithm,
    /// The server cannot judge or give work at present.
    Unavailable,
}

impl Refusal {
    /// Every one of them.
    pub const ALL: [Refusal; 11] = [
        Refusal::Login,
        Refusal::Unauthenticated,
        Refusal::UnknownJob,
        Refusal::Stale,
        Refusal::Duplicate,
        Refusal::LowDifficulty,
        Refusal::WrongDigest,
        Refusal::Malformed,
        Refusal::UnknownMethod,
        Refusal::NoAlgorithm,
        Refusal::Unavailable,
    ];

    /// The text that is sent.
    pub fn text(self) -> &'static str {
        match self {
            Refusal::Login => "Invalid login: unknown user or wrong password",
            Refusal::Unauthenticated => "Unauthenticated",
            Refusal::UnknownJob => "Invalid job id",
            Refusal::Stale => "Block expired",
            Refusal::Duplicate => "Duplicate share",
            Refusal::LowDifficulty => "Low difficulty share",
            Refusal::WrongDigest => "Bad hash",
            Refusal::Malformed => "Malformed request",
            Refusal::UnknownMethod => "Invalid method",
            Refusal::NoAlgorithm => "No work for any algorithm offered",
            Refusal::Unavailable => "Temporarily unavailable",
        }
    }

    /// What a server's text means, also with words after it or in another case; `None` for texts of its own.
    pub fn of_text(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        Refusal::ALL
            .into_iter()
            .find(|refusal| lower.starts_with(&refusal.text().to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_and_strange_ones_do_not() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::of_text(refusal.text()), Some(refusal));
        }
        let told = Refusal::of_text("low difficulty share of 7");
        assert_eq!(told, Some(Refusal::LowDifficulty));
        assert_eq!(Refusal::of_text("Invalid address used for login"), None);
    }
}
