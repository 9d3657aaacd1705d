/** From threads: a zone of fw4 that has chains and no interface, and a MASQUERADE before the rule with the address. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const POSTGRES = { protocol: 'tcp', port: 5432 } as const

/** fw4 with the zones lan, wan and docker: no interface was found for docker, so nothing jumps to its chains. */
const FW4 = `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state established,related accept comment "!fw4: Allow inbound established and related flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept comment "!fw4: Allow forwarded established and related flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state established,related accept comment "!fw4: Allow outbound established and related flows"
    oifname "br-lan" jump output_lan comment "!fw4: Handle lan IPv4/IPv6 output traffic"
    oifname "wan" jump output_wan comment "!fw4: Handle wan IPv4/IPv6 output traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject with icmpx type port-unreachable comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    jump accept_from_lan
  }
  chain output_lan {
    jump accept_to_lan
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    jump accept_to_docker comment "!fw4: Accept lan to docker forwarding"
    jump accept_to_lan
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_lan {
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump reject_from_wan
  }
  chain output_wan {
    jump accept_to_wan
  }
  chain forward_wan {
    jump reject_to_wan
    jump reject_from_wan
  }
  chain accept_to_wan {
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_from_wan {
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain input_docker {
    jump accept_from_docker
  }
  chain output_docker {
    jump accept_to_docker
  }
  chain forward_docker {
    jump accept_to_wan comment "!fw4: Accept docker to wan forwarding"
    jump accept_to_docker
  }
  chain accept_from_docker {
  }
  chain accept_to_docker {
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

/** Docker's networks docker0 and example (172.31.0.0/24) before what is firewalld's, the rule of its direct interface included. */
const FIREWALLD = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:POSTROUTING_ZONES - [0:0]
:POSTROUTING_ZONES_SOURCE - [0:0]
:POSTROUTING_direct - [0:0]
:POST_public - [0:0]
:POST_public_allow - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.31.0.0/24 ! -o example -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -j POSTROUTING_direct
-A POSTROUTING -j POSTROUTING_ZONES_SOURCE
-A POSTROUTING -j POSTROUTING_ZONES
-A DOCKER -i example -j RETURN
-A DOCKER -i docker0 -j RETURN
-A POSTROUTING_ZONES -o eth0 -g POST_public
-A POSTROUTING_ZONES -g POST_public
-A POSTROUTING_direct -s 172.31.0.0/16 -d 10.11.1.3/32 -j SNAT --to-source 10.10.1.2
-A POST_public -j POST_public_allow
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION - [0:0]
:FORWARD_direct - [0:0]
:FORWARD_IN_ZONES - [0:0]
:FWDI_public - [0:0]
:INPUT_direct - [0:0]
:INPUT_ZONES - [0:0]
:IN_public - [0:0]
:IN_public_allow - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_direct
-A INPUT -j INPUT_ZONES
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -o example -j DOCKER
-A FORWARD -o example -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i example ! -o example -j ACCEPT
-A FORWARD -i example -o example -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_direct
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A DOCKER-ISOLATION -i docker0 -o example -j DROP
-A DOCKER-ISOLATION -i example -o docker0 -j DROP
-A DOCKER-ISOLATION -j RETURN
-A FORWARD_IN_ZONES -i eth0 -g FWDI_public
-A FORWARD_IN_ZONES -g FWDI_public
-A FWDI_public -p icmp -j ACCEPT
-A INPUT_ZONES -i eth0 -g IN_public
-A INPUT_ZONES -g IN_public
-A IN_public -j IN_public_allow
-A IN_public -p icmp -j ACCEPT
-A IN_public_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`

/** The other end knows two addresses: one may ask the database, the other one the web server. */
const KNOWS_ADDRESSES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 10.10.1.2/32 -p tcp -m tcp --dport 5432 -j ACCEPT
-A INPUT -s 10.10.1.1/32 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`

export const THREADS_AZ: Problem[] = [
  {
    name: 'fw4-found-no-interface-for-the-zone-of-docker',
    thread: {
      title: 'Firewall4 rules are not created correctly（OpenWrt 22.03）',
      address: 'https://github.com/openwrt/openwrt/issues/10891',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['172.17.0.0/16 via 203.0.113.1', '192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        addresses: {
          wan: ['203.0.113.1/24'],
          'br-lan': ['192.168.1.1/24'],
          docker0: ['172.17.0.1/16'],
          iot: ['192.168.30.1/24'],
        },
        bridges: { 'br-lan': ['lan1'], docker0: ['veth0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: { nft: FW4 },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [HTTPS] },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTPS] },
      camera: { addresses: { eth0: ['192.168.30.7/24'] }, routes: ['default via 192.168.30.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:veth0', 'c1:eth0'],
      ['router:iot', 'camera:eth0'],
    ],
    traced: 'router',
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.168.1.10', port: 443 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 22 }, seen: 'nothing' },
      // in no zone on purpose
      { sending: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '172.17.0.2', port: 443 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The chains of the zone docker are there, and no rule of forward jumps to them for docker0: its policy drops what comes from the bridge.',
      causes: [{ policy: 'inet fw4 forward' }, { chain: 'inet fw4 forward' }, { chain: 'inet fw4 forward_docker' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule inet fw4 forward iifname "docker0" jump forward_docker']],
  },
  {
    name: 'docker-masquerades-before-the-direct-rule-of-firewalld',
    thread: {
      title: 'MASQUERADE before POSTROUTING_direct chain (firewalld)',
      address: 'https://github.com/moby/moby/issues/33726',
    },
    backend: 'iptables-legacy',
    hosts: {
      db: {
        addresses: { eth0: ['10.10.1.254/24'], lo: ['10.11.1.3/32'] },
        routes: ['172.31.0.0/24 via 10.10.1.1'],
        listeners: [POSTGRES, HTTPS],
        rules: { v4: KNOWS_ADDRESSES },
      },
      host: {
        addresses: {
          eth0: ['10.10.1.1/24', '10.10.1.2/24'],
          example: ['172.31.0.1/24'],
          docker0: ['172.17.0.1/16'],
        },
        bridges: { example: ['veth1'], docker0: ['veth2'] },
        routes: ['10.11.1.0/24 via 10.10.1.254'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: { v4: FIREWALLD },
      },
      c1: { addresses: { eth0: ['172.31.0.2/24'] }, routes: ['default via 172.31.0.1'], listeners: [HTTPS] },
      c2: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['db:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '10.11.1.3', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '10.10.1.254', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.11.1.3', port: 443 }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: '10.10.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.11.1.3', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'c2', what: 'tcp', to: '10.11.1.3', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'db', what: 'tcp', to: '172.31.0.2', port: 443 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "Docker's MASQUERADE is before the jump to POSTROUTING_direct: the packet leaves from 10.10.1.1, the rule that gives it 10.10.1.2 is never reached, and the other end drops it.",
      causes: [
        { rule: '-j MASQUERADE', chain: 'nat POSTROUTING' },
        { rule: '--to-source 10.10.1.2', chain: 'nat POSTROUTING_direct' },
        { code: 'snat-changed-source', words: ['10.10.1.2'] },
      ],
      status: ['unanswered'],
      alsoTrue: ['unanswered', 'no-reply'],
    },
    mend: [['host', 'iptables -t nat -I POSTROUTING 1 -s 172.31.0.0/16 -d 10.11.1.3/32 -j SNAT --to-source 10.10.1.2']],
  },
]
