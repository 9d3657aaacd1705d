/** Programs with sockets that a sending has no words for: raw ones, of frames, of groups of IPv6, and what routes groups. */

/** Runs it in the background, and waits until this namespace has `ready` in what `look` prints. */
const started = (program: string, look: string, ready: string) =>
  `python3 -c "${program}" >/dev/null 2>&1 &
for i in $(seq 100); do ${look} | grep -q '${ready}' && break; sleep .1; done`

/** As a program of its own: told to on 127.0.0.1:9900, does `ask`, which leaves what it has heard in `r`, and hands that on. */
const poked = (imports: string, ask: string) =>
  started(
    `import socket,struct${imports}
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',9900))
while True:
  d,who=s.recvfrom(2000)
  try:
${ask
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
    s.sendto(r,who)
  except OSError: pass`,
    'ss -lnu',
    ':9900',
  )

export const asksGroupOfSix = (group: string, port: number) =>
  poked(
    '',
    `o=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); o.settimeout(1)
o.setsockopt(41,17,socket.if_nametoindex('eth0')); o.sendto(b'who',('${group}',${port})); r=o.recv(2000)`,
  )

export const servesGroupOfSix = (group: string, port: number) =>
  started(
    `import socket,struct
s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); s.bind(('::',${port}))
s.setsockopt(41,20,socket.inet_pton(socket.AF_INET6,'${group}')+struct.pack('@I',socket.if_nametoindex('eth0')))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'here',who)`,
    'ss -lnu',
    `:${port}`,
  )

/** What smcrouted does: MRT6_INIT, two interfaces, one entry. */
export const routesGroupOfSix = (source: string, group: string, from: string, to: string) =>
  started(
    `import socket,struct,time
s=socket.socket(socket.AF_INET6,socket.SOCK_RAW,58); s.setsockopt(41,200,struct.pack('i',1))
for n,name in enumerate(('${from}','${to}')): s.setsockopt(41,202,struct.pack('HBBHxxI',n,0,1,socket.if_nametoindex(name),0))
a=lambda text: struct.pack('HHI16sI',10,0,0,socket.inet_pton(socket.AF_INET6,text),0)
s.setsockopt(41,204,a('${source}')+a('${group}')+struct.pack('Hxx8I',0,2,0,0,0,0,0,0,0))
time.sleep(9999)`,
    'ip -6 mroute show',
    group,
  )

/** Version 1, as PPTP has it: a payload of 4 bytes, call 7, number 0. */
const GRE =
  "b'\\\\x30\\\\x01\\\\x88\\\\x0b\\\\x00\\\\x04\\\\x00\\\\x07\\\\x00\\\\x00\\\\x00\\\\x00\\\\xff\\\\x03\\\\xc0\\\\x21'"

export const asksByGre = (address: string) =>
  poked(
    '',
    `o=socket.socket(socket.AF_INET,socket.SOCK_RAW,47); o.settimeout(1); o.connect(('${address}',0))
o.send(${GRE}); r=o.recv(2000)`,
  )

export const repliesByGre = started(
  `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_RAW,47)
while True:
  d,who=s.recvfrom(2000); s.sendto(${GRE},who)`,
  'ss -lnw',
  ':47',
)

/** A frame of its own for a DHCPDISCOVER from 0.0.0.0; the offer is heard by a packet socket, in front of every rule. */
export const asksForLease = (device: string) =>
  poked(
    '',
    `o=socket.socket(socket.AF_PACKET,socket.SOCK_RAW,socket.htons(0x800)); o.bind(('${device}',0x800)); o.settimeout(2)
u=struct.pack('!HHHH',68,67,28,0)+b'DHCPDISCOVER'+bytes(8)
h=struct.pack('!BBHHHBBH4s4s',69,16,20+len(u),7,0,64,17,0,bytes(4),b'\\\\xff'*4)
c=sum(struct.unpack('!10H',h)); c=(c>>16)+(c&65535); c=65535-(c+(c>>16)&65535)
o.send(b'\\\\xff'*6+o.getsockname()[4]+b'\\\\x08\\\\x00'+h[:10]+struct.pack('!H',c)+h[12:]+u)
r=o.recv(2000)
while b'OFFER' not in r: r=o.recv(2000)`,
  )

