//! The HTTP door holds out against any client, and stays as small as it was.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod bounded;
mod clients;
mod heads;
mod wire;
