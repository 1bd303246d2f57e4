//! `drawbridge plan FILE`

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::adjust;
use drawbridge_domain::claims::{self, Known};
use drawbridge_domain::connection::{PlannedCall, PlannedGroup};
use drawbridge_domain::forecast::{self, Cost, Gathered, Step, Total};
use drawbridge_domain::identity::Home;
use drawbridge_domain::ids::{Installation, ResourceShareArn, VpcId};
use drawbridge_domain::look::Ports;
use drawbridge_domain::ports::{FindShares as _, Senders as _, Subscriptions as _, VpcAssociations as _};
use drawbridge_domain::preflight::{self, Finding, Preflight};
use drawbridge_domain::share::{InvitationStatus, ShareRecord};
use drawbridge_domain::subscription::{Kind, Subscription, TargetKey};
use drawbridge_domain::{Class, Fault, FaultName, facts, offers, verdict};
use drawbridge_ec2::Ec2;
use drawbridge_lattice::Lattice;
use drawbridge_ledger::{Ledger, Listing};
use drawbridge_quotas::ServiceQuotas;
use drawbridge_ram::Ram;
use drawbridge_route53::Route53;
use jiff::Timestamp;

use super::{Done, json, read};
use crate::args::{Document, Table};
use crate::failure::Failure;
use crate::render::{self, Screen};

/// A connection, with what AWS says of it.
#[derive(Debug)]
pub struct Looked {
    pub step: Step,
    pub findings: Vec<Finding>,
    /// The call that would make it, if it is to be made and nothing stands against it.
    pub call: Option<PlannedCall>,
    /// The security group of its own that would be made before.
    pub group: Option<PlannedGroup>,
    pub cost: Cost,
}

impl Looked {
    /// Whether it would fail.
    pub fn fails(&self) -> bool {
        self.step.is_made() && self.step.applied && forecast::stops(&self.findings)
    }
}

/// How the subscription stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    New,
    Changed,
    Same,
}

/// Everything that is said.
#[derive(Debug)]
pub struct Outlook {
    pub subscription: Subscription,
    pub standing: Standing,
    pub home: Home,
    pub shares: Vec<forecast::ShareForecast>,
    pub connections: Vec<Looked>,
    /// What its connections cost as they are.
    pub before: Total,
    /// What they would cost, those that would fail left out.
    pub after: Total,
    /// What nobody looked at, each a sentence.
    pub not_looked_at: Vec<String>,
}

/// Reads the document before it looks for credentials: a problem in it needs none.
pub async fn run(
    table: &Table,
    document: &Document,
    installation: &Installation,
    as_json: bool,
    now: Timestamp,
    screen: &Screen,
) -> Result<Done, Failure> {
    let (subscription, _) = read(document).map_err(|failure| match failure {
        Failure::Refused(words) => Failure::Invalid(words),
        other => other,
    })?;
    let table = table.name()?;
    let sdk = drawbridge_sdk::config_with_profiles().await;
    let account = Account {
        ram: Ram::new(&sdk),
        lattice: Lattice::new(&sdk),
        ec2: Ec2::new(&sdk),
        route53: Route53::new(&sdk),
        quotas: ServiceQuotas::new(&sdk),
        ledger: Ledger::new(&sdk, table),
    };
    let (outlook, notes) = Box::pin(account.outlook(subscription, installation, now)).await?;
    let mut done =
        if as_json { json(&render::outlook_document(&outlook))? } else { render::outlook(&outlook, screen).into() };
    done.notes = notes;
    done.code = u8::from(outlook.connections.iter().any(Looked::fails));
    Ok(done)
}

/// The account that is looked at.
struct Account {
    ram: Ram,
    lattice: Lattice,
    ec2: Ec2,
    route53: Route53,
    quotas: ServiceQuotas,
    ledger: Ledger,
}

