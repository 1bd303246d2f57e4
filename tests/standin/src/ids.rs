//! Identifiers in the shapes that AWS gives them.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Lower-case hex digits nobody can foresee, so that a test cannot rely on an identifier's value
/// and a restarted stand-in never gives one out again.
fn hex(digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        let word = RandomState::new().build_hasher().finish();
        text.extend([format!("{word:016x}")]);
    }
    text.truncate(digits);
    text
}

/// An id like `vpce-0123456789abcdef0`: a prefix and 17 hex digits. \[botocore: the patterns of VPC Lattice\]
pub fn resource(prefix: &str) -> String {
    format!("{prefix}-0{}", hex(16))
}

/// A UUID as RAM puts it into the ARNs of shares and invitations, and AWS into request ids.
pub fn uuid() -> String {
    let h = hex(32);
    format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..])
}

/// The seven hex digits between the configuration id and `vpc-lattice-rsc` in a DNS name.
/// The same configuration always has the same ones. \[AWS:privatelink/privatelink-access-resources\]
pub fn dns_hash(of: &str) -> String {
    let sum = of.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{:07x}", sum & 0x0fff_ffff)
}

/// Sixteen hex digits that always are the same for the same text.
pub fn digest(of: &str) -> String {
    let sum =
        of.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

/// `arn:aws:<service>:<region>:<account>:<kind>/<id>`.
pub fn arn(service: &str, region: &str, account: &str, path: &str) -> String {
    format!("arn:aws:{service}:{region}:{account}:{path}")
}
