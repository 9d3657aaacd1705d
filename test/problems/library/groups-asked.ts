/** Programs that ask, for what a sending has no words: a group, or two ports at once; and those that have joined one. */

export const POKED = { from: 'client', what: 'udp', to: '127.0.0.1', port: 9900 } as const

/** Told to on 127.0.0.1:9900, does `ask` with a socket `o`, and hands on what `o` then has, or that it was refused. */
export const asks = (family: string, ask: string) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',9900))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.${family},socket.SOCK_DGRAM); o.settimeout(1)
  try: ${ask}
  except ConnectionRefusedError: s.sendto(b'refused',who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :9900 && break; sleep .1; done`

/** Has joined a group at one of its addresses, and answers with `answer`. */
export const serves = (group: string, port: number, at: string, answer: string) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',${port}))
s.setsockopt(0,35,socket.inet_aton('${group}')+socket.inet_aton('${at}')); s.setsockopt(0,32,socket.inet_aton('${at}')); s.setsockopt(0,34,0)
while True:
  d,who=s.recvfrom(2000); s.sendto(b'here',${answer})" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`
