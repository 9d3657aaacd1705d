/** Container engines and what is around them, from threads: Docker 29's nft tables and other ways to a container, sandboxes without the LAN, Podman's name server. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** Docker's table for one network with a container that publishes port 80 as 8080. */
const DOCKER = (bridge: string, network: string, container: string) => `table ip docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "${bridge}" : jump filter-forward-in__${bridge} }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "${bridge}" : jump filter-forward-out__${bridge} }
  }
  map nat-postrouting-in-jumps {
    type ifname : verdict
    elements = { "${bridge}" : jump nat-postrouting-in__${bridge} }
  }
  map nat-postrouting-out-jumps {
    type ifname : verdict
    elements = { "${bridge}" : jump nat-postrouting-out__${bridge} }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    iifname vmap @nat-postrouting-out-jumps
    oifname vmap @nat-postrouting-in-jumps
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
    iifname != "${bridge}" tcp dport 8080 counter dnat to ${container}:80 comment "DNAT"
  }
  chain raw-PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    ip daddr ${container} iifname != "${bridge}" counter drop comment "DROP DIRECT ACCESS"
  }
  chain filter-forward-in__${bridge} {
    ct state established,related counter accept
    iifname "${bridge}" counter accept comment "ICC"
    ip daddr ${container} tcp dport 80 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__${bridge} {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
  chain nat-postrouting-in__${bridge} {
  }
  chain nat-postrouting-out__${bridge} {
    oifname != "${bridge}" ip saddr ${network} counter masquerade comment "MASQUERADE"
  }
}
`

/** A container of `host`, another node at its overlay, and a client of the LAN that has a route to the containers, too. */
const overlay: Pick<Problem, 'hosts' | 'links' | 'traced'> = {
  hosts: {
    node2: {
      addresses: { 'flannel.1': ['10.210.2.0/32', '10.210.254.2/24'] },
      routes: ['10.210.1.0/24 via 10.210.254.1'],
    },
    client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.210.1.0/24 via 192.0.2.1'], listeners: [HTTPS] },
    host: {
      bridges: { 'br-5c1f7b': ['veth1'] },
      addresses: {
        eth0: ['192.0.2.1/24'],
        'flannel.1': ['10.210.254.1/24'],
        'br-5c1f7b': ['10.210.1.1/24'],
      },
      sysctls: FORWARDS,
      rules: { nft: DOCKER('br-5c1f7b', '10.210.1.0/24', '10.210.1.2') },
    },
    c1: {
      addresses: { eth0: ['10.210.1.2/24'] },
      routes: ['default via 10.210.1.1'],
      listeners: [...WEB, { protocol: 'tcp', port: 9000 }],
    },
  },
  links: [
    ['node2:flannel.1', 'host:flannel.1'],
    ['client:eth0', 'host:eth0'],
    ['host:veth1', 'c1:eth0'],
  ],
  traced: 'host',
}

