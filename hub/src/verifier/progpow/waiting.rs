//! Hashes that wait for a thread.

use idlewatt_kernels::progpow::{Attempt, Hash, Parameters};
use tokio::sync::oneshot;

/// How many are computed side by side: more bring nothing.
const TOGETHER: usize = 4;

/// A hash to be computed.
pub struct Request {
    pub parameters: &'static Parameters,
    pub height: u64,
    pub attempt: Attempt,
    pub answer: oneshot::Sender<Hash>,
}

/// Those that wait, in the order in which they came.
#[derive(Default)]
pub struct Waiting {
    requests: Vec<(u64, Request)>,
    entered: u64,
}

impl Waiting {
    /// Enters a request; gives the number to take it by.
    pub fn enter(&mut self, request: Request) -> u64 {
        self.entered += 1;
        self.requests.push((self.entered, request));
        self.entered
    }

    /// The request of a number, first, and others of its height; none where somebody took it already. Those that nobody
    /// waits for any more are left out for good.
    pub fn take(&mut self, number: u64) -> Vec<Request> {
        self.requests
            .retain(|(own, request)| *own == number || !request.answer.is_closed());
        let place = self.requests.iter().position(|(own, _)| *own == number);
        let Some(place) = place else {
            return Vec::new();
        };
        let (_, first) = self.requests.remove(place);
        let (parameters, height) = (first.parameters, first.height);
        let same = |request: &Request| request.parameters == parameters && request.height == height;
        let mut taken = vec![first];
        let others = self
            .requests
            .extract_if(.., |(_, request)| same(request))
            .take(TOGETHER - 1);
        taken.extend(others.map(|(_, request)| request));
        taken
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::progpow::{KAWPOW, KAWPOW_TEST};

    use super::*;

    fn request(
        parameters: &'static Parameters,
        height: u64,
        nonce: u64,
    ) -> (Request, oneshot::Receiver<Hash>) {
        let (answer, answered) = oneshot::channel();
        let attempt = Attempt {
            header: [0; 32],
            nonce,
        };
        let request = Request {
            parameters,
            height,
            attempt,
            answer,
        };
        (request, answered)
    }

    #[test]
    fn four_of_a_height_go_together_and_nobody_twice() {
        let mut waiting = Waiting::default();
        let mut answers = Vec::new();
        let mut enter = |waiting: &mut Waiting, parameters, height, nonce| {
            let (request, answered) = request(parameters, height, nonce);
            answers.push(answered);
            waiting.enter(request)
        };
        let numbers: Vec<u64> = (0..6)
            .map(|nonce| enter(&mut waiting, &KAWPOW_TEST, 7, nonce))
            .collect();
        let other_height = enter(&mut waiting, &KAWPOW_TEST, 8, 6);
        let other_coin = enter(&mut waiting, &KAWPOW, 7, 7);
        // The third asker has gone.
        answers[2].close();
        let nonces = |taken: Vec<Request>| -> Vec<u64> {
            taken.iter().map(|request| request.attempt.nonce).collect()
        };
        assert_eq!(nonces(waiting.take(numbers[1])), [1, 0, 3, 4]);
        assert_eq!(nonces(waiting.take(numbers[0])), [0; 0]);
        assert_eq!(nonces(waiting.take(other_height)), [6]);
        assert_eq!(nonces(waiting.take(other_coin)), [7]);
        assert_eq!(nonces(waiting.take(numbers[2])), [0; 0]);
        assert_eq!(nonces(waiting.take(numbers[5])), [5]);
        assert!(waiting.requests.is_empty());
    }
}
