/** Networks of clouds and hosts that let in what is on a list, from threads: a set that an edit has emptied, and networks of two address scopes at one router. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { MANGLE, NAT, RAW, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { ...SSH, address: '::' } as const

const [QR1, QR2, QG] = ['qr-6d393225-2e', 'qr-d257abb8-e1', 'qg-f64c7892-1d']

export const SETS_AND_SCOPES: Problem[] = [
  {
    name: 'incus-address-set-is-empty-behind-a-refused-edit',
    thread: {
      title: 'Bridged NIC ACL: after a rejected address set edit the rule using that set stops matching',
      address: 'https://github.com/lxc/incus/issues/4031',
    },
    backend: 'nft',
    hosts: {
      admin: { addresses: { eth0: ['10.14.0.9/24', '2001:db8:14::9/64'] } },
      db: { addresses: { eth0: ['10.14.0.40/24'] }, listeners: [{ protocol: 'tcp', port: 5432 }] },
      host: {
        bridges: { 'vbr-140': ['veno140', 'vethdb', 'veth5a20'] },
        rules: {
          nft: `table bridge incus {
  set admins_ipv4 {
    type ipv4_addr
    flags interval
  }
  set admins_ipv6 {
    type ipv6_addr
    flags interval
    elements = { 2001:db8:14::/124 }
  }
  chain in.c1.eth0 {
    type filter hook input priority filter; policy accept;
    iifname "veth5a20" ether saddr != 00:16:3e:4e:5a:20 drop
    iifname "veth5a20" ether type arp arp saddr ether != 00:16:3e:4e:5a:20 drop
    iifname "veth5a20" ether type ip6 icmpv6 type nd-router-advert drop
  }
  chain fwd.c1.eth0 {
    type filter hook forward priority filter; policy accept;
    iifname "veth5a20" ether saddr != 00:16:3e:4e:5a:20 drop
    iifname "veth5a20" ether type arp arp saddr ether != 00:16:3e:4e:5a:20 drop
    iifname "veth5a20" ether type ip6 icmpv6 type nd-router-advert drop
  }
  chain aclfwd.c1.eth0 {
    type filter hook forward priority filter + 1; policy accept;
    iifname "veth5a20" ether type arp accept
    oifname "veth5a20" ether type arp accept
    iifname "veth5a20" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
    oifname "veth5a20" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    iifname "veth5a20" tcp sport 22 accept
    oifname "veth5a20" ip saddr @admins_ipv4 tcp dport 22 accept
    oifname "veth5a20" ip6 saddr @admins_ipv6 tcp dport 22 accept
    oifname "veth5a20" icmp type { echo-request, echo-reply } accept
    iifname "veth5a20" icmp type { echo-request, echo-reply } accept
    iifname "veth5a20" ip daddr 10.14.0.40 tcp dport 5432 accept
    oifname "veth5a20" ip saddr 10.14.0.40 tcp sport 5432 accept
    iifname "veth5a20" drop
    oifname "veth5a20" drop
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['10.14.0.20/24', '2001:db8:14::20/64'] }, listeners: [SSH, SSH6] },
    },
    links: [
      ['admin:eth0', 'host:veno140'],
      ['db:eth0', 'host:vethdb'],
      ['host:veth5a20', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [['c1', 'ip link set eth0 address 00:16:3e:4e:5a:20']],
    fails: { from: 'admin', what: 'tcp', to: '10.14.0.20', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '2001:db8:14::20', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'ping', to: '10.14.0.20' }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.14.0.40', port: 5432 }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: '10.14.0.20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "An edit of the address set was refused after its members had been taken out, and they were not put back: the rule asks an empty set, and the interface's last rule drops.",
      causes: [
        { rule: '@admins_ipv4', chain: 'bridge incus aclfwd.c1.eth0' },
        { code: 'not-in-set', words: ['admins_ipv4'] },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add element bridge incus admins_ipv4 { 10.14.0.0/28 }']],
  },
  {
    name: 'neutron-routes-nothing-from-one-address-scope-to-another',
    thread: {
      title: '[openstack-dev] [neutron][address-scope] Questions about l3 address scope',
      address: 'https://lists.openstack.org/pipermail/openstack-dev/2017-March/113128.html',
    },
    backend: 'iptables-nft',
    hosts: {
      vm1: { addresses: { eth0: ['10.1.0.7/26'] }, routes: ['default via 10.1.0.1'], listeners: [SSH] },
      router: {
        addresses: {
          [QR1]: ['10.1.0.1/26'],
          [QR2]: ['192.168.5.1/24'],
          [QG]: ['203.0.113.20/24', '203.0.113.21/32'],
        },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 9697 }],
        rules: {
          v4: `${saved(
            'raw',
            RAW,
            'neutron-l3-agent-OUTPUT neutron-l3-agent-PREROUTING',
            '-A PREROUTING -j neutron-l3-agent-PREROUTING\n-A OUTPUT -j neutron-l3-agent-OUTPUT\n',
          )}${saved(
            'mangle',
            MANGLE,
            `neutron-l3-agent-FORWARD neutron-l3-agent-INPUT neutron-l3-agent-OUTPUT neutron-l3-agent-POSTROUTING
neutron-l3-agent-PREROUTING neutron-l3-agent-float-snat neutron-l3-agent-floatingip neutron-l3-agent-mark neutron-l3-agent-scope`,
            `-A PREROUTING -j neutron-l3-agent-PREROUTING
-A INPUT -j neutron-l3-agent-INPUT
-A FORWARD -j neutron-l3-agent-FORWARD
-A OUTPUT -j neutron-l3-agent-OUTPUT
-A POSTROUTING -j neutron-l3-agent-POSTROUTING
-A neutron-l3-agent-POSTROUTING -o ${QG} -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-mark
-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-scope
-A neutron-l3-agent-PREROUTING -m connmark ! --mark 0x0/0xffff0000 -j CONNMARK --restore-mark --nfmask 0xffff0000 --ctmask 0xffff0000
-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-floatingip
-A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffff
-A neutron-l3-agent-float-snat -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
-A neutron-l3-agent-floatingip -d 203.0.113.21/32 -j MARK --set-xmark 0x4000000/0xffff0000
-A neutron-l3-agent-mark -i ${QG} -j MARK --set-xmark 0x2/0xffff
-A neutron-l3-agent-scope -i ${QR1} -j MARK --set-xmark 0x4010000/0xffff0000
-A neutron-l3-agent-scope -i ${QR2} -j MARK --set-xmark 0x4000000/0xffff0000
-A neutron-l3-agent-scope -i ${QG} -j MARK --set-xmark 0x4010000/0xffff0000
`,
          )}${saved(
            'nat',
            NAT,
            `neutron-l3-agent-OUTPUT neutron-l3-agent-POSTROUTING neutron-l3-agent-PREROUTING neutron-l3-agent-float-snat
neutron-l3-agent-snat neutron-postrouting-bottom`,
            `-A PREROUTING -j neutron-l3-agent-PREROUTING
-A OUTPUT -j neutron-l3-agent-OUTPUT
-A POSTROUTING -j neutron-l3-agent-POSTROUTING
-A POSTROUTING -j neutron-postrouting-bottom
-A neutron-l3-agent-OUTPUT -d 203.0.113.21/32 -j DNAT --to-destination 192.168.5.7
-A neutron-l3-agent-POSTROUTING ! -o ${QG} -m conntrack ! --ctstate DNAT -j ACCEPT
-A neutron-l3-agent-PREROUTING -d 203.0.113.21/32 -j DNAT --to-destination 192.168.5.7
-A neutron-l3-agent-PREROUTING -d 169.254.169.254/32 -i qr-+ -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9697
-A neutron-l3-agent-float-snat -s 192.168.5.7/32 -j SNAT --to-source 203.0.113.21 --random-fully
-A neutron-l3-agent-snat -j neutron-l3-agent-float-snat
-A neutron-l3-agent-snat -o ${QG} -m connmark --mark 0x4010000/0xffff0000 -j ACCEPT
-A neutron-l3-agent-snat -o ${QG} -j SNAT --to-source 203.0.113.20 --random-fully
-A neutron-l3-agent-snat -m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source 203.0.113.20 --random-fully
-A neutron-postrouting-bottom -m comment --comment "Perform source NAT on outgoing traffic." -j neutron-l3-agent-snat
`,
          )}${saved(
            'filter',
            'INPUT FORWARD OUTPUT',
            `neutron-filter-top neutron-l3-agent-FORWARD neutron-l3-agent-INPUT neutron-l3-agent-OUTPUT neutron-l3-agent-local
neutron-l3-agent-scope`,
            `-A INPUT -j neutron-l3-agent-INPUT
-A FORWARD -j neutron-filter-top
-A FORWARD -j neutron-l3-agent-FORWARD
-A OUTPUT -j neutron-filter-top
-A OUTPUT -j neutron-l3-agent-OUTPUT
-A neutron-filter-top -j neutron-l3-agent-local
-A neutron-l3-agent-FORWARD -j neutron-l3-agent-scope
-A neutron-l3-agent-INPUT -m mark --mark 0x1/0xffff -j ACCEPT
-A neutron-l3-agent-INPUT -p tcp -m tcp --dport 9697 -j DROP
-A neutron-l3-agent-scope -o ${QR1} -m mark ! --mark 0x4010000/0xffff0000 -j DROP
-A neutron-l3-agent-scope -o ${QR2} -m mark ! --mark 0x4000000/0xffff0000 -j DROP
`,
          )}`,
        },
      },
      vm2: {
        addresses: { eth0: ['192.168.5.7/24'] },
        routes: ['default via 192.168.5.1'],
        listeners: [SSH, { protocol: 'udp', port: 514 }],
      },
      outside: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.1.0.0/26 via 203.0.113.20'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['vm1:eth0', `router:${QR1}`],
      [`router:${QR2}`, 'vm2:eth0'],
      [`router:${QG}`, 'outside:eth0'],
    ],
    traced: 'router',
    fails: { from: 'vm1', what: 'udp', to: '192.168.5.7', port: 514 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm1', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '203.0.113.21', port: 22 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.1.0.7', port: 22 }, seen: 'answered' },
      { sending: { from: 'vm1', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The two networks are in different address scopes: what comes in from the one has that scope's mark, and towards the other the router drops all that has not its own, replies too.",
      causes: [
        { rule: `-o ${QR2} -m mark ! --mark 0x4000000/0xffff0000 -j DROP`, chain: 'filter neutron-l3-agent-scope' },
        { rule: `-i ${QR1} -j MARK`, chain: 'mangle neutron-l3-agent-scope' },
      ],
      status: ['dropped'],
      alsoTrue: ['reply-dropped'],
    },
    mend: [
      [
        'router',
        `iptables -A neutron-l3-agent-local -i ${QR1} -o ${QR2} -j ACCEPT; iptables -A neutron-l3-agent-local -i ${QR2} -o ${QR1} -j ACCEPT`,
      ],
    ],
  },
]
