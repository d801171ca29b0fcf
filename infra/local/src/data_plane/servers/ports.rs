//! Ports of servers: taken before the server is there, and kept while it does not listen.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// A port that nobody uses, kept from others as long as the socket lives.
pub(super) fn free_port() -> std::io::Result<(u16, TcpSocket)> {
    let socket = reserve(0)?;
    Ok((socket.local_addr()?.port(), socket))
}

/// Keeps a port from others without listening on it, so that clients are refused.
pub(super) fn reserve(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_refuses_clients_and_is_given_to_nobody_else() {
        let (port, reserved) = free_port().unwrap();
        assert!(std::net::TcpStream::connect(("localhost", port)).is_err());
        assert!(reserve(port).is_err());
        drop(reserved);
        assert!(reserve(port).is_ok());
    }
}
