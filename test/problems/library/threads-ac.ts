/** Keys and limits that miss or take others along, from threads: knocks in another order, a key with the other protocol, a set that is asked for the other port, a cap that counts an office as one, groups past the reverse path filter. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** Asks the group from the machine's own address, and hands on what comes back. */
const CONTROL_POINT = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',9900))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1); o.bind(('192.168.5.30',0)); o.setsockopt(0,32,socket.inet_aton('192.168.7.30'))
  try: o.sendto(b'M-SEARCH * HTTP/1.1',('239.255.255.250',1900)); s.sendto(o.recv(2000),who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :9900 && break; sleep .1; done`

const MEDIA_SERVER = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',1900))
s.setsockopt(0,35,socket.inet_aton('239.255.255.250')+socket.inet_aton('192.168.7.5'))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'HTTP/1.1 200 OK',who)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :1900 && break; sleep .1; done`

const knock = (...ports: number[]) =>
  `python3 -c "import socket
for p in ${JSON.stringify(ports)}:
  s=socket.socket(); s.settimeout(.1)
  try: s.connect(('192.0.2.1',p))
  except OSError: pass
  s.close()"`

export const THREADS_AC: Problem[] = [
  {
    name: 'gerbera-group-comes-in-past-the-reverse-path-filter',
    thread: {
      title: 'Detect if return path filter is on for interface and log warning if so',
      address: 'https://github.com/gerbera/gerbera/issues/623',
    },
    backend: 'nft',
    hosts: {
      tv: {
        addresses: { eth0: ['192.168.7.30/24'], eth1: ['192.168.5.30/24'] },
        routes: ['default via 192.168.5.1'],
      },
      gw: { addresses: { eth0: ['192.168.1.1/24'], eth1: ['192.168.5.1/24'] }, sysctls: FORWARDS },
      nas: {
        addresses: { eth0: ['192.168.1.5/24'], wlan0: ['192.168.7.5/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        listeners: [{ protocol: 'tcp', port: 49152 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol { icmp, igmp } accept
    udp dport 1900 accept
    tcp dport 49152 accept
  }
}
`,
        },
      },
    },
    links: [
      ['tv:eth0', 'nas:wlan0'],
      ['tv:eth1', 'gw:eth1'],
      ['gw:eth0', 'nas:eth0'],
    ],
    traced: 'nas',
    setup: [
      ['nas', MEDIA_SERVER],
      ['tv', CONTROL_POINT],
    ],
    fails: { from: 'tv', what: 'udp', to: '127.0.0.1', port: 9900 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '239.255.255.250' },
    others: [
      { sending: { from: 'gw', what: 'tcp', to: '192.168.1.5', port: 49152 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'ping', to: '192.168.1.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The group's packet comes in on wlan0 with a source whose route leads out of eth0: the strict reverse path filter drops it before INPUT.",
      causes: [{ code: 'vanished-rp-filter', words: ['wlan0'] }],
      status: ['lost'],
    },
    mend: [['nas', 'sysctl -w net.ipv4.conf.wlan0.rp_filter=2']],
  },
  {
    name: 'bnet-cap-of-connections-counts-an-office-as-one',
    thread: {
      title: 'feat: add nftables to BNET',
      address: 'https://github.com/flashbots/flashbots-images/pull/169',
    },
    backend: 'nft',
    hosts: {
      searcher: { addresses: { eth0: ['192.168.8.11/24'] }, routes: ['default via 192.168.8.1'] },
      office: {
        addresses: { eth0: ['192.168.8.1/24'], eth1: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; oifname "eth1" masquerade; }\n}\n',
        },
      },
      other: { addresses: { eth0: ['203.0.113.8/24'] } },
      builder: {
        addresses: { eth0: ['198.51.100.9/24'], eth1: ['203.0.113.1/24'] },
        listeners: [{ protocol: 'tcp', port: 443 }, SSH],
        rules: {
          nft: `table inet rate_limit {
  set privileged {
    type ipv4_addr
    elements = { 203.0.113.77 comment "relay" }
  }
  set conns_regular {
    type ipv4_addr
    size 65535
    flags dynamic
  }
  chain input {
    type filter hook input priority filter - 5; policy accept;
    iifname "lo" accept
    ct state established,related accept
    ip saddr @privileged accept
    tcp dport 443 ct state new add @conns_regular { ip saddr ct count over 3 } counter drop
  }
}
`,
        },
      },
    },
    links: [
      ['searcher:eth0', 'office:eth0'],
      ['office:eth1', 'builder:eth0'],
      ['other:eth0', 'builder:eth1'],
    ],
    traced: 'builder',
    // what the others in the office have open
    setup: [
      [
        'office',
        `python3 -c "import socket,time
a=[socket.create_connection(('198.51.100.9',443)) for i in range(3)]
time.sleep(60)" >/dev/null 2>&1 &
for i in $(seq 100); do [ $(ss -Hnt state established dport = :443 | wc -l) = 3 ] && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'searcher', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'searcher', what: 'tcp', to: '198.51.100.9', port: 22 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'All of the office has one address behind its NAT, and that address has three connections open already.',
      causes: [{ rule: 'ct count over 3', chain: 'inet rate_limit input' }],
      status: ['dropped'],
    },
    mend: [['builder', "nft add element inet rate_limit privileged '{ 198.51.100.1 }'"]],
  },
  {
    name: 'vyos-map-has-the-port-with-the-other-protocol',
    thread: {
      title: 'firewall: T7318: Add support for nftables map',
      address: 'https://github.com/vyos/vyos-1x/pull/4456',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      router: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.0.5.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip vyos_filter {
  map MAP_dmz {
    type ipv4_addr . ipv4_addr . inet_service . inet_proto : verdict
    flags interval
    elements = { 192.0.2.0/24 . 10.0.5.0/24 . 53 . tcp : accept,
                 192.0.2.0/24 . 10.0.5.0/24 . 179 . tcp : accept,
                 192.0.2.0/24 . 10.0.5.0/24 . 1024-65535 . udp : accept,
                 192.0.2.0/24 . 10.0.5.0/24 . 3389 . tcp : drop }
  }
  chain VYOS_STATE_POLICY {
    ct state established counter accept
    ct state related counter accept
    return
  }
  chain VYOS_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    jump VYOS_STATE_POLICY
    ip saddr . ip daddr . th dport . ip protocol vmap @MAP_dmz
    counter drop comment "FWD-filter default-action drop"
  }
}
`,
        },
      },
      dns: {
        addresses: { eth0: ['10.0.5.53/24'] },
        routes: ['default via 10.0.5.1'],
        listeners: [
          { protocol: 'udp', port: 53 },
          { protocol: 'tcp', port: 53 },
          { protocol: 'tcp', port: 3389 },
          { protocol: 'udp', port: 5353 },
        ],
      },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'dns:eth0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'udp', to: '10.0.5.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.5.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '10.0.5.53', port: 5353 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.5.53', port: 3389 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The map has port 53 with tcp, and of udp the ports from 1024: the query is in none of its elements, and the chain's last rule drops it.",
      causes: [
        { rule: 'vmap @MAP_dmz', chain: 'ip vyos_filter VYOS_FORWARD_filter' },
        { code: 'not-in-set', words: ['MAP_dmz'] },
        { code: 'dropped-by-rule', words: ['MAP_dmz'] },
        { code: 'near-miss', words: ['MAP_dmz'] },
      ],
      status: ['dropped'],
    },
    mend: [['router', "nft add element ip vyos_filter MAP_dmz '{ 192.0.2.0/24 . 10.0.5.0/24 . 53 . udp : accept }'"]],
  },
  {
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 80 }],
      rules: {
        nft: `table inet portknock {
  set candidates_ipv4 {
    type ipv4_addr . inet_service
    flags timeout
  }
  set clients_ipv4 {
    type ipv4_addr
    flags timeout
  }
  chain input {
    type filter hook input priority -10; policy accept;
    iifname "lo" return
    tcp dport 7000 add @candidates_ipv4 { ip saddr . 8000 timeout 5m }
    tcp dport 8000 ip saddr . tcp dport @candidates_ipv4 add @candidates_ipv4 { ip saddr . 9000 timeout 5m }
    tcp dport 9000 ip saddr . tcp dport @candidates_ipv4 add @clients_ipv4 { ip saddr timeout 10m }
    tcp dport 22 ip saddr @clients_ipv4 counter accept
    tcp dport 22 ct state established,related counter accept
    tcp dport { 22, 7000, 8000, 9000 } counter drop
  }
}
`,
      },
    }),
    name: 'knocks-of-a-workflow-come-in-another-order',
    thread: {
      title: 'GitHub Actions: use longer delay with port knocking',
      address: 'https://github.com/OpenVPN/openvpn-build/pull/259',
    },
    backend: 'nft',
    setup: [['client', knock(7000, 9000, 8000)]],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The third knock came before the second: the client is still a candidate for port 9000, and not in the set of those that may come in.',
      causes: [
        { rule: '@clients_ipv4', chain: 'inet portknock input' },
        { code: 'not-in-set', words: ['clients_ipv4'] },
        { code: 'dropped-by-rule', words: ['clients_ipv4'] },
        { code: 'near-miss', words: ['clients_ipv4'] },
      ],
      status: ['dropped'],
    },
    mend: [['client', knock(7000, 8000, 9000)]],
  },
  {
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 30080 }],
      rules: {
        ipset:
          'create KUBE-SERVICE-ACCESS hash:ip,port family inet\nadd KUBE-SERVICE-ACCESS 192.0.2.1,tcp:30080\nadd KUBE-SERVICE-ACCESS 192.0.2.1,udp:30053\n',
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m set --match-set KUBE-SERVICE-ACCESS dst -j ACCEPT
COMMIT
`,
      },
    }),
    name: 'kube-set-of-addresses-and-ports-is-asked-for-the-source-port',
    thread: { title: 'Try ipset in kube-proxy', address: 'https://github.com/kubernetes/kubernetes/issues/54203' },
    backend: 'iptables-legacy',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The set has addresses with ports, and the rule names one direction: the kernel looks the destination up with the source's port, and finds nothing.",
      causes: [
        { rule: '--match-set KUBE-SERVICE-ACCESS dst', chain: 'filter KUBE-FIREWALL' },
        { code: 'not-in-set', words: ['KUBE-SERVICE-ACCESS'] },
        { code: 'dropped-by-policy', words: ['KUBE-SERVICE-ACCESS'] },
        { code: 'near-miss', words: ['KUBE-SERVICE-ACCESS'] },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A KUBE-FIREWALL -m set --match-set KUBE-SERVICE-ACCESS dst,dst -j ACCEPT']],
  },
  {
    name: 'adguard-accepts-its-prefix-and-no-link-local-client',
    thread: {
      title: 'Allowed and disallowed clients lists does not accept IPv6 Link-local CIDRs',
      address: 'https://github.com/AdguardTeam/AdGuardHome/issues/6192',
    },
    backend: 'nft',
    hosts: {
      // has no other address than the one of its link
      bulb: { routes: ['fd53::/64 dev eth0'] },
      pc: { addresses: { eth0: ['fd53::20/64'] } },
      dns: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['fd53::1/64'] },
        listeners: [{ protocol: 'udp', address: 'fd53::1', port: 53 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
    ip6 saddr fd53::/64 udp dport 53 accept
    ip6 saddr fd53::/64 tcp dport { 53, 3000 } accept
  }
}
`,
        },
      },
    },
    links: [
      ['bulb:eth0', 'dns:p1'],
      ['pc:eth0', 'dns:p2'],
    ],
    traced: 'dns',
    fails: { from: 'bulb', what: 'udp', to: 'fd53::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: 'fd53::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'bulb', what: 'ping', to: 'fd53::1' }, seen: 'answered' },
    ],
    truth: {
      words: "The client has only a link-local address, and the rule accepts queries from the network's prefix alone.",
      causes: [
        { rule: 'udp dport 53 accept', chain: 'inet filter input' },
        { code: 'near-miss', words: ['fd53::/64'] },
        { code: 'dropped-by-policy', words: ['fe80::'] },
        { code: 'missing-rule', words: ['fe80::'] },
      ],
      status: ['dropped'],
    },
    mend: [['dns', 'nft add rule inet filter input ip6 saddr fe80::/10 udp dport 53 accept']],
  },
]
