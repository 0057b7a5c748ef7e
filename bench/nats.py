#!/usr/bin/env python3
# nats.py -- publishes to and reads from a stream of a nats-server with JetStream, over its text protocol
#
#   nats.py PORT create                   makes the stream `bench`
#   nats.py PORT publish N LEN WINDOW     publishes N messages of LEN bytes, at most WINDOW of
#                                         them without an acknowledgement; output: messages a second
#   nats.py PORT read N                   reads N messages of it through a push consumer; output: messages a second
import json
import socket
import sys
import time


class Connection:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.data = b""
        self.line()  # INFO
        self.send(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":false}\r\nPING\r\n')
        while self.line() != b"PONG":
            pass

    def send(self, p):
        self.sock.sendall(p)

    def more(self):
        p = self.sock.recv(1 << 20)
        if not p:
            sys.exit("nats.py: the server closed the connection")
        self.data += p

    def line(self):
        while b"\r\n" not in self.data:
            self.more()
        line, self.data = self.data.split(b"\r\n", 1)
        if line.startswith(b"-ERR"):
            sys.exit("nats.py: " + line.decode())
        return line

    def request(self, subject, body):
        p = json.dumps(body).encode()
        self.send(b"SUB answer 9\r\nPUB %s answer %d\r\n%s\r\nUNSUB 9\r\n" % (subject.encode(), len(p), p))
        while not self.line().startswith(b"MSG answer"):
            pass
        answer = json.loads(self.line())
        if "error" in answer:
            sys.exit(f"nats.py: {subject}: {answer['error']}")


def publish(c, n, size, window):
    c.send(b"SUB acks.* 1\r\n")
    message = b"PUB bench.log acks.1 %d\r\n" % size + b"x" * size + b"\r\n"
    sent = acked = 0
    c.data = b""
    start = time.monotonic()
    while acked < n:
        room = min(window - (sent - acked), n - sent)
        if room > window // 4 or (room > 0 and sent + room == n):
            c.send(message * room)
            sent += room
        c.more()
        # An answer begins with its head's name, and is counted when that is whole.
        acked += c.data.count(b"MSG acks.1")
        c.data = c.data[c.data.rfind(b"MSG acks.1") + 1 :] if b"MSG acks.1" in c.data else c.data
    print(round(n / (time.monotonic() - start)))


def read(c, n):
    wanted = {"deliver_subject": "pushed", "ack_policy": "none", "deliver_policy": "all"}
    p = json.dumps({"stream_name": "bench", "config": wanted}).encode()
    c.data = b""
    start = time.monotonic()
    c.send(b"SUB pushed 2\r\nPUB $JS.API.CONSUMER.CREATE.bench nobody %d\r\n%s\r\n" % (len(p), p))
    got = 0
    while got < n:
        c.more()
        got += c.data.count(b" 2 $JS.ACK.bench.")
        c.data = c.data[-16:]
    print(round(n / (time.monotonic() - start)))


def main():
    c = Connection(int(sys.argv[1]))
    if sys.argv[2] == "create":
        c.request("$JS.API.STREAM.CREATE.bench", {"name": "bench", "subjects": ["bench.log"], "storage": "file"})
    elif sys.argv[2] == "publish":
        publish(c, *map(int, sys.argv[3:6]))
    else:
        read(c, int(sys.argv[3]))


main()
