//! Hold what is published against what the connection's record says, and make it so. The event only says where to
//! look, so order and repetition do not matter.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::{ConnectionId, Installation};
use drawbridge_domain::outputs::{self, Outcome, OutputRecord, OutputStatus, Work, Write};
use drawbridge_domain::ports::{AuditEntry, Connections, MOST_VALUES, Parameters, Publications};
use drawbridge_domain::{Class, Fault, FaultName, Timestamp, identity};
use drawbridge_items::stream::{ItemFailure, PartialBatch};
use drawbridge_runtime::{Environment, Handler, count_fault};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::batch::Request;

/// How long calls are made before the rest is left to the next run; the function's timeout is longer, and the time for
/// which a run has a connection's outputs to itself longer still.
const AT_MOST: Duration = Duration::from_secs(30);

/// How many connections further down the list a round begins for each minute that it is later: a round looks at more than
/// there are in an hour, so that none is left out for ever.
const EACH_MINUTE: usize = 5;
/// Why something is published that was.
const CHANGED: &str = "somebody changed or removed what was published";
/// Why something is published or removed that should have been: what woke for it came to nothing for too long.
const MISSED: &str = "a change of the connection had not been published";

/// What the environment sets.
pub struct Settings {
    installation: Option<Installation>,
    /// What every parameter's name begins with that IAM lets the function write.
    root: String,
    /// For how long a call without an answer may still take effect.
    settle: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            installation: environment.installation(),
            root: environment.text("OUTPUT_PREFIX"),
            settle: SignedDuration::from_secs(i64::from(environment.number("SETTLE_SECONDS", 60, 0))),
        }
    }
}

/// The function's ports.
pub struct Publish<L, P> {
    pub ledger: L,
    pub ssm: P,
    pub settings: Settings,
}

impl<L: Connections + Publications, P: Parameters> Handler for Publish<L, P> {
    type Request = Value;
    type Answer = Value;

    async fn handle(&self, input: Value, now: Timestamp) -> Result<Value, Fault> {
        let started = Instant::now();
        match Request::read(&input)? {
            Request::One(id) => {
                let record = self.look(&id, &now.to_string(), started, now).await?;
                Ok(json!({"connection": id, "status": record.status, "parameters": record.parameters}))
            }
            Request::Changed(changed) => {
                let mut failed = PartialBatch::default();
                for (id, item_identifier) in changed {
                    if started.elapsed() > AT_MOST {
                        failed.batch_item_failures.push(ItemFailure { item_identifier });
                        break;
                    }
                    // Lambda gives a record again only when the run that had it is over: it goes on where that one stopped.
                    let Err(fault) = self.look(&id, &item_identifier, started, now).await else { continue };
                    told(&id, &fault, now);
                    // What can't be read wakes the function again when somebody mends it: the stream goes on.
                    if fault.name != FaultName::InvalidRequest {
                        failed.batch_item_failures.push(ItemFailure { item_identifier });
                    }
                }
                Ok(json!(failed))
            }
            Request::Sweep => {
                let (mut due, mut failing) = (0, 0);
                for id in self.ledger.unpublished().await? {
                    if started.elapsed() > AT_MOST {
                        break;
                    }
                    if self.ledger.outputs(&id).await?.is_none_or(|record| !record.is_due(now)) {
                        continue;
                    }
                    due += 1;
                    if let Err(fault) = self.look(&id, &now.to_string(), started, now).await {
                        failing += 1;
                        told(&id, &fault, now);
                    }
                }
                Ok(json!({"due": due, "failing": failing}))
            }
            Request::Look => self.look_at_all(started, now).await,
        }
    }
}

fn told(id: &ConnectionId, fault: &Fault, now: Timestamp) {
    tracing::warn!(fault = fault.name.as_str(), connection = %id, "{}", fault.message);
    count_fault(fault.name, now);
}

