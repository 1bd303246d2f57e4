//! Security groups of ours that no live record has. Their connection is over, and somebody else used them by then, or nobody
//! heard that they were made: nothing removes them any more. They are only told: who uses them now, a person must see.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ORPHANED;
use super::strays::named;
use crate::connection::{Connection, Status};
use crate::identity::{TAG_CONNECTION, TAG_OWNER};
use crate::ids::{ConnectionId, SecurityGroupId};
use crate::inventory::ListedEndpoint;
use crate::ports::TaggedGroup;
use crate::preflight::{Finding, Severity};

/// The groups, each with the connection that its tags name, of which only their records can tell whether they are live.
/// `endpoints` are those that stand in a record: what such a one of the same generation stands behind is live.
pub fn doubtful<'a>(
    groups: &'a [TaggedGroup],
    endpoints: impl Iterator<Item = &'a ListedEndpoint>,
) -> Vec<(ConnectionId, &'a TaggedGroup)> {
    let before: BTreeSet<(&SecurityGroupId, Option<&String>)> = endpoints
        .flat_map(|listed| listed.security_groups.iter().map(|id| (id, listed.endpoint.tags.get(TAG_OWNER))))
        .collect();
    let live = |group: &TaggedGroup| before.contains(&(&group.id, group.tags.get(TAG_OWNER)));
    groups.iter().filter(|group| !live(group)).filter_map(|group| Some((named(&group.tags)?, group))).collect()
}

/// What is told of a group, by the record of the connection that its tags name, which must be read after the group was
/// listed: a group is planned in the record before it is made. EC2 does not say how old it is. So nothing is told before
/// its record has stood as it does for `safe_age`: the close that removed it may be just over.
#[must_use]
pub fn orphaned_group(
    group: &TaggedGroup,
    connection: &ConnectionId,
    record: Option<&Connection>,
    safe_age: SignedDuration,
    now: Timestamp,
) -> Option<Finding> {
    let id = &group.id;
    let is = match record {
        None => format!("the ledger has no connection {connection}"),
        // A run has it, and removes it if it must.
        Some(record) if record.is_under_way() || now.duration_since(record.since) < safe_age => return None,
        Some(record) => match (&record.group, &record.plan) {
            (Some(own), _) if own.id == *id => return None,
            // It is found by its tags when the connection is closed.
            (None, Some(plan)) if plan.group.is_some() && group.tags.get(TAG_OWNER) == Some(&plan.token) => {
                return None;
            }
            (Some(own), _) => format!("{} is the one that was made for it", own.id),
            (None, _) if record.status == Status::Ready => "it has none of its own".to_owned(),
            (None, _) => format!("nothing of it should be left: it is {}", record.status.as_str()),
        },
    };
    let owner = group.tags.get(TAG_OWNER).map_or("an unknown generation", String::as_str);
    Some(Finding {
        severity: Severity::Warning,
        code: ORPHANED.to_owned(),
        seen: format!("security group {id} carries the tags of {connection} ({owner}), and {is}"),
        needed: "that whatever carries Drawbridge's tags stands in a live record".to_owned(),
        way_out: format!(
            "see who uses it: `aws ec2 describe-network-interfaces --filters Name=group-id,Values={id}` and `aws ec2 \
             describe-security-groups --filters Name=ip-permission.group-id,Values={id}`; when nobody does, delete it: \
             `aws ec2 delete-security-group --group-id {id}`. If it is to stay, take the tag {TAG_CONNECTION} off, and it \
             is told no more"
        ),
    })
}
