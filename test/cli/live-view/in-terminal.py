"""Runs a program in a pseudo-terminal of its own session, 80 columns wide and 24 rows high.

On standard input comes a JSON text a line: {"type": TEXT} to type, {"size": [COLUMNS, ROWS]} to resize. What the terminal is
sent goes to standard output; at the end the exit code to standard error.
"""
import fcntl, json, os, pty, select, struct, sys, termios

pid, fd = pty.fork()
if pid == 0:
    # until the terminal has its size
    os.read(0, 1)
    os.execvp(sys.argv[1], sys.argv[1:])


def resize(columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


resize(80, 24)
os.write(fd, b'\n')
pending = b''
inputs = [fd, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:  # nobody has the terminal open any more
            break
        os.write(1, data)
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            inputs.remove(0)
        *lines, pending = (pending + data).split(b'\n')
        for command in map(json.loads, lines):
            if 'type' in command:
                os.write(fd, command['type'].encode())
            else:
                resize(*command['size'])
_, status = os.waitpid(pid, 0)
sys.stderr.write(str(os.waitstatus_to_exitcode(status)))