impl Account {
    async fn outlook(
        &self,
        subscription: Subscription,
        installation: &Installation,
        now: Timestamp,
    ) -> Result<(Outlook, Vec<String>), Failure> {
        let home = self.ledger.home(installation).await?;
        let (before, unreadable) = self.ledger.subscriptions().await?;
        let mut after: Vec<Subscription> = before.iter().filter(|s| s.name != subscription.name).cloned().collect();
        let standing = match before.iter().find(|known| known.name == subscription.name) {
            None => Standing::New,
            Some(known) if *known == subscription => Standing::Same,
            Some(_) => Standing::Changed,
        };
        after.push(subscription.clone());
        let unreadable: BTreeSet<String> = unreadable
            .into_iter()
            .map(|unreadable| unreadable.name)
            .filter(|name| name != subscription.name.as_str())
            .collect();
        let Listing { shares, connections, unreadable: items } = self.ledger.list().await?;
        let notes = items.iter().map(|fault| format!("left out: {}", fault.message)).collect();

        let (gathered, mut not_looked_at) = self.gathered(&shares, &after).await?;
        let known = Known { subscriptions: &after, unreadable: &unreadable, home: &home };
        let told = forecast::forecast(&subscription.name, known, &before, &gathered, &connections, &shares, now);
        let mut looked = Vec::new();
        let mut networks = BTreeMap::new();
        for step in told.steps {
            looked.push(self.look(step, known, &mut networks).await?);
        }
        not_looked_at.extend(beyond(&looked));
        let (mut total_before, mut total_after) = (Total::default(), Total::default());
        for connection in &looked {
            let held = connections.iter().any(|record| record.id == connection.step.connection.id && record.is_held());
            if connection.step.status.is_some_and(stands) && !held {
                total_before.add(&cost_before(connection, &connections, &home));
            }
            if connection.step.action != forecast::Action::Close
                && !forecast::stops(&connection.findings)
                && stands(connection.step.connection.status)
                && !connection.step.connection.is_held()
            {
                total_after.add(&connection.cost);
            }
        }
        let outlook = Outlook {
            subscription,
            standing,
            home,
            shares: told.shares,
            connections: looked,
            before: total_before,
            after: total_after,
            not_looked_at,
        };
        Ok((outlook, notes))
    }

