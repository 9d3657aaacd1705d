/** From threads: hosts that filter what they send: ufw without the time, a script run twice, a tunnel that an older table does not know. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const NTP = { protocol: 'udp', port: 123 } as const

const chains = (...names: string[]) => names.map((name) => `:${name} - [0:0]\n`).join('')

/** `ufw allow out PORT`, of both protocols. */
const out = (port: number) => `-A ufw-user-output -p tcp -m tcp --dport ${port} -j ACCEPT
-A ufw-user-output -p udp -m udp --dport ${port} -j ACCEPT
`

const UFW = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
${chains(
  'ufw-after-input',
  'ufw-after-logging-input',
  'ufw-after-logging-output',
  'ufw-after-output',
  'ufw-before-input',
  'ufw-before-logging-output',
  'ufw-before-output',
  'ufw-logging-deny',
  'ufw-not-local',
  'ufw-reject-output',
  'ufw-skip-to-policy-input',
  'ufw-track-output',
  'ufw-user-input',
  'ufw-user-output',
)}-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-after-logging-input
-A OUTPUT -j ufw-before-logging-output
-A OUTPUT -j ufw-before-output
-A OUTPUT -j ufw-after-output
-A OUTPUT -j ufw-after-logging-output
-A OUTPUT -j ufw-reject-output
-A OUTPUT -j ufw-track-output
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-after-logging-output -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ufw-user-output
-A ufw-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
${out(53)}${out(80)}${out(443)}COMMIT
`

/** What the first run left, and behind its last rule what the second one adds. */
const LOCAL = ['fe80::/10', 'fd00::/8'].map((net) => `-A INPUT -s ${net} -j ACCEPT\n-A OUTPUT -d ${net} -j ACCEPT\n`)
const TIME = '-A INPUT -p udp -m udp --sport 123 -j ACCEPT\n-A OUTPUT -p udp -m udp --dport 123 -j ACCEPT\n'
const REST = '-A INPUT -j DROP\n-A OUTPUT -j DROP\n'

const SLEEP = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${TIME}${TIME}${LOCAL.join('')}${REST}${['udp', 'tcp']
  .map(
    (l4) => `-A OUTPUT -d 2001:db8:53::53/128 -p ${l4} -m ${l4} --dport 53 -j ACCEPT
-A INPUT -s 2001:db8:53::53/128 -p ${l4} -m ${l4} --sport 53 -j ACCEPT
`,
  )
  .join('')}${LOCAL.join('')}${REST}COMMIT
`

