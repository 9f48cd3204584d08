//! A queue of jobs in which no client can stand in the way of the others.
//!
//! A client has at most two jobs, waiting or running; a third one is refused, except for
//! administrators. Jobs are taken in turn over the sites of clients, and within a site over its
//! clients. When the queue is full, a client with fewer jobs replaces the newest job of the site
//! with the most.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Client, HashError};

/// How many jobs of one client may wait or run.
const JOBS_PER_CLIENT: usize = 2;

/// Jobs that wait for a thread, and the clients whose jobs run.
pub(super) struct FairQueue<J> {
    state: Mutex<State<J>>,
    /// Notified when there may be a job to take.
    ready: Condvar,
}

struct State<J> {
    visitors: Line<J>,
    /// The jobs of signed-in users. Visitors can't use up its room, and it has every other turn.
    members: Line<J>,
    is_members_turn: bool,
    /// The client of every running job.
    running: Vec<Client>,
    is_closed: bool,
}

/// Jobs in the order in which they were added.
struct Line<J> {
    waiting: Vec<Waiting<J>>,
    /// The most jobs that may wait.
    capacity: usize,
    /// The number of jobs that were taken.
    turn: u64,
}

struct Waiting<J> {
    client: Client,
    /// The turn after which a job of the site was last taken, or else the job was added.
    site_turn: u64,
    /// The same for the client.
    client_turn: u64,
    job: J,
}

impl<J> FairQueue<J> {
    /// Creates a queue in which `capacity` jobs of visitors and as many of signed-in users may
    /// wait.
    pub(super) fn new(capacity: usize) -> Self {
        let line = || Line { waiting: Vec::new(), capacity, turn: 0 };
        let state = State {
            visitors: line(),
            members: line(),
            is_members_turn: false,
            running: Vec::new(),
            is_closed: false,
        };
        Self { state: Mutex::new(state), ready: Condvar::new() }
    }

    /// Adds a job. Returns the job that it replaces, if the queue was full.
    pub(super) fn add(&self, client: Client, job: J) -> Result<Option<J>, HashError> {
        let replaced = self.state().add(client, job)?;
        self.ready.notify_one();
        Ok(replaced)
    }

    /// Waits for a job and takes it; `None` after the queue was closed. The caller must report the
    /// end of the job with [`finish`](Self::finish).
    pub(super) fn take(&self) -> Option<(Client, J)> {
        let state = self.state();
        let is_empty = |state: &mut State<J>| state.waits() == 0 && !state.is_closed;
        let waited = self.ready.wait_while(state, is_empty);
        waited.unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reports that a job of a client has ended.
    pub(super) fn finish(&self, client: Client) {
        let running = &mut self.state().running;
        if let Some(position) = running.iter().position(|other| *other == client) {
            running.swap_remove(position);
        }
    }

    /// Closes the queue: jobs that wait are still taken.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.ready.notify_all();
    }

    /// Returns how many jobs wait or run.
    pub(super) fn len(&self) -> usize {
        let state = self.state();
        state.waits() + state.running.len()
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn add(&mut self, client: Client, job: J) -> Result<Option<J>, HashError> {
        let running = self.running.iter().filter(|other| **other == client).count();
        let line = if client.is_signed_in() { &mut self.members } else { &mut self.visitors };
        let waiting = line.waiting.iter().filter(|other| other.client == client).count();
        if running + waiting >= JOBS_PER_CLIENT && client != Client::Staff {
            return Err(HashError::TooManyAtOnce);
        }
        line.add(client, job)
    }

    fn take(&mut self) -> Option<(Client, J)> {
        let [first, second] = if self.is_members_turn {
            [&mut self.members, &mut self.visitors]
        } else {
            [&mut self.visitors, &mut self.members]
        };
        let (client, job) = first.take().or_else(|| second.take())?;
        self.is_members_turn = !client.is_signed_in();
        self.running.push(client);
        Some((client, job))
    }

    fn waits(&self) -> usize {
        self.visitors.waiting.len() + self.members.waiting.len()
    }
}

impl<J> Line<J> {
    fn add(&mut self, client: Client, job: J) -> Result<Option<J>, HashError> {
        let replaced = if self.waiting.len() < self.capacity {
            None
        } else {
            let position = self.replaceable_by(client).ok_or(HashError::TooBusy)?;
            Some(self.waiting.remove(position).job)
        };
        let of_site = self.waiting.iter().find(|other| other.client.site() == client.site());
        let of_client = self.waiting.iter().find(|other| other.client == client);
        // A site that has no waiting job goes to the end of the round.
        let site_turn = of_site.map_or(self.turn, |other| other.site_turn);
        let client_turn = of_client.map_or(self.turn, |other| other.client_turn);
        self.waiting.push(Waiting { client, site_turn, client_turn, job });
        Ok(replaced)
    }

