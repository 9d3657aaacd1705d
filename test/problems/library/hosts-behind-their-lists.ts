/** From threads: a list that has the owner's own carrier, ports that are the wrong way round, and a health check that is not tracked. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const SHIELD = `INPUT -p tcp -m multiport --dports 20,21,22,110,143,587,989,990,993,994,995,2222,4190 -m set --match-set login-shield src -j`

const NEXTCLOUD = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A ${SHIELD} LOG --log-prefix ShD-Lgn
-A ${SHIELD} DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 2222 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`

const SQUID = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m comment --comment "000 accept all icmp" -j ACCEPT
-A INPUT -i lo -m comment --comment "001 accept all to lo interface" -j ACCEPT
-A INPUT -m comment --comment "002 accept related established rules" -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 10.164.0.0/16 -i eth0 -p tcp -m multiport --dports 22 -m comment --comment "003 allow ssh" -j ACCEPT
-A INPUT -s 10.164.0.0/16 -i eth0 -p tcp -m multiport --sports 3128 -m multiport --dports 1025:65535 -m comment --comment "009 allow inbound squid" -j ACCEPT
-A INPUT -s 10.164.0.0/16 -i eth0 -p udp -m multiport --sports 3128 -m multiport --dports 1025:65535 -m comment --comment "009 allow inbound squid udp" -j ACCEPT
-A INPUT -m comment --comment "999 drop all" -j DROP
-A OUTPUT -o eth0 -p tcp -m multiport --sports 1025:65535 -m multiport --dports 3128 -m comment --comment "009 allow outbound squid" -j ACCEPT
COMMIT
`

const KUBELET = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 127.0.0.1/32 -p tcp -m tcp --sport 10248 -j NOTRACK
-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 10248 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 127.0.0.1/32 -p tcp -m tcp --sport 10248 -j ACCEPT
-A INPUT -i lo -p tcp -m tcp --dport 10248 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 10248 -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
COMMIT
`

export const HOSTS_BEHIND_THEIR_LISTS: Problem[] = [
  {
    name: 'login-shield-has-the-network-of-the-owners-own-carrier',
    thread: {
      title: 'Some help please configuring Login-Shield',
      address: 'https://github.com/DPsystems/Login-Shield/issues/8',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { eth0: ['203.0.113.147/24'] } },
      scanner: { addresses: { eth0: ['203.0.113.201/24'] } },
      internet: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.100/24'] },
        listeners: [HTTPS, { protocol: 'tcp', port: 2222 }, { protocol: 'tcp', port: 993 }],
        rules: {
          v4: NEXTCLOUD,
          ipset: `create login-shield hash:net family inet hashsize 1024 maxelem 65536
add login-shield 198.51.100.0/24
add login-shield 203.0.113.128/25
`,
        },
      },
      lan: { addresses: { eth0: ['192.168.1.10/24'] } },
    },
    links: [
      ['phone:eth0', 'internet:p1'],
      ['scanner:eth0', 'internet:p2'],
      ['server:eth0', 'internet:p3'],
      ['server:eth1', 'lan:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 2222 },
    seen: 'nothing',
    others: [
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.100', port: 2222 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'scanner', what: 'tcp', to: '203.0.113.1', port: 2222 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 993 }, seen: 'nothing', either: true },
    ],
    truth: {
      words: "The list of networks that may not log in has that of the phone's carrier.",
      causes: [{ rule: '--match-set login-shield src -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ipset add login-shield 203.0.113.147 nomatch']],
  },
  {
    name: 'squid-is-let-in-by-its-port-as-the-source',
    thread: {
      title: '[bug] sport and dport flipped for squid iptable rule',
      address: 'https://github.com/nubisproject/nubis-nat/issues/54',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['10.164.1.20/24'] }, routes: ['default via 10.164.1.1'] },
      proxy: {
        addresses: { eth0: ['10.164.1.1/24'], eth1: ['203.0.113.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 3128 }, { protocol: 'tcp', port: 3130 }],
        rules: { v4: SQUID },
      },
      internet: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'proxy:eth0'],
      ['proxy:eth1', 'internet:eth0'],
    ],
    traced: 'proxy',
    fails: { from: 'client', what: 'tcp', to: '10.164.1.1', port: 3128 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.164.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.164.1.1', port: 3130 }, seen: 'nothing' },
      { sending: { from: 'internet', what: 'tcp', to: '203.0.113.1', port: 3128 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule for the proxy asks for 3128 as the source port and for a high destination port: a client sends from a high port to 3128.',
      causes: [
        { rule: '--sports 3128', chain: 'filter INPUT' },
        { rule: '999 drop all', chain: 'filter INPUT' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'proxy',
        'iptables -I INPUT 5 -s 10.164.0.0/16 -i eth0 -p tcp -m multiport --sports 1025:65535 -m multiport --dports 3128 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'healthy-kubelet-is-asked-at-loopback-without-tracking-and-its-reply-is-invalid-on-the-way',
    thread: {
      title: 'Kube-proxy should exempt local traffic from going through conntrack',
      address: 'https://github.com/kubernetes/kubernetes/issues/109672',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', address: '127.0.0.1', port: 10248 }],
      rules: { v4: KUBELET },
    }),
    fails: { from: 'server', what: 'tcp', to: '127.0.0.1', port: 10248 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 10248 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong. The request is not tracked; of its reply connection tracking has seen no request, until the reply comes in again at lo, untracked and accepted by its port.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]
