//! Identity: doing it twice is doing it once.
//!
//! Names are derived from what a thing *is*, so whoever asks for the same thing, at any time and
//! after any crash, asks under the same name.

use sha2::{Digest as _, Sha256};

use crate::fault::{Fault, FaultName};
use crate::ids::{AccountId, ConnectionId, Installation, Region, ResourceShareArn};
use crate::resource::Resource;
use crate::subscription::{Kind, TargetKey};

/// What the keys of Drawbridge's own tags begin with; a subscription may not give such.
pub const OWN_TAGS: &str = "drawbridge:";

/// Where this installation of Drawbridge runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The installation's name; part of every id and tag.
    pub installation: Installation,
    /// The account that is connected.
    pub account: AccountId,
    /// The Region; VPC Lattice resources and RAM shares are Regional.
    pub region: Region,
    /// AWS's partition, `aws` nearly everywhere; in ARNs, and in no id.
    pub partition: String,
}

impl Home {
    /// The home of an installation whose state machines run under this execution's ARN
    /// (`arn:<partition>:states:<region>:<account>:execution:<machine>:<name>`).
    ///
    /// # Errors
    /// `UndecodableInput` if that is no execution's ARN.
    pub fn of_execution(installation: &Installation, execution: &str) -> Result<Self, Fault> {
        Self::of_arn(installation, execution, "states", |kind| kind == "execution").ok_or_else(|| {
            FaultName::UndecodableInput.because(format!("`{execution}` is not the ARN of a Step Functions execution"))
        })
    }

    /// The home of an installation that has this state machine
    /// (`arn:<partition>:states:<region>:<account>:stateMachine:<machine>`).
    ///
    /// # Errors
    /// `InvalidConfiguration` if that is no state machine's ARN.
    pub fn of_machine(installation: &Installation, machine: &str) -> Result<Self, Fault> {
        Self::of_arn(installation, machine, "states", |kind| kind == "stateMachine").ok_or_else(|| {
            FaultName::InvalidConfiguration.because(format!("`{machine}` is not the ARN of a state machine"))
        })
    }

    /// The home of an installation whose ledger is this table
    /// (`arn:<partition>:dynamodb:<region>:<account>:table/<name>`).
    ///
    /// # Errors
    /// `InvalidConfiguration` if that is no table's ARN.
    pub fn of_table(installation: &Installation, table: &str) -> Result<Self, Fault> {
        Self::of_arn(installation, table, "dynamodb", |kind| kind.starts_with("table/"))
            .ok_or_else(|| FaultName::InvalidConfiguration.because(format!("`{table}` is not the ARN of a table")))
    }

    fn of_arn(installation: &Installation, arn: &str, of: &str, is: fn(&str) -> bool) -> Option<Self> {
        let mut parts = arn.split(':').skip(1);
        let partition = parts.next()?.to_owned();
        match (parts.next()?, parts.next()?, parts.next()?, parts.next()?) {
            (service, region, account, kind) if service == of && is(kind) => Some(Self {
                installation: installation.clone(),
                account: AccountId::parse(account).ok()?,
                region: Region::parse(region).ok()?,
                partition,
            }),
            _ => None,
        }
    }
}

/// The tag that says which connection a thing belongs to.
pub const TAG_CONNECTION: &str = "drawbridge:connection";
/// The tag that says which generation of it; its value is the client token.
pub const TAG_OWNER: &str = "drawbridge:owner";
/// The tag that says which installation made it.
pub const TAG_INSTALLATION: &str = "drawbridge:installation";

/// 128 bits of SHA-256 over the parts, as 32 hexadecimal digits. Parts are separated by NUL, which
/// occurs in none of them, so no two lists of parts give the same input.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(first))
}

/// A digest of any serialisable value: equal values, equal digests.
#[must_use]
pub fn digest(value: &impl serde::Serialize) -> String {
    // Plain data with text keys always serialises; should it ever not, the empty digest differs
    // from every other and only makes Drawbridge look again.
    hash(&[&serde_json::to_string(value).unwrap_or_default()])
}

/// `share-` and 32 hexadecimal digits: a share's ARN, short enough for a name.
#[must_use]
pub fn share_key(share: &ResourceShareArn) -> String {
    format!("share-{}", hash(&[share.as_str()]))
}