    /// Returns the position of the newest job of the client with the most jobs in the site with
    /// the most jobs, if `newcomer` has fewer even with one more.
    fn replaceable_by(&self, newcomer: Client) -> Option<usize> {
        let mut loads: HashMap<(Client, bool), usize> = HashMap::new();
        for Waiting { client, .. } in &self.waiting {
            *loads.entry((client.site(), true)).or_default() += 1;
            *loads.entry((*client, false)).or_default() += 1;
        }
        let site_load = |client: Client| loads.get(&(client.site(), true)).map_or(0, |load| *load);
        let load = |client: Client| loads.get(&(client, false)).map_or(0, |load| *load);
        let jobs = self.waiting.iter().enumerate();
        let (position, Waiting { client: most, .. }) =
            jobs.max_by_key(|(_, job)| (site_load(job.client), load(job.client)))?;
        let is_fairer = if most.site() == newcomer.site() {
            load(*most) > load(newcomer) + 1
        } else {
            site_load(*most) > site_load(newcomer) + 1
        };
        is_fairer.then_some(position)
    }

    /// Takes the oldest job of the client whose last turn is the longest ago.
    fn take(&mut self) -> Option<(Client, J)> {
        let jobs = self.waiting.iter().enumerate();
        let (position, _) = jobs.min_by_key(|(_, job)| (job.site_turn, job.client_turn))?;
        let Waiting { client, job, .. } = self.waiting.remove(position);
        self.turn += 1;
        for other in &mut self.waiting {
            if other.client.site() == client.site() {
                other.site_turn = self.turn;
            }
            if other.client == client {
                other.client_turn = self.turn;
            }
        }
        Some((client, job))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use domain::network::Network;
    use domain::user::UserId;
    use uuid::Uuid;

    use super::*;

    fn at(address: &str) -> Client {
        Client::Visitor(Network::parse(address))
    }

    fn user(number: u128) -> Client {
        Client::User(UserId(Uuid::from_u128(number)))
    }

    /// A queue whose jobs are their names.
    fn queue(capacity: usize, jobs: &[(Client, &'static str)]) -> FairQueue<&'static str> {
        let queue = FairQueue::new(capacity);
        for (client, name) in jobs {
            assert_eq!(queue.add(*client, *name), Ok(None), "{name}");
        }
        queue
    }

    /// Runs every job that waits, one after the other.
    fn run_all(queue: &FairQueue<&'static str>) -> Vec<&'static str> {
        queue.close();
        let jobs = std::iter::from_fn(|| queue.take());
        jobs.map(|(client, name)| {
            queue.finish(client);
            name
        })
        .collect()
    }

    #[test]
    fn a_client_has_two_jobs_waiting_or_running() {
        let queue = queue(9, &[(at("192.0.2.1"), "a1"), (at("192.0.2.1"), "a2")]);
        let third = || queue.add(at("192.0.2.1"), "a3");
        assert_eq!(third(), Err(HashError::TooManyAtOnce));
        assert_eq!(queue.take(), Some((at("192.0.2.1"), "a1")));
        assert_eq!(third(), Err(HashError::TooManyAtOnce));
        assert_eq!(queue.add(at("192.0.2.2"), "b1"), Ok(None));
        queue.finish(at("192.0.2.1"));
        assert_eq!(third(), Ok(None));
        assert_eq!(queue.len(), 3);
    }

    #[test]
    fn administrators_may_have_more_jobs_but_take_turns_too() {
        let staff = Client::Staff;
        let queue = queue(3, &[(staff, "s1"), (staff, "s2"), (staff, "s3")]);
        assert_eq!(queue.add(staff, "s4"), Err(HashError::TooBusy));
        assert_eq!(queue.add(user(1), "u1"), Ok(Some("s3")));
        assert_eq!(run_all(&queue), ["s1", "u1", "s2"]);
    }

    #[test]
    fn the_addresses_of_one_ipv6_customer_are_one_client() {
        let queue = queue(9, &[(at("2001:db8::1"), "a1"), (at("2001:db8::2"), "a2")]);
        assert_eq!(queue.add(at("2001:db8::3"), "a3"), Err(HashError::TooManyAtOnce));
        assert_eq!(queue.add(at("2001:db8:0:1::3"), "b1"), Ok(None));
    }

    #[test]
    fn jobs_are_taken_in_turn_over_clients() {
        let [a, b, c] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(at);
        let queue = queue(9, &[(a, "a1"), (a, "a2"), (b, "b1"), (b, "b2"), (c, "c1")]);
        assert_eq!(run_all(&queue), ["a1", "b1", "c1", "a2", "b2"]);
    }

    #[test]
    fn a_client_that_adds_a_job_as_soon_as_one_has_run_waits_for_the_others() {
        let [a, b] = ["192.0.2.1", "192.0.2.2"].map(at);
        let queue = queue(9, &[(a, "a1"), (b, "b1")]);
        queue.take();
        queue.finish(a);
        queue.add(a, "a2").unwrap();
        queue.add(a, "a3").unwrap();
        assert_eq!(run_all(&queue), ["b1", "a2", "a3"]);
    }

    #[test]
    fn the_networks_of_a_site_share_its_turn() {
        let [a, b, c] = ["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"].map(at);
        let other = at("2001:db8:1::1");
        let queue = queue(9, &[(a, "a1"), (a, "a2"), (b, "b1"), (c, "c1"), (other, "o1")]);
        queue.add(other, "o2").unwrap();
        assert_eq!(run_all(&queue), ["a1", "o1", "b1", "o2", "c1", "a2"]);
    }

    #[test]
    fn signed_in_users_have_every_other_turn_and_room_of_their_own() {
        let [a, b, c] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(at);
        let queue = queue(3, &[(a, "a1"), (b, "b1"), (c, "c1"), (user(1), "u1"), (user(2), "u2")]);
        assert_eq!(queue.add(at("192.0.2.4"), "d1"), Err(HashError::TooBusy));
        assert_eq!(queue.add(user(1), "u3"), Ok(None));
        assert_eq!(run_all(&queue), ["a1", "u1", "b1", "u2", "c1", "u3"]);
    }

    #[test]
    fn a_full_queue_replaces_the_newest_job_of_the_largest_site() {
        let [a, b, c] = ["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"].map(at);
        let other = at("192.0.2.1");
        let queue = queue(4, &[(a, "a1"), (other, "o1"), (b, "b1"), (c, "c1")]);
        assert_eq!(queue.add(at("2001:db8:0:4::1"), "d1"), Err(HashError::TooBusy));
        assert_eq!(queue.add(other, "o2"), Ok(Some("c1")));
        assert_eq!(queue.add(at("192.0.2.2"), "p1"), Ok(Some("o2")));
        assert_eq!(queue.add(at("192.0.2.3"), "q1"), Ok(Some("b1")));
        assert_eq!(queue.add(at("192.0.2.4"), "r1"), Err(HashError::TooBusy));
        assert_eq!(run_all(&queue), ["a1", "o1", "p1", "q1"]);
    }

    #[test]
    fn in_the_largest_site_a_network_with_no_job_replaces_one_of_two() {
        let [a, b, c] = ["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"].map(at);
        let queue = queue(3, &[(a, "a1"), (a, "a2"), (b, "b1")]);
        assert_eq!(queue.add(b, "b2"), Err(HashError::TooBusy));
        assert_eq!(queue.add(c, "c1"), Ok(Some("a2")));
    }

    #[test]
    fn a_thread_waits_for_a_job_and_ends_when_the_queue_is_closed() {
        let queue = Arc::new(queue(9, &[]));
        let taken = thread::spawn({
            let queue = queue.clone();
            move || std::iter::from_fn(|| queue.take()).count()
        });
        queue.add(at("192.0.2.1"), "a1").unwrap();
        queue.add(at("192.0.2.2"), "b1").unwrap();
        queue.close();
        assert_eq!(taken.join().unwrap(), 2);
    }
}
