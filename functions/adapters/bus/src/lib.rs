//! The event bus: publishes announcements, and says of each whether it was taken.

use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use drawbridge_domain::announcement::{self, Announcement};
use drawbridge_domain::ports::Announce;
use drawbridge_domain::{Fault, FaultName};

const ACTION: &str = "events:PutEvents";
/// Entries in one request. [botocore: `PutEventsRequestEntryList`]
const MOST_ENTRIES: usize = 10;
/// Bytes in one request. AWS takes a megabyte by now and took 256 KiB for years: what is below the
/// older limit is taken everywhere.
const MOST_BYTES: usize = 256 * 1024 - 1;

/// One event bus.
#[derive(Debug, Clone)]
pub struct Bus {
    client: aws_sdk_eventbridge::Client,
    name: String,
}

impl Bus {
    /// The bus of this name (or ARN).
    #[must_use]
    pub fn new(sdk: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        Self { client: aws_sdk_eventbridge::Client::new(sdk), name: name.into() }
    }

    fn entry(&self, announcement: &Announcement) -> Result<PutEventsRequestEntry, Fault> {
        let about = announcement.about();
        let detail = serde_json::to_string(announcement).map_err(|error| {
            FaultName::InvalidRequest.because(format!("the announcement of {about} has no JSON: {error}"))
        })?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(announcement::SOURCE)
            .detail_type(announcement.detail_type())
            .time(DateTime::from_secs(announcement.at().as_second()))
            .set_resources(Some(announcement.resources()))
            .detail(detail)
            .build();
        let size = size(&entry);
        if size > MOST_BYTES {
            return Err(FaultName::InvalidRequest.because(format!(
                "the announcement of {about} has {size} bytes, the bus takes at most {MOST_BYTES}: read it in the ledger"
            )));
        }
        Ok(entry)
    }

    /// The answers to a batch, in its order.
    async fn put(&self, batch: Vec<PutEventsRequestEntry>) -> Vec<Result<(), Fault>> {
        let sent = batch.len();
        match self.client.put_events().set_entries(Some(batch)).send().await {
            Ok(answer) => {
                let mut taken: Vec<_> = answer.entries().iter().take(sent).map(taken).collect();
                // An entry without an answer may have been lost; announcing it again does no harm.
                taken.resize_with(sent, || {
                    Err(FaultName::ServiceUnavailable
                        .because(format!("{ACTION} answered {} of {sent} entries", answer.entries().len())))
                });
                taken
            }
            Err(error) => {
                let fault = drawbridge_sdk::fault(ACTION, error);
                (0..sent).map(|_| Err(fault.clone())).collect()
            }
        }
    }
}

impl Announce for Bus {
    /// Entries that cannot be sent do not keep the others from being sent, and a batch that fails
    /// does not take back the one before it: every fault is its entry's own.
    async fn announce(&self, announcements: &[Announcement]) -> Result<Vec<Result<(), Fault>>, Fault> {
        let mut answers: Vec<Result<(), Fault>> = Vec::with_capacity(announcements.len());
        let mut entries = Vec::with_capacity(announcements.len());
        for (index, announcement) in announcements.iter().enumerate() {
            match self.entry(announcement) {
                Ok(entry) => {
                    entries.push((index, entry));
                    answers.push(Ok(()));
                }
                Err(fault) => answers.push(Err(fault)),
            }
        }
        for batch in batches(entries) {
            let (indexes, entries): (Vec<usize>, Vec<_>) = batch.into_iter().unzip();
            for (index, answer) in indexes.into_iter().zip(self.put(entries).await) {
                answers[index] = answer;
            }
        }
        Ok(answers)
    }
}

/// Splits the entries, in order, into requests that the bus takes.
fn batches(entries: Vec<(usize, PutEventsRequestEntry)>) -> Vec<Vec<(usize, PutEventsRequestEntry)>> {
    let mut batches: Vec<Vec<_>> = Vec::new();
    let mut bytes = 0;
    for (index, entry) in entries {
        let size = size(&entry);
        match batches.last_mut() {
            Some(batch) if batch.len() < MOST_ENTRIES && bytes + size <= MOST_BYTES => {
                bytes += size;
                batch.push((index, entry));
            }
            _ => {
                bytes = size;
                batches.push(vec![(index, entry)]);
            }
        }
    }
    batches
}

/// As the bus counts. [AWS:eventbridge/userguide/eb-putevent-size]
fn size(entry: &PutEventsRequestEntry) -> usize {
    let text = |text: Option<&str>| text.map_or(0, str::len);
    let time = entry.time().map_or(0, |_| 14);
    time + text(entry.source())
        + text(entry.detail_type())
        + text(entry.detail())
        + entry.resources().iter().map(String::len).sum::<usize>()
}

/// What the bus says of one entry inside a 200.
fn taken(entry: &PutEventsResultEntry) -> Result<(), Fault> {
    let Some(code) = entry.error_code() else { return Ok(()) };
    let fault = drawbridge_sdk::answered(ACTION, Some(code), entry.error_message(), None);
    // NotAuthorizedForSourceException, NotAuthorizedForDetailTypeException
    let name = if code.starts_with("NotAuthorizedFor") { FaultName::AccessDenied } else { fault.name };
    Err(Fault { name, ..fault })
}
