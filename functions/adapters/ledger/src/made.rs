//! Connections by what was made for them, and where reconcile stands.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::inventory::{FindMade, Rounds};
use drawbridge_domain::truth::Round;
use drawbridge_domain::{Fault, FaultName};

use crate::codec::{Item, decode, text, text_of, to_item};
use crate::{BY_MADE, Ledger, keys};

/// The most items of one `BatchGetItem`. [AWS:amazondynamodb/latest/APIReference]
const BATCH: usize = 100;
/// How often what a batch left out for want of capacity is asked for again.
const TRIES: usize = 5;

impl FindMade for Ledger {
    async fn everything_made(&self) -> Result<Vec<(String, ConnectionId)>, Fault> {
        // Of the index, which has the keys of those for which something is made and nothing else: two calls for 5,000.
        let items = self.scan(self.client.scan().index_name(BY_MADE)).await?;
        Ok(items.iter().filter_map(found).collect())
    }

    async fn made_as(&self, id: &str) -> Result<Vec<ConnectionId>, Fault> {
        let items = self.index(BY_MADE, keys::MADE_KEY, id).await?;
        Ok(items.iter().filter_map(found).map(|(_, connection)| connection).collect())
    }

    async fn connections_of_ids(&self, ids: &[ConnectionId]) -> Result<Vec<Connection>, Fault> {
        let mut read = Vec::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            let items = self.batch(ids).await?.into_iter();
            read.extend(items.filter_map(|i| decode(i).inspect_err(|fault| tracing::warn!(%fault, "left out")).ok()));
        }
        Ok(read)
    }
}

fn found(item: &Item) -> Option<(String, ConnectionId)> {
    Some((text_of(item, keys::MADE_KEY)?.to_owned(), text_of(item, "pk").and_then(keys::connection_of)?))
}

impl Ledger {
    async fn batch(&self, ids: &[ConnectionId]) -> Result<Vec<Item>, Fault> {
        let key = |id| {
            HashMap::from([("pk".to_owned(), text(keys::connection_pk(id))), ("sk".to_owned(), text(keys::CONNECTION))])
        };
        let mut left: Vec<_> = ids.iter().map(key).collect();
        let mut items = Vec::with_capacity(left.len());
        for _ in 0..TRIES {
            let asked = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let asked = asked.map_err(|error| FaultName::InvalidRequest.because(error.to_string()))?;
            let answer = self.client.batch_get_item().request_items(&self.table, asked).send().await;
            let mut answer = answer.map_err(|error| drawbridge_sdk::fault("dynamodb:BatchGetItem", error))?;
            items.extend(answer.responses.take().unwrap_or_default().remove(&self.table).unwrap_or_default());
            let rest = answer.unprocessed_keys.take().unwrap_or_default().remove(&self.table);
            left = rest.map(|rest| rest.keys).unwrap_or_default();
            if left.is_empty() {
                return Ok(items);
            }
        }
        Err(FaultName::Throttled.because(format!("dynamodb:BatchGetItem left {} items out, {TRIES} times", left.len())))
    }
}

impl Rounds for Ledger {
    async fn round(&self) -> Result<Option<Round>, Fault> {
        self.item(keys::RECONCILE, keys::ROUND).await?.map(decode).transpose()
    }

    async fn save_round(&self, mut round: Round) -> Result<Round, Fault> {
        let from = round.version;
        round.version += 1;
        let mut item = to_item(keys::RECONCILE, &round)?;
        item.insert("pk".to_owned(), text(keys::RECONCILE));
        item.insert("sk".to_owned(), text(keys::ROUND));
        if self.put(keys::RECONCILE, item, from).await? {
            return Ok(round);
        }
        Err(FaultName::LedgerConflict.because("another run of reconcile has the round"))
    }
}
