//! One connection from its first line to its last.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_stratum::bitcoin::ErrorCode;
use idlewatt_stratum::line::{CLIENT_LIMIT, LineBuffer, LineError};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::turn_away;
use super::dialogue::{Dialogue, Event, words};
use super::leave::{Asked, Leave};
use super::status::Phase;
use super::way::Wire;
use super::{Address, CurrentJob, Shared, Submission, Verdict, book};

/// A server that sends more unreadable lines than this over one connection is given up.
const BAD_LINES: u32 = 10;

/// How a connection ended.
#[derive(Default)]
pub(super) struct Ended {
    pub reason: String,
    /// How long it was logged in; `None` if it never was.
    pub ready_for: Option<Duration>,
    /// Whether there was something to do at the end.
    pub had_work: bool,
    /// Whether user or password were refused.
    pub login_refused: bool,
    /// Where the server sent us.
    pub leave: Option<Leave>,
}

impl Ended {
    pub fn early(reason: impl Into<String>) -> Self {
        Ended {
            reason: reason.into(),
            ..Ended::default()
        }
    }
}

pub(super) struct Session<'a> {
    pub shared: &'a Shared,
    pub algorithm: Algorithm,
    pub generation: u64,
    pub dialogue: Box<dyn Dialogue>,
    pub ended: &'a CancellationToken,
    pub waiting: &'a mut mpsc::Receiver<Submission>,
    /// Where it is.
    pub here: &'a Address,
    /// Where the settings say that the server is.
    pub own: &'a Address,
    /// What receipts of its shares are kept under.
    pub source: Arc<str>,
    /// Says when the server is somewhere else.
    pub address: &'a mut watch::Receiver<Address>,
    /// Whether there are others to go to where this one has nothing to do.
    pub has_others: bool,
    /// Says that a server that is wanted more has work again.
    pub better: &'a CancellationToken,
}

/// What changes while the connection stands.
struct Talk {
    stream: Box<dyn Wire>,
    began: Instant,
    ready_since: Option<Instant>,
    heard: Instant,
    sent: Instant,
    bad_lines: u32,
    /// Since when it has had nothing to do; `None` while it has a job.
    workless_since: Option<Instant>,
    /// Submissions without an answer, and until when it must come.
    unanswered: HashMap<i64, (oneshot::Sender<Verdict>, Instant)>,
    login_refused: bool,
    leave: Option<Leave>,
}

