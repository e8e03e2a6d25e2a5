//! The deliveries of the hook: what failed is asked for again.
//!
//! GitHub lists the newest first, a hundred a page. A look goes down from the newest to where the last one began. After a
//! long outage there can be more of them than one sweep should ask for: what is left is remembered by the page, and the
//! next sweep looks at what is new first and then goes on there.

use super::{EVENTS, KEPT, SweepError};
use crate::io::github::{Client, Deliveries, Delivery, RequestError};
use crate::model::Moment;
use crate::server::clock::Time;
use crate::server::store::Store;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// So many pages are looked through in one sweep: 2,400 requests an hour, half of what GitHub lets an App ask.
const MOST_PAGES: u32 = 200;

/// Deliveries may be listed late; so much is looked through twice.
const OVERLAP: Duration = Duration::from_secs(10 * 60);

/// Remembers until when deliveries were looked through, by GitHub's clock: ours may have been wrong.
const SWEPT: &str = "swept";

/// Remembers what is left of a look.
const REST: &str = "swept-rest";

/// Whom a look asks.
#[async_trait]
pub(super) trait Hook: Send + Sync {
    /// The newest deliveries, or those of the page that another page named.
    async fn page(&self, at: Option<&str>) -> Result<Deliveries, RequestError>;

    /// Has an event delivered once more.
    async fn again(&self, delivery: u64) -> Result<(), RequestError>;
}

#[async_trait]
impl Hook for Client {
    async fn page(&self, at: Option<&str>) -> Result<Deliveries, RequestError> {
        self.deliveries(at).await
    }

    async fn again(&self, delivery: u64) -> Result<(), RequestError> {
        self.deliver_again(delivery).await
    }
}

/// What is left of a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    /// The page that comes next; `None` for that of the newest.
    next: Option<String>,
    /// Older ones were looked at before.
    since: i64,
}

impl Rest {
    /// `None` if nothing is left.
    fn read(said: &str) -> Option<Self> {
        if said.is_empty() {
            return None;
        }
        let begin_anew = |error: serde_json::Error| {
            tracing::warn!(%error, "what is left of a sweep cannot be read, and it begins anew");
            Self { next: None, since: 0 }
        };
        Some(serde_json::from_str(said).unwrap_or_else(begin_anew))
    }

    fn write(&self) -> Result<String, SweepError> {
        serde_json::to_string(self).map_err(|_| RequestError::Malformed("the next page of a list").into())
    }
}

/// A look through the deliveries.
pub(super) struct Look<'l> {
    hook: &'l dyn Hook,
    store: &'l dyn Store,
    /// The page that is looked at.
    at: Option<String>,
    pages: u32,
    /// Events of which an attempt arrived.
    arrived: BTreeSet<String>,
    /// Events that were asked for again.
    asked: BTreeSet<String>,
}

impl<'l> Look<'l> {
    pub(super) fn new(hook: &'l dyn Hook, store: &'l dyn Store) -> Self {
        let (arrived, asked) = (BTreeSet::new(), BTreeSet::new());
        Self { hook, store, at: None, pages: 0, arrived, asked }
    }

    /// For how many events GitHub was asked again.
    pub(super) fn asked(&self) -> u64 {
        self.asked.len() as u64
    }

