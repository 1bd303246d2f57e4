//! Ingress rules on the wire.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Params, refusal};
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::security_groups::Rule;

/// One permission: rules of one protocol and its ports. Protocol `-1` is all traffic, and has no ports. \[botocore: `IpPermission`\]
pub fn shape(xml: &mut Xml, rules: &[Rule], caller: &Caller) {
    let Some(first) = rules.first() else { return };
    xml.text("ipProtocol", &first.protocol);
    if first.protocol != "-1" {
        xml.text_if("fromPort", first.from);
        xml.text_if("toPort", first.to);
    }
    let with = |source: fn(&Rule) -> Option<&String>| {
        rules.iter().filter_map(move |rule| source(rule).map(|value| (value, rule.description.as_ref())))
    };
    xml.items("groups", with(|rule| rule.group.as_ref()), |group, (id, description)| {
        group.text("groupId", id);
        group.text("userId", &caller.account);
        group.text_if("description", description);
    });
    let mut list = |name: &str, member: &str, source: fn(&Rule) -> Option<&String>| {
        xml.items(name, with(source), |item, (value, description)| {
            item.text(member, value);
            item.text_if("description", description);
        });
    };
    list("ipRanges", "cidrIp", |rule| rule.cidr.as_ref());
    list("ipv6Ranges", "cidrIpv6", |rule| rule.cidr_v6.as_ref());
    list("prefixListIds", "prefixListId", |rule| rule.prefix_list.as_ref());
}

/// One rule that was added or taken away. \[botocore: `SecurityGroupRule`, `RevokedSecurityGroupRule`\]
pub fn shape_rule(xml: &mut Xml, rule: &Rule, group: &str) {
    xml.text("securityGroupRuleId", rule.id(group));
    xml.text("groupId", group);
    xml.text("isEgress", false);
    xml.text("ipProtocol", &rule.protocol);
    xml.text("fromPort", rule.from.unwrap_or(-1));
    xml.text("toPort", rule.to.unwrap_or(-1));
    xml.text_if("cidrIpv4", rule.cidr.as_ref());
    xml.text_if("cidrIpv6", rule.cidr_v6.as_ref());
    xml.text_if("prefixListId", rule.prefix_list.as_ref());
    xml.text_if("description", rule.description.as_ref());
}

fn bad(message: impl Into<String>) -> Refusal {
    // [AWS:ec2 error codes: InvalidParameterValue]
    refusal("InvalidParameterValue", message)
}

/// The rules of a request, each of one source.
pub fn read(params: &Params) -> Result<Vec<Rule>, Refusal> {
    let mut rules: Vec<Rule> = Vec::new();
    for permission in params.structures("IpPermissions") {
        let bare = read_ports(params, &permission)?;
        let before = rules.len();
        for source in params.structures(&format!("{permission}.IpRanges")) {
            let cidr = canonical(params.required(&format!("{source}.CidrIp"))?)?;
            rules.push(Rule { cidr: Some(cidr), ..described(params, &source, &bare) });
        }
        for source in params.structures(&format!("{permission}.Ipv6Ranges")) {
            let cidr = canonical_v6(params.required(&format!("{source}.CidrIpv6"))?)?;
            rules.push(Rule { cidr_v6: Some(cidr), ..described(params, &source, &bare) });
        }
        for source in params.structures(&format!("{permission}.Groups")) {
            let group = params.required(&format!("{source}.GroupId"))?.to_owned();
            rules.push(Rule { group: Some(group), ..described(params, &source, &bare) });
        }
        for source in params.structures(&format!("{permission}.PrefixListIds")) {
            let list = params.required(&format!("{source}.PrefixListId"))?.to_owned();
            rules.push(Rule { prefix_list: Some(list), ..described(params, &source, &bare) });
        }
        if rules.len() == before {
            // "You must specify exactly one of the following sources". [botocore: AuthorizeSecurityGroupIngress]
            return Err(refusal("MissingParameter", "Source group, prefix list or IP range must be specified"));
        }
    }
    if rules.is_empty() {
        params.required("IpPermissions.1")?;
    }
    let twice = (1..rules.len()).any(|at| rules[..at].iter().any(|rule| rule.same(&rules[at])));
    if twice {
        return Err(bad("The same permission must not appear multiple times"));
    }
    Ok(rules)
}

