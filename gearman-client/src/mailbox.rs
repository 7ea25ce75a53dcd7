use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use gearman_proto::{Outcome, Update};

use crate::error::Failure;
use crate::{FollowError, JobAddress};

/// Events of one job that wait to be taken: a consumer that is not alive must not eat memory.
const EVENTS_WAITING: usize = 256;

/// When there is no room, the connection waits until only so many are left: half, so that it does not
/// stop and go with each event.
const EVENTS_LEFT: usize = EVENTS_WAITING / 2;

/// Where one foreground job's news are put for the one who follows it. One allocation for each job: its
/// acceptance, its events and its end.
pub(crate) fn mailbox(wanted: Wanted) -> (Postman, Mailbox) {
    let content = Content {
        acceptance: None,
        events: VecDeque::new(),
        output: match wanted {
            Wanted::Events => None,
            Wanted::Output => Some(BytesMut::new()),
        },
        end: None,
        ended: false,
        given_up: false,
        waker: None,
        room_waker: None,
    };
    let shared = Arc::new(Mutex::new(content));
    (Postman(Arc::clone(&shared)), Mailbox(shared))
}

/// What the follower of a job wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Every event, one by one.
    Events,
    /// The parts of the result put together, and nothing else. These can't lag.
    Output,
}

/// What became of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// There is room for more.
    More,
    /// There is no room for another event: wait for it, or end the job.
    Full,
    /// Nobody is to be told more.
    Last,
}

/// How following a job ends.
pub(crate) type End = Result<Outcome, FollowError>;

/// Puts news in. Dropped without an end, it leaves its mailbox ended and empty.
#[derive(Debug)]
pub(crate) struct Postman(Arc<Mutex<Content>>);

/// Takes news out. Dropped, it has no place for news any longer.
#[derive(Debug)]
pub(crate) struct Mailbox(Arc<Mutex<Content>>);

#[derive(Debug)]
struct Content {
    acceptance: Option<Result<JobAddress, Failure>>,
    events: VecDeque<Update>,
    /// Where only the output is wanted: what there is of it.
    output: Option<BytesMut>,
    end: Option<End>,
    /// Whether nothing more is to be put in.
    ended: bool,
    given_up: bool,
    /// Of who waits for news.
    waker: Option<Waker>,
    /// Of who waits for room.
    room_waker: Option<Waker>,
}

/// Nothing is done under this lock but moving values: no call of anybody's code, no await.
fn lock(shared: &Mutex<Content>) -> MutexGuard<'_, Content> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Postman {
    /// The server has accepted the job, or not.
    pub(crate) fn accepted(&self, acceptance: Result<JobAddress, Failure>) {
        self.change(|content| content.acceptance = Some(acceptance));
    }

    /// The job goes on.
    pub(crate) fn update(&self, update: Update) -> Told {
        let mut content = lock(&self.0);
        if content.ended || content.given_up {
            return Told::Last;
        }
        if let Some(output) = &mut content.output {
            if let Update::Data(part) = update {
                output.extend_from_slice(&part);
            }
            // Nobody waits for parts: no wake-up.
            return Told::More;
        }
        content.events.push_back(update);
        let told = if content.events.len() < EVENTS_WAITING {
            Told::More
        } else {
            Told::Full
        };
        wake(content);
        told
    }

    /// Waits until there is room again: it is to be asked for after [`Told::Full`], before more is told.
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut content = lock(&self.0);
        if content.has_room() {
            return Poll::Ready(());
        }
        content.room_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The last thing that is heard. What came before is kept; the end has always room.
    pub(crate) fn end(&self, end: End) {
        self.change(|content| {
            if !content.ended {
                content.ended = true;
                content.end = Some(end);
            }
        });
    }

    /// Whether nobody is there who could be told.
    pub(crate) fn is_given_up(&self) -> bool {
        lock(&self.0).given_up
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = lock(&self.0);
        change(&mut content);
        wake(content);
    }
}

fn wake(mut content: MutexGuard<'_, Content>) {
    let waker = content.waker.take();
    drop(content);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn wake_for_room(mut content: MutexGuard<'_, Content>) {
    let waker = content.room_waker.take();
    drop(content);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        self.change(|content| content.ended = true);
    }
}

impl Mailbox {
    /// Whether the job was accepted. `None`: it won't be known.
    pub(crate) fn poll_acceptance(
        &self,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<JobAddress, Failure>>> {
        let mut content = lock(&self.0);
        match content.acceptance.take() {
            Some(acceptance) => Poll::Ready(Some(acceptance)),
            None if content.ended => Poll::Ready(None),
            None => content.wait(cx),
        }
    }

    /// The next event, else how the job has ended. `None`: it won't be known.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Result<Update, End>>> {
        let mut content = lock(&self.0);
        if let Some(update) = content.events.pop_front() {
            if content.has_room() {
                wake_for_room(content);
            }
            return Poll::Ready(Some(Ok(update)));
        }
        if content.ended {
            return Poll::Ready(content.end.clone().map(Err));
        }
        content.wait(cx)
    }

