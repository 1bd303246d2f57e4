//! How the four protocols put answers and errors on the wire.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use quick_xml::escape::escape;
use serde_json::{Map, Value, json};

use crate::ids;

/// The protocol of a service, which decides how its answers and errors look. \[botocore: metadata.protocol\]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// EC2: form in, XML out.
    Ec2Query,
    /// RAM and VPC Lattice: JSON, errors named by the header `x-amzn-errortype`.
    RestJson,
    /// Route 53: XML, errors in an `ErrorResponse`.
    RestXml,
    /// `DynamoDB`, Step Functions, `EventBridge`, SSM: JSON, errors named by `__type`.
    AwsJson,
}

/// A refusal by name, as AWS would word it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The error's code, such as `InvalidVpcEndpointId.NotFound`.
    pub code: String,
    /// What AWS says to a person.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Further members of the modelled error shape, such as `resourceId`.
    pub members: Map<String, Value>,
}

impl Refusal {
    /// A refusal with the HTTP status that `status` names.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status, members: Map::new() }
    }

    /// The same, with one more member of the error shape.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }
}

/// An answer's body in the form that its protocol has.
#[derive(Clone, Debug)]
pub enum Payload {
    /// The members of a rest-json output.
    Json(Value),
    /// The content of an EC2 `…Response` element.
    Xml {
        /// The operation, which names the root element.
        operation: String,
        /// The content of the root element.
        content: Xml,
    },
    /// The same of Route 53.
    RestXml {
        /// The operation, which names the root element.
        operation: String,
        /// The content of the root element.
        content: Xml,
    },
}

/// A whole answer, before it becomes HTTP.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that only this answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The media type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A good answer.
    pub fn good(status: u16, payload: Payload) -> Self {
        let request_id = ids::uuid();
        match payload {
            Payload::Json(value) => Self {
                status,
                headers: vec![("x-amzn-requestid", request_id)],
                content_type: "application/json",
                body: value.to_string(),
            },
            Payload::Xml { operation, content } => Self {
                status,
                headers: Vec::new(),
                content_type: "text/xml;charset=UTF-8",
                body: format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>{}</{operation}Response>",
                    content.0
                ),
            },
            Payload::RestXml { operation, content } => Self {
                status,
                headers: vec![("x-amzn-requestid", request_id)],
                content_type: "text/xml",
                body: format!(
                    "<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">{}</{operation}Response>",
                    content.0
                ),
            },
        }
    }

    /// A refusal in the service's own form.
    pub fn refused(protocol: Protocol, service: &str, refusal: &Refusal) -> Self {
        let request_id = ids::uuid();
        let code = &refusal.code;
        let (content_type, headers, body) = match protocol {
            Protocol::Ec2Query => (
                "text/xml;charset=UTF-8",
                Vec::new(),
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
                    escape(code.as_str()),
                    escape(refusal.message.as_str())
                ),
            ),
            Protocol::RestXml => (
                "text/xml",
                Vec::new(),
                format!(
                    "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                    escape(code.as_str()),
                    escape(refusal.message.as_str())
                ),
            ),
            Protocol::RestJson => {
                let mut members = refusal.members.clone();
                let mut headers = vec![("x-amzn-errortype", code.clone()), ("x-amzn-requestid", request_id)];
                // The model binds this one member to a header. [botocore: ThrottlingException, InternalServerException]
                if let Some(seconds) = members.remove("retryAfterSeconds") {
                    headers.push(("retry-after", seconds.to_string()));
                }
                members.insert("message".to_owned(), json!(refusal.message));
                ("application/json", headers, Value::Object(members).to_string())
            }
            Protocol::AwsJson => {
                // DynamoDB qualifies the name with its model's namespace; the others do not.
                let name = if service == "dynamodb" {
                    format!("com.amazonaws.dynamodb.v20120810#{code}")
                } else {
                    code.clone()
                };
                (
                    "application/x-amz-json-1.0",
                    vec![("x-amzn-requestid", request_id)],
                    json!({"__type": name, "message": refusal.message}).to_string(),
                )
            }
        };
        Self { status: refusal.status, headers, content_type, body }
    }

    /// The answer as HTTP.
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// EC2's XML: elements by the names that \[botocore\] gives as `locationName`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Xml(String);

impl Xml {
    /// One element with text.
    pub fn text(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        self.0.extend([format!("<{name}>{}</{name}>", escape(value.as_str()))]);
    }

    /// One element with text, or nothing at all.
    pub fn text_if(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// One element with elements in it.
    pub fn group(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        content(&mut inner);
        self.0.extend([format!("<{name}>{}</{name}>", inner.0)]);
    }

    /// A list: one `item` element per entry. \[botocore: every list of these outputs names its member `item`\]
    pub fn items<T>(&mut self, name: &str, entries: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.group(name, |set| {
            for entry in entries {
                set.group("item", |item| each(item, entry));
            }
        });
    }

    /// A list of plain texts.
    pub fn texts<T: std::fmt::Display>(&mut self, name: &str, entries: impl IntoIterator<Item = T>) {
        self.group(name, |set| {
            for entry in entries {
                set.text("item", entry);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_escaped_and_nested() {
        let mut xml = Xml::default();
        xml.items("tagSet", [("a&b", "<1>")], |item, (key, value)| {
            item.text("key", key);
            item.text("value", value);
        });
        assert_eq!(xml.0, "<tagSet><item><key>a&amp;b</key><value>&lt;1&gt;</value></item></tagSet>");
    }

    #[test]
    fn rest_json_names_its_error_in_the_header_and_retry_after_too() {
        let refusal = Refusal::new(429, "ThrottlingException", "slow down").with("retryAfterSeconds", 1);
        let answer = Answer::refused(Protocol::RestJson, "vpc-lattice", &refusal);
        assert!(answer.headers.contains(&("x-amzn-errortype", "ThrottlingException".to_owned())));
        assert!(answer.headers.contains(&("retry-after", "1".to_owned())));
        assert_eq!(answer.body, r#"{"message":"slow down"}"#);
    }
}
