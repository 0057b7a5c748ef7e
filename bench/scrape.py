#!/usr/bin/python3
# scrape.py -- takes an exporter's answers as Prometheus does: one connection, the times when they were due
#
#   scrape.py PORT FOLDER INTERVAL SECONDS     an answer a file, named by its milliseconds since 1970
#
# Prometheus 2.42 gives a scrape the time when it was due if it began at most 2 ms beside it, else the time when it began.
import http.client
import os
import sys
import time

TOLERANCE_MS = 2

port, folder, interval, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.makedirs(folder, exist_ok=True)
exporter = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
due = (int(time.time()) // interval + 1) * interval
end = due + seconds
while due < end:
    time.sleep(max(0, due - time.time()))
    ms = int(time.time() * 1000)
    if abs(ms - due * 1000) <= TOLERANCE_MS:
        ms = due * 1000
    try:
        exporter.request("GET", "/metrics")
        answer = exporter.getresponse()
        text = answer.read()
        if answer.status == 200:
            with open(f"{folder}/{ms}.prom", "wb") as f:
                f.write(text)
    except (OSError, http.client.HTTPException) as e:
        print(f"scrape.py: {e}", file=sys.stderr)
        exporter.close()
    due = max(due + interval, int(time.time()) // interval * interval)
