//! What was published for a connection.

use drawbridge_domain::Fault;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::outputs::{OutputRecord, OutputStatus};
use drawbridge_domain::ports::{AuditEntry, Publications};

use crate::codec::decode;
use crate::{Ledger, Subject, keys};

impl Publications for Ledger {
    async fn outputs(&self, id: &ConnectionId) -> Result<Option<OutputRecord>, Fault> {
        self.item(&Subject::Outputs(id.clone()).pk(), keys::OUTPUT).await?.map(decode).transpose()
    }

    async fn save_outputs(&self, record: OutputRecord, audit: AuditEntry) -> Result<OutputRecord, Fault> {
        self.save(record, audit).await
    }

    async fn unpublished(&self) -> Result<Vec<ConnectionId>, Fault> {
        self.attention(&[OutputStatus::Unpublished.as_str()], keys::output_of).await
    }

    async fn published(&self) -> Result<Vec<ConnectionId>, Fault> {
        self.attention(&[OutputStatus::Published.as_str()], keys::output_of).await
    }
}