    /// Looks at what is new, and then at what earlier looks left.
    ///
    /// # Errors
    /// What was not looked at is looked at by the next one.
    pub(super) async fn through(&mut self, newest: Deliveries, now: Time) -> Result<(), SweepError> {
        let kept = self.store.mark(REST).await?.unwrap_or_default();
        let rest = Rest::read(&kept);
        let since = since(self.store.mark(SWEPT).await?.as_deref(), now);
        let mark = latest(&newest.newest_first);
        let went = self.down(newest, since).await;
        let left = match &went {
            Ok(left) => left.clone(),
            // What an earlier look left is further than this one came; what is new is looked at again.
            Err(_) if rest.is_some() => return went.map(|_| ()),
            Err(_) => self.at.clone(),
        };
        let new_rest = left.map(|next| {
            let since = rest.as_ref().map_or(since.0, |rest| rest.since.min(since.0));
            Rest { next: Some(next), since }
        });
        if let Some(new_rest) = &new_rest {
            tracing::warn!("GitHub lists more deliveries than one sweep looks through; the next one goes on");
            if !self.leave(&kept, Some(new_rest)).await? {
                return went.map(|_| ());
            }
        }
        if let Some(mark) = mark.filter(|_| went.is_ok() || new_rest.is_some()) {
            self.store.set_mark(SWEPT, &mark.0.to_string()).await?;
        }
        went?;
        match (new_rest, rest) {
            (None, Some(rest)) => self.go_on(kept, rest).await,
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    /// Goes down the pages from one on; the page that is left when there were too many.
    async fn down(&mut self, first: Deliveries, since: Time) -> Result<Option<String>, SweepError> {
        let mut page = first;
        loop {
            let Some(next) = self.look_at(page, since).await? else { return Ok(None) };
            if self.pages >= MOST_PAGES {
                return Ok(Some(next));
            }
            self.at = Some(next);
            page = self.hook.page(self.at.as_deref()).await?;
        }
    }

    /// Goes on where another look ended, and remembers each page: what was asked for is not asked for again.
    async fn go_on(&mut self, mut kept: String, mut rest: Rest) -> Result<(), SweepError> {
        while self.pages < MOST_PAGES {
            let page = match self.hook.page(rest.next.as_deref()).await {
                // GitHub does not know the page any more.
                Err(RequestError::Status(status @ (400 | 404 | 410 | 422))) if rest.next.is_some() => {
                    tracing::warn!(
                        status,
                        "the page of deliveries at which a sweep ended is gone; it begins anew"
                    );
                    let anew = Rest { next: None, ..rest };
                    self.leave(&kept, Some(&anew)).await?;
                    return Ok(());
                }
                page => page?,
            };
            let next = self.look_at(page, Time(rest.since)).await?;
            let left = next.map(|next| Rest { next: Some(next), ..rest });
            // Another replica goes on with it.
            if !self.leave(&kept, left.as_ref()).await? {
                return Ok(());
            }
            let Some(left) = left else { return Ok(()) };
            (kept, rest) = (left.write()?, left);
        }
        tracing::info!("a sweep of many deliveries goes on with the next one");
        Ok(())
    }

    /// Remembers what is left, unless another replica did since.
    async fn leave(&self, kept: &str, left: Option<&Rest>) -> Result<bool, SweepError> {
        let said = left.map_or_else(|| Ok(String::new()), Rest::write)?;
        Ok(self.store.replace_mark(REST, kept, &said).await?)
    }

    /// Asks for what failed on a page; where the next page is, if what comes there was not looked at before.
    async fn look_at(&mut self, page: Deliveries, since: Time) -> Result<Option<String>, SweepError> {
        self.pages += 1;
        let since = Moment::from_seconds(u64::try_from(since.0 / 1_000).unwrap_or_default()).rfc3339();
        let since = since.unwrap_or_default();
        let Deliveries { newest_first, next } = page;
        let end = newest_first.iter().position(|delivery| delivery.delivered_at <= since);
        let new = newest_first.get(..end.unwrap_or(newest_first.len())).unwrap_or_default();
        let arrived = new.iter().filter(|delivery| delivery.arrived());
        self.arrived.extend(arrived.map(|delivery| delivery.guid.clone()));
        for lost in lost(new, |guid| self.arrived.contains(guid) || self.asked.contains(guid)) {
            match self.hook.again(lost.id).await {
                Ok(()) => _ = self.asked.insert(lost.guid.clone()),
                Err(RequestError::Status(status @ (400 | 404 | 410 | 422))) => {
                    let Delivery { id, guid, event, .. } = lost;
                    let event = event.raw();
                    tracing::error!(id, guid, ?event, status, "GitHub does not deliver a lost event again");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(next.filter(|_| end.is_none()))
    }
}

/// Whoever cannot ask GitHub judges nothing, and is away; an answer that is too long to be read is one.
pub(super) const fn is_there(deliveries: &Result<Deliveries, RequestError>) -> bool {
    matches!(deliveries, Ok(_) | Err(RequestError::Malformed(_) | RequestError::TooLarge(_)))
}

/// From when on deliveries are looked through: from the last mark, or as far back as GitHub keeps them.
fn since(mark: Option<&str>, now: Time) -> Time {
    let furthest = now.before(KEPT);
    let Some(mark) = mark else { return furthest };
    match mark.parse() {
        Ok(mark) if Time(mark) <= now => Time(mark).before(OVERLAP),
        Ok(_) => {
            tracing::warn!(
                mark,
                "the last sweep lies in the future: the clock was set back, and the sweep begins anew"
            );
            furthest
        }
        Err(_) => {
            tracing::warn!(mark, "the mark of the last sweep cannot be read, and the sweep begins anew");
            furthest
        }
    }
}

/// When the newest attempt was, as GitHub says.
fn latest(deliveries: &[Delivery]) -> Option<Time> {
    let times = deliveries.iter().filter_map(|delivery| Moment::parse(&delivery.delivered_at));
    let latest = times.max()?.seconds();
    Some(Time(i64::try_from(latest).ok()?.saturating_mul(1_000)))
}

/// The newest attempt of each event of ours, unless another one arrived or was asked for, oldest first.
fn lost(newest_first: &[Delivery], is_settled: impl Fn(&str) -> bool) -> Vec<&Delivery> {
    let mut events = BTreeSet::new();
    let mut lost: Vec<&Delivery> = newest_first
        .iter()
        .filter(|delivery| EVENTS.contains(&delivery.event.raw()) && !is_settled(&delivery.guid))
        .filter(|delivery| events.insert(delivery.guid.as_str()))
        .collect();
    lost.reverse();
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::Sqlite;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    fn delivery(id: u64, guid: &str, event: &str, status: u16) -> Delivery {
        Delivery {
            id,
            guid: guid.to_owned(),
            delivered_at: "2026-01-01T00:00:00Z".to_owned(),
            status_code: status,
            event: event.into(),
            action: None,
            repository_id: None,
        }
    }

    const NOW: i64 = 1_767_225_600_000;

    /// A hook with one attempt a second, the last one now; the cursor of a page is the attempt before it. What is asked
    /// for again arrives at once, as a new attempt.
    struct Listing {
        newest_first: Mutex<Vec<Delivery>>,
        asked: Mutex<Vec<u64>>,
        /// Requests that are answered before the rate limit is reached.
        limit: AtomicI64,
        /// Pages after an attempt below this one are not known any more.
        forgets: AtomicU64,
    }

    impl Listing {
        /// Every tenth attempt of so many failed.
        fn of(count: u64) -> Self {
            let status = |id: u64| if id.is_multiple_of(10) { 503 } else { 202 };
            let attempt = |id: u64| {
                let mut attempt = delivery(id, &format!("e{id}"), "workflow_run", status(id));
                attempt.delivered_at = at(NOW / 1_000 - i64::try_from(count - id).unwrap());
                attempt
            };
            Self {
                newest_first: Mutex::new((1..=count).rev().map(attempt).collect()),
                asked: Mutex::default(),
                limit: AtomicI64::new(i64::MAX),
                forgets: AtomicU64::new(0),
            }
        }

        fn is_limited(&self) -> Result<(), RequestError> {
            match self.limit.fetch_sub(1, Ordering::SeqCst) > 0 {
                true => Ok(()),
                false => Err(RequestError::RateLimited(Duration::from_secs(60))),
            }
        }

        /// Sorted, with those that were asked for more than once.
        fn asked(&self) -> Vec<u64> {
            let mut asked = self.asked.lock().unwrap().clone();
            asked.sort_unstable();
            asked
        }
    }

    fn at(second: i64) -> String {
        Moment::from_seconds(second.unsigned_abs()).rfc3339().unwrap()
    }

    #[async_trait]
    impl Hook for Listing {
        async fn page(&self, at: Option<&str>) -> Result<Deliveries, RequestError> {
            self.is_limited()?;
            let all = self.newest_first.lock().unwrap();
            let begin = at.map_or(Some(0), |at| {
                let before = at.parse::<u64>().unwrap();
                let is_known = before >= self.forgets.load(Ordering::SeqCst);
                is_known.then(|| all.iter().position(|attempt| attempt.id == before).unwrap() + 1)
            });
            let begin = begin.ok_or(RequestError::Status(404))?;
            let newest_first: Vec<Delivery> = all.iter().skip(begin).take(100).cloned().collect();
            let is_last = begin + newest_first.len() == all.len();
            let next = newest_first.last().filter(|_| !is_last).map(|last| last.id.to_string());
            Ok(Deliveries { newest_first, next })
        }

        async fn again(&self, delivery: u64) -> Result<(), RequestError> {
            self.is_limited()?;
            self.asked.lock().unwrap().push(delivery);
            let mut all = self.newest_first.lock().unwrap();
            let mut again = all.iter().find(|attempt| attempt.id == delivery).unwrap().clone();
            (again.id, again.status_code) = (1_000_000 + delivery, 202);
            again.delivered_at = at(NOW / 1_000 + 1);
            all.insert(0, again);
            Ok(())
        }
    }

    /// Sweeps as long as something is left; how often.
    fn sweep_until_done(hook: &Listing, mut before_each: impl FnMut(u32)) -> u32 {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            for turn in 0..1_000 {
                before_each(turn);
                let now = Time(NOW + 2_000 + i64::from(turn) * 300_000);
                let went = match hook.page(None).await {
                    Ok(newest) => Look::new(hook, &store).through(newest, now).await,
                    Err(error) => Err(error.into()),
                };
                let left = store.mark(REST).await.unwrap().unwrap_or_default();
                if went.is_ok() && left.is_empty() {
                    return turn + 1;
                }
            }
            panic!("it never ends")
        })
    }

    fn every_tenth(count: u64) -> Vec<u64> {
        (1..=count / 10).map(|n| n * 10).collect()
    }

    #[test]
    fn more_deliveries_than_one_sweep_looks_through_are_looked_through_by_the_next_ones() {
        let hook = Listing::of(45_000);
        assert_eq!(sweep_until_done(&hook, |_| ()), 3);
        assert_eq!(hook.asked(), every_tenth(45_000), "each that failed, once");
    }

    #[test]
    fn what_is_new_is_looked_at_before_what_an_earlier_sweep_left() {
        let hook = Listing::of(25_000);
        let turns = sweep_until_done(&hook, |turn| {
            if turn == 1 {
                let mut new = delivery(30_000, "new", "push", 0);
                new.delivered_at = at(NOW / 1_000 + 300);
                hook.newest_first.lock().unwrap().insert(0, new);
                hook.asked.lock().unwrap().clear();
            }
        });
        assert_eq!(turns, 2);
        let asked = hook.asked.lock().unwrap().clone();
        assert_eq!((asked.first(), asked.len()), (Some(&30_000), 501));
    }

    #[test]
    fn a_rate_limit_in_the_middle_of_a_sweep_costs_no_more_than_the_page_that_it_hit() {
        let hook = Listing::of(2_000);
        let turns = sweep_until_done(&hook, |_| hook.limit.store(60, Ordering::SeqCst));
        assert!((4..=10).contains(&turns), "{turns}");
        assert_eq!(hook.asked(), every_tenth(2_000), "each that failed, once");
    }

    #[test]
    fn a_page_that_github_forgot_lets_the_sweep_begin_anew_and_nothing_is_lost() {
        let hook = Listing::of(25_000);
        let forgets = |turn: u32| if turn == 1 { 10_000 } else { 0 };
        let turns = sweep_until_done(&hook, |turn| hook.forgets.store(forgets(turn), Ordering::SeqCst));
        assert_eq!(turns, 4);
        assert_eq!(hook.asked(), every_tenth(25_000));
    }

    #[test]
    fn what_is_left_that_cannot_be_read_is_everything() {
        assert_eq!(Rest::read(""), None);
        assert_eq!(Rest::read("{"), Some(Rest { next: None, since: 0 }));
        let rest = Rest { next: Some("/app/hook/deliveries?cursor=x".to_owned()), since: 5 };
        assert_eq!(Rest::read(&rest.write().unwrap()), Some(rest));
    }

    #[test]
    fn a_mark_that_cannot_be_read_or_lies_in_the_future_begins_anew() {
        let now = Time(1_000_000_000_000);
        let furthest = now.before(KEPT);
        assert_eq!(since(None, now), furthest);
        assert_eq!(since(Some("999999999000"), now), Time(999_999_999_000 - 600_000));
        assert_eq!(since(Some("1000000000000"), now), Time(1_000_000_000_000 - 600_000));
        assert_eq!(since(Some("1000000000001"), now), furthest);
        assert_eq!(since(Some("yesterday"), now), furthest);
        assert_eq!(since(Some("99999999999999999999"), now), furthest);
    }

    #[test]
    fn who_gets_no_answer_of_github_gives_no_sign_of_life() {
        assert!(
            is_there(&Ok(Deliveries::default()))
                && is_there(&Err(RequestError::Malformed("the list is too long")))
        );
        for error in [
            RequestError::Unreachable("it took too long"),
            RequestError::Status(401),
            RequestError::Status(502),
            RequestError::RateLimited(Duration::from_secs(1)),
        ] {
            assert!(!is_there(&Err(error)));
        }
    }

    #[test]
    fn only_events_of_ours_that_never_arrived_are_lost() {
        let listed = [
            delivery(9, "c", "pull_request", 0),
            delivery(8, "a", "pull_request", 202),
            delivery(7, "b", "workflow_run", 503),
            delivery(6, "d", "star", 503),
            delivery(5, "b", "workflow_run", 504),
            delivery(4, "a", "pull_request", 500),
        ];
        let ids: Vec<u64> = lost(&listed, |guid| guid == "a").iter().map(|delivery| delivery.id).collect();
        assert_eq!(ids, [7, 9]);
    }

    #[test]
    fn the_next_sweep_begins_where_github_says_that_this_one_ended() {
        let mut listed = [delivery(2, "b", "push", 202), delivery(1, "a", "push", 202)];
        listed[0].delivered_at = "2026-01-01T00:00:09.5Z".to_owned();
        assert_eq!(latest(&listed), Some(Time(1_767_225_609_000)));
        assert_eq!(latest(&[]), None);
    }
}
