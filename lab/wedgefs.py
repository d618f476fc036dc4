#!/usr/bin/python3
"""A file system that hangs on purpose, for tests: it speaks the kernel's FUSE protocol itself, so nothing is to be installed.

    wedgefs.py MOUNTPOINT          (root; the folder exists)

  ok           answers: a small file
  stat-hangs   the kernel's question for its name is taken and never answered: stat(2) and open(2) never return
  read-hangs   can be opened; read(2) never returns

A process that waits for such an answer survives SIGKILL, because the question was taken and not answered. Standard output
tells "ready", then "held PID" for each question that is held. Standard input takes orders: "release" answers what is held with
EIO and hangs no more; its end unmounts, so that a test that dies leaves nothing behind.
"""
import ctypes, errno, os, select, signal, struct, sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 28, 29, 34, 36, 42)
SILENT = {FORGET, INTERRUPT, BATCH_FORGET}  # the kernel expects no answer
ROOT, CONTENT = 1, b"alive\n"
INODES = {"ok": 2, "stat-hangs": 3, "read-hangs": 4}
PARALLEL_DIROPS = 1 << 18  # a question for one name that hangs does not hold up the others in the folder
MS_NOSUID, MS_NODEV, MNT_FORCE, MNT_DETACH = 2, 4, 1, 2

libc = ctypes.CDLL(None, use_errno=True)


class WedgeFs:
    def __init__(self, mountpoint):
        self.mountpoint = mountpoint.encode()
        self.held = []
        self.hangs = True
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if libc.mount(b"wedgefs", self.mountpoint, b"fuse.wedgefs", MS_NOSUID | MS_NODEV, options) != 0:
            sys.exit(f"wedgefs: mount: {os.strerror(ctypes.get_errno())}")

    def attributes(self, inode):
        folder = inode == ROOT
        mode, links, size = (0o40755, 2, 0) if folder else (0o100644, 1, len(CONTENT))
        # ino size blocks, three times in seconds, three times in nanoseconds, mode nlink uid gid rdev blksize flags
        return struct.pack("<6Q10I", inode, size, 0, 0, 0, 0, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

    def answer(self, unique, body=b"", error=0):
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
        except OSError as cause:
            if cause.errno != errno.ENOENT:  # the question was withdrawn meanwhile
                raise

    def hold(self, unique, pid):
        self.held.append(unique)
        print("held", pid, flush=True)

    def release(self):
        self.hangs = False
        while self.held:
            self.answer(self.held.pop(), error=errno.EIO)
        print("released", flush=True)

    def take(self, message):
        _, code, unique, inode, _, _, pid, _ = struct.unpack_from("<IIQQIIII", message)
        body = message[40:]
        if code in SILENT:
            return
        if code == INIT:
            # major minor max_readahead flags max_background congestion max_write time_gran max_pages padding, unused
            self.answer(unique, struct.pack("<IIIIHHIIHHI", 7, 31, 65536, PARALLEL_DIROPS, 12, 9, 65536, 1, 16, 0, 0) + b"\0" * 28)
        elif code == LOOKUP:
            name = body.split(b"\0")[0].decode(errors="replace")
            if name not in INODES:
                self.answer(unique, error=errno.ENOENT)
            elif name == "stat-hangs":
                self.hold(unique, pid) if self.hangs else self.answer(unique, error=errno.EIO)
            else:
                self.answer(unique, struct.pack("<4QII", INODES[name], 0, 0, 0, 0, 0) + self.attributes(INODES[name]))
        elif code == GETATTR:
            self.answer(unique, struct.pack("<QII", 0, 0, 0) + self.attributes(inode))
        elif code in (OPEN, OPENDIR):
            self.answer(unique, struct.pack("<QII", 0, 1, 0))
        elif code == READ:
            if inode == INODES["read-hangs"]:
                self.hold(unique, pid) if self.hangs else self.answer(unique, error=errno.EIO)
            else:
                (offset,) = struct.unpack_from("<Q", body, 8)
                self.answer(unique, CONTENT[offset:])
        elif code == STATFS:
            self.answer(unique, struct.pack("<5Q4I", 1000, 0, 0, 10, 0, 4096, 255, 4096, 0) + b"\0" * 24)
        elif code in (READDIR, RELEASE, RELEASEDIR, FLUSH, ACCESS):
            self.answer(unique)
        else:
            self.answer(unique, error=errno.ENOSYS)

    def serve(self):
        print("ready", flush=True)
        orders = b""
        while True:
            readable, _, _ = select.select([self.device, 0], [], [])
            if 0 in readable:
                given = os.read(0, 4096)
                if not given:
                    return
                *lines, orders = (orders + given).split(b"\n")
                for line in lines:
                    if line.strip() == b"release":
                        self.release()
            if self.device in readable:
                try:
                    message = os.read(self.device, 1 << 17)
                except OSError as cause:
                    if cause.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                        continue
                    return  # unmounted by somebody else
                self.take(message)

    def end(self):
        # The forced unmount ends the connection, which ends everybody who waits for an answer; the second one takes it away.
        libc.umount2(self.mountpoint, MNT_FORCE)
        os.close(self.device)
        libc.umount2(self.mountpoint, MNT_DETACH)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(0))
    fs = WedgeFs(sys.argv[1])
    try:
        fs.serve()
    finally:
        fs.end()