    /// From now on only the output is wanted.
    pub(crate) fn want_output(&self) {
        let mut content = lock(&self.0);
        if content.output.is_none() {
            let mut output = BytesMut::new();
            for update in std::mem::take(&mut content.events) {
                if let Update::Data(part) = update {
                    output.extend_from_slice(&part);
                }
            }
            content.output = Some(output);
            wake_for_room(content);
        }
    }

    /// The parts that came before the end, and the end, when it is there. `None`: it won't be known.
    pub(crate) fn poll_output(&self, cx: &Context<'_>) -> Poll<Option<(BytesMut, End)>> {
        let mut content = lock(&self.0);
        if !content.ended {
            return content.wait(cx);
        }
        let parts = content.output.take().unwrap_or_default();
        Poll::Ready(content.end.clone().map(|end| (parts, end)))
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let mut content = lock(&self.0);
        content.given_up = true;
        content.events = VecDeque::new();
        content.output = None;
        content.waker = None;
        wake_for_room(content);
    }
}

impl Content {
    fn has_room(&self) -> bool {
        self.events.len() <= EVENTS_LEFT
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn data(part: &'static str) -> Update {
        Update::Data(Bytes::from_static(part.as_bytes()))
    }

    fn next(mailbox: &Mailbox) -> Poll<Option<Result<Update, End>>> {
        mailbox.poll_next(&Context::from_waker(Waker::noop()))
    }

    fn has_room(postman: &Postman) -> bool {
        postman
            .poll_room(&Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn a_full_mailbox_has_room_again_when_half_of_it_is_taken() {
        let (postman, mailbox) = mailbox(Wanted::Events);
        for count in 1..=EVENTS_WAITING {
            let full = postman.update(data("x")) == Told::Full;
            assert_eq!(full, count == EVENTS_WAITING);
        }
        for taken in 0..EVENTS_WAITING {
            assert_eq!(has_room(&postman), taken >= EVENTS_WAITING / 2);
            assert!(matches!(next(&mailbox), Poll::Ready(Some(Ok(_)))));
        }
    }

    #[test]
    fn nobody_waits_for_room_where_no_events_are_wanted() {
        for wanting in [Mailbox::want_output as fn(&Mailbox), |_| ()] {
            let (postman, mailbox) = mailbox(Wanted::Events);
            for _ in 0..EVENTS_WAITING {
                postman.update(data("x"));
            }
            assert!(!has_room(&postman));
            wanting(&mailbox);
            drop(mailbox);
            assert!(has_room(&postman));
        }
    }

    #[test]
    fn the_first_end_is_the_end_and_comes_after_the_events_that_wait() {
        let (postman, mailbox) = mailbox(Wanted::Events);
        for _ in 0..EVENTS_WAITING {
            postman.update(data("x"));
        }
        postman.end(Err(FollowError::Lagged));
        postman.end(Ok(Outcome::Fail));
        assert_eq!(postman.update(data("too late")), Told::Last);
        for _ in 0..EVENTS_WAITING {
            assert!(matches!(next(&mailbox), Poll::Ready(Some(Ok(_)))));
        }
        assert!(matches!(
            next(&mailbox),
            Poll::Ready(Some(Err(Err(FollowError::Lagged))))
        ));
    }

    #[test]
    fn the_output_is_complete_however_many_parts_it_has_and_whenever_it_is_asked_for() {
        let (postman, mailbox) = mailbox(Wanted::Events);
        postman.update(data("first,"));
        mailbox.want_output();
        for _ in 0..10 * EVENTS_WAITING {
            postman.update(data("x"));
        }
        postman.end(Ok(Outcome::Fail));
        let output = mailbox.poll_output(&Context::from_waker(Waker::noop()));
        let Poll::Ready(Some((parts, Ok(Outcome::Fail)))) = output else {
            panic!("{output:?}")
        };
        assert!(parts.starts_with(b"first,x"));
        assert_eq!(parts.len(), 6 + 10 * EVENTS_WAITING);
    }

    #[test]
    fn a_mailbox_without_a_postman_ends() {
        let (postman, mailbox) = mailbox(Wanted::Events);
        drop(postman);
        assert!(matches!(next(&mailbox), Poll::Ready(None)));
    }

    #[test]
    fn who_gave_up_keeps_no_events() {
        let (postman, mailbox) = mailbox(Wanted::Events);
        postman.update(data("x"));
        drop(mailbox);
        assert!(postman.is_given_up());
        assert_eq!(postman.update(data("y")), Told::Last);
        assert!(lock(&postman.0).events.is_empty());
    }
}
