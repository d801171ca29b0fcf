//! Request bodies that come compressed: SDKs do so with large PutMetricData requests.

use crate::error::AwsError;
use crate::wire::WireRequest;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read as _;

/// The largest body after its decompression.
const PLAIN_BYTES: u64 = 8 * 1024 * 1024;

/// The body of a request as it was before it was compressed.
///
/// # Errors
/// `SerializationException` when it is no gzip, `RequestEntityTooLarge` when it is too large.
pub(crate) fn plain(request: &WireRequest) -> Result<Cow<'_, [u8]>, AwsError> {
    match request.header("content-encoding") {
        "" | "identity" => Ok(Cow::Borrowed(&request.body)),
        "gzip" => decompressed(&request.body).map(Cow::Owned),
        other => {
            let text = format!("the local cloud does not read content-encoding {other:?}");
            Err(AwsError::new("SerializationException", text).with_status(415))
        }
    }
}

fn decompressed(body: &[u8]) -> Result<Vec<u8>, AwsError> {
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(body).take(PLAIN_BYTES + 1).read_to_end(&mut plain);
    read.map_err(|e| AwsError::new("SerializationException", format!("not a gzip body: {e}")))?;
    if plain.len() as u64 > PLAIN_BYTES {
        let text = format!("a body may have up to {PLAIN_BYTES} bytes before its compression");
        return Err(AwsError::new("RequestEntityTooLarge", text).with_status(413));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::wire::WireRequest;
    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn request(encoding: &str, body: Vec<u8>) -> WireRequest {
        let headers = [("content-encoding".to_owned(), encoding.to_owned())].into();
        WireRequest { headers, body: Bytes::from(body), ..WireRequest::default() }
    }

    fn compressed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_body_that_becomes_a_huge_one_is_refused() {
        let bomb = request("gzip", compressed(&vec![0; 9 * 1024 * 1024]));
        assert_eq!(plain(&bomb).unwrap_err().status, 413);
    }

    proptest! {
        #[test]
        fn what_was_compressed_is_read(body in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let gzip = request("gzip", compressed(&body));
            prop_assert_eq!(&*plain(&gzip).unwrap(), &body[..]);
        }

        #[test]
        fn no_bytes_are_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(refusal) = plain(&request("gzip", body)) {
                prop_assert_eq!(refusal.code, "SerializationException");
            }
        }
    }
}
