/** Guests and their hosts, from threads: Proxmox's nft firewall and its management set, nspawn's masquerading, neighbours by proxy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const PVE = { protocol: 'tcp', port: 8006 } as const

/** proxmox-firewall's table of the host, input policy DROP, with what `management` holds. */
const PROXMOX = (management: string) => `table inet proxmox-firewall {
  set v4-dc/management {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { ${management} }
  }
  set v4-dc/management-nomatch {
    type ipv4_addr
    flags interval
    auto-merge
  }
  set v6-dc/management {
    type ipv6_addr
    flags interval
    auto-merge
  }
  set v6-dc/management-nomatch {
    type ipv6_addr
    flags interval
    auto-merge
  }
  chain do-reject {
    meta pkttype broadcast drop
    ip saddr 224.0.0.0/4 drop
    meta l4proto tcp reject with tcp reset
    meta l4proto { icmp, ipv6-icmp } reject
    reject with icmp host-prohibited
    reject with icmpv6 admin-prohibited
    drop
  }
  chain accept-management {
    ip saddr @v4-dc/management ip saddr != @v4-dc/management-nomatch accept
    ip6 saddr @v6-dc/management ip6 saddr != @v6-dc/management-nomatch accept
  }
  chain block-conntrack-invalid {
    ct state invalid drop
  }
  chain allow-ndp-in {
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } accept
  }
  chain allow-icmp {
    icmp type { destination-unreachable, source-quench, time-exceeded } accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
  }
  chain default-in {
    iifname "lo" accept
    jump allow-icmp
    ct state established,related accept
    meta l4proto igmp accept
    tcp dport { 22, 3128, 5900-5999, 8006 } jump accept-management
    udp dport 5405-5412 accept
    udp dport { 135, 137-139, 445 } goto do-reject
    udp sport 137 udp dport 1024-65535 goto do-reject
    tcp dport { 135, 139, 445 } goto do-reject
    udp dport 1900 drop
    udp sport 53 drop
  }
  chain option-in {
    jump allow-ndp-in
    jump block-conntrack-invalid
  }
  chain host-in {
  }
  chain cluster-in {
    drop
  }
  chain ct-in {
  }
  chain input {
    type filter hook input priority filter; policy accept;
    jump default-in
    jump ct-in
    jump option-in
    jump host-in
    jump cluster-in
  }
}
`

const nspawn = (network: string) => `table ip io.systemd.nat {
  set masq_saddr {
    type ipv4_addr
    flags interval
    elements = { ${network} }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ipv4_addr . inet_service
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    fib daddr type local dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain output {
    type nat hook output priority -99; policy accept;
    ip daddr != 127.0.0.0/8 oif "lo" dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    ip saddr @masq_saddr masquerade
  }
}
`

