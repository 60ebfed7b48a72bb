"""A small program for tests: does its arguments one after the other. Starts fast, so it imports little."""

import os
import signal
import socket
import sys


def say(text: str) -> None:
    """Write a line to the log."""
    os.write(1, f"{text}\n".encode())


def serve(processes: int) -> None:
    """Answer HTTP on PORT: 200 to everything; `/exit/N` ends the program with code N."""
    host = os.environ.get("HOST", "127.0.0.1")
    with socket.create_server((host, int(os.environ["PORT"]))) as server:
        for _ in range(processes - 1):
            if os.fork() == 0:
                break
        while True:
            connection, _ = server.accept()
            with connection:
                line = connection.recv(4096).split(b"\r\n")[0].decode()
                if "/exit/" in line:
                    say("told to go")
                    os._exit(int(line.split("/exit/")[1].split()[0]))
                if "/env/" in line:
                    value = os.environ.get(line.split("/env/")[1].split()[0], "")
                    connection.sendall(
                        f"HTTP/1.1 200 OK\r\nContent-Length: {len(value)}\r\n\r\n{value}".encode()
                    )
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def forever() -> None:
    """Wait for a signal that ends the program."""
    while True:
        signal.pause()


def child(own_session: bool) -> None:
    """Start a child that never ends by itself."""
    if os.fork() == 0:
        if own_session:
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(os.path.join(os.environ["TMPDIR"], "left by a child"), "w"):
            forever()


def main() -> None:
    """Do each step."""
    for step in sys.argv[1:]:
        name, _, value = step.partition(":")
        match name:
            case "print":
                say(value)
            case "exit":
                sys.exit(int(value))
            case "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            case "child":
                child(own_session=False)
            case "stray":
                child(own_session=True)
            case "serve":
                serve(int(value or 1))
            case "fail-if":
                if os.path.exists(value):
                    say(f"{value} is there")
                    sys.exit(9)
            case _:
                forever()


if __name__ == "__main__":
    main()
