/** Switches and servers, from threads: what nobody wrote a rule for, a reply from another address, a connection that needs a helper. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const vxlan = (own: string, peer: string, last: [string, string]) =>
  `ip link add vtep-10 address 02:00:00:00:00:0${last[0]} type vxlan id 10 dstport 4789 local ${own} remote ${peer}; ip link set vtep-10 up; ip addr add 172.20.0.${last[0]}/24 dev vtep-10; ip neigh add 172.20.0.${last[1]} lladdr 02:00:00:00:00:0${last[1]} dev vtep-10`

/** What SONiC's caclmgrd writes: services it knows, then a drop for each address of the switch. */
const caclmgrd = (icmp: string, ttl: string, own: readonly string[], before = '') => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i docker0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${icmp}
-A INPUT -p udp -m udp --dport 67:68 --sport 67:68 -j ACCEPT
-A INPUT -p udp -m udp --dport 546:547 --sport 546:547 -j ACCEPT
-A INPUT -p udp -m multiport --dports 3784,3785,4784 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 179 -j ACCEPT
${before}${own.map((address) => `-A INPUT -d ${address} -j DROP\n`).join('')}${ttl}
COMMIT
`
const ICMP4 = [8, 0, 3, 11].map((type) => `-A INPUT -p icmp -m icmp --icmp-type ${type} -j ACCEPT`).join('\n')
const ICMP6 = [1, 2, 3, 4, 128, 129, 133, 134, 135, 136]
  .map((type) => `-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`)
  .join('\n')

/** NixOS' firewall, and libvirt's network of the nftables backend, which writes nothing for INPUT. */
const NIXOS = `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 68 . 67, 67 . 68 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo" } accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
  }
  chain input-allow {
    tcp dport { 22 } accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries (type 139)."
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
}
table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iifname "virbr0" counter accept
    iifname "virbr0" counter reject
  }
  chain guest_input {
    oifname "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oifname "virbr0" counter reject
  }
  chain guest_cross {
    iifname "virbr0" oifname "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
`

/** Takes requests at port 69, and sends what was asked for from a port of its own, as TFTP does. */
const TFTPD = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('192.168.99.1',69))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.bind(('192.168.99.1',50303))
  try: o.sendto(b'\\0\\6blksize\\0001024\\0',who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :69 && break; sleep .1; done`
/** Asked at port 5070, it asks for a file, and tells who asked once something comes. */
const PXE = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('10.1.0.1',5070))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1); o.bind(('192.168.99.104',2070))
  o.sendto(b'\\0\\1pxelinux.0\\0octet\\0blksize\\0001024\\0',('192.168.99.1',69))
  try: o.recv(2000); s.sendto(b'ok',who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :5070 && break; sleep .1; done`

/** FireHOL's chains of one interface: a server answers from the port that was asked, and only that is let out. */
const FIREHOL = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_lan - [0:0]
:in_lan_tftp_s1 - [0:0]
:in_lan_ssh_s2 - [0:0]
:in_lan_dhcp_s3 - [0:0]
:out_lan - [0:0]
:out_lan_tftp_s1 - [0:0]
:out_lan_ssh_s2 - [0:0]
:out_lan_dhcp_s3 - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -i br0 -j in_lan
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -o br0 -j out_lan
-A OUTPUT -j REJECT --reject-with icmp-port-unreachable
-A in_lan -p icmp -m conntrack --ctstate NEW,RELATED -j ACCEPT
-A in_lan -j in_lan_tftp_s1
-A in_lan -j in_lan_ssh_s2
-A in_lan -j in_lan_dhcp_s3
-A in_lan_dhcp_s3 -p udp -m udp --sport 68 --dport 67 -j ACCEPT
-A in_lan_ssh_s2 -p tcp -m tcp --sport 1024:65535 --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A in_lan_tftp_s1 -p udp -m udp --sport 1024:65535 --dport 69 -m conntrack --ctstate NEW -j ACCEPT
-A in_lan_tftp_s1 -p udp -m udp --sport 1024:65535 -m conntrack --ctstate RELATED -m helper --helper tftp -j ACCEPT
-A out_lan -p icmp -m conntrack --ctstate NEW,RELATED -j ACCEPT
-A out_lan -j out_lan_tftp_s1
-A out_lan -j out_lan_ssh_s2
-A out_lan -j out_lan_dhcp_s3
-A out_lan_dhcp_s3 -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A out_lan_tftp_s1 -p udp -m udp --dport 1024:65535 -m conntrack --ctstate RELATED -m helper --helper tftp -j ACCEPT
COMMIT
`

export const THREADS_Z: Problem[] = [
  {
    name: 'sonic-drops-vxlan-at-its-loopback',
    thread: {
      title: 'Vxlan traffic dropped by default SONIC Drop Rule',
      address: 'https://github.com/sonic-net/sonic-buildimage/issues/9771',
    },
    backend: 'iptables-nft',
    hosts: {
      leaf: {
        addresses: { eth0: ['192.0.2.1/24'], lo: ['10.1.0.1/32'] },
        routes: ['10.1.0.2/32 via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 179 }, SSH],
        rules: {
          v4: caclmgrd(ICMP4, '-A INPUT -m ttl --ttl-lt 2 -j ACCEPT', ['10.1.0.1/32', '192.0.2.1/32']),
          v6: caclmgrd(ICMP6, '-A INPUT -p tcp -m hl --hl-lt 2 -j ACCEPT', ['fc00:1::1/128']),
        },
      },
      other: { addresses: { eth0: ['192.0.2.9/24'], lo: ['10.1.0.2/32'] }, routes: ['10.1.0.1/32 via 192.0.2.1'] },
    },
    links: [['leaf:eth0', 'other:eth0']],
    traced: 'leaf',
    setup: [
      ['leaf', vxlan('10.1.0.1', '10.1.0.2', ['2', '9'])],
      ['other', vxlan('10.1.0.2', '10.1.0.1', ['9', '2'])],
    ],
    fails: { from: 'other', what: 'ping', to: '172.20.0.2' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '10.1.0.1' },
    others: [
      { sending: { from: 'other', what: 'tcp', to: '192.0.2.1', port: 179 }, seen: 'answered' },
      { sending: { from: 'other', what: 'ping', to: '10.1.0.1' }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '10.1.0.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The switch drops everything to its own loopback address that no rule before names, and no rule names VXLAN, whose tunnel ends at that address.',
      causes: [{ rule: '-d 10.1.0.1/32 -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['leaf', 'iptables -I INPUT 1 -s 10.1.0.2/32 -d 10.1.0.1/32 -p udp -m udp --dport 4789 -j ACCEPT']],
  },
  {
    name: 'sonic-snmp-answers-from-the-port',
    thread: {
      title: 'SNMP query over IPv6 does not work',
      address: 'https://github.com/sonic-net/sonic-buildimage/issues/6108',
    },
    backend: 'iptables-nft',
    hosts: {
      collector: { addresses: { eth0: ['fc00:99::9/64'] }, routes: ['default via fc00:99::1'] },
      spine: {
        addresses: { eth0: ['fc00:99::1/64'], eth1: ['fc00:7::2/64'] },
        routes: ['fc00:1::32/128 via fc00:7::1'],
        sysctls: FORWARDS,
      },
      leaf: {
        addresses: { eth0: ['fc00:7::1/64'], lo: ['fc00:1::32/128'] },
        routes: ['fc00:99::/64 via fc00:7::2'],
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', address: '::', port: 161 },
          { protocol: 'tcp', address: '::', port: 179 },
        ],
        rules: {
          v4: caclmgrd(ICMP4, '-A INPUT -m ttl --ttl-lt 2 -j ACCEPT', ['10.1.0.32/32']),
          v6: caclmgrd(
            ICMP6,
            '-A INPUT -p tcp -m hl --hl-lt 2 -j ACCEPT',
            ['fc00:1::32/128', 'fc00:7::1/128'],
            '-A INPUT -d fc00:1::32/128 -p udp -m udp --dport 161 -j ACCEPT\n',
          ),
        },
      },
    },
    links: [
      ['collector:eth0', 'spine:eth0'],
      ['spine:eth1', 'leaf:eth0'],
    ],
    traced: 'leaf',
    fails: { from: 'collector', what: 'udp', to: 'fc00:1::32', port: 161 },
    seen: 'nothing',
    others: [
      { sending: { from: 'collector', what: 'ping', to: 'fc00:1::32' }, seen: 'answered' },
      { sending: { from: 'collector', what: 'tcp', to: 'fc00:1::32', port: 179 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The agent listens at :: and answers from the address of the interface, fc00:7::1, not from the loopback address that was asked.',
      causes: [
        { code: 'reply-from-other-address', words: ['fc00:7::1'] },
        { code: 'not-netfilter', words: ['fc00:7::1'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['leaf', 'ip -6 route replace fc00:99::/64 via fc00:7::2 src fc00:1::32']],
  },
  {
    name: 'nixos-input-has-no-rule-for-libvirts-dns',
    thread: {
      title: 'nixos/libvirtd: no nftables support',
      address: 'https://github.com/NixOS/nixpkgs/issues/416031',
    },
    backend: 'nft',
    ...bridged('virbr0', '192.168.122.1/24', {
      rules: { nft: NIXOS },
      listeners: [{ protocol: 'udp', port: 53 }, SSH],
    }),
    fails: { from: 'c1', what: 'udp', to: '192.168.122.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "libvirt's nftables backend writes nothing for what guests ask the host itself, and the host's own input drops DNS of virbr0 by its policy.",
      causes: [{ policy: 'inet nixos-fw input' }, { chain: 'inet nixos-fw input-allow' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet nixos-fw input-allow iifname virbr0 udp dport { 53, 67 } accept']],
  },
  {
    name: 'firehol-lets-no-tftp-data-out',
    thread: {
      title: 'PXEboot using tftp fails with firehol 3.1.7+ds-2.1 on Debian 12',
      address: 'https://github.com/firehol/firehol/issues/529',
    },
    backend: 'iptables-nft',
    hosts: {
      server: { addresses: { br0: ['192.168.99.1/24'] }, listeners: [SSH], rules: { v4: FIREHOL } },
      pxe: { addresses: { eth0: ['192.168.99.104/24'], eth1: ['10.1.0.1/24'] } },
      console: { addresses: { eth0: ['10.1.0.2/24'] } },
    },
    links: [
      ['server:br0', 'pxe:eth0'],
      ['pxe:eth1', 'console:eth0'],
    ],
    traced: 'server',
    setup: [
      ['server', TFTPD],
      ['pxe', PXE],
    ],
    fails: { from: 'console', what: 'udp', to: '10.1.0.1', port: 5070 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.168.99.104' },
    others: [
      { sending: { from: 'pxe', what: 'tcp', to: '192.168.99.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pxe', what: 'ping', to: '192.168.99.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'TFTP sends data from another port than was asked. The rule for it wants a connection that the tftp helper expects, and since kernel 6 no connection gets a helper unless a rule of raw gives it one.',
      causes: [
        { code: 'helper-missing', words: ['tftp'] },
        { rule: '--helper tftp', chain: 'filter out_lan_tftp_s1' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'server',
        'iptables -t raw -A PREROUTING -i br0 -p udp -m udp --dport 69 -j CT --helper tftp; conntrack -D -p udp',
      ],
    ],
  },
]
