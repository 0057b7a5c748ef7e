#!/usr/bin/env python3
# pages.py -- pages for tests/cli/points.t: some are well, others hang, lie, or go on for ever
#
#   pages.py FOLDER     writes its port to FOLDER/port; asks for PATH are lines in FOLDER/asked

import gzip
import http.server
import os
import sys
import threading

FOLDER = sys.argv[1]
GOOD = b"""# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",job="theirs"} 5
requests_total{code="500"} 1 1700000000000
this is no sample
temperature -3.5
"""
OPEN = b"""# TYPE o counter
o_total{x="1"} 7 1700000001.5 # {trace_id="t"} 1 2
o_created 1.5
# EOF
"""
BOMB = gzip.compress(b"bomb 1\n" * 1000000)
stop = threading.Event()


class Pages(http.server.BaseHTTPRequestHandler):
    def answer(self, body, kind="text/plain; version=0.0.4", length=None, coding=None, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)

    def for_ever(self, piece):
        self.send_response(200)
        self.end_headers()
        while not stop.is_set():
            self.wfile.write(piece)

    def do_GET(self):
        with open(os.path.join(FOLDER, "asked"), "a") as f:
            f.write(self.path + "\n")
        openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        if self.path == "/good":
            self.answer(GOOD)
        elif self.path == "/open":
            self.answer(OPEN, openmetrics)
        elif self.path == "/packed":
            self.answer(gzip.compress(b"packed 1\n"), coding="gzip")
        elif self.path == "/hangs":
            stop.wait()
        elif self.path == "/lies":
            self.answer(b"lie 1\n", length=1000)
            self.close_connection = True
        elif self.path == "/cut":
            self.answer(b"cut 1\n", openmetrics)
        elif self.path == "/endless":
            self.for_ever(b"endless 1\n" * 1000)
        elif self.path == "/headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not stop.is_set():
                self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        elif self.path == "/bomb":
            self.answer(BOMB, coding="gzip")
        elif self.path == "/rubbish":
            self.answer(b"<html>\n<p>Hello\n", "text/html")
        elif self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
        else:
            self.answer(b"", status=404)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # who asked has hung up


server = Server(("127.0.0.1", 0), Pages)
with open(os.path.join(FOLDER, "port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
server.serve_forever()
