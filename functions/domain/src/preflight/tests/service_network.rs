use super::*;
use crate::ids::{AssociationId, ServiceNetworkId};
use crate::network::{Association, ServiceNetwork};
use crate::subscription::ServiceNetworkTarget;

const OWN: &str = "111122223333";

fn target() -> ServiceNetworkTarget {
    ServiceNetworkTarget { service_network: ServiceNetworkId::parse("sn-0a").unwrap(), private_dns: true }
}

fn network(region: &str, owner: &str) -> ServiceNetwork {
    ServiceNetwork {
        id: ServiceNetworkId::parse("sn-0a").unwrap(),
        arn: ResourceArn::parse(format!("arn:aws:vpc-lattice:{region}:{owner}:servicenetwork/sn-0a")).unwrap(),
    }
}

fn association(id: &str, status: &str, resource: Option<ResourceArn>) -> Association {
    Association {
        id: AssociationId::parse(id).unwrap(),
        arn: format!("arn:aws:vpc-lattice:us-east-1:{OWN}:servicenetworkresourceassociation/{id}"),
        resource,
        ..crate::testing::association(status)
    }
}

fn check(
    resource: &ResourceArn,
    config_type: &str,
    network: Option<&ServiceNetwork>,
    associations: &[(Association, BTreeMap<String, String>)],
) -> Preflight {
    let account = AccountId::parse(OWN).unwrap();
    let configuration = configuration(config_type);
    super::super::service_network(&target(), resource, Some(&configuration), &account, &ours(), network, associations)
}

#[test]
fn what_is_ready_gets_its_call() {
    for private_dns in [true, false] {
        let target = ServiceNetworkTarget { private_dns, ..target() };
        let account = AccountId::parse(OWN).unwrap();
        let own = network("us-east-1", OWN);
        let preflight = super::super::service_network(&target, &resource(), None, &account, &ours(), Some(&own), &[]);
        assert_eq!(codes(&preflight), [""; 0]);
        let call = PlannedCall::ServiceNetworkResource {
            resource: resource(),
            service_network: target.service_network,
            private_dns,
        };
        assert_eq!(preflight.call, Some(call));
    }
}

#[test]
fn the_network_exists_is_near_and_one_of_the_two_is_our_own() {
    let theirs = "444455556666";
    for (what, resource, network, found) in [
        ("our network", resource(), Some(network("us-east-1", OWN)), &[] as &[&str]),
        ("our resource in their network", resource_of("us-east-1", OWN), Some(network("us-east-1", theirs)), &[]),
        ("both ours", resource_of("us-east-1", OWN), Some(network("us-east-1", OWN)), &[]),
        ("both theirs", resource(), Some(network("us-east-1", theirs)), &["BothShared!"]),
        ("both of others", resource(), Some(network("us-east-1", "777788889999")), &["BothShared!"]),
        ("no network", resource(), None, &["ServiceNetworkNotFound!"]),
        ("another Region", resource_of("eu-west-1", theirs), Some(network("us-east-1", OWN)), &["RegionDiffers!"]),
    ] {
        assert_eq!(codes(&check(&resource, "GROUP", network.as_ref(), &[])), found, "{what}");
    }
}

#[test]
fn a_child_is_reached_through_its_group() {
    let own = network("us-east-1", OWN);
    for (config_type, found) in
        [("GROUP", &[] as &[&str]), ("SINGLE", &[]), ("CIDR", &[]), ("CHILD", &["ConfigurationIsChild!"])]
    {
        assert_eq!(codes(&check(&resource(), config_type, Some(&own), &[])), found, "{config_type}");
    }
}

#[test]
fn one_association_of_a_resource_with_a_network() {
    let own = network("us-east-1", OWN);
    let other = format!("conn-{}", "0b".repeat(16));
    let mine = tags(&[(TAG_CONNECTION, ours().as_str())]);
    let active = |resource| association("snra-0a", "ACTIVE", resource);
    for (what, association, tags, found) in [
        ("of another maker", active(Some(resource())), tags(&[]), &["AssociationExists!"] as &[&str]),
        ("of an unnamed resource", active(None), tags(&[]), &["AssociationExists!"]),
        (
            "of another installation",
            active(Some(resource())),
            tags(&[(TAG_CONNECTION, &other), (TAG_INSTALLATION, "second")]),
            &["AssociationExists!"],
        ),
        ("going", association("snra-0a", "DELETE_IN_PROGRESS", Some(resource())), tags(&[]), &["AssociationExists!"]),
        ("our own", active(Some(resource())), mine, &[]),
        ("of another resource", active(Some(resource_of("us-east-1", OWN))), tags(&[]), &[]),
    ] {
        let preflight = check(&resource(), "GROUP", Some(&own), &[(association, tags)]);
        assert_eq!(codes(&preflight), found, "{what}");
        for finding in &preflight.findings {
            assert!(finding.way_out.contains("snra-0a"), "{finding:?}");
            assert_eq!(finding.way_out.starts_with("wait"), what == "going");
        }
    }
}
