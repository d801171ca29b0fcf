//! Messages are signed as Standard Webhooks says, and addresses are read strictly.

use super::*;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[test]
fn a_message_is_signed_as_the_rules_of_standard_webhooks_say() {
    let key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let body = r#"{"test": 2432232314}"#;
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let message = Message { id, at_s: 1_614_265_330, body, key: &key };
    assert_eq!(signature(&message), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let later = Message { at_s: 1_614_265_331, ..message };
    assert_ne!(signature(&later), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_secret_is_base64_behind_its_prefix_or_the_whole_text_and_long_enough() {
    assert_eq!(key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap().len(), 24);
    assert_eq!(key_of(&"x".repeat(32)), Some(vec![b'x'; 32]));
    for wrong in ["whsec_!", "whsec_aGk=", "short", ""] {
        assert_eq!(key_of(wrong), None, "{wrong}");
    }
}

#[test]
fn an_address_is_https_with_a_host_name_and_no_password() {
    let good = address("https://hooks.example.com:8443/restored?team=orders").unwrap();
    assert_eq!(good.host_str(), Some("hooks.example.com"));
    for wrong in [
        "hooks.example.com",
        "http://hooks.example.com/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://name:word@hooks.example.com/",
        "https://",
    ] {
        assert!(address(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_process_without_a_way_out_says_so() {
    let message = Message { id: "a", at_s: 0, body: "{}", key: &[7; 24] };
    let address = address("https://hooks.example.com/").unwrap();
    let told = Webhooks::default().post(&address, &message).await;
    assert_eq!(told, Err("this process tells no webhooks".into()));
}

/// A receiver behind TLS that takes one message and answers 204.
struct Receiver {
    address: Url,
    ca: tempfile::NamedTempFile,
    got: tokio::task::JoinHandle<Option<String>>,
}

impl Receiver {
    async fn ready() -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(key.cert.pem().as_bytes()).unwrap();
        let der = key.signing_key.serialize_der().try_into().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider);
        let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let server = server.with_single_cert(vec![key.cert.der().clone()], der).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
        let got = task(take_one(listener, acceptor));
        Self { address: address(&format!("https://localhost:{port}/hook")).unwrap(), ca, got }
    }

    async fn post(&self, private_addresses: bool, ca_file: Option<PathBuf>) -> Result<u16, String> {
        let settings = WebhookSettings { private_addresses, ca_file, ..Default::default() };
        let webhooks = Webhooks::real(&settings).unwrap();
        let message = Message { id: "a", at_s: 7, body: "{\"x\":1}", key: &[7; 24] };
        webhooks.post(&self.address, &message).await
    }
}

#[expect(clippy::disallowed_methods, reason = "owned by the receiver, which ends it")]
fn task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

/// What the first whoever shakes hands has sent; none when he went away before.
async fn take_one(listener: TcpListener, tls: tokio_rustls::TlsAcceptor) -> Option<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = tls.accept(stream).await.ok()?;
    let mut got = Vec::new();
    while !got.ends_with(b"{\"x\":1}") {
        stream.read_buf(&mut got).await.unwrap();
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    String::from_utf8(got).ok()
}

#[tokio::test]
async fn a_message_goes_through_tls_to_a_host_whose_ca_is_trusted() {
    let receiver = Receiver::ready().await;
    let ca = receiver.ca.path().to_owned();
    assert_eq!(receiver.post(true, Some(ca)).await, Ok(204));
    let got = receiver.got.await.unwrap().unwrap();
    assert!(got.starts_with("POST /hook HTTP/1.1\r\n"), "{got}");
    for header in ["content-length: 7\r\n", "webhook-id: a\r\n", "webhook-signature: v1,"] {
        assert!(got.contains(header), "{got}");
    }
}

#[tokio::test]
async fn a_host_with_an_unknown_certificate_gets_nothing() {
    let receiver = Receiver::ready().await;
    let refused = receiver.post(true, None).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    assert_eq!(receiver.got.await.unwrap(), None);
}

#[tokio::test]
async fn a_host_within_is_not_even_connected_to() {
    let receiver = Receiver::ready().await;
    let ca = receiver.ca.path().to_owned();
    let refused = receiver.post(false, Some(ca)).await.unwrap_err();
    assert!(refused.contains("no address that a webhook may call"), "{refused}");
    assert!(!receiver.got.is_finished(), "it still waits for the first one");
    receiver.got.abort();
}