/// The name of an onboarding execution: at most 80 characters, as Step Functions allows.
#[must_use]
pub fn onboard_execution(share: &ResourceShareArn, attempt: u32) -> String {
    format!("{}-a{attempt}", share_key(share))
}

/// The id of the connection of `resource` to `target`.
#[must_use]
pub fn connection_id(home: &Home, kind: Kind, resource: &Resource, target: &TargetKey) -> ConnectionId {
    let hash = hash(&[
        home.installation.as_str(),
        home.account.as_str(),
        home.region.as_str(),
        kind.as_str(),
        resource.as_str(),
        &target.to_string(),
    ]);
    match ConnectionId::parse(format!("conn-{hash}")) {
        Ok(id) => id,
        Err(never) => unreachable!("32 hexadecimal digits make an id: {never}"),
    }
}

/// The client token and owner tag of one generation: at most 64 ASCII characters, as EC2 and VPC
/// Lattice allow.
#[must_use]
pub fn owner_token(connection: &ConnectionId, generation: u32) -> String {
    format!("{connection}-g{generation}")
}

/// The name of a connect execution: at most 80 characters, as Step Functions allows.
#[must_use]
pub fn connect_execution(connection: &ConnectionId, generation: u32, attempt: u32) -> String {
    format!("{connection}-g{generation}-a{attempt}")
}