export const ENGINES_AND_THEIR_NEIGHBOURS: Problem[] = [
  {
    name: 'docker-nft-drops-the-overlay-in-front-of-its-bridge',
    thread: {
      title: 'Allow direct routing to container ports from trusted interfaces',
      address: 'https://github.com/moby/moby/pull/49832',
    },
    backend: 'nft',
    ...overlay,
    fails: { from: 'node2', what: 'tcp', to: '10.210.1.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.210.1.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'tcp', to: '10.210.1.2', port: 9000 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker drops what is for a container's own address and comes by any link but its bridge: the overlay is not among those that it trusts.",
      causes: [{ rule: 'DROP DIRECT ACCESS', chain: 'ip docker-bridges raw-PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule ip docker-bridges raw-PREROUTING ip daddr 10.210.1.2 iifname flannel.1 accept']],
  },
  {
    name: 'unleash-sandbox-without-the-lan-asks-the-name-server-of-the-lan',
    thread: {
      title: 'fix(sandbox): allow DNS through DOCKER-USER before RFC-1918 DROP rules',
      address: 'https://github.com/heiervang-technologies/unleash/pull/72',
    },
    backend: 'iptables-nft',
    hosts: {
      dns: { addresses: { eth0: ['192.168.1.53/24'] }, listeners: [DNS, ...WEB] },
      net: { addresses: { wan: ['203.0.113.9/24'] }, listeners: [HTTPS, DNS] },
      host: {
        bridges: { 'br-sandbox': ['veth1'] },
        addresses: { eth0: ['192.168.1.1/24'], wan: ['203.0.113.1/24'], 'br-sandbox': ['172.30.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i br-sandbox -o br-sandbox -j DROP
-A DOCKER-BRIDGE -o br-sandbox -j DOCKER
-A DOCKER-CT -o br-sandbox -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i br-sandbox -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-sandbox ! -o br-sandbox -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o br-sandbox -j DROP
-A DOCKER-USER -d 10.0.0.0/8 -i br-sandbox -j DROP
-A DOCKER-USER -d 172.16.0.0/12 -i br-sandbox -j DROP
-A DOCKER-USER -d 192.168.0.0/16 -i br-sandbox -j DROP
-A DOCKER-USER -d 169.254.0.0/16 -i br-sandbox -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.30.0.0/24 ! -o br-sandbox -j MASQUERADE
COMMIT
`,
        },
      },
      sandbox: { addresses: { eth0: ['172.30.0.2/24'] }, routes: ['default via 172.30.0.1'] },
    },
    links: [
      ['dns:eth0', 'host:eth0'],
      ['net:wan', 'host:wan'],
      ['host:veth1', 'sandbox:eth0'],
    ],
    traced: 'host',
    fails: { from: 'sandbox', what: 'udp', to: '192.168.1.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'sandbox', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'sandbox', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'sandbox', what: 'tcp', to: '192.168.1.53', port: 80 }, seen: 'nothing' },
      { sending: { from: 'sandbox', what: 'ping', to: '192.168.1.53' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The sandbox is kept from all private networks, and the name server that it asks is in one of them: the rule drops the question.',
      causes: [{ rule: '-d 192.168.0.0/16', chain: 'filter DOCKER-USER' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -i br-sandbox -p udp --dport 53 -j RETURN']],
  },
  {
    name: 'podman-name-server-behind-the-input-chain-of-the-host',
    thread: {
      title: 'Rootful containers on debian sid host unable to resolve DNS',
      address: 'https://github.com/containers/aardvark-dns/issues/453',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: { addresses: { eth0: ['10.8.1.2/24'] }, routes: ['default via 10.8.1.1'] },
      admin: { addresses: { eth0: ['192.0.2.5/24'] } },
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      host: {
        bridges: { podman1: ['veth0'] },
        addresses: { podman1: ['10.8.1.1/24'], eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ ...DNS, address: '10.8.1.1' }, { ...DNS, address: '203.0.113.1' }, SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -d 10.8.1.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.8.1.0/24 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
:NETAVARK-1E20C0A4B1E5A - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A POSTROUTING -s 10.8.1.0/24 -j NETAVARK-1E20C0A4B1E5A
-A NETAVARK-1E20C0A4B1E5A -d 10.8.1.0/24 -j ACCEPT
-A NETAVARK-1E20C0A4B1E5A ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
COMMIT
`,
          nft: `table inet firewall {
  chain inbound_ipv4 {
    icmp type echo-request limit rate 5/second accept
  }
  chain inbound {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    meta protocol vmap { ip : jump inbound_ipv4 }
    ip saddr { 192.0.2.0-192.0.2.63, 198.51.100.0/24 } tcp dport { 22, 9090 } accept
  }
}
`,
        },
      },
    },
    links: [
      ['c1:eth0', 'host:veth0'],
      ['admin:eth0', 'host:eth0'],
      ['client:eth0', 'host:eth1'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'udp', to: '10.8.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '10.8.1.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The engine's name server listens on the bridge of the host, and the input chain of the host accepts nothing from the containers: its policy drops the question.",
      causes: [{ policy: 'inet firewall inbound' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule inet firewall inbound ip saddr 10.8.1.0/24 ip daddr 10.8.1.1 udp dport 53 accept']],
  },
]

export const HEALTHY_DOCKER_NFT: Problem[] = [
  {
    name: 'healthy-docker-nft-drops-direct-access-and-forwards-the-published-port',
    thread: {
      title: 'iptables: Direct routing DROP rules per-container, not per-port',
      address: 'https://github.com/moby/moby/pull/49829',
    },
    backend: 'nft',
    ...overlay,
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.210.1.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
]