export const offersLeases = (device: string) =>
  started(
    `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,6,1); s.setsockopt(1,25,b'${device}'); s.bind(('',67))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'DHCPOFFER',('255.255.255.255',68))`,
    'ss -lnu',
    ':67',
  )

/** A query of names to a broadcast address, from a port of its own, as nmblookup sends it. */
export const asksNames = (broadcast: string) =>
  poked(
    '',
    `o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1); o.setsockopt(1,6,1)
o.sendto(b'CKAAAA',('${broadcast}',137)); r=o.recv(2000)`,
  )

/** A general query of version 2 with its hop-by-hop option; a report from an address that is not its own is the answer. */
export const asksForReports = (device: string) =>
  poked(
    '',
    `n=socket.if_nametoindex('${device}'); own=[l[:32] for l in open('/proc/net/if_inet6')]
o=socket.socket(socket.AF_INET6,socket.SOCK_RAW,58); o.settimeout(1)
o.setsockopt(41,54,bytes([0,0,5,2,0,0,1,0])); o.setsockopt(41,17,n); o.setsockopt(41,18,1); o.setsockopt(41,19,0)
o.setsockopt(41,20,socket.inet_pton(10,'ff02::16')+struct.pack('@I',n))
o.sendto(struct.pack('!BBHHH16sBBH',130,0,0,100,0,bytes(16),2,125,0),('ff02::1',0,0,n))
r,w=o.recvfrom(2000)
while r[0]!=143 or socket.inet_pton(10,w[0].split('%')[0]).hex() in own: r,w=o.recvfrom(2000)
r=b'report'`,
  )

/** A connection of multipath TCP, which is given a second. */
export const asksByMultipath = (address: string, port: number) =>
  poked(
    '',
    `o=socket.socket(socket.AF_INET,socket.SOCK_STREAM,262); o.settimeout(1)
try: o.connect(('${address}',${port})); r=b'open'
finally: o.close()`,
  )

const family = (address: string) => `socket.AF_INET${address.includes(':') ? '6' : ''}`

/** One packet of a protocol that has no ports; what is read is what another one of it says. */
export const asksByProtocol = (protocol: number, address: string, hex: string) =>
  poked(
    '',
    `o=socket.socket(${family(address)},socket.SOCK_RAW,${protocol}); o.settimeout(1); o.connect(('${address}',0))
o.send(bytes.fromhex('${hex}')); r=o.recv(2000)[-16:]`,
  )

export const repliesByProtocol = (protocol: number, address: string, hex: string) =>
  started(
    `import socket
s=socket.socket(${family(address)},socket.SOCK_RAW,${protocol}); s.bind(('${address}',0))
while True:
  d,who=s.recvfrom(2000); s.sendto(bytes.fromhex('${hex}'),who)`,
    'ss -lnw',
    `:${protocol}`,
  )

/** What igmpproxy does: MRT_INIT, two interfaces, one entry. */
export const routesGroup = (source: string, group: string, from: string, to: string) =>
  started(
    `import socket,struct,time
s=socket.socket(socket.AF_INET,socket.SOCK_RAW,2); s.setsockopt(0,200,struct.pack('i',1))
for n,name in enumerate(('${from}','${to}')): s.setsockopt(0,202,struct.pack('HBBIi4s',n,8,1,0,socket.if_nametoindex(name),bytes(4)))
s.setsockopt(0,204,struct.pack('4s4sH32sxxIIIi',socket.inet_aton('${source}'),socket.inet_aton('${group}'),0,bytes([0,1]),0,0,0,0))
time.sleep(9999)`,
    'ip mroute show',
    group,
  )
