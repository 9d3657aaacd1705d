/** A firewall of one's own beside Docker. */
import { bridged, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const BRIDGE = 'docker0'
const NET = '172.17.0.1/16'

/** `forward` in front of Docker's own rules; `user` in DOCKER-USER. */
const docker = ({ forward = '', user = '' }) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
${forward}-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
${user}-A DOCKER-USER -j RETURN
COMMIT
`

const DNS = [{ protocol: 'udp', address: '192.0.2.9', port: 53 }, ...WEB] as const

/** The client listens on 53 as well. */
function withDns(v4: string): ReturnType<typeof bridged> {
  const made = bridged(BRIDGE, NET, { rules: { v4 } })
  return { ...made, hosts: { ...made.hosts, client: { ...made.hosts.client!, listeners: DNS } } }
}

export const FIREWALLS: Problem[] = [
  {
    name: 'docker-user-source-range-drops-replies',
    thread: {
      title: 'add another iptables rule to allow dns queries from container',
      address: 'https://github.com/docker/docs/pull/21708',
    },
    backend: 'iptables-nft',
    ...withDns(docker({ user: '-A DOCKER-USER -i eth0 -m iprange ! --src-range 192.0.2.100-192.0.2.120 -j DROP\n' })),
    fails: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' }],
    truth: {
      words: 'The rule against strangers drops the replies to what containers ask, too.',
      causes: [{ rule: '--src-range', chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'ufw-docker-low-source-port',
    thread: {
      title: 'Use conntrack to allow incoming responses for outbound connections',
      address: 'https://github.com/chaifeng/ufw-docker/issues/115',
    },
    backend: 'iptables-legacy',
    ...withDns(docker({ user: '-A DOCKER-USER -d 172.16.0.0/12 -p udp -m udp --dport 0:32767 -j DROP\n' })),
    fails: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 53, sport: 12345 },
    seen: 'nothing',
    others: [{ sending: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 53 }, seen: 'answered' }],
    truth: {
      words: 'Replies to a low source port look like requests to the rule, which asks for no state.',
      causes: [{ rule: '--dport 0:32767', chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -d 172.16.0.0/12 -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN']],
  },
  {
    name: 'docker-behind-a-reject',
    thread: {
      title: 'DOCKER-USER chain not being used or created',
      address: 'https://github.com/moby/moby/issues/48560',
    },
    backend: 'iptables-nft',
    ...bridged(BRIDGE, NET, {
      rules: { v4: docker({ forward: '-A FORWARD ! -i docker0 ! -o docker0 -j ACCEPT\n-A FORWARD -j REJECT\n' }) },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'refused' }],
    truth: {
      words: "The host's own FORWARD ends in a REJECT, and Docker's rules stand behind it.",
      causes: [{ rule: '-j REJECT', chain: 'filter FORWARD' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -D FORWARD 2']],
  },
  {
    name: 'nft-flush-takes-docker-rules',
    thread: { title: 'nftables and docker cohabitation', address: 'https://github.com/ipr-cnrs/nftables/issues/70' },
    backend: 'nft',
    ...bridged(BRIDGE, NET, {
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
}
`,
      },
    }),
    setup: [['client', 'ip route del default']],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'Reloading nftables has flushed the nat of Docker: the packet leaves with the address of the container.',
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'host',
        'nft add table ip nat; nft "add chain ip nat POSTROUTING { type nat hook postrouting priority 100; }"; nft add rule ip nat POSTROUTING ip saddr 172.17.0.0/16 oifname != docker0 masquerade',
      ],
    ],
  },
]
