//! The errors of the `mining.*` dialects.

/// What a server refuses, by the codes that every miner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum ErrorCode {
    /// Anything else.
    Other = 20,
    /// The job is unknown, or was replaced by one on a newer block.
    JobNotFound = 21,
    /// The same share once more.
    Duplicate = 22,
    /// The digest does not meet the job's target.
    LowDifficulty = 23,
    /// No such user, a wrong password, or a worker that is not the authorised one.
    Unauthorized = 24,
    /// `mining.subscribe` must come first.
    NotSubscribed = 25,
}

impl ErrorCode {
    /// Every one of them.
    pub const ALL: [ErrorCode; 6] = [
        ErrorCode::Other,
        ErrorCode::JobNotFound,
        ErrorCode::Duplicate,
        ErrorCode::LowDifficulty,
        ErrorCode::Unauthorized,
        ErrorCode::NotSubscribed,
    ];

    /// The number that is sent.
    pub fn code(self) -> i64 {
        self as i64
    }

    /// What a server's number means; `None` for numbers of its own.
    pub fn of_code(code: i64) -> Option<Self> {
        ErrorCode::ALL
            .into_iter()
            .find(|known| known.code() == code)
    }

    /// The usual text.
    pub fn text(self) -> &'static str {
        match self {
            ErrorCode::Other => "malformed or unknown request",
            ErrorCode::JobNotFound => "job not found",
            ErrorCode::Duplicate => "duplicate share",
            ErrorCode::LowDifficulty => "low difficulty share",
            ErrorCode::Unauthorized => "unauthorized worker",
            ErrorCode::NotSubscribed => "not subscribed",
        }
    }
}