fn described(params: &Params, source: &str, bare: &Rule) -> Rule {
    Rule { description: params.text(&format!("{source}.Description")).map(str::to_owned), ..bare.clone() }
}

/// "If the protocol is TCP or UDP, you must also specify a port or port range." \[botocore: `AuthorizeSecurityGroupIngress`\]
fn read_ports(params: &Params, permission: &str) -> Result<Rule, Refusal> {
    let port = |name: &str| {
        let name = format!("{permission}.{name}");
        let text = params.text(&name);
        text.map(|text| text.parse::<i32>().map_err(|_| bad(format!("Invalid value '{text}' for {name}.")))).transpose()
    };
    let (from, to) = (port("FromPort")?, port("ToPort")?);
    let protocol = match params.required(&format!("{permission}.IpProtocol"))? {
        "6" => "tcp",
        "17" => "udp",
        other => other,
    };
    match (protocol, from, to) {
        ("-1", _, _) => Ok(Rule::to("-1", None, None)),
        ("tcp" | "udp", Some(low), Some(high)) if (0..=high).contains(&low) && high <= 65535 => {
            Ok(Rule::to(protocol, from, to))
        }
        ("tcp" | "udp", Some(low), Some(high)) => {
            Err(bad(format!("Invalid {} port range ({low}-{high})", protocol.to_uppercase())))
        }
        ("tcp" | "udp", _, _) => {
            Err(bad("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."))
        }
        ("icmp" | "icmpv6", _, _) => Ok(Rule::to(protocol, from, to)),
        (other, _, _) if other.parse::<u8>().is_ok() => Ok(Rule::to(other, None, None)),
        (other, _, _) => Err(bad(format!("Invalid value '{other}' for IP protocol. Unknown protocol."))),
    }
}

fn malformed(cidr: &str) -> Refusal {
    bad(format!("CIDR block {cidr} is malformed"))
}

/// "100.68.0.18/18 […] canonicalizes the CIDR block to 100.68.0.0/18". \[botocore: `CidrIp`\]
fn canonical(cidr: &str) -> Result<String, Refusal> {
    let (address, length) = cidr.split_once('/').ok_or_else(|| malformed(cidr))?;
    let address: Ipv4Addr = address.parse().map_err(|_| malformed(cidr))?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32).ok_or_else(|| malformed(cidr))?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Ok(format!("{}/{length}", Ipv4Addr::from(u32::from(address) & mask)))
}

fn canonical_v6(cidr: &str) -> Result<String, Refusal> {
    let (address, length) = cidr.split_once('/').ok_or_else(|| malformed(cidr))?;
    let address: Ipv6Addr = address.parse().map_err(|_| malformed(cidr))?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 128).ok_or_else(|| malformed(cidr))?;
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    Ok(format!("{}/{length}", Ipv6Addr::from(u128::from(address) & mask)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_made_canonical() {
        assert_eq!(canonical("100.68.0.18/18").as_deref(), Ok("100.68.0.0/18"));
        assert_eq!(canonical("10.1.2.3/0").as_deref(), Ok("0.0.0.0/0"));
        assert_eq!(canonical("10.1.2.3/32").as_deref(), Ok("10.1.2.3/32"));
        assert_eq!(canonical_v6("2001:db8::1/32").as_deref(), Ok("2001:db8::/32"));
        for cidr in ["10.0.0.0", "10.0.0.0/33", "x/8"] {
            assert!(canonical(cidr).is_err(), "{cidr}");
        }
    }
}