/** A machine of nspawn's behind `host`, `net` at its uplink, and `lab` at a link that is nobody's business. */
const nspawnNet = (sysctls: string): Pick<Problem, 'hosts' | 'links' | 'traced' | 'setup'> => ({
  hosts: {
    c1: {
      addresses: { host0: ['192.168.175.253/28'] },
      routes: ['default via 192.168.175.241'],
      listeners: [SSH],
    },
    host: {
      addresses: { 've-c1': ['192.168.175.241/28'], eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
      routes: ['default via 192.0.2.9'],
      listeners: [SSH],
      rules: { nft: nspawn('192.168.175.240/28') },
    },
    net: {
      addresses: { eth0: ['192.0.2.9/24'] },
      routes: ['198.51.100.0/24 via 192.0.2.1'],
      listeners: [HTTPS],
    },
    lab: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
  },
  links: [
    ['host:ve-c1', 'c1:host0'],
    ['host:eth0', 'net:eth0'],
    ['host:eth1', 'lab:eth0'],
  ],
  traced: 'host',
  setup: [['host', `sysctl -qw ${sysctls}`]],
})

export const HYPERVISORS_AND_NSPAWN: Problem[] = [
  {
    name: 'proxmox-firewall-manages-from-its-own-network-alone',
    thread: {
      title: 'Proxmox firewall locked you out: restore SSH/Web UI from console without panic',
      address: 'https://cr0x.net/en/proxmox-firewall-lockout-recover-access',
    },
    backend: 'nft',
    hosts: {
      admin: { addresses: { vpn0: ['10.10.0.2/24'] } },
      lan: { addresses: { eth0: ['192.0.2.9/24'] } },
      stranger: { addresses: { eth0: ['203.0.113.9/24'] } },
      pve: {
        bridges: { vmbr0: ['nic0'] },
        addresses: { vmbr0: ['192.0.2.1/24'], wg0: ['10.10.0.1/24'], wan0: ['203.0.113.1/24'] },
        listeners: [SSH, PVE],
        rules: { nft: PROXMOX('192.0.2.0/24') },
      },
    },
    links: [
      ['admin:vpn0', 'pve:wg0'],
      ['lan:eth0', 'pve:nic0'],
      ['stranger:eth0', 'pve:wan0'],
    ],
    traced: 'pve',
    fails: { from: 'admin', what: 'tcp', to: '10.10.0.1', port: 8006 },
    seen: 'nothing',
    others: [
      { sending: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 8006 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '203.0.113.1', port: 8006 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'admin', what: 'tcp', to: '10.10.0.1', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'admin', what: 'udp', to: '10.10.0.1', port: 111 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The web interface is open for the set of management alone, which holds the host's own network and not the VPN's; what no rule accepts, the cluster's input policy drops.",
      causes: [
        { rule: '@v4-dc/management', chain: 'inet proxmox-firewall accept-management' },
        { code: 'not-in-set', words: ['v4-dc/management'] },
        { rule: 'drop', chain: 'inet proxmox-firewall cluster-in' },
      ],
      status: ['dropped'],
    },
    mend: [['pve', "nft 'add element inet proxmox-firewall v4-dc/management { 10.10.0.2 }'"]],
  },
  {
    name: 'nspawn-masquerades-and-its-uplink-does-not-forward',
    thread: {
      title: 'systemd-nspawn --network-veth broken in v256-rc3',
      address: 'https://github.com/systemd/systemd/issues/33004',
    },
    backend: 'nft',
    ...nspawnNet('net.ipv4.conf.ve-c1.forwarding=1'),
    fails: { from: 'c1', what: 'ping', to: '192.0.2.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.168.175.241', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'lab', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "IPMasquerade= switches on forwarding for the machine's own link alone: the request is forwarded, and the reply comes in by the uplink, which does not forward.",
      causes: [{ code: 'vanished-forwarding-off', words: ['eth0'] }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['host', 'sysctl -w net.ipv4.conf.eth0.forwarding=1']],
  },
  {
    name: 'docker-second-container-has-no-neighbour-proxy',
    thread: {
      title: 'Containers with IPv6 not accessible from the Internet (NDP proxy not working)',
      address: 'https://github.com/docker/for-linux/issues/928',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: { addresses: { eth0: ['2001:db8:1:0:ff::2/80'] }, routes: ['default via 2001:db8:1:0:ff::1'] },
      c2: { addresses: { eth0: ['2001:db8:1:0:ff::3/80'] }, routes: ['default via 2001:db8:1:0:ff::1'] },
      host: {
        bridges: { docker0: ['veth1', 'veth2'] },
        addresses: { docker0: ['2001:db8:1:0:ff::1/80'], eth0: ['2001:db8:1::2/64'] },
        routes: ['default via 2001:db8:1::1'],
        sysctls: FORWARDS,
        rules: {
          v6: `*filter
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
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:1::1/64'], lo: ['2001:db8:f::9/128'] },
        listeners: [{ ...HTTPS, address: '::' }],
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
      ['host:eth0', 'isp:eth0'],
    ],
    traced: 'host',
    setup: [
      ['host', 'sysctl -qw net.ipv6.conf.eth0.proxy_ndp=1 net.ipv6.neigh.eth0.proxy_delay=0'],
      ['host', 'ip -6 neigh add proxy 2001:db8:1:0:ff::2 dev eth0'],
    ],
    fails: { from: 'c2', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:1:0:ff::2' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The containers' addresses are a part of the link's own prefix. The host stands in for the first of them, and not for the second: the router's solicitation for it has no reply.",
      causes: [
        { code: 'vanished-no-group', words: ['proxy'] },
        { code: 'not-masqueraded', words: ['proxy'] },
        { code: 'neighbour-failed', words: ['proxy'] },
        { code: 'not-netfilter', words: ['proxy'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [
      ['host', 'ip -6 neigh add proxy 2001:db8:1:0:ff::3 dev eth0'],
      // the router has given up before
      ['isp', 'ip -6 neigh flush dev eth0; ping -6 -c 1 -W 3 2001:db8:1::2 >/dev/null || true'],
    ],
  },
]

export const HEALTHY_NSPAWN: Problem[] = [
  {
    name: 'healthy-nspawn-forwards-by-its-two-links-and-not-in-general',
    thread: {
      title: 'network: make IPMasquerade= imply global IP forwarding settings again',
      address: 'https://github.com/systemd/systemd/pull/34014',
    },
    backend: 'nft',
    ...nspawnNet('net.ipv4.conf.ve-c1.forwarding=1 net.ipv4.conf.eth0.forwarding=1'),
    fails: { from: 'c1', what: 'ping', to: '192.0.2.9' },
    seen: 'answered',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'lab', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'nothing' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
]
