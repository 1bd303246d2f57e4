//! AWS Resource Access Manager, as the consumer of a share sees it. \[botocore: ram/2018-01-04\]

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::paging::{Asked, BadToken, Part};
use crate::request::Caller;
use crate::settings::AcceptedResources;
use crate::wire::Refusal;
use crate::world::World;
use crate::world::shares::{Invitation, InvitationStatus, Share, SharedResource};
use crate::world::tokens::Seen;

/// The most entries of one page. \[botocore: `MaxResults` 1..500\]
const CEILING: usize = 500;

type Outcome = Result<Value, Refusal>;

/// Answers one operation.
///
/// # Errors
/// The service's own refusals, all modelled with status 400. \[botocore\]
pub fn answer(world: &mut World, caller: &Caller, operation: &str, body: &[u8], now: Timestamp) -> Outcome {
    let lifetime = world.settings.invitation_lifetime_hours;
    world.invitations.iter_mut().for_each(|invitation| invitation.expire(lifetime, now));
    match operation {
        "GetResourceShareInvitations" => invitations(world, caller, &read(body)?),
        "ListPendingInvitationResources" => pending_resources(world, caller, &read(body)?),
        "AcceptResourceShareInvitation" => decide(world, caller, &read(body)?, InvitationStatus::Accepted, now),
        "RejectResourceShareInvitation" => decide(world, caller, &read(body)?, InvitationStatus::Rejected, now),
        "GetResourceShares" => shares(world, caller, &read(body)?),
        "ListResources" => resources(world, caller, &read(body)?),
        other => Err(refusal("InvalidParameterException", format!("the stand-in has no RAM operation {other}"))),
    }
}

fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| refusal("InvalidParameterException", format!("the stand-in cannot read the request: {error}")))
}

/// RAM's timestamps are numbers of seconds. \[botocore: rest-json without a timestampFormat\]
fn seconds(at: Timestamp) -> Value {
    json!(at.as_second())
}

/// Refuses what is not an ARN of RAM at all.
fn well_formed(arn: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", "aws", "ram", region, account, path]
            if !region.is_empty() && account.len() == 12 && path.contains('/') =>
        {
            Ok(())
        }
        _ => Err(refusal(
            "MalformedArnException",
            format!("The specified Amazon Resource Name (ARN) {arn} is not valid."),
        )),
    }
}

fn part(asked: &Asked, total: usize) -> Result<Part, Refusal> {
    asked
        .part(total)
        .map_err(|BadToken| refusal("InvalidNextTokenException", "The specified value for NextToken is not valid."))
}