    /// Every share that can be answered or used, and what of it could not be looked into.
    async fn gathered(
        &self,
        records: &[ShareRecord],
        subscriptions: &[Subscription],
    ) -> Result<(Vec<Gathered>, Vec<String>), Fault> {
        let invitations = self.ram.invitations().await?;
        let pending = invitations.into_iter().filter(|i| i.status == InvitationStatus::Pending).map(|i| i.share);
        let visible = self.ram.visible_shares().await?.into_iter().filter(|share| share.active).map(|share| share.arn);
        let all: BTreeSet<ResourceShareArn> = pending.chain(visible).collect();
        let (mut gathered, mut unknown) = (Vec::new(), Vec::new());
        for arn in &all {
            let facts = match facts::gather(&self.ram, arn).await {
                Ok(facts) => facts,
                // It may have gone since, or RAM does not show all of it yet.
                Err(fault) if matches!(fault.name, FaultName::NotReady | FaultName::ShareNotFound) => {
                    unknown.push(fault.message);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let (offers, left_out) = offers::of(&self.lattice, &facts).await?;
            let record: Option<ShareRecord> = records.iter().find(|record| record.arn == *arn).cloned();
            let known = self.ledger.approved_for(&facts.sender).await?;
            let approved = verdict::approved(record.as_ref(), known, subscriptions);
            gathered.push(Gathered { facts, record, offers, left_out, approved });
        }
        Ok((gathered, unknown))
    }

    /// What AWS says of a step: preflight of whatever is to be made, as `open` runs it.
    async fn look(
        &self,
        step: Step,
        known: Known<'_>,
        networks: &mut BTreeMap<VpcId, Option<Vec<drawbridge_domain::ids::ResourceArn>>>,
    ) -> Result<Looked, Fault> {
        let connection = &step.connection;
        let mut findings: Vec<Finding> =
            connection.findings.iter().filter(|finding| claims::outlives_preflight(finding)).cloned().collect();
        // As it will be when what is changed in place is changed: an interface endpoint costs by its zones.
        let changed = adjust::wanted(connection, known).map(|change| change.plan);
        let mut call = changed.or_else(|| connection.plan.clone()).map(|plan| plan.call);
        let mut group = None;
        if step.is_made() {
            let preflight = self.preflight(&step, known).await?;
            findings.extend(preflight.findings);
            call = preflight.call;
            group = preflight.group;
            if let (Kind::ServiceNetworkEndpoint, TargetKey::Vpc(vpc), Some(arn)) =
                (connection.kind, &connection.target, connection.resource.arn())
            {
                let associated = self.associated(vpc, networks).await?;
                findings.extend(preflight::second_network(vpc, arn, &associated));
            }
        }
        let region = known.home.region.as_str();
        let cost = forecast::cost(connection, call.as_ref().and_then(PlannedCall::zones), region);
        // What stands was made by a call that stands in its record: it is told only where it is new.
        let call = call.filter(|_| step.is_made());
        Ok(Looked { step, findings, call, group, cost })
    }

    async fn preflight(&self, step: &Step, known: Known<'_>) -> Result<Preflight, Fault> {
        let connection = &step.connection;
        match claims::settings_that_hold(connection, known.subscriptions, known.home) {
            Ok((subscription, settings)) => {
                let ports =
                    Ports { ec2: &self.ec2, lattice: &self.lattice, route53: &self.route53, quotas: &self.quotas };
                ports.preflight(connection, subscription, settings, known.home).await
            }
            Err(fault) => Ok(Preflight { findings: vec![of_fault(&fault)], call: None, group: None }),
        }
    }

    /// The service networks of a VPC; none are told where looking is denied.
    async fn associated(
        &self,
        vpc: &VpcId,
        known: &mut BTreeMap<VpcId, Option<Vec<drawbridge_domain::ids::ResourceArn>>>,
    ) -> Result<Vec<drawbridge_domain::ids::ResourceArn>, Fault> {
        if !known.contains_key(vpc) {
            let found = match self.lattice.service_networks_of(vpc).await {
                Ok(found) => Some(found),
                Err(fault) if fault.class() == Class::Transient => return Err(fault),
                Err(_) => None,
            };
            known.insert(vpc.clone(), found);
        }
        Ok(known.get(vpc).cloned().flatten().unwrap_or_default())
    }
}

/// A fault of the run that would make it, as a finding.
fn of_fault(fault: &Fault) -> Finding {
    Finding {
        severity: preflight::Severity::Error,
        code: fault.name.as_str().to_owned(),
        seen: fault.message.clone(),
        needed: "a subscription whose settings hold".to_owned(),
        way_out: fault.name.remedy().to_owned(),
    }
}

/// Whether something of it may stand, and cost.
const fn stands(status: drawbridge_domain::connection::Status) -> bool {
    use drawbridge_domain::connection::Status;
    !matches!(status, Status::Failed | Status::Closed)
}

/// Whether AWS makes hosted zones with it.
const fn has_private_dns(call: &PlannedCall) -> bool {
    match call {
        PlannedCall::ResourceEndpoint { private_dns, .. } | PlannedCall::ServiceNetworkEndpoint { private_dns, .. } => {
            private_dns.enabled
        }
        PlannedCall::InterfaceEndpoint { private_dns, .. } => *private_dns,
        PlannedCall::ServiceNetworkResource { .. } | PlannedCall::GatewayEndpoint { .. } => false,
    }
}

/// What it costs as it is, by the call in its record.
fn cost_before(looked: &Looked, records: &[drawbridge_domain::connection::Connection], home: &Home) -> Cost {
    let connection = &looked.step.connection;
    let record = records.iter().find(|record| record.id == connection.id);
    let zones = record.and_then(|record| record.plan.as_ref()).and_then(|plan| plan.call.zones());
    forecast::cost(connection, zones, home.region.as_str())
}

/// What stays unknown of what would be made.
fn beyond(connections: &[Looked]) -> Vec<String> {
    let made = |kinds: &[Kind]| connections.iter().any(|c| c.step.is_made() && kinds.contains(&c.step.connection.kind));
    let mut unknown = Vec::new();
    let answers = |kind: Kind| {
        connections.iter().any(|c| c.step.connection.kind == kind && c.call.as_ref().is_some_and(has_private_dns))
    };
    if answers(Kind::ResourceEndpoint) || answers(Kind::ServiceNetworkEndpoint) {
        unknown.push(
            "private names that this account is not shown, of a GROUP's children, of what a service network holds, or where \
             the provider denies reading its configuration: another endpoint or a private hosted zone of the VPC may have one"
                .to_owned(),
        );
    }
    if answers(Kind::ResourceEndpoint) || answers(Kind::ServiceNetworkEndpoint) || answers(Kind::InterfaceEndpoint) {
        unknown.push("private hosted zones that a Route 53 Profile brings to the VPC".to_owned());
    }
    if made(&[Kind::ResourceEndpoint]) {
        unknown.push(
            "the zones of the provider's resource gateway, which only the provider sees: at least one subnet must be in \
             one of them"
                .to_owned(),
        );
        unknown.push(
            "whether AWS charges for a GROUP once, or for each of its children: the cost counts it once".to_owned(),
        );
    }
    unknown
}
