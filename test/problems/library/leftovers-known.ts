/** Leftovers: two rules of nat for one packet, and a destination that nobody serves. */
import { clientAndServer, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const WEB = { protocol: 'tcp', port: 80 } as const

const nat = (lines: string): string => `*nat\n${NAT}${lines}COMMIT\n`

/** What comes from the LAN, and what was asked for from here. */
const CLOSED = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
COMMIT
`

export const LEFTOVERS_KNOWN: Problem[] = [
  {
    name: 'redirect-in-front-of-the-port-forward',
    thread: {
      title: "Docker's v1.11 networking braking use of iptables method?",
      address: 'https://github.com/jpetazzo/squid-in-a-can/issues/24',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        listeners: [{ protocol: 'tcp', address: '192.168.1.1', port: 3129 }],
        rules: {
          v4: `${nat(`-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3129
-A PREROUTING -i wan -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10:80
`)}${CLOSED}`,
        },
      },
      { pc: { listeners: [WEB] }, remote: { listeners: [WEB] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The redirection to the proxy of the LAN names no interface and stands in front of the port forward.',
      causes: [{ rule: 'REDIRECT --to-ports 3129', chain: 'nat PREROUTING' }],
      status: ['dropped'],
      alsoTrue: ['dropped-by-policy', 'several-causes'],
    },
    mend: [
      ['router', 'iptables -t nat -I PREROUTING 1 -i wan -p tcp --dport 80 -j DNAT --to-destination 192.168.1.10:80'],
    ],
  },
  {
    name: 'port-forward-in-front-of-the-redirect',
    thread: {
      title: 'iptables rule actually redirects *all* traffic for any IP address on the target port',
      address: 'https://github.com/cantabular/hanoverd/issues/28',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        listeners: [{ protocol: 'tcp', port: 8080 }],
        rules: {
          v4: nat(`-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10:8000
-A PREROUTING -i wan -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
`),
        },
      },
      { pc: { listeners: [WEB] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words: 'The DNAT to the container names no interface and takes what the redirection is for.',
      causes: [{ rule: 'DNAT --to-destination 192.168.1.10:8000', chain: 'nat PREROUTING' }],
      status: ['refused', 'unanswered'],
      alsoTrue: ['refused-there'],
    },
    mend: [['router', 'iptables -t nat -I PREROUTING 1 -i wan -p tcp --dport 80 -j REDIRECT --to-ports 8080']],
  },
  {
    name: 'port-forward-to-a-port-nobody-serves',
    thread: {
      title: 'fix: assign static IPs to openpanel_network to prevent stale iptables DNAT rules on port 2083',
      address: 'https://github.com/stefanpejcic/OpenPanel/pull/911',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        rules: {
          v4: nat('-A PREROUTING -i wan -p tcp -m tcp --dport 2083 -j DNAT --to-destination 192.168.1.10:2083\n'),
        },
      },
      { pc: { listeners: [WEB] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 2083 },
    seen: 'refused',
    others: [{ sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' }],
    truth: {
      words: 'The rule of nat is left over: it sends the port to a host that does not serve it.',
      causes: [{ rule: 'DNAT --to-destination 192.168.1.10:2083', chain: 'nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      ['router', 'iptables -t nat -R PREROUTING 1 -i wan -p tcp --dport 2083 -j DNAT --to-destination 192.168.1.10:80'],
    ],
  },
  {
    name: 'port-forward-to-a-host-that-says-nothing',
    thread: {
      title: 'Docker creates firewall rules in nat table that forward packets to wrong container IPs',
      address: 'https://github.com/moby/moby/issues/32048',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" tcp dport 8080 dnat to 192.168.1.10:8080
  }
}
`,
        },
      },
      {
        pc: {
          listeners: [WEB],
          rules: {
            nft: 'table ip f {\n chain i {\n type filter hook input priority 0; policy drop;\n tcp dport 80 accept\n }\n}\n',
          },
        },
      },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [{ sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' }],
    truth: {
      words: 'nat sends it to a port that the host does not serve, and whose packets it drops.',
      causes: [{ rule: 'dnat to 192.168.1.10:8080', chain: 'ip nat prerouting' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        'nft flush chain ip nat prerouting; nft add rule ip nat prerouting iifname wan tcp dport 8080 dnat to 192.168.1.10:80',
      ],
    ],
  },
  {
    name: 'lan-redirect-in-front-of-the-hairpin',
    thread: {
      title: "Docker's v1.11 networking braking use of iptables method?",
      address: 'https://github.com/jpetazzo/squid-in-a-can/issues/24',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        bridges: { lan: ['p1', 'p2'] },
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 3129 }],
        rules: {
          v4: `${nat(`-A PREROUTING -i lan -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3129
-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10:80
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.10/32 -j MASQUERADE
-A POSTROUTING -o wan -j MASQUERADE
`)}${CLOSED.replace('-A INPUT -i lan -j ACCEPT', '-A INPUT -i lan -p udp -j ACCEPT')}`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [WEB] },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [WEB] },
    },
    links: [
      ['laptop:eth0', 'router:p1'],
      ['router:p2', 'pc:eth0'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    fails: { from: 'laptop', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The redirection to the proxy stands in front of the port forward, for whoever is in the LAN.',
      causes: [{ rule: 'REDIRECT --to-ports 3129', chain: 'nat PREROUTING' }],
      status: ['dropped'],
      alsoTrue: ['dropped-by-policy', 'several-causes'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -I PREROUTING 1 -d 203.0.113.1 -p tcp --dport 80 -j DNAT --to-destination 192.168.1.10:80',
      ],
    ],
  },
  {
    name: 'ufw-lost-what-it-was-told-to-allow',
    thread: { title: 'ufw', address: 'https://github.com/littlebizzy/slickstack/issues/39' },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 6379 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-not-local - [0:0]
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 6379 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The file with the user's rules was taken for damaged and written anew: nothing that was allowed is loaded.",
      causes: [{ code: 'missing-rule', words: ['ufw-user-input'] }],
      status: ['dropped'],
      alsoTrue: ['dropped-by-policy'],
    },
    mend: [['server', 'iptables -A ufw-user-input -p tcp --dport 6379 -j ACCEPT']],
  },
]