impl Session<'_> {
    pub async fn run(mut self, stream: Box<dyn Wire>) -> Ended {
        let now = Instant::now();
        let mut talk = Talk {
            stream,
            began: now,
            ready_since: None,
            heard: now,
            sent: now,
            bad_lines: 0,
            workless_since: None,
            unanswered: HashMap::new(),
            login_refused: false,
            leave: None,
        };
        let reason = match self.converse(&mut talk).await {
            Ok(never) => match never {},
            Err(reason) => reason,
        };
        // Dropping `unanswered` tells whoever waits that the answer will not come.
        Ended {
            reason,
            ready_for: talk.ready_since.map(|since| since.elapsed()),
            had_work: talk.ready_since.is_some() && talk.workless_since.is_none(),
            login_refused: talk.login_refused,
            leave: talk.leave,
        }
    }

    /// Only ends with a reason.
    async fn converse(&mut self, talk: &mut Talk) -> Result<std::convert::Infallible, String> {
        let opening = self.dialogue.opening();
        self.send(talk, &opening).await?;
        let mut lines = LineBuffer::new(CLIENT_LIMIT);
        let mut bytes = vec![0; 4096];
        loop {
            let ready = talk.ready_since.is_some();
            let leaving = talk.leave.as_ref().map(|leave| leave.at);
            let (due, overdue) = self.next_due(talk);
            tokio::select! {
                read = talk.stream.read(&mut bytes) => {
                    let length = read.map_err(|error| format!("cannot read: {error}"))?;
                    if length == 0 {
                        return Err("the server closed the connection".into());
                    }
                    talk.heard = Instant::now();
                    lines.push(&bytes[..length]);
                    self.read_lines(talk, &mut lines).await?;
                }
                Some(submission) = self.waiting.recv(), if ready => {
                    self.submit(talk, submission).await?;
                }
                () = sleep_until(due) => match overdue {
                    Some(reason) => return Err(reason.into()),
                    None => {
                        if let Some(line) = self.dialogue.keep_alive() {
                            self.send(talk, &line).await?;
                        }
                    }
                },
                () = sleep_until(leaving.unwrap_or(due)), if leaving.is_some() => {
                    self.farewell(talk, &mut lines, &mut bytes, true).await;
                    return Err("the server asked for a new connection".into());
                }
                Ok(()) = self.address.changed() => return Err("the server has another address".into()),
                () = self.better.cancelled() => {
                    self.farewell(talk, &mut lines, &mut bytes, true).await;
                    return Err("the first server has work again".into());
                }
                () = self.ended.cancelled() => {
                    self.farewell(talk, &mut lines, &mut bytes, false).await;
                    return Err("it is no longer wanted".into());
                }
            }
        }
    }

    /// When something must be done if nothing happens before, and what has then failed; `None` for a sign of life.
    fn next_due(&self, talk: &Talk) -> (Instant, Option<&'static str>) {
        let timing = &self.shared.timing;
        if talk.ready_since.is_none() {
            return (
                talk.began + timing.login,
                Some("the login was not answered in time"),
            );
        }
        let with_signs = self.dialogue.has_keep_alive();
        let silence = match with_signs {
            true => timing.silence,
            false => timing.silence_without_keep_alive,
        };
        let mut due = (talk.heard + silence, Some("the server has gone silent"));
        if let (Some(since), true) = (talk.workless_since, self.has_others) {
            due = due.min((since + timing.workless, Some("it has nothing to do")));
        }
        if let Some(answer) = talk.unanswered.values().map(|(_, until)| *until).min() {
            due = due.min((answer, Some("a share was not answered in time")));
        }
        if with_signs {
            let last = talk.sent.max(talk.heard);
            due = due.min((last + timing.keep_alive, None));
        }
        due
    }

    async fn send(&self, talk: &mut Talk, line: &str) -> Result<(), String> {
        let write = async {
            talk.stream.write_all(line.as_bytes()).await?;
            talk.stream.flush().await
        };
        let written = timeout(self.shared.timing.write, write).await;
        match written {
            Ok(Ok(())) => {
                talk.sent = Instant::now();
                Ok(())
            }
            Ok(Err(error)) => Err(format!("cannot write: {error}")),
            Err(_) => Err("the server does not read".into()),
        }
    }

    async fn submit(&mut self, talk: &mut Talk, submission: Submission) -> Result<(), String> {
        if submission.record.generation != self.generation {
            turn_away(submission);
            return Ok(());
        }
        let written = self
            .dialogue
            .submission(&submission.record, &submission.solution);
        let (request, line) = match written {
            Ok(written) => written,
            Err(reason) => {
                tracing::error!(
                    job = submission.record.id,
                    reason,
                    "a share is not handed in"
                );
                let code = ErrorCode::Other.code();
                // Whoever asked may have gone.
                let _ = submission.reply.send(Verdict::Rejected { code, reason });
                return Ok(());
            }
        };
        let until = Instant::now() + self.shared.timing.answer;
        talk.unanswered.insert(request, (submission.reply, until));
        self.send(talk, &line).await
    }

    async fn read_lines(&mut self, talk: &mut Talk, lines: &mut LineBuffer) -> Result<(), String> {
        loop {
            let line = match lines.next_line() {
                Ok(None) => return Ok(()),
                Ok(Some(line)) => line,
                Err(error @ LineError::TooLong { .. }) => return Err(error.to_string()),
                Err(error @ LineError::NotUtf8) => {
                    self.bad_line(talk, &error.to_string())?;
                    continue;
                }
            };
            match self.dialogue.take(&line) {
                Ok(events) => {
                    for event in events {
                        self.obey(talk, event).await?;
                    }
                }
                Err(error) => self.bad_line(talk, &error.to_string())?,
            }
        }
    }

    fn bad_line(&self, talk: &mut Talk, reason: &str) -> Result<(), String> {
        talk.bad_lines += 1;
        let reason = words(reason);
        self.shared.note(self.algorithm, |status| {
            status.bad_lines += 1;
            status.last_bad = Some((Timestamp::now(), reason.clone()));
        });
        if talk.ready_since.is_none() {
            return Err(format!("the server does not speak this dialect: {reason}"));
        }
        if talk.bad_lines > BAD_LINES {
            return Err(format!("too many lines that cannot be read: {reason}"));
        }
        if talk.bad_lines == 1 {
            tracing::warn!(algorithm = %self.algorithm, reason, "a line from the server cannot be read");
        }
        Ok(())
    }

    async fn obey(&mut self, talk: &mut Talk, event: Event) -> Result<(), String> {
        match event {
            Event::Ready => self.ready(talk),
            Event::Job { job, ends_earlier } => {
                if ends_earlier {
                    self.shared.book().end(self.algorithm, book::REPLACED);
                }
                talk.workless_since = match job {
                    Ok(_) => None,
                    Err(_) => talk.workless_since.or(Some(Instant::now())),
                };
                self.take_job(job);
            }
            Event::Answer { request, verdict } => {
                // Signs of life are answered too; nobody waits for those.
                if let Some((reply, _)) = talk.unanswered.remove(&request) {
                    let _ = reply.send(verdict);
                }
            }
            Event::Send(line) => self.send(talk, &line).await?,
            Event::Unknown { what } => {
                tracing::debug!(algorithm = %self.algorithm, what, "an unknown message was ignored");
                self.shared
                    .note(self.algorithm, |status| status.unknown_messages += 1);
            }
            Event::Notice(text) => {
                tracing::info!(algorithm = %self.algorithm, text, "the server says");
            }
            Event::Reconnect(asked) => self.leave(talk, asked),
            Event::LoginRefused(reason) => {
                talk.login_refused = true;
                return Err(reason);
            }
            Event::End(reason) => return Err(reason),
        }
        Ok(())
    }

    /// Works on until it is time to leave, or the server ends the connection.
    fn leave(&self, talk: &mut Talk, asked: Asked) {
        if talk.leave.is_some() {
            return;
        }
        let spread = (self.shared.timing.spread, rand::random());
        let allowed = &self.shared.ways[&self.algorithm].reconnect_hosts;
        let leave = asked.judge(Instant::now(), (self.here, self.own), allowed, spread);
        match &leave.refused {
            None => {
                let to = leave.to.to_string();
                tracing::info!(algorithm = %self.algorithm, to, "the server asks for a new connection");
            }
            Some(host) => {
                let host = words(host);
                tracing::warn!(
                    algorithm = %self.algorithm,
                    host,
                    "the server sends us to a host that is not its own: it is not followed"
                );
                self.shared.note(self.algorithm, |status| {
                    status.not_followed = Some(host);
                });
            }
        }
        talk.leave = Some(leave);
    }

    fn ready(&self, talk: &mut Talk) {
        talk.ready_since = Some(Instant::now());
        talk.workless_since = talk.ready_since;
        self.shared.note(self.algorithm, |status| {
            status.phase = Phase::Connected;
            status.logins += 1;
        });
        self.shared.logins.send_modify(|logins| *logins += 1);
        tracing::info!(algorithm = %self.algorithm, "connected for work");
    }

    fn take_job(&self, job: Result<idlewatt_kernels::Job, String>) {
        match job {
            Ok(mut job) => {
                let mut book = self.shared.book();
                book.enter(&mut job, self.generation, &self.source);
                drop(book);
                self.shared.note(self.algorithm, |status| {
                    status.jobs += 1;
                    status.no_job = None;
                });
                tracing::debug!(job = job.id, work = job.target.work(), "new job");
                let generation = self.generation;
                self.shared
                    .publish(self.algorithm, Some(CurrentJob { job, generation }));
            }
            Err(reason) => {
                let reason = words(&reason);
                tracing::warn!(algorithm = %self.algorithm, reason, "a job cannot be worked on");
                self.shared.publish(self.algorithm, None);
                self.shared.note(self.algorithm, |status| {
                    status.bad_lines += 1;
                    status.last_bad = Some((Timestamp::now(), reason.clone()));
                    status.no_job = Some(reason);
                });
            }
        }
    }

    /// Hands in what was found by now and takes in the answers, for a moment; as long as that lasts where work `goes_on`
    /// elsewhere: what is still being written down comes then, too.
    async fn farewell(
        &mut self,
        talk: &mut Talk,
        lines: &mut LineBuffer,
        bytes: &mut [u8],
        goes_on: bool,
    ) {
        self.shared.publish(self.algorithm, None);
        let until = Instant::now() + self.shared.timing.farewell;
        let ready = talk.ready_since.is_some();
        while goes_on || !talk.unanswered.is_empty() || (ready && !self.waiting.is_empty()) {
            tokio::select! {
                biased;
                Some(submission) = self.waiting.recv(), if ready => {
                    if self.submit(talk, submission).await.is_err() {
                        return;
                    }
                }
                read = talk.stream.read(bytes) => {
                    let Ok(length @ 1..) = read else { return };
                    lines.push(&bytes[..length]);
                    if self.read_lines(talk, lines).await.is_err() {
                        return;
                    }
                }
                () = sleep_until(until) => return,
            }
        }
    }
}
