"""Relays frames between two interfaces, and loses, duplicates and reorders some: a replacement for `tc netem`.

    relay.py ONE OTHER SEED         prints "ready", and runs until it is killed
"""
import random
import select
import socket
import sys

LOST, DOUBLED, HELD_BACK = 0.05, 0.02, 0.10
ETH_P_ALL, PACKET_OUTGOING = 0x0003, 4

chance = random.Random(int(sys.argv[3]))
one, other = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) for _ in range(2))
one.bind((sys.argv[1], 0))
other.bind((sys.argv[2], 0))
peer, held = {one: other, other: one}, {one: None, other: None}
print("ready", flush=True)
while True:
    # A frame held back is sent after the next frame, or alone if none follows.
    ready, _, _ = select.select([one, other], [], [], 0.005)
    for side in ready or [one, other]:
        frames = []
        if ready:
            frame, (_, _, kind, _, _) = side.recvfrom(65536)
            if kind == PACKET_OUTGOING or chance.random() < LOST:
                continue
            if held[side] is None and chance.random() < HELD_BACK:
                held[side] = frame
                continue
            frames = [frame] * (2 if chance.random() < DOUBLED else 1)
        if held[side] is not None:
            frames.append(held[side])
            held[side] = None
        for frame in frames:
            peer[side].send(frame)