/// The ARN that an execution of `machine` by this name has.
#[must_use]
pub fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{ResourceArn, ServiceNetworkId, VpcId};
    use proptest::prelude::*;

    fn home() -> Home {
        Home {
            installation: Installation::parse("drawbridge").unwrap(),
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            partition: "aws".to_owned(),
        }
    }

    fn resource(id: &str) -> Resource {
        let arn = format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/{id}");
        ResourceArn::parse(arn).unwrap().into()
    }

    /// The id of what a share brings.
    fn connection_id(home: &Home, resource: &Resource, target: &TargetKey) -> ConnectionId {
        let kind = match target {
            TargetKey::Vpc(_) => Kind::ResourceEndpoint,
            TargetKey::ServiceNetwork(_) => Kind::ServiceNetworkResource,
        };
        super::connection_id(home, kind, resource, target)
    }

    #[test]
    fn an_id_follows_from_what_the_connection_is() {
        let vpc = TargetKey::Vpc(VpcId::parse("vpc-0a").unwrap());
        let network = TargetKey::ServiceNetwork(ServiceNetworkId::parse("sn-0a").unwrap());
        let id = connection_id(&home(), &resource("rcfg-1"), &vpc);
        assert_eq!(id, connection_id(&home(), &resource("rcfg-1"), &vpc));
        assert_ne!(id, connection_id(&home(), &resource("rcfg-2"), &vpc));
        assert_ne!(id, connection_id(&home(), &resource("rcfg-1"), &network));
        let elsewhere = Home { region: Region::parse("eu-west-1").unwrap(), ..home() };
        assert_ne!(id, connection_id(&elsewhere, &resource("rcfg-1"), &vpc));
    }

    /// Whatever was made or started before an upgrade must be found after it: these values stay.
    #[test]
    fn ids_and_names_are_for_ever() {
        let vpc = TargetKey::Vpc(VpcId::parse("vpc-0a").unwrap());
        let id = connection_id(&home(), &resource("rcfg-1"), &vpc);
        assert_eq!(id.as_str(), "conn-b0ffa37ef2a8c95050c4c278ab7d7141");
        let network = TargetKey::ServiceNetwork(ServiceNetworkId::parse("sn-0a").unwrap());
        let id_to_network = connection_id(&home(), &resource("rcfg-1"), &network);
        assert_eq!(id_to_network.as_str(), "conn-4f9c55545d1ad57683937f20d36a4c9a");
        assert_eq!(owner_token(&id, 2), format!("{id}-g2"));
        assert_eq!(connect_execution(&id, 2, 3), format!("{id}-g2-a3"));
        let share = ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/x").unwrap();
        assert_eq!(onboard_execution(&share, 3), "share-879b76d7c7b8da5123429318cf0ac334-a3");
    }

    #[test]
    fn every_part_of_a_connection_is_in_its_id() {
        let vpc = |id| TargetKey::Vpc(VpcId::parse(id).unwrap());
        let ids = [
            connection_id(&home(), &resource("rcfg-1"), &vpc("vpc-0a")),
            connection_id(&home(), &resource("rcfg-1"), &vpc("vpc-0b")),
            connection_id(&home(), &resource("rcfg-2"), &vpc("vpc-0a")),
            connection_id(
                &Home { account: AccountId::parse("111122224444").unwrap(), ..home() },
                &resource("rcfg-1"),
                &vpc("vpc-0a"),
            ),
            connection_id(
                &Home { installation: Installation::parse("other").unwrap(), ..home() },
                &resource("rcfg-1"),
                &vpc("vpc-0a"),
            ),
        ];
        let kinds =
            Kind::ALL.iter().map(|kind| super::connection_id(&home(), *kind, &resource("rcfg-1"), &vpc("vpc-0a")));
        let of_kinds: std::collections::BTreeSet<_> = kinds.collect();
        assert_eq!(of_kinds.len(), Kind::ALL.len());
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn a_home_is_read_from_an_execution_in_any_partition() {
        let installation = Installation::parse("drawbridge").unwrap();
        for partition in ["aws", "aws-us-gov", "aws-cn"] {
            let arn = format!("arn:{partition}:states:us-east-1:111122223333:execution:connect:x-a1");
            let here = Home { partition: partition.to_owned(), ..home() };
            assert_eq!(Home::of_execution(&installation, &arn), Ok(here.clone()));
            let machine = format!("arn:{partition}:states:us-east-1:111122223333:stateMachine:connect");
            assert_eq!(Home::of_machine(&installation, &machine), Ok(here));
            let table = format!("arn:{partition}:dynamodb:us-east-1:111122223333:table/drawbridge-ledger");
            let at = Home { partition: partition.to_owned(), ..home() };
            assert_eq!(Home::of_table(&installation, &table), Ok(at));
            assert!(
                Home::of_table(&installation, &machine).is_err() && Home::of_machine(&installation, &table).is_err()
            );
            let fault = Home::of_machine(&installation, &arn).unwrap_err();
            assert_eq!(fault.name, FaultName::InvalidConfiguration);
        }
        for bad in [
            "",
            "x",
            "arn:aws:states:us-east-1:111122223333:stateMachine:connect",
            "arn:aws:lambda:us-east-1:111122223333:execution:connect:x",
            "arn:aws:states:us-east-1:1111:execution:connect:x",
            "arn:aws:states::111122223333:execution:connect:x",
        ] {
            let fault = Home::of_execution(&installation, bad).unwrap_err();
            assert_eq!(fault.name, FaultName::UndecodableInput, "{bad}");
        }
    }

    #[test]
    fn a_digest_follows_from_the_value() {
        assert_eq!(digest(&("a", 1)), digest(&("a", 1)));
        assert_ne!(digest(&("a", 1)), digest(&("a", 2)));
        assert_eq!(digest(&"a").len(), 32);
    }

    #[test]
    fn an_execution_arn_is_computed_from_its_machine() {
        assert_eq!(
            execution_arn("arn:aws:states:us-east-1:111122223333:stateMachine:connect", "x-a1"),
            "arn:aws:states:us-east-1:111122223333:execution:connect:x-a1"
        );
    }

    proptest! {
        #[test]
        fn names_stay_within_aws_limits(generation: u32, attempt: u32) {
            let id = connection_id(&home(), &resource("rcfg-1"), &TargetKey::Vpc(VpcId::parse("vpc-0a").unwrap()));
            prop_assert!(owner_token(&id, generation).len() <= 64);
            prop_assert!(connect_execution(&id, generation, attempt).len() <= 80);
            let share = ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/x").unwrap();
            prop_assert!(onboard_execution(&share, attempt).len() <= 80);
        }

        #[test]
        fn moving_a_boundary_between_parts_changes_the_hash(a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            let joined = format!("{a}{b}");
            prop_assert_ne!(hash(&[&a, &b]), hash(&[&joined, ""]));
        }
    }
}
