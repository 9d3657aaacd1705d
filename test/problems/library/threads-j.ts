/** iptables-nft, from threads: a mark cleared by another, a zone without a way back, a mark that is not restored. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_J: Problem[] = [
  {
    name: 'calico-clears-the-mark-of-the-exit-node',
    thread: {
      title: 'No internet access with exit node',
      address: 'https://github.com/tailscale/tailscale/issues/4917',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { ts0: ['100.68.216.20/10'] }, routes: ['default via 100.68.216.15'] },
      node: {
        addresses: { tailscale0: ['100.68.216.15/10'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:cali-PREROUTING - [0:0]
:cali-POSTROUTING - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-PREROUTING -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-POSTROUTING -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-POSTROUTING -j MARK --set-xmark 0x0/0xf0000
-A cali-POSTROUTING -m mark --mark 0x10000/0x10000 -m comment --comment "Host endpoint policy accepted packet." -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
:ts-postrouting - [0:0]
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A POSTROUTING -j ts-postrouting
-A cali-POSTROUTING -j cali-nat-outgoing
-A cali-nat-outgoing -s 10.1.0.0/16 ! -d 10.1.0.0/16 -j MASQUERADE --random-fully
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -j ts-forward
-A FORWARD -m mark --mark 0x10000/0x10000 -m comment --comment "Policy explicitly accepted packet." -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.68.216.15/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
COMMIT
`,
        },
      },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['peer:ts0', 'node:tailscale0'],
      ['node:eth0', 'net:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '100.68.216.15', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The exit node's mark, set in filter FORWARD, is cleared by calico in mangle POSTROUTING, in front of the nat rule that asks for it: the packet leaves with its source from the tunnel, to which nobody outside has a route.",
      causes: [{ rule: '--set-xmark 0x0/0xf0000', chain: 'mangle cali-POSTROUTING' }],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-masqueraded', 'mark-missing'],
    },
    mend: [['node', 'iptables -t nat -A POSTROUTING -s 100.64.0.0/10 -o eth0 -j MASQUERADE']],
  },
  {
    name: 'nethserver-orange-has-no-way-back-into-itself',
    thread: { title: 'Hairpin NAT broken in orange', address: 'https://github.com/NethServer/dev/issues/6045' },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
      fw: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'], eth2: ['192.168.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:eth0_masq - [0:0]
:eth2_masq - [0:0]
:loc_dnat - [0:0]
:net_dnat - [0:0]
:orang_dnat - [0:0]
-A PREROUTING -i eth0 -j net_dnat
-A PREROUTING -i eth1 -j loc_dnat
-A PREROUTING -i eth2 -j orang_dnat
-A POSTROUTING -o eth0 -j eth0_masq
-A POSTROUTING -o eth2 -j eth2_masq
-A eth0_masq -s 192.168.1.0/24 -j MASQUERADE
-A eth0_masq -s 192.168.2.0/24 -j MASQUERADE
-A eth2_masq -s 192.168.1.0/24 -d 192.168.2.20/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A loc_dnat -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.2.20
-A net_dnat -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.2.20
-A orang_dnat -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.2.20
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:dynamic - [0:0]
:loc2orang - [0:0]
:loc_frwd - [0:0]
:net2orang - [0:0]
:net_frwd - [0:0]
:orang2net - [0:0]
:orang_frwd - [0:0]
:reject - [0:0]
:sfilter - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -i eth1 -j ACCEPT
-A INPUT -i eth2 -p udp -m multiport --dports 53,67 -j ACCEPT
-A INPUT -j reject
-A FORWARD -m conntrack --ctstate INVALID,NEW,UNTRACKED -j dynamic
-A FORWARD -i eth0 -j net_frwd
-A FORWARD -i eth1 -j loc_frwd
-A FORWARD -i eth2 -j orang_frwd
-A FORWARD -g reject
-A loc_frwd -o eth0 -j ACCEPT
-A loc_frwd -o eth2 -j loc2orang
-A loc2orang -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc2orang -j ACCEPT
-A net_frwd -o eth0 -g sfilter
-A net_frwd -o eth2 -j net2orang
-A net_frwd -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net2orang -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net2orang -d 192.168.2.20/32 -p tcp -m tcp --dport 80 -m comment --comment "PF#1" -j ACCEPT
-A net2orang -j DROP
-A orang_frwd -o eth2 -g sfilter
-A orang_frwd -o eth0 -j orang2net
-A orang_frwd -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A orang2net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A orang2net -j ACCEPT
-A reject -m addrtype --src-type BROADCAST -j DROP
-A reject -s 224.0.0.0/4 -j DROP
-A reject -p igmp -j DROP
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -p udp -j REJECT --reject-with icmp-port-unreachable
-A reject -p icmp -j REJECT --reject-with icmp-host-unreachable
-A reject -j REJECT --reject-with icmp-host-prohibited
-A sfilter -j reject
COMMIT
`,
        },
      },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      server: {
        addresses: { eth0: ['192.168.2.20/24'] },
        routes: ['default via 192.168.2.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      client: { addresses: { eth0: ['192.168.2.30/24'] }, routes: ['default via 192.168.2.1'] },
      green: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'fw:eth0'],
      ['fw:eth1', 'green:eth0'],
      ['fw:eth2', 'switch:p1'],
      ['server:eth0', 'switch:p2'],
      ['client:eth0', 'switch:p3'],
    ],
    traced: 'fw',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'green', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'What comes from orange may not go back into it, so the redirected packet is rejected; and what is redirected is masqueraded for green alone, so the server would answer its neighbour directly.',
      causes: [
        { rule: '-o eth2 -g sfilter', chain: 'filter orang_frwd' },
        { rule: '-j reject', chain: 'filter sfilter' },
        { rule: 'tcp-reset', chain: 'filter reject' },
        { code: 'several-causes' },
      ],
      status: ['rejected'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'fw',
        'iptables -I orang_frwd 1 -o eth2 -d 192.168.2.20 -p tcp --dport 80 -m conntrack --ctstate DNAT -j ACCEPT; iptables -I orang_frwd 1 -o eth2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -t nat -A eth2_masq -s 192.168.2.0/24 -d 192.168.2.20 -p tcp --dport 80 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'firerouter-restores-the-mark-at-output-alone',
    thread: {
      title: 'add connmark for inbound connection and restore fwmark for reply packets',
      address: 'https://github.com/firewalla/firerouter/pull/159',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['default via 198.51.100.254', '192.0.2.0/24 via 198.51.100.253'],
      },
      // neither takes foreign sources
      isp1: {
        addresses: { eth0: ['198.51.100.253/24'], eth1: ['192.0.2.254/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth1" ip saddr != 192.0.2.0/24 drop; }\n}\n',
        },
      },
      isp2: {
        addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth1" ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
      exchange: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      router: {
        addresses: { wan: ['192.0.2.1/24'], wan2: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FR_OUTPUT - [0:0]
:FR_PREROUTING - [0:0]
:FR_WAN - [0:0]
-A PREROUTING -j FR_PREROUTING
-A FORWARD -o wan+ -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A OUTPUT -j FR_OUTPUT
-A FR_OUTPUT -m connmark ! --mark 0x0/0xff0000 -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000
-A FR_PREROUTING -m conntrack --ctstate NEW -j FR_WAN
-A FR_WAN -i wan -j CONNMARK --set-xmark 0x10000/0xff0000
-A FR_WAN -i wan2 -j CONNMARK --set-xmark 0x20000/0xff0000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FR_DNAT - [0:0]
:FR_SNAT - [0:0]
-A PREROUTING -i wan+ -j FR_DNAT
-A POSTROUTING -j FR_SNAT
-A FR_DNAT -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.1.10:80
-A FR_SNAT -o wan -j MASQUERADE
-A FR_SNAT -o wan2 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -i wan+ -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
        },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['remote:eth0', 'exchange:p1'],
      ['isp1:eth0', 'exchange:p2'],
      ['isp2:eth0', 'exchange:p3'],
      ['isp1:eth1', 'router:wan'],
      ['isp2:eth1', 'router:wan2'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 192.0.2.254 table 201; ip route add default via 203.0.113.254 table 202; ip rule add fwmark 0x10000/0xff0000 lookup 201; ip rule add fwmark 0x20000/0xff0000 lookup 202',
      ],
    ],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The connection's mark is put on the packets that the router itself sends, and not on the replies of the machine behind it: these take the default route out of the other uplink, where their source is dropped.",
      causes: [
        { rule: '--restore-mark', chain: 'mangle FR_OUTPUT' },
        { code: 'wrong-way-out' },
        { code: 'reply-by-other-uplink' },
        { code: 'mark-missing' },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['mark-missing', 'wrong-way-out', 'reply-by-other-uplink'],
    },
    mend: [
      [
        'router',
        'iptables -t mangle -I FR_PREROUTING 1 -i lan -m connmark ! --mark 0x0/0xff0000 -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000',
      ],
    ],
  },
]
