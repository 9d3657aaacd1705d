/** Container hosts with rules of iptables-nft, from threads: a bridge without its address, the proxy of one's own port, an unexpected range, a port that no family but one has. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { docker } from './docker.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** As ufw writes them, a few words shorter. `user`: what `ufw allow` added. */
const ufw = (user: string) => `:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-after-logging-input - [0:0]
:ufw-not-local - [0:0]
:ufw-logging-deny - [0:0]
:ufw-user-input - [0:0]
:ufw-skip-to-policy-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-after-logging-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-skip-to-policy-input -j DROP
${user}`

const base = bridged('docker0', '172.17.0.1/16', { listeners: [SSH], rules: { v4: docker() } })
const own = bridged('br-app', '172.18.0.1/16', {})
const pool = bridged('br-agent', '192.168.16.1/20', {})

export const THREADS_BH_IPTABLES: Problem[] = [
  {
    name: 'docker0-has-lost-its-address-and-the-published-port-leads-out-again',
    thread: {
      title: 'docker0 interface keeps loosing IPv4 ipaddress',
      address: 'https://github.com/moby/moby/issues/40217',
    },
    backend: 'iptables-nft',
    ...base,
    hosts: { ...base.hosts, c1: { ...base.hosts.c1!, listeners: [...WEB, { protocol: 'tcp', port: 3306 }] } },
    setup: [['host', 'ip addr del 172.17.0.1/16 dev docker0']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 3306 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "docker0 has no IPv4 address any more, so the host has no route to 172.17.0.0/16: what nat rewrites to the container takes the default route, out by the interface it came in, where Docker's FORWARD has no rule for it.",
      causes: [{ code: 'wrong-way-out' }, { code: 'not-netfilter', words: ['docker0'] }, { code: 'vanished-no-route' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip addr add 172.17.0.1/16 dev docker0']],
  },
  {
    name: 'container-asks-its-own-published-port-and-input-rejects-the-proxys',
    thread: {
      title: "Docker container cannot connect to docker host on it's own exposed port",
      address: 'https://github.com/moby/moby/issues/27817',
    },
    backend: 'iptables-nft',
    ...own,
    hosts: {
      ...own.hosts,
      host: {
        ...own.hosts.host!,
        listeners: [SSH, { protocol: 'tcp', port: 8080 }, { protocol: 'tcp', port: 5432 }],
        rules: {
          v4: docker({
            input:
              '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n',
          })
            .replaceAll('docker0', 'br-app')
            .replaceAll('172.17.', '172.18.'),
        },
      },
    },
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'unreachable' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'unreachable' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker's nat returns what comes from the container's own bridge, so the request is for the host and its docker-proxy, and the last rule of INPUT rejects it.",
      causes: [
        { rule: '-j REJECT --reject-with icmp-host-prohibited', chain: 'filter INPUT' },
        { rule: '-i br-app -j RETURN', chain: 'nat DOCKER' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I INPUT 1 -i br-app -p tcp -m tcp --dport 8080 -j ACCEPT']],
  },
  {
    name: 'ufw-allows-172-and-the-compose-network-is-of-the-second-address-pool',
    thread: {
      title: 'scrape all metrics over loopback',
      address: 'https://github.com/compassvpn/agent/pull/119',
    },
    backend: 'iptables-nft',
    ...pool,
    hosts: {
      ...pool.hosts,
      host: {
        ...pool.hosts.host!,
        listeners: [SSH, { protocol: 'tcp', port: 9100 }],
        rules: {
          v4: docker({
            input: ufw(
              '-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n-A ufw-user-input -s 172.16.0.0/12 -p tcp -m tcp --dport 9100 -j ACCEPT\n',
            ),
          })
            .replaceAll('docker0', 'br-agent')
            .replaceAll('172.17.0.0/16', '192.168.16.0/20')
            .replaceAll('172.17.0.', '192.168.16.')
            .replace(':INPUT ACCEPT [0:0]\n:FORWARD', ':INPUT DROP [0:0]\n:FORWARD'),
        },
      },
    },
    fails: { from: 'c1', what: 'tcp', to: '192.168.16.1', port: 9100 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9100 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "ufw allows port 9100 for 172.16.0.0/12, where Docker's first networks are; this one has an address of the second pool, 192.168.0.0/16, so INPUT's policy drops it.",
      causes: [
        { rule: '-s 172.16.0.0/12', chain: 'filter ufw-user-input' },
        { policy: 'filter INPUT' },
        { chain: 'filter ufw-user-input' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-input -s 192.168.16.0/20 -p tcp -m tcp --dport 9100 -j ACCEPT']],
  },
  {
    name: 'docker-proxy-listens-for-ipv4-alone-and-ip6tables-is-not-at-fault',
    thread: {
      title: 'IPv4 and IPv6 addresses are not bound by default anymore',
      address: 'https://github.com/moby/libnetwork/issues/2607',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] },
        routes: ['default via 192.0.2.1', 'default via 2001:db8:1::1'],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [
          { ...SSH, address: '::' },
          { protocol: 'tcp', port: 8080, address: '0.0.0.0' },
        ],
        rules: {
          v4: docker(),
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9090 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'ip6tables accepts it. Docker published the port for IPv4 alone: nothing listens at the IPv6 address, and the host answers with a RST.',
      causes: [{ code: 'wrong-bind-address' }, { code: 'closed-port' }, { code: 'refused-here' }],
      status: ['refused'],
    },
    mend: [
      [
        'host',
        `python3 -c "import socket
s=socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,1); s.bind(('2001:db8:1::1',8080)); s.listen(9)
while True: c,_=s.accept(); c.sendall(b'hi'); c.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt6 | grep -q :8080 && break; sleep .1; done`,
      ],
    ],
  },
]