impl<L: Connections + Publications, P: Parameters> Publish<L, P> {
    /// Holds what is published against what SSM has: somebody may have changed or removed it. As far as there is time; the
    /// next round begins later in the list.
    async fn look_at_all(&self, started: Instant, now: Timestamp) -> Result<Value, Fault> {
        let mut ids = self.ledger.published().await?;
        ids.sort_unstable();
        let turn = usize::try_from(now.as_second() / 60).unwrap_or_default().saturating_mul(EACH_MINUTE);
        let first = turn.checked_rem(ids.len()).unwrap_or_default();
        ids.rotate_left(first);
        let (mut looked, mut differing, mut failing) = (0, 0, 0);
        for some in ids.chunks(MOST_VALUES) {
            if started.elapsed() > AT_MOST {
                break;
            }
            let mut records = Vec::with_capacity(some.len());
            for id in some {
                records.extend(self.ledger.outputs(id).await?);
            }
            let names: Vec<String> = records.iter().flat_map(OutputRecord::certain).cloned().collect();
            let mut values = BTreeMap::new();
            for names in names.chunks(MOST_VALUES) {
                values.extend(self.ssm.values(names).await?);
            }
            looked += some.len();
            for before in records {
                let id = before.connection.clone();
                let (record, because) = match before.differing(&values, now) {
                    Some(changed) => {
                        differing += 1;
                        tracing::warn!(connection = %id, "what was published was changed or removed by somebody");
                        (changed, CHANGED)
                    }
                    None if before.status == OutputStatus::Published => (before, MISSED),
                    None => continue,
                };
                if let Err(fault) = self.publish(&id, record, Some(because), &now.to_string(), started, now).await {
                    failing += 1;
                    told(&id, &fault, now);
                }
            }
        }
        let complete = looked == ids.len();
        Ok(json!({"looked_at": looked, "differing": differing, "failing": failing, "complete": complete}))
    }

    /// # Errors
    /// A transient fault if it has to be looked at again soon; what only a person can mend stands in the record.
    async fn look(
        &self,
        id: &ConnectionId,
        run: &str,
        started: Instant,
        now: Timestamp,
    ) -> Result<OutputRecord, Fault> {
        // The record first: whoever publishes something newer in between has written it by then, and this run finds out.
        let before = self.ledger.outputs(id).await?.unwrap_or_else(|| OutputRecord::new(id.clone(), now));
        self.publish(id, before, None, run, started, now).await
    }

    /// Makes what is published what it should be. `before` is the record, `because` why, if not for a change of the connection.
    async fn publish(
        &self,
        id: &ConnectionId,
        before: OutputRecord,
        because: Option<&str>,
        run: &str,
        started: Instant,
        now: Timestamp,
    ) -> Result<OutputRecord, Fault> {
        if let Some(holder) = before.held_by_another(run, now) {
            return Err(FaultName::LedgerConflict
                .because(format!("another run has the outputs of {id} until {} at most", holder.until)));
        }
        let connection = self.ledger.connection(id).await?;
        let work = outputs::work(connection.as_ref(), &before, &self.settings.root);
        for (_, _, fault) in &work.refused {
            told(id, fault, now);
        }
        if !work.calls() {
            let next = before.finished(&work, &BTreeMap::new(), now);
            if next == before {
                return Ok(before);
            }
            return self.save(next, now).await;
        }
        let begun = self.ledger.save_outputs(before.begun(&work, run, now), audit(&work, because, now)).await?;
        let (outcomes, again) =
            self.carry_out(&Task { id, before: &before, work: &work, started, now }, connection).await?;
        let next = OutputRecord { version: begun.version, ..before.finished(&work, &outcomes, now) };
        let saved = self.save(next, now).await?;
        again.map_or(Ok(saved), Err)
    }

    async fn save(&self, record: OutputRecord, now: Timestamp) -> Result<OutputRecord, Fault> {
        let what = record.summary();
        self.ledger.save_outputs(record, AuditEntry { at: now, by: "publish".to_owned(), execution: None, what }).await
    }