/** The container's own scripts, before the VPN is up, and what an older client added. */
const BEFORE_THE_VPN = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -s 172.18.0.0/16 -i eth0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o tap+ -j ACCEPT
-A OUTPUT -o tun+ -j ACCEPT
-A OUTPUT -o nordtun+ -j ACCEPT
-A OUTPUT -o nordlynx+ -j ACCEPT
-A OUTPUT -d 172.18.0.0/16 -o eth0 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 51820 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --dport 1194 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 1194 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`

const NORDVPN = `table inet nordvpn {
  chain postrouting {
    type filter hook postrouting priority mangle; policy accept;
    meta mark 0xe1f1 ct mark set meta mark
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct mark 0xe1f1 meta mark set ct mark
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    iifname "qtun" accept
    ct state established,related ct mark 0xe1f1 accept
    ct mark 0xe1f1 accept
    udp sport 53 ct state established accept
    tcp sport 53 ct state established accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "qtun" accept
    oifname "lo" accept
    ct state new,established,related ct mark 0xe1f1 accept
    meta mark 0xe1f1 accept
    udp dport 53 accept
    tcp dport 53 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
`

export const OUTBOUND_FILTERS_OF_HOSTS: Problem[] = [
  {
    name: 'ufw-by-a-benchmark-lets-three-ports-out-and-not-the-time',
    thread: {
      title: 'NTP Sync Not Working due to UFW Config',
      address: 'https://github.com/ansible-lockdown/DEBIAN12-CIS/issues/124',
    },
    backend: 'iptables-nft',
    hosts: {
      server: { addresses: { eth0: ['192.0.2.1/24'] }, listeners: [SSH], rules: { v4: UFW } },
      services: {
        addresses: { eth0: ['192.0.2.2/24'] },
        listeners: [DNS, NTP, HTTPS, { protocol: 'udp', port: 514 }, { protocol: 'tcp', port: 25 }],
      },
    },
    links: [['server:eth0', 'services:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'udp', to: '192.0.2.2', port: 123 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '192.0.2.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'services', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '192.0.2.2', port: 514 }, seen: 'nothing' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words: 'What leaves is denied by default, and of the ports that are let out none is 123.',
      causes: [{ policy: 'filter OUTPUT' }, { chain: 'filter ufw-user-output' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A ufw-user-output -p udp --dport 123 -j ACCEPT']],
  },
  {
    name: 'a-script-run-twice-lets-its-resolver-of-ipv6-in-behind-the-drop-of-the-first-run',
    thread: {
      title: '[codex] Allow DNS for NTP while blocking WAN',
      address: 'https://github.com/throwaway31265/free-sleep/pull/51',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['2001:db8:1::10/64', 'fe80::10/64'] },
        routes: ['default via fe80::1 dev eth0'],
        listeners: [{ ...SSH, address: '2001:db8:1::10' }],
        rules: { v6: SLEEP },
      },
      router: {
        addresses: { lan: ['2001:db8:1::1/64', 'fe80::1/64'], wan: ['2001:db8:53::1/64'] },
        sysctls: FORWARDS,
      },
      resolver: {
        addresses: { eth0: ['2001:db8:53::53/64'] },
        routes: ['default via 2001:db8:53::1'],
        listeners: [DNS, NTP, HTTPS].map((one) => ({ ...one, address: '2001:db8:53::53' })),
      },
    },
    links: [
      ['pod:eth0', 'router:lan'],
      ['router:wan', 'resolver:eth0'],
    ],
    // what the pod asks of all its neighbours is dropped, so it knows the router as the router asked for it
    setup: [['router', 'ping -c1 -W5 -I fe80::1%lan fe80::10%lan']],
    traced: 'pod',
    fails: { from: 'pod', what: 'udp', to: '2001:db8:53::53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'udp', to: '2001:db8:53::53', port: 123 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:53::53', port: 443 }, seen: 'nothing' },
      { sending: { from: 'resolver', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The first run's rules of IPv6 were never flushed. The second run added the rules for the resolver behind the drop that ends them, for what leaves and for what comes.",
      causes: [{ rule: '-j DROP', chain: 'filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [['pod', 'ip6tables -D OUTPUT -j DROP; ip6tables -D INPUT -j DROP']],
  },
  {
    name: 'an-older-table-of-iptables-legacy-drops-what-the-clients-own-table-lets-into-its-new-tunnel',
    thread: { title: 'Add NordWhisper support', address: 'https://github.com/tmknight/docker-nordvpn/pull/125' },
    backend: 'mixed',
    hosts: {
      container: {
        addresses: { eth0: ['172.18.0.2/16'], qtun: ['10.5.0.2/16'] },
        routes: ['default via 10.5.0.1'],
        listeners: [{ protocol: 'tcp', port: 8118 }],
        rules: { nft: NORDVPN },
      },
      docker: { addresses: { eth0: ['172.18.0.1/16'] }, listeners: [DNS, SSH] },
      vpn: {
        addresses: { qtun: ['10.5.0.1/16'], lo: ['198.51.100.9/32'] },
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['container:eth0', 'docker:eth0'],
      ['container:qtun', 'vpn:qtun'],
    ],
    setup: [['container', `iptables-legacy-restore <<'END'\n${BEFORE_THE_VPN}END\n`]],
    traced: 'container',
    fails: { from: 'container', what: 'tcp', to: '198.51.100.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'container', what: 'udp', to: '172.18.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '172.18.0.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'docker', what: 'tcp', to: '172.18.0.2', port: 8118 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.5.0.2', port: 8118 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Two filters drop by default. The client's own table accepts qtun; the older one of iptables-legacy lets out tap, tun, nordtun and nordlynx, and not qtun.",
      causes: [{ policy: 'filter OUTPUT' }, { chain: 'filter OUTPUT' }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [['container', 'iptables-legacy -A OUTPUT -o qtun -j ACCEPT']],
  },
]
