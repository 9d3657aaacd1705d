/** From threads, by iptables-nft: a MAC address too few, a bridge behind ufw, a container's IPv6, and domains led into a tunnel. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const APP = { protocol: 'tcp', port: 9090 } as const
const SIX = { address: '::' } as const

const FW4 = `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy accept;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "wan" jump reject_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    jump handle_reject
  }
  chain reject_wan {
    tcp dport 22 reject with tcp reset comment "!fw4: Reject TCP traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

const UFW_GUESTS = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-after-forward - [0:0]
:ufw-after-input - [0:0]
:ufw-reject-forward - [0:0]
:ufw-track-forward - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-forward
-A FORWARD -j ufw-reject-forward
-A FORWARD -j ufw-track-forward
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 12 -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 1798 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 16509 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 5900:6100 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 49152:49216 -j ACCEPT
COMMIT
`

const DOCKER6 = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 2001:db8:aaaa:bbbb::/64 ! -o bridge_ipv6 -j MASQUERADE
-A DOCKER -i bridge_ipv6 -j RETURN
-A DOCKER ! -i bridge_ipv6 -p tcp -m tcp --dport 32768 -j DNAT --to-destination [2001:db8:aaaa:bbbb::4]:9090
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
-A FORWARD -o bridge_ipv6 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o bridge_ipv6 -j DOCKER
-A FORWARD -i bridge_ipv6 ! -o bridge_ipv6 -j ACCEPT
-A FORWARD -i bridge_ipv6 -o bridge_ipv6 -j ACCEPT
-A DOCKER -d 2001:db8:aaaa:bbbb::4/128 ! -i bridge_ipv6 -o bridge_ipv6 -p tcp -m tcp --dport 9090 -j ACCEPT
-A DOCKER ! -i bridge_ipv6 -o bridge_ipv6 -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i bridge_ipv6 ! -o bridge_ipv6 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o bridge_ipv6 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

const ZAPRET = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ZAPRET_GUI - [0:0]
-A PREROUTING -j ZAPRET_GUI
-A OUTPUT -j ZAPRET_GUI
-A ZAPRET_GUI -m set --match-set zapret_awg0 dst -j MARK --set-xmark 0x2a1/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE
-A POSTROUTING -s 192.168.1.0/24 -o awg0 -j MASQUERADE
COMMIT
`

export const MACS_BRIDGES_AND_MARKS_BY_IPTABLES: Problem[] = [
  {
    name: 'rule-for-all-other-macs-drops-what-the-gateway-sends-back',
    thread: { title: 'a bug in iptables', address: 'https://github.com/openwrt/openwrt/issues/10523' },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: FW4,
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m mac ! --mac-source A2:8C:85:25:09:F7 -j DROP
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'tv:eth0'],
    ],
    traced: 'router',
    setup: [['pc', 'ip link set eth0 address a2:8c:85:25:09:f7']],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The rule drops everything that is forwarded and does not come from the one MAC address: replies come from the provider's, so that it drops them.",
      causes: [{ rule: '-m mac ! --mac-source', chain: 'filter FORWARD' }],
      status: ['reply-lost'],
    },
    mend: [['router', 'iptables -I FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'cloudstack-guests-are-on-a-bridge-whose-frames-ufw-drops',
    thread: {
      title: 'Update kvm.rst - iptables before rule',
      address: 'https://github.com/apache/cloudstack-documentation/pull/479',
    },
    backend: 'iptables-nft',
    hosts: {
      manager: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTPS] },
      host: {
        bridges: { cloudbr0: ['eno1', 'vnet0'] },
        addresses: { cloudbr0: ['192.0.2.1/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: { v4: UFW_GUESTS },
      },
      router: { addresses: { eth0: ['192.0.2.5/24'] }, listeners: [{ protocol: 'tcp', port: 3922 }] },
    },
    links: [
      ['manager:eth0', 'host:eno1'],
      ['host:vnet0', 'router:eth0'],
    ],
    traced: 'host',
    fails: { from: 'manager', what: 'tcp', to: '192.0.2.5', port: 3922 },
    seen: 'nothing',
    others: [
      { sending: { from: 'manager', what: 'ping', to: '192.0.2.5' }, seen: 'answered' },
      { sending: { from: 'manager', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'manager', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.5', port: 3922 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Frames between ports of the bridge go through iptables, and ufw's FORWARD accepts pings and replies alone.",
      causes: [{ policy: 'filter FORWARD' }, { code: 'bridge-nf-call' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I ufw-before-forward -m physdev --physdev-is-bridged -j ACCEPT']],
  },
  {
    name: 'docker-27-drops-pings-to-a-container-that-is-routed-to',
    thread: {
      title: 'IPv6 routing issues after installing 27.5.1',
      address: 'https://github.com/moby/moby/issues/49556',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: {
        addresses: { eth0: ['2001:db8:eeee:ffff::1000/64'] },
        routes: ['default via 2001:db8:eeee:ffff::1'],
        listeners: [{ ...HTTPS, ...SIX }],
      },
      host: {
        bridges: { bridge_ipv6: ['veth1'] },
        addresses: { eth0: ['2001:db8:eeee:ffff::1/64'], bridge_ipv6: ['2001:db8:aaaa:bbbb::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, ...SIX }],
        rules: { v6: DOCKER6 },
      },
      container: {
        addresses: { eth0: ['2001:db8:aaaa:bbbb::4/64'] },
        routes: ['default via 2001:db8:aaaa:bbbb::1'],
        listeners: [
          { ...APP, ...SIX },
          { protocol: 'tcp', port: 5432, ...SIX },
        ],
      },
    },
    links: [
      ['laptop:eth0', 'host:eth0'],
      ['host:veth1', 'container:eth0'],
    ],
    traced: 'host',
    fails: { from: 'laptop', what: 'ping', to: '2001:db8:aaaa:bbbb::4' },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '2001:db8:aaaa:bbbb::4', port: 9090 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '2001:db8:eeee:ffff::1', port: 32768 }, seen: 'answered' },
      { sending: { from: 'container', what: 'ping', to: '2001:db8:eeee:ffff::1000' }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '2001:db8:aaaa:bbbb::4' }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '2001:db8:aaaa:bbbb::4', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The network is one with NAT for Docker: its last rule drops whatever comes from elsewhere and is not for a published port, pings with it.',
      causes: [{ rule: '! -i bridge_ipv6 -o bridge_ipv6 -j DROP', chain: 'filter DOCKER' }],
      status: ['dropped'],
    },
    mend: [
      ['host', 'ip6tables -I DOCKER-USER -o bridge_ipv6 -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -j ACCEPT'],
    ],
  },
  {
    name: 'domains-that-the-router-itself-asks-enter-the-tunnel-with-the-uplinks-source',
    thread: {
      title: 'Fix domain-routing by adding MASQUERADE on AWG interface',
      address: 'https://github.com/avatarDD/zapret-gui/pull/67',
    },
    backend: 'iptables-nft',
    hosts: {
      isp: {
        addresses: { eth0: ['203.0.113.254/24'], lo: ['192.0.2.9/32'] },
        listeners: [HTTPS],
      },
      server: {
        addresses: { awg0: ['10.13.0.1/24'], lo: ['198.51.100.20/32'] },
        listeners: [HTTPS],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 10.13.0.2/32 -i awg0 -j DROP
COMMIT
`,
        },
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'], awg0: ['10.13.0.2/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { ipset: 'create zapret_awg0 hash:ip timeout 3600\nadd zapret_awg0 198.51.100.20\n', v4: ZAPRET },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['server:awg0', 'router:awg0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add fwmark 0x2a1 table 673; ip route add default via 10.13.0.1 dev awg0 table 673']],
    fails: { from: 'router', what: 'tcp', to: '198.51.100.20', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The mark leads the packet into the tunnel after its source was chosen for the uplink, and the rules masquerade the LAN's sources alone: the other end drops an address that is not its peer's.",
      causes: [
        { code: 'not-masqueraded' },
        { chain: 'nat POSTROUTING' },
        { rule: '--set-xmark 0x2a1/0xffffffff', chain: 'mangle ZAPRET_GUI' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables -t nat -A POSTROUTING -o awg0 -j MASQUERADE']],
  },
]
