/** Healthy machines of whose set-ups threads complain: a reflection without a source of its own, a ban where the host is not. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** A zone of firewall4 that accepts what comes in and goes out. */
const open = (zone: string, device: string, to: readonly string[]) => `  chain input_${zone} {
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump accept_from_${zone}
  }
  chain output_${zone} {
    jump accept_to_${zone}
  }
  chain forward_${zone} {
${to.map((name) => `    jump accept_to_${name} comment "!fw4: Accept ${zone} to ${name} forwarding"\n`).join('')}    ct status dnat accept comment "!fw4: Accept port forwards"
    jump accept_to_${zone}
  }
  chain accept_from_${zone} {
    iifname "${device}" counter packets 205 bytes 19230 accept comment "!fw4: accept ${zone} IPv4/IPv6 traffic"
  }
  chain accept_to_${zone} {
    oifname "${device}" counter packets 17 bytes 2213 accept comment "!fw4: accept ${zone} IPv4/IPv6 traffic"
  }
  chain helper_${zone} {
  }
`

export const THREADS_AF_NEAR: Problem[] = [
  {
    name: 'near-reflection-from-a-zone-beside-needs-no-source',
    thread: {
      title: 'NAT Loopback generate wrong nftable rule',
      address: 'https://github.com/openwrt/openwrt/issues/20047',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'], 'br-guest': ['192.168.2.1/24'] },
        bridges: { 'br-lan': ['lan1'], 'br-guest': ['lan2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "br-guest" jump input_guest comment "!fw4: Handle guest IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "br-guest" jump forward_guest comment "!fw4: Handle guest IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
    oifname "br-lan" jump output_lan comment "!fw4: Handle lan IPv4/IPv6 output traffic"
    oifname "br-guest" jump output_guest comment "!fw4: Handle guest IPv4/IPv6 output traffic"
    oifname "wan" jump output_wan comment "!fw4: Handle wan IPv4/IPv6 output traffic"
  }
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname "br-lan" jump helper_lan comment "!fw4: Handle lan IPv4/IPv6 helper assignment"
    iifname "br-guest" jump helper_guest comment "!fw4: Handle guest IPv4/IPv6 helper assignment"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
${open('lan', 'br-lan', ['wan'])}${open('guest', 'br-guest', ['wan'])}  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter packets 0 bytes 0 accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter packets 9 bytes 756 accept comment "!fw4: Allow-Ping"
    meta nfproto ipv4 meta l4proto igmp counter packets 0 bytes 0 accept comment "!fw4: Allow-IGMP"
    meta nfproto ipv6 udp dport 546 counter packets 0 bytes 0 accept comment "!fw4: Allow-DHCPv6"
    ip6 saddr fe80::/10 icmpv6 type . icmpv6 code { mld-listener-query . 0, mld-listener-report . 0, mld-listener-done . 0 } counter packets 0 bytes 0 accept comment "!fw4: Allow-MLD"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert } limit rate 1000/second burst 5 packets counter packets 0 bytes 0 accept comment "!fw4: Allow-ICMPv6-Input"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump reject_from_wan
  }
  chain output_wan {
    jump accept_to_wan
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second burst 5 packets counter packets 0 bytes 0 accept comment "!fw4: Allow-ICMPv6-Forward"
    meta l4proto esp counter packets 0 bytes 0 jump accept_to_lan comment "!fw4: Allow-IPSec-ESP"
    udp dport 500 counter packets 0 bytes 0 jump accept_to_lan comment "!fw4: Allow-ISAKMP"
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump reject_to_wan
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter packets 0 bytes 0 drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter packets 88 bytes 7091 accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_from_wan {
    iifname "wan" counter packets 31 bytes 1488 jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter packets 0 bytes 0 jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "br-guest" jump dstnat_guest comment "!fw4: Handle guest IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "br-guest" jump srcnat_guest comment "!fw4: Handle guest IPv4/IPv6 srcnat traffic"
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain dstnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 203.0.113.1 tcp dport 8443 dnat ip to 192.168.2.10:443 comment "!fw4: printer (reflection)"
  }
  chain dstnat_guest {
    ip saddr 192.168.2.0/24 ip daddr 203.0.113.1 tcp dport 8443 dnat ip to 192.168.2.10:443 comment "!fw4: printer (reflection)"
  }
  chain srcnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 192.168.2.10 tcp dport 443 snat ip to 192.168.1.1 comment "!fw4: printer (reflection)"
  }
  chain srcnat_guest {
    ip saddr 192.168.2.0/24 ip daddr 192.168.2.10 tcp dport 443 snat ip to 192.168.2.1 comment "!fw4: printer (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 8443 counter packets 2 bytes 120 dnat ip to 192.168.2.10:443 comment "!fw4: printer"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
  }
  chain mangle_forward {
    type filter hook forward priority mangle; policy accept;
    iifname "wan" tcp flags & (fin | syn | rst) == syn tcp option maxseg size set rt mtu comment "!fw4: Zone wan IPv4/IPv6 ingress MTU fixing"
    oifname "wan" tcp flags & (fin | syn | rst) == syn tcp option maxseg size set rt mtu comment "!fw4: Zone wan IPv4/IPv6 egress MTU fixing"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
      printer: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'printer:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'near-ban-in-docker-user-is-not-for-the-host',
    thread: {
      title: 'Default chain does not block ssh traffic',
      address: 'https://github.com/crazy-max/docker-fail2ban/issues/11',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { docker0: ['veth0'], 'br-5b1c': ['veth1'], 'br-f2c0': ['veth2'] },
        addresses: {
          eth0: ['192.0.2.1/24'],
          docker0: ['172.17.0.1/16'],
          'br-5b1c': ['172.18.0.1/16'],
          'br-f2c0': ['172.19.0.1/16'],
        },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o br-5b1c -j MASQUERADE
-A POSTROUTING -s 172.19.0.0/16 ! -o br-f2c0 -j MASQUERADE
-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 443 -j MASQUERADE
-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -s 172.19.0.2/32 -d 172.19.0.2/32 -p tcp -m tcp --dport 22 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER -i br-5b1c -j RETURN
-A DOCKER -i br-f2c0 -j RETURN
-A DOCKER ! -i br-5b1c -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.2:443
-A DOCKER ! -i br-5b1c -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:80
-A DOCKER ! -i br-f2c0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 172.19.0.2:22
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
:f2b-sshd - [0:0]
:f2b-traefik-auth - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -o br-5b1c -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-5b1c -j DOCKER
-A FORWARD -i br-5b1c ! -o br-5b1c -j ACCEPT
-A FORWARD -i br-5b1c -o br-5b1c -j ACCEPT
-A FORWARD -o br-f2c0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-f2c0 -j DOCKER
-A FORWARD -i br-f2c0 ! -o br-f2c0 -j ACCEPT
-A FORWARD -i br-f2c0 -o br-f2c0 -j ACCEPT
-A DOCKER -d 172.18.0.2/32 ! -i br-5b1c -o br-5b1c -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER -d 172.18.0.2/32 ! -i br-5b1c -o br-5b1c -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 172.19.0.2/32 ! -i br-f2c0 -o br-f2c0 -p tcp -m tcp --dport 22 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i br-5b1c ! -o br-5b1c -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i br-f2c0 ! -o br-f2c0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o br-5b1c -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o br-f2c0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -p tcp -m multiport --dports 80,443 -j f2b-traefik-auth
-A DOCKER-USER -p tcp -m multiport --dports 22 -j f2b-sshd
-A DOCKER-USER -j RETURN
-A f2b-sshd -s 192.0.2.9/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -s 198.51.100.23/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
-A f2b-traefik-auth -s 198.51.100.77/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-traefik-auth -j RETURN
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'], listeners: [...WEB, HTTPS] },
      git: {
        addresses: { eth0: ['172.19.0.2/16'] },
        routes: ['default via 172.19.0.1'],
        listeners: [{ protocol: 'tcp', port: 22 }],
      },
      idle: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'idle:eth0'],
      ['host:veth1', 'web:eth0'],
      ['host:veth2', 'git:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 2222 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9000 }, seen: 'refused' },
    ],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
]
