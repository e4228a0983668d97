//! There is no way out by socket; inside, what needs no network works.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};

use minion_sandbox::Level;

use crate::fixture::{Place, all, run, sandboxes};

#[tokio::test]
async fn the_hosts_listeners_cannot_be_reached() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (tcp_port, udp_port) = (
        tcp.local_addr().unwrap().port(),
        udp.local_addr().unwrap().port(),
    );
    udp.set_nonblocking(true).unwrap();
    tcp.set_nonblocking(true).unwrap();
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = format!(
            "import socket\n\
             try: socket.create_connection(('127.0.0.1', {tcp_port}), 2)\n\
             except OSError: pass\n\
             try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp_port}))\n\
             except OSError: pass\n"
        );
        let finished = run(&sandbox, place.python(&script)).await;
        assert!(finished.is_success(), "{}", all(&finished));
        assert!(
            tcp.accept().is_err(),
            "{}: a connection arrived",
            sandbox.level()
        );
        assert!(
            udp.recv(&mut [0]).is_err(),
            "{}: a datagram arrived",
            sandbox.level()
        );
    }
}

#[tokio::test]
async fn unix_sockets_outside_cannot_be_reached_by_path_or_by_name() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let stream = UnixListener::bind(place.outside.join("stream")).unwrap();
        let datagram = UnixDatagram::bind(place.outside.join("datagram")).unwrap();
        stream.set_nonblocking(true).unwrap();
        datagram.set_nonblocking(true).unwrap();
        let script = "import os, socket\n\
             out = os.environ['OUT']\n\
             def attempt(act):\n\
             \x20   try: act()\n\
             \x20   except OSError: pass\n\
             unix = socket.AF_UNIX\n\
             attempt(lambda: socket.socket(unix).connect(out + '/stream'))\n\
             attempt(lambda: socket.socket(unix, socket.SOCK_DGRAM).sendto(b'x', out + '/datagram'))\n\
             attempt(lambda: socket.socketpair(unix, socket.SOCK_DGRAM)[0].sendto(b'x', out + '/datagram'))\n\
             attempt(lambda: socket.socketpair(unix, socket.SOCK_RAW)[0].sendto(b'x', out + '/datagram'))\n\
             attempt(lambda: socket.socketpair(unix)[0].connect(out + '/stream'))\n";
        let finished = run(&sandbox, place.python(script)).await;
        assert!(finished.is_success(), "{}", all(&finished));
        assert!(
            stream.accept().is_err(),
            "{}: a connection arrived",
            sandbox.level()
        );
        assert!(
            datagram.recv(&mut [0]).is_err(),
            "{}: a datagram arrived",
            sandbox.level()
        );
    }
}

#[tokio::test]
async fn pairs_and_pipes_work_and_at_level_full_so_does_loopback() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import socket, asyncio, subprocess\n\
             a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'\n\
             asyncio.run(asyncio.sleep(0))\n\
             assert subprocess.run(['echo', 'x'], capture_output=True).stdout == b'x\\n'\n";
        let finished = run(&sandbox, place.python(script)).await;
        assert!(finished.is_success(), "{}", all(&finished));
        let script = "import socket\n\
             s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())\n";
        let finished = run(&sandbox, place.python(script)).await;
        assert_eq!(
            finished.is_success(),
            sandbox.level() == Level::Full,
            "{}",
            all(&finished)
        );
    }
}

#[tokio::test]
async fn unusual_socket_families_are_closed() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for family in ["AF_VSOCK", "AF_ALG", "AF_PACKET", "AF_CAN", "AF_BLUETOOTH"] {
            let kind = if family == "AF_ALG" {
                "SEQPACKET"
            } else {
                "DGRAM"
            };
            let script =
                format!("import socket\nsocket.socket(socket.{family}, socket.SOCK_{kind})");
            let finished = run(&sandbox, place.python(&script)).await;
            assert!(
                all(&finished).contains("PermissionError"),
                "{family}: {}",
                all(&finished)
            );
        }
    }
}