/// One page of a list under the name that the output gives it; counts the read against RAM's lag unless the page is the empty one.
fn page(world: &mut World, caller: &Caller, asked: &Asked, name: &str, entries: &[Value]) -> Outcome {
    let part = part(asked, entries.len())?;
    let looked = asked.token.is_some() || !asked.empty_first;
    for invitation in world.invitations.iter_mut().filter(|invitation| looked && invitation.receiver == caller.account)
    {
        invitation.lag = invitation.lag.saturating_sub(1);
    }
    let mut output = json!({ name: entries[part.from..part.to] });
    if let Some(next) = part.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

/// An invitation as RAM shows it. The deprecated list of associations is left out, as RAM does since `ListPendingInvitationResources` exists.
fn invitation_shape(invitation: &Invitation, name: &str, status: InvitationStatus) -> Value {
    json!({
        "resourceShareInvitationArn": invitation.arn,
        "resourceShareName": name,
        "resourceShareArn": invitation.share,
        "senderAccountId": invitation.sender,
        "receiverAccountId": invitation.receiver,
        "invitationTimestamp": seconds(invitation.at),
        "status": status,
    })
}

fn name_of(world: &World, share: &str) -> String {
    world.shares.iter().find(|known| known.arn == share).map_or_else(String::new, |known| known.name.clone())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InvitationsInput {
    #[serde(default)]
    resource_share_invitation_arns: Vec<String>,
    #[serde(default)]
    resource_share_arns: Vec<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// No filter for the status exists; pages may be empty. \[botocore\]
fn invitations(world: &mut World, caller: &Caller, input: &InvitationsInput) -> Outcome {
    for arn in input.resource_share_invitation_arns.iter().chain(&input.resource_share_arns) {
        well_formed(arn)?;
    }
    let mine: Vec<&Invitation> = world
        .invitations
        .iter()
        .filter(|invitation| invitation.receiver == caller.account && in_region(&invitation.arn, caller))
        .collect();
    if let Some(unknown) =
        input.resource_share_invitation_arns.iter().find(|arn| !mine.iter().any(|invitation| invitation.arn == **arn))
    {
        return Err(not_found(unknown));
    }
    let wanted = |list: &[String], arn: &String| list.is_empty() || list.contains(arn);
    let entries: Vec<Value> = mine
        .into_iter()
        .filter(|invitation| {
            wanted(&input.resource_share_invitation_arns, &invitation.arn)
                && wanted(&input.resource_share_arns, &invitation.share)
        })
        .map(|invitation| invitation_shape(invitation, &name_of(world, &invitation.share), invitation.shown()))
        .collect();
    let request = format!(
        "invitations {} {:?} {:?}",
        caller.account, input.resource_share_invitation_arns, input.resource_share_arns
    );
    let asked = world.asked(input.next_token.as_deref(), input.max_results, CEILING, request);
    page(world, caller, &asked, "resourceShareInvitations", &entries)
}

/// Shares and invitations are Regional, and their ARNs say in which Region. \[AWS:ram/userguide/working-with-regional-vs-global\]
fn in_region(arn: &str, caller: &Caller) -> bool {
    arn.split(':').nth(3) == Some(caller.region.as_str())
}

fn not_found(arn: &str) -> Refusal {
    refusal("ResourceShareInvitationArnNotFoundException", format!("ResourceShareInvitation {arn} could not be found."))
}

/// The invitation at its index, if the caller received it in this Region.
fn received(world: &World, caller: &Caller, arn: &str) -> Result<usize, Refusal> {
    well_formed(arn)?;
    world
        .invitations
        .iter()
        .position(|invitation| invitation.arn == arn && invitation.receiver == caller.account && in_region(arn, caller))
        .ok_or_else(|| not_found(arn))
}

fn ended(arn: &str, status: InvitationStatus) -> Refusal {
    let (code, word) = match status {
        InvitationStatus::Accepted | InvitationStatus::Pending => {
            ("ResourceShareInvitationAlreadyAcceptedException", "was already accepted")
        }
        InvitationStatus::Rejected => ("ResourceShareInvitationAlreadyRejectedException", "was already rejected"),
        InvitationStatus::Expired => ("ResourceShareInvitationExpiredException", "has expired"),
    };
    refusal(code, format!("ResourceShareInvitation {arn} {word}."))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PendingInput {
    resource_share_invitation_arn: String,
    next_token: Option<String>,
    max_results: Option<usize>,
    resource_region_scope: Option<String>,
}

fn resource_shape(share: &Share, resource: &SharedResource) -> Value {
    json!({
        "arn": resource.arn,
        "type": resource.ram_type,
        "resourceShareArn": share.arn,
        "status": "AVAILABLE",
        "creationTime": seconds(resource.at),
        "lastUpdatedTime": seconds(resource.at),
        "resourceRegionScope": "REGIONAL",
    })
}

/// What is inside an invitation, before it is accepted.
fn pending_resources(world: &mut World, caller: &Caller, input: &PendingInput) -> Outcome {
    let at = received(world, caller, &input.resource_share_invitation_arn)?;
    let invitation = &world.invitations[at];
    match invitation.shown() {
        InvitationStatus::Pending | InvitationStatus::Accepted => {}
        // Rejected and expired are modelled errors, accepted is none. [botocore]
        other => return Err(ended(&invitation.arn, other)),
    }
    let shown = invitation.shown() == InvitationStatus::Pending
        || world.settings.pending_resources_after_accept == AcceptedResources::Listed;
    let entries: Vec<Value> = world
        .shares
        .iter()
        .filter(|share| shown && share.arn == invitation.share && regional(input.resource_region_scope.as_deref()))
        .flat_map(|share| share.resources.iter().map(|resource| resource_shape(share, resource)))
        .collect();
    let request = format!("pending {} {}", caller.account, input.resource_share_invitation_arn);
    let asked = world.asked(input.next_token.as_deref(), input.max_results, CEILING, request);
    page(world, caller, &asked, "resources", &entries)
}

/// VPC Lattice's resources are Regional ones.
fn regional(scope: Option<&str>) -> bool {
    scope != Some("GLOBAL")
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DecisionInput {
    resource_share_invitation_arn: String,
    client_token: Option<String>,
}

/// Accepts or rejects. The same token with the same invitation is the same request. \[botocore: `clientToken`\]
fn decide(
    world: &mut World,
    caller: &Caller,
    input: &DecisionInput,
    verdict: InvitationStatus,
    now: Timestamp,
) -> Outcome {
    let operation = if verdict == InvitationStatus::Accepted {
        "AcceptResourceShareInvitation"
    } else {
        "RejectResourceShareInvitation"
    };
    let at = received(world, caller, &input.resource_share_invitation_arn)?;
    let arn = world.invitations[at].arn.clone();
    let token = input.client_token.as_deref();
    let seen = world.tokens.seen(caller, operation, token, &arn, world.settings.token_retention_ms, now);
    match seen {
        Seen::Other(_) => {
            return Err(refusal(
                "IdempotentParameterMismatchException",
                "A client token input parameter was reused with an operation, but at least one of the other input parameters is different from the previous call to the operation.",
            ));
        }
        Seen::Same(_) => {}
        Seen::Never => {
            let invitation = &mut world.invitations[at];
            if invitation.status != InvitationStatus::Pending {
                return Err(ended(&arn, invitation.status));
            }
            invitation.status = verdict;
            if verdict == InvitationStatus::Accepted {
                invitation.lag = world.settings.accept_lag_polls;
            }
            world.tokens.remember(caller, operation, token, arn.clone(), arn, now);
        }
    }
    let invitation = &world.invitations[at];
    let mut output = json!({ "resourceShareInvitation": invitation_shape(invitation, &name_of(world, &invitation.share), invitation.status) });
    if let Some(token) = token {
        output["clientToken"] = json!(token);
    }
    Ok(output)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SharesInput {
    resource_owner: String,
    #[serde(default)]
    resource_share_arns: Vec<String>,
    resource_share_status: Option<String>,
    name: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// Whether a share is to be listed for `SELF` or `OTHER-ACCOUNTS`.
fn listed(world: &World, caller: &Caller, owner: &str, share: &Share) -> Result<bool, Refusal> {
    let here = share.region == caller.region;
    match owner {
        "SELF" => Ok(here && share.owner == caller.account),
        // Invited but not accepted is not shared yet. A deleted share still shows, with its status. [AWS:ram/userguide]
        "OTHER-ACCOUNTS" => {
            Ok(here && share.owner != caller.account && share.shows_to(&caller.account, &world.invitations))
        }
        other => {
            Err(refusal("InvalidParameterException", format!("resourceOwner is SELF or OTHER-ACCOUNTS, not {other}.")))
        }
    }
}

/// ARNs that name no share at all are refused; one that exists but is not (or not yet) the caller's is not listed.
/// \[terraform-provider-aws handles both\]
fn known_shares(world: &World, arns: &[String]) -> Result<(), Refusal> {
    for arn in arns {
        well_formed(arn)?;
        if !world.shares.iter().any(|share| share.arn == *arn) {
            return Err(refusal("UnknownResourceException", format!("ResourceShare {arn} could not be found.")));
        }
    }
    Ok(())
}

fn shares(world: &mut World, caller: &Caller, input: &SharesInput) -> Outcome {
    known_shares(world, &input.resource_share_arns)?;
    let mut entries = Vec::new();
    for share in &world.shares {
        let status = if share.deleted { "DELETED" } else { "ACTIVE" };
        let wanted = (input.resource_share_arns.is_empty() || input.resource_share_arns.contains(&share.arn))
            && input.resource_share_status.as_deref().is_none_or(|asked| asked == status)
            && input.name.as_deref().is_none_or(|asked| asked == share.name);
        if listed(world, caller, &input.resource_owner, share)? && wanted {
            entries.push(json!({
                "resourceShareArn": share.arn,
                "name": share.name,
                "owningAccountId": share.owner,
                "allowExternalPrincipals": true,
                "status": status,
                "creationTime": seconds(share.created),
                "lastUpdatedTime": seconds(share.updated),
                "featureSet": "STANDARD",
            }));
        }
    }
    let request = format!(
        "shares {} {} {:?} {:?} {:?}",
        caller.account, input.resource_owner, input.resource_share_arns, input.resource_share_status, input.name
    );
    let asked = world.asked(input.next_token.as_deref(), input.max_results, CEILING, request);
    page(world, caller, &asked, "resourceShares", &entries)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourcesInput {
    resource_owner: String,
    resource_type: Option<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    #[serde(default)]
    resource_share_arns: Vec<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    resource_region_scope: Option<String>,
}

fn resources(world: &mut World, caller: &Caller, input: &ResourcesInput) -> Outcome {
    known_shares(world, &input.resource_share_arns)?;
    let mut entries = Vec::new();
    for share in &world.shares {
        if !listed(world, caller, &input.resource_owner, share)?
            || !(input.resource_share_arns.is_empty() || input.resource_share_arns.contains(&share.arn))
        {
            continue;
        }
        let wanted = |resource: &&SharedResource| {
            // Type strings are case-insensitive. [AWS:ram/userguide/shareable]
            input.resource_type.as_deref().is_none_or(|asked| asked.eq_ignore_ascii_case(&resource.ram_type))
                && (input.resource_arns.is_empty() || input.resource_arns.contains(&resource.arn))
                && regional(input.resource_region_scope.as_deref())
        };
        entries.extend(share.resources.iter().filter(wanted).map(|resource| resource_shape(share, resource)));
    }
    let request = format!(
        "resources {} {} {:?} {:?} {:?} {:?}",
        caller.account,
        input.resource_owner,
        input.resource_type,
        input.resource_arns,
        input.resource_share_arns,
        input.resource_region_scope
    );
    let asked = world.asked(input.next_token.as_deref(), input.max_results, CEILING, request);
    page(world, caller, &asked, "resources", &entries)
}
