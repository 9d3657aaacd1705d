/** By iptables-legacy: two or three things are in the way at once, and each alone is enough to stop it. Set up by hand; each line of `mend` mends one. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Nobody's thread: faults that people have one at a time, put together. */
export const PUT_TOGETHER = {
  title: 'Several faults, put together by hand',
  address: 'https://www.netfilter.org/documentation/',
} as const

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const MAIL = { protocol: 'tcp', port: 25 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const TWO_FAULTS_LEGACY: Problem[] = [
  {
    name: 'faults-forward-to-a-wrong-port-of-a-blocked-client-without-a-way-back',
    thread: PUT_TOGETHER,
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 192.168.1.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.1.10:8000
-A POSTROUTING -s 10.8.0.0/24 -o lan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 203.0.113.8/29 -j DROP
-A FORWARD -i lan -j ACCEPT
-A FORWARD -d 192.168.1.10/32 -i wan -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
      // another box is its gateway
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.254'], listeners: [...WEB, SSH] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'DNAT writes port 8000 where the server has 80; a block of addresses holds the client; and the server answers by another gateway, as nothing is masqueraded toward it.',
      causes: [
        { rule: '203.0.113.8/29', chain: 'filter FORWARD' },
        { rule: '192.168.1.10:8000', chain: 'nat PREROUTING' },
      ],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded', 'several-causes', 'dnat-mismatch'],
    },
    mend: [
      ['router', 'iptables -t nat -R PREROUTING 1 -i wan -p tcp --dport 8080 -j DNAT --to-destination 192.168.1.10:80'],
      ['router', 'iptables -I FORWARD 2 -s 203.0.113.9 -d 192.168.1.10 -i wan -p tcp --dport 80 -j ACCEPT'],
      ['router', 'iptables -t nat -A POSTROUTING -d 192.168.1.10 -o lan -p tcp --dport 80 -j MASQUERADE'],
    ],
  },
  {
    name: 'faults-zone-of-the-uplink-alone-and-mail-not-accepted',
    thread: PUT_TOGETHER,
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i wan -j CT --zone 1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -p tcp -m multiport --dports 80,443 -j ACCEPT
-A FORWARD -i wan -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
      { remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: [MAIL] }, pc: { listeners: [SSH, ...WEB] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'FORWARD does not accept port 25. What the uplink brings is tracked in a zone of its own, so a reply belongs to no connection there, and is dropped.',
      causes: [{ policy: 'filter FORWARD' }, { rule: '--zone 1', chain: 'raw PREROUTING' }],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['router', 'iptables -A FORWARD -i lan -p tcp --dport 25 -j ACCEPT'],
      ['router', 'iptables -t raw -D PREROUTING -i wan -j CT --zone 1'],
    ],
  },
  {
    name: 'faults-syn-limit-in-raw-and-input-policy',
    thread: PUT_TOGETHER,
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 8443 }],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8443 --tcp-flags FIN,SYN,RST,ACK SYN -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name flood -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [['client', 'timeout 0.5 bash -c ": </dev/tcp/192.0.2.1/8443" || true']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words: 'The second SYN within the hour is dropped in raw by a limit, and no rule of INPUT accepts the port.',
      causes: [{ rule: '--hashlimit-name flood', chain: 'raw PREROUTING' }, { policy: 'filter INPUT' }],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['server', 'iptables -t raw -F PREROUTING'],
      ['server', 'iptables -A INPUT -p tcp --dport 8443 -j ACCEPT'],
    ],
  },
  {
    name: 'faults-container-not-accepted-not-masqueraded-and-replies-dropped',
    thread: PUT_TOGETHER,
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS, ...WEB] },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
        bridges: { docker0: ['veth1'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER ! -s 198.51.100.0/24 -i eth0 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "No rule accepts what leaves the container; what is masqueraded is another network's; and DOCKER-USER drops what comes in by eth0, replies too.",
      causes: [
        { policy: 'filter FORWARD' },
        { rule: '-s 172.18.0.0/16', chain: 'nat POSTROUTING' },
        { rule: '! -s 198.51.100.0/24', chain: 'filter DOCKER-USER' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'not-masqueraded'],
    },
    mend: [
      ['host', 'iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT'],
      ['host', 'iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE'],
      ['host', 'iptables -I DOCKER-USER -i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN'],
    ],
  },
  {
    name: 'faults-six-old-prefix-in-input-and-output-without-replies',
    thread: PUT_TOGETHER,
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] }, listeners: [{ protocol: 'tcp', port: 80, address: '::' }] },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [SSH6, { ...HTTPS, address: '::' }],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -s 2001:db8:9::/64 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 80 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p ipv6-icmp -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 443 -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'INPUT accepts ssh from the prefix that the network had before, and OUTPUT accepts replies of port 443 alone.',
      causes: [
        { policy: 'filter INPUT' },
        { rule: '-s 2001:db8:9::/64', chain: 'filter INPUT' },
        { policy: 'filter OUTPUT' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['server', 'ip6tables -A INPUT -s 2001:db8:1::/64 -p tcp --dport 22 -j ACCEPT'],
      ['server', 'ip6tables -A OUTPUT -p tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT'],
    ],
  },
]