    /// Makes every call that there is time for: what became of each, and why it has to be looked at again soon.
    async fn carry_out(
        &self,
        task: &Task<'_>,
        connection: Option<Connection>,
    ) -> Result<(BTreeMap<String, Outcome>, Option<Fault>), Fault> {
        let installation = Environment::named(self.settings.installation.as_ref())?;
        let tags = outputs::tags(task.id, installation);
        let about = connection.map_or_else(String::new, |connection| about(&connection));
        let mut outcomes = BTreeMap::new();
        let mut again: Option<Fault> = None;
        // What is new first: an application that follows a path that moved finds one of the two at any time.
        let writes = task.work.writes.iter().map(Call::Write);
        for call in writes.chain(task.work.removals.iter().map(Call::Remove)) {
            if task.started.elapsed() > AT_MOST {
                let left = task.work.writes.len() + task.work.removals.len() - outcomes.len();
                again
                    .get_or_insert(FaultName::NotReady.because(format!("{left} parameters are left for the next run")));
                break;
            }
            let (name, done) = match call {
                Call::Write(write) => (&write.name, self.write(write, &about, &tags).await),
                Call::Remove(name) => (name, self.remove(name, &tags, task).await),
            };
            let outcome = done.unwrap_or_else(Outcome::Failed);
            if let Outcome::Failed(fault) = &outcome {
                if fault.class() == Class::Permanent {
                    told(task.id, fault, task.now);
                } else {
                    again.get_or_insert_with(|| fault.clone());
                }
            }
            let throttled = matches!(&outcome, Outcome::Failed(fault) if fault.name == FaultName::Throttled);
            outcomes.insert(name.clone(), outcome);
            if throttled {
                break;
            }
        }
        Ok((outcomes, again))
    }

    async fn write(&self, write: &Write, about: &str, tags: &BTreeMap<String, String>) -> Result<Outcome, Fault> {
        let Write { name, value, .. } = write;
        let written = Outcome::Written(identity::digest(value));
        if self.ssm.create(name, value, about, tags).await? {
            return Ok(written);
        }
        let Some(held) = self.ssm.parameter(name).await? else {
            // "After deleting a parameter, wait for at least 30 seconds to create a parameter with the same name." [botocore]
            return Err(FaultName::NotReady
                .because(format!("SSM says that {name} exists and does not show it: it was removed just now")));
        };
        outputs::owned(name, &held.tags, tags)?;
        if held.value != *value {
            self.ssm.overwrite(name, value).await?;
        }
        Ok(written)
    }

    async fn remove(&self, name: &str, tags: &BTreeMap<String, String>, task: &Task<'_>) -> Result<Outcome, Fault> {
        match self.ssm.parameter(name).await? {
            None => {
                // Nothing may be left behind by a call that nobody heard of and that takes effect after this look.
                let asked = task.before.parameters.get(name).and_then(|parameter| parameter.asked_at);
                if asked.is_some_and(|asked| task.now.duration_since(asked) < self.settings.settle) {
                    return Err(FaultName::NotReady.because(format!(
                        "{name} is not there, and a call that may still make it had no answer: it is looked for again"
                    )));
                }
            }
            Some(held) => match outputs::owned(name, &held.tags, tags) {
                Ok(()) => self.ssm.remove(name).await?,
                // It says what we wrote, so somebody took its tags off: that it stays is not to be left unsaid.
                Err(fault) if task.published(name) == Some(&identity::digest(&held.value)) => return Err(fault),
                Err(fault) => tracing::info!(connection = %task.id, "left alone: {}", fault.message),
            },
        }
        Ok(Outcome::Removed)
    }
}

/// What one look at one connection has to do.
struct Task<'a> {
    id: &'a ConnectionId,
    before: &'a OutputRecord,
    work: &'a Work,
    started: Instant,
    now: Timestamp,
}

impl Task<'_> {
    /// The digest of what a parameter was given for certain.
    fn published(&self, name: &str) -> Option<&String> {
        self.before.parameters.get(name)?.digest.as_ref()
    }
}

enum Call<'a> {
    Write(&'a Write),
    Remove(&'a String),
}

/// The description of a parameter, for whoever finds it in the console.
fn about(connection: &Connection) -> String {
    format!("Written by Drawbridge for {} from {}; do not change it by hand", connection.id, connection.target)
}

fn audit(work: &Work, because: Option<&str>, now: Timestamp) -> AuditEntry {
    let names = |names: Vec<&str>| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let writes = names(work.writes.iter().map(|write| write.name.as_str()).collect());
    let removals = names(work.removals.iter().map(String::as_str).collect());
    let because = because.map_or_else(String::new, |because| format!("{because}: "));
    let what = format!("{because}about to write {writes} and to remove {removals}");
    AuditEntry { at: now, by: "publish".to_owned(), execution: None, what }
}

#[cfg(test)]
mod tests;
