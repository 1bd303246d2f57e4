//! The names by which what is behind a connection is reached: which came, which went, which changed.

use std::collections::BTreeSet;

use super::standing::Look;
use super::{CHILDREN_MISSING, Observed};
use crate::connection::{Connection, Made};
use crate::fault::FaultName;
use crate::grace;
use crate::ids::{ResourceArn, Service};
use crate::network::Association;
use crate::observation::{self, Branch};
use crate::reach::{Database, DnsName};
use crate::subscription::{Kind, Subscription};

/// Whether rows of EC2's say what is behind it.
#[must_use]
pub fn has_rows(record: &Connection) -> bool {
    matches!(record.made, Some(Made::Endpoint(_)))
        && matches!(record.kind, Kind::ResourceEndpoint | Kind::ServiceNetworkEndpoint)
}

/// The rows of an association that lead somewhere: a GROUP's own row stands beside those of its children.
#[must_use]
pub fn association_rows(own: &Association, rows: Vec<Association>) -> Vec<Branch> {
    let children = rows.iter().any(|row| row.id != own.id);
    let mut leading: Vec<_> = rows.into_iter().filter(|row| !children || row.id != own.id).collect();
    // The list may lag behind the answer for the one.
    if leading.is_empty() {
        leading.push(own.clone());
    }
    observation::association_branches(leading)
}

/// The resources that can be used and that the record does not know: to name them, their configurations are read.
#[must_use]
pub fn unknown_children(record: &Connection, rows: &[Branch]) -> Vec<ResourceArn> {
    let known: BTreeSet<&str> = record.databases.iter().map(|database| database.resource.as_str()).collect();
    let unknown = rows.iter().filter(|row| row.accessible && !known.contains(row.resource.id()));
    unknown.map(|row| row.resource.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

impl Look {
    /// The names of an interface endpoint are in the endpoint itself.
    pub(super) fn service_names(&mut self, service: &Service, dns: Vec<DnsName>, subscription: Option<&Subscription>) {
        let seen = observation::service_reached(service, dns, subscription);
        let databases = match self.next.databases.first() {
            Some(known) if same_names(&known.dns, &seen.dns) => return,
            Some(known) => vec![Database { dns: seen.dns, ..known.clone() }],
            None => vec![seen],
        };
        self.rename(databases, &[format!("other names of {service}")]);
    }

    /// A row per child, against the names in the record.
    pub(super) fn children(&mut self, rows: &[Branch], observed: &Observed<'_>) {
        let mut rows: Vec<&Branch> = rows.iter().collect();
        rows.sort_by(|a, b| a.resource.cmp(&b.resource));
        rows.dedup_by(|a, b| a.resource == b.resource);
        let row_of = |database: &Database| rows.iter().find(|row| row.resource.id() == database.resource);
        let known = std::mem::take(&mut self.next.databases);
        let missing: Vec<String> =
            known.iter().filter(|database| row_of(database).is_none()).map(|d| d.resource.clone()).collect();
        // Where nothing is shown at all the names stay: nobody learns anything by their going.
        let gone = rows.iter().any(|row| row.accessible) && self.is_gone_for_long(&missing);
        let (mut databases, mut what) = (Vec::new(), Vec::new());
        for database in &known {
            match row_of(database) {
                None if gone => what.push(format!("{} is gone", name_of(database))),
                Some(row) if row.accessible && !same_names(&database.dns, &row.dns) => {
                    what.push(format!("{} has other names", name_of(database)));
                    databases.push(Database { dns: row.dns.clone(), ..database.clone() });
                }
                _ => databases.push(database.clone()),
            }
        }
        for row in rows.iter().filter(|row| row.accessible && !known.iter().any(|d| d.resource == row.resource.id())) {
            let not_read = FaultName::NotReady.because("its configuration was not read");
            let configuration = observed.configurations.get(&row.resource);
            let configuration = configuration.map_or(Err(&not_read), |read| read.as_ref());
            let database = observation::database((*row).clone(), configuration, observed.subscription);
            what.push(format!("{} is new", name_of(&database)));
            databases.push(database);
        }
        let failed = rows
            .iter()
            .filter_map(|row| Some(format!("{} failed: {}", row.resource.id(), row.failed.as_ref()?)))
            .collect::<Vec<_>>();
        if what.is_empty() {
            self.next.databases = databases;
        } else {
            databases.sort_by(|a, b| (&a.name, &a.resource).cmp(&(&b.name, &b.resource)));
            self.rename(databases, &what);
        }
        let missing = if gone { Vec::new() } else { missing };
        if !missing.is_empty() || !failed.is_empty() {
            let absent = missing.iter().map(|id| format!("{id} is not shown"));
            let seen = absent.chain(failed).collect::<Vec<_>>().join("; ");
            let needed = "what was there before; what is not shown at a second look, 5 minutes or more after the first, \
                          is taken out of the names, unless nothing else is left";
            self.find(CHILDREN_MISSING, seen, needed, "ask the provider whether it removed it".to_owned());
        }
        self.miss(missing);
    }

    /// Names that changed are a new version of them.
    fn rename(&mut self, databases: Vec<Database>, what: &[String]) {
        self.next.databases = databases;
        self.next.names_version += 1;
        self.next.names_since = Some(self.now);
        let what = format!("version {} of the names: {}", self.next.names_version, what.join("; "));
        self.next.why = format!("{} can be used; {what}", self.next.databases.len());
        // In its grace period it says until when.
        grace::tell(&mut self.next);
        self.what.push(what);
    }
}

/// A list has no order that AWS promises.
fn same_names(known: &[DnsName], seen: &[DnsName]) -> bool {
    let names =
        |names: &[DnsName]| -> BTreeSet<_> { names.iter().map(|dns| (dns.scope.as_str(), dns.name.clone())).collect() };
    names(known) == names(seen)
}

fn name_of(database: &Database) -> &str {
    database.name.as_deref().unwrap_or(&database.resource)
}
