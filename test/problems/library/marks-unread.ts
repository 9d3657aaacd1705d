/** Marks that are set and not read, or not set at all, from threads: a routing rule without a mask, a link address that changed, rpfilter without the mark, a set that holds half of the internet. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
/** mwan3's hook and interfaces; `rules`: the policies, and which of them is for whom. */
const mwan3 = (rules: string) => `-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_connected -m set --match-set mwan3_connected dst -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_out
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark ! --mark 0x3f00/0x3f00 -j mwan3_connected
-A mwan3_iface_in_wan -i wan -m set --match-set mwan3_connected src -m mark --mark 0x0/0x3f00 -m comment --comment default -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_iface_in_wan -i wan -m mark --mark 0x0/0x3f00 -m comment --comment wan -j MARK --set-xmark 0x100/0x3f00
-A mwan3_iface_in_vpn -i tun0 -m set --match-set mwan3_connected src -m mark --mark 0x0/0x3f00 -m comment --comment default -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_iface_in_vpn -i tun0 -m mark --mark 0x0/0x3f00 -m comment --comment vpn -j MARK --set-xmark 0x200/0x3f00
-A mwan3_iface_out_wan -s 203.0.113.1/32 -m mark --mark 0x0/0x3f00 -m comment --comment wan -j MARK --set-xmark 0x100/0x3f00
-A mwan3_iface_out_vpn -s 10.9.0.2/32 -m mark --mark 0x0/0x3f00 -m comment --comment vpn -j MARK --set-xmark 0x200/0x3f00
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wan
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_vpn
-A mwan3_ifaces_out -m mark --mark 0x0/0x3f00 -j mwan3_iface_out_wan
-A mwan3_ifaces_out -m mark --mark 0x0/0x3f00 -j mwan3_iface_out_vpn
${rules}`
const MWAN3_CHAINS =
  'mwan3_connected mwan3_hook mwan3_iface_in_vpn mwan3_iface_in_wan mwan3_iface_out_vpn mwan3_iface_out_wan mwan3_ifaces_in mwan3_ifaces_out mwan3_rules'
/** OpenWrt's fw3 with a zone for the uplink and one for the tunnel. */
const FW3 = `${saved(
  'nat',
  NAT,
  'postrouting_rule prerouting_rule zone_lan_postrouting zone_vpn_postrouting zone_wan_postrouting',
  `-A PREROUTING -m comment --comment "!fw3: Custom prerouting rule chain" -j prerouting_rule
-A POSTROUTING -m comment --comment "!fw3: Custom postrouting rule chain" -j postrouting_rule
-A POSTROUTING -o br-lan -m comment --comment "!fw3" -j zone_lan_postrouting
-A POSTROUTING -o wan -m comment --comment "!fw3" -j zone_wan_postrouting
-A POSTROUTING -o tun0 -m comment --comment "!fw3" -j zone_vpn_postrouting
-A zone_vpn_postrouting -m comment --comment "!fw3" -j MASQUERADE
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
`,
)}${saved(
  'filter',
  'INPUT FORWARD=DROP OUTPUT',
  'forwarding_rule input_rule reject zone_lan_dest_ACCEPT zone_lan_forward zone_vpn_dest_ACCEPT zone_vpn_forward zone_wan_dest_ACCEPT zone_wan_forward',
  `-A INPUT -i lo -m comment --comment "!fw3" -j ACCEPT
-A INPUT -m comment --comment "!fw3: Custom input rule chain" -j input_rule
-A FORWARD -m comment --comment "!fw3: Custom forwarding rule chain" -j forwarding_rule
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i wan -m comment --comment "!fw3" -j zone_wan_forward
-A FORWARD -i tun0 -m comment --comment "!fw3" -j zone_vpn_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp-port-unreachable
-A zone_lan_dest_ACCEPT -o br-lan -m comment --comment "!fw3" -j ACCEPT
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to wan forwarding policy" -j zone_wan_dest_ACCEPT
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to vpn forwarding policy" -j zone_vpn_dest_ACCEPT
-A zone_lan_forward -m comment --comment "!fw3" -j zone_lan_dest_ACCEPT
-A zone_vpn_dest_ACCEPT -o tun0 -m conntrack --ctstate INVALID -m comment --comment "!fw3: Prevent NAT leakage" -j DROP
-A zone_vpn_dest_ACCEPT -o tun0 -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_dest_ACCEPT -o wan -m conntrack --ctstate INVALID -m comment --comment "!fw3: Prevent NAT leakage" -j DROP
-A zone_wan_dest_ACCEPT -o wan -m comment --comment "!fw3" -j ACCEPT
`,
)}`

const CONNECTED = ['10.9.0.0/24', '172.20.1.0/24', '203.0.113.0/24', '127.0.0.0/8', '224.0.0.0/3']
const connected = (...more: string[]) => `create mwan3_connected_v4 hash:net
${[...CONNECTED, ...more].map((net) => `add mwan3_connected_v4 ${net}\n`).join('')}create mwan3_connected list:set
add mwan3_connected mwan3_connected_v4
`
const MWAN3_ROUTES =
  'ip route add default via 203.0.113.254 table 1; ip route add default via 10.9.0.1 table 2; ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2; ip rule add pref 2061 fwmark 0x3d00/0x3f00 blackhole; ip rule add pref 2062 fwmark 0x3e00/0x3f00 unreachable'

/** Two machines of the LAN, an uplink and a tunnel; `isp` and `vpn` have what only they lead to. */
const twoWays = (
  routes: string[],
  rules: { v4: string; ipset: string },
): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    lake: { addresses: { eth0: ['172.20.1.22/24'] }, routes: ['default via 172.20.1.1'] },
    pc: { addresses: { eth0: ['172.20.1.10/24'] }, routes: ['default via 172.20.1.1'] },
    router: {
      bridges: { 'br-lan': ['lan1', 'lan2'] },
      addresses: { 'br-lan': ['172.20.1.1/24'], wan: ['203.0.113.1/24'], tun0: ['10.9.0.2/24'] },
      routes,
      sysctls: FORWARDS,
      rules,
    },
    isp: { addresses: { eth0: ['203.0.113.254/24'], lo: ['198.51.100.7/32'] }, listeners: [HTTPS] },
    vpn: { addresses: { eth0: ['10.9.0.1/24'], lo: ['198.18.5.80/32'] }, listeners: [HTTPS] },
  },
  links: [
    ['lake:eth0', 'router:lan1'],
    ['pc:eth0', 'router:lan2'],
    ['router:wan', 'isp:eth0'],
    ['router:tun0', 'vpn:eth0'],
  ],
  traced: 'router',
})

export const MARKS_UNREAD: Problem[] = [
  {
    name: 'vpr-routing-rule-without-mask-beside-mwan3',
    thread: {
      title: '[vpn-policy-routing]: omission of fwmask in ip rules',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/93',
    },
    backend: 'iptables-legacy',
    ...twoWays(['default via 203.0.113.254'], {
      ipset: `${connected()}create vpn hash:net
add vpn 198.18.0.0/15
`,
      v4: `${saved(
        'mangle',
        MANGLE,
        `${MWAN3_CHAINS} mwan3_policy_wan_only VPR_MARK0x010000 VPR_MARK0x020000 VPR_FORWARD VPR_INPUT VPR_OUTPUT VPR_PREROUTING`,
        `${mwan3(`-A mwan3_policy_wan_only -m mark --mark 0x0/0x3f00 -m comment --comment "wan 1 1" -j MARK --set-xmark 0x100/0x3f00
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule -j mwan3_policy_wan_only
`)}-A PREROUTING -m mark --mark 0x0/0xff0000 -j VPR_PREROUTING
-A INPUT -m mark --mark 0x0/0xff0000 -j VPR_INPUT
-A FORWARD -m mark --mark 0x0/0xff0000 -j VPR_FORWARD
-A OUTPUT -m mark --mark 0x0/0xff0000 -j VPR_OUTPUT
-A VPR_MARK0x010000 -j MARK --set-xmark 0x10000/0xff0000
-A VPR_MARK0x010000 -j RETURN
-A VPR_MARK0x020000 -j MARK --set-xmark 0x20000/0xff0000
-A VPR_MARK0x020000 -j RETURN
-A VPR_PREROUTING -s 172.20.1.222/32 -m comment --comment console -g VPR_MARK0x010000
-A VPR_PREROUTING -m set --match-set vpn dst -g VPR_MARK0x020000
`,
      )}${FW3}`,
    }),
    setup: [
      [
        'router',
        `${MWAN3_ROUTES}; ip route add default via 203.0.113.254 table 201; ip route add default via 10.9.0.1 table 202; ip rule add pref 999 fwmark 0x10000 lookup 201; ip rule add pref 1000 fwmark 0x20000 lookup 202`,
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.18.5.80', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'lake', what: 'ping', to: '203.0.113.254' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '172.20.1.1' }, seen: 'answered' },
      { sending: { from: 'lake', what: 'tcp', to: '198.18.5.80', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "mwan3 has put its bit into the mark, and the routing rule of vpn-policy-routing compares the whole of it: 0x20100 is not 0x20000, so mwan3's rule takes the packet, and it leaves by the uplink.",
      causes: [
        { rule: '--set-xmark 0x20000/0xff0000', chain: 'mangle VPR_MARK0x020000' },
        { rule: '--set-xmark 0x100/0x3f00', chain: 'mangle mwan3_policy_wan_only' },
        ...['wrong-way-out', 'marked-astray', 'mark-missing', 'not-netfilter'].map((code) => ({
          code,
          words: ['0x20000'],
        })),
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip rule del pref 1000; ip rule add pref 1000 fwmark 0x20000/0xff0000 lookup 202']],
  },
  {
    name: 'mwan3-takes-half-of-the-internet-for-connected',
    thread: {
      title: 'mwan3: packets are not routed properly',
      address: 'https://github.com/openwrt/packages/issues/11440',
    },
    backend: 'iptables-legacy',
    ...twoWays(['default via 203.0.113.254', '0.0.0.0/1 via 10.9.0.1', '128.0.0.0/1 via 10.9.0.1'], {
      ipset: connected('0.0.0.0/1', '128.0.0.0/1'),
      v4: `${saved(
        'mangle',
        MANGLE,
        `${MWAN3_CHAINS} mwan3_policy_vpn_only mwan3_policy_wwan_only`,
        mwan3(`-A mwan3_policy_vpn_only -m mark --mark 0x0/0x3f00 -m comment --comment "vpn 1 1" -j MARK --set-xmark 0x200/0x3f00
-A mwan3_policy_wwan_only -m mark --mark 0x0/0x3f00 -m comment --comment "wan 1 1" -j MARK --set-xmark 0x100/0x3f00
-A mwan3_rules -s 172.20.1.22/32 -m mark --mark 0x0/0x3f00 -m comment --comment lake -j mwan3_policy_wwan_only
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule -j mwan3_policy_vpn_only
`),
      )}${FW3}`,
    }),
    setup: [['router', MWAN3_ROUTES]],
    fails: { from: 'lake', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.18.5.80', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '203.0.113.254' }, seen: 'answered' },
      { sending: { from: 'lake', what: 'ping', to: '172.20.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The VPN's routes for the two halves of the internet came into the set of connected networks: every packet gets the mark that means the default route before a policy is asked, and so the machine that was to leave by the uplink goes into the tunnel.",
      causes: [
        { rule: '--match-set mwan3_connected dst', chain: 'mangle mwan3_connected' },
        { rule: '-s 172.20.1.22/32', chain: 'mangle mwan3_rules' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ipset del mwan3_connected_v4 0.0.0.0/1; ipset del mwan3_connected_v4 128.0.0.0/1']],
  },
  {
    name: 'egressgateway-knows-a-node-by-an-older-link-address',
    thread: {
      title: 'EgressGateway REPLY-ROUTING rules fail to match traffic from VXLAN tunnel due to MAC address mismatch',
      address: 'https://github.com/spidernet-io/egressgateway/issues/1863',
    },
    backend: 'iptables-nft',
    hosts: {
      // the pod's address is on lo
      worker: {
        addresses: { eth0: ['192.0.2.2/24'], 'egress.vxlan': ['172.31.0.2/24'], lo: ['10.244.1.5/32'] },
        routes: ['default via 172.31.0.1 src 10.244.1.5'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
      },
      gateway: {
        addresses: { eth0: ['198.51.100.1/24'], eth1: ['192.0.2.1/24'], 'egress.vxlan': ['172.31.0.1/24'] },
        routes: ['10.244.1.0/24 via 192.0.2.2', '10.244.3.0/24 via 192.0.2.3'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create egw-src-v4-4c1a9e hash:net
add egw-src-v4-4c1a9e 10.244.1.5
create egw-cluster-cidr-ipv4 hash:net
add egw-cluster-cidr-ipv4 10.244.0.0/16
`,
          v4: `${saved(
            'mangle',
            MANGLE,
            'EGRESSGATEWAY-MARK-REQUEST EGRESSGATEWAY-REPLY-ROUTING KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY cali-POSTROUTING cali-PREROUTING',
            `-A PREROUTING -m comment --comment "egw:_bvN3QZJfSbVQmVU" -m comment --comment "EgressGateway Reply datapath rule, rule is from the EgressGateway" -j EGRESSGATEWAY-REPLY-ROUTING
-A PREROUTING -m comment --comment "egw:Lh98b3mb9WlZrgw7" -m comment --comment "Checking for EgressPolicy matched traffic" -j EGRESSGATEWAY-MARK-REQUEST
-A PREROUTING -m comment --comment "egw:4vaggeYl6c-Gn0Yv" -m comment --comment "EgressGateway traffic accept datapath rule" -m mark --mark 0x26000000/0xff000000 -j ACCEPT
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A FORWARD -m comment --comment "egw:QZatZARIgegXh8rb" -m mark --mark 0x26000000/0xff000000 -j MARK --set-xmark 0x26000000/0xffffffff
-A POSTROUTING -m comment --comment "egw:ymEAarDWTR9SHgDS" -m mark --mark 0x26000000/0xffffffff -j ACCEPT
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A EGRESSGATEWAY-REPLY-ROUTING -i egress.vxlan -m mac --mac-source 66:d9:3c:01:44:02 -m conntrack --ctdir ORIGINAL -m comment --comment "egw: mark connections of ce-worker01" -j CONNMARK --set-xmark 0x27000002/0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -i egress.vxlan -m mac --mac-source 66:d9:3c:01:44:03 -m conntrack --ctdir ORIGINAL -m comment --comment "egw: mark connections of ce-worker02" -j CONNMARK --set-xmark 0x27000003/0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -m conntrack --ctdir REPLY -m comment --comment "egw: restore mark" -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A cali-PREROUTING -m comment --comment "cali:6BJqBjBC7crtA-7-" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
          )}${saved(
            'nat',
            NAT,
            'EGRESSGATEWAY-NO-SNAT EGRESSGATEWAY-SNAT-EIP KUBE-POSTROUTING',
            `-A POSTROUTING -m comment --comment "egw:aCXL2VVCDdJ4oDaQ" -m comment --comment "SNAT for egress traffic" -j EGRESSGATEWAY-SNAT-EIP
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A EGRESSGATEWAY-SNAT-EIP -m set --match-set egw-src-v4-4c1a9e src -m set ! --match-set egw-cluster-cidr-ipv4 dst -m conntrack --ctdir ORIGINAL -m comment --comment "snat policy default/shop" -j SNAT --to-source 198.51.100.1
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
`,
          )}${saved('filter', FILTER, 'KUBE-FIREWALL', '-A INPUT -j KUBE-FIREWALL\n-A OUTPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n')}`,
        },
      },
      server: { addresses: { eth0: ['198.51.100.9/24'] }, listeners: [HTTP] },
    },
    links: [
      ['worker:egress.vxlan', 'gateway:egress.vxlan'],
      ['worker:eth0', 'gateway:eth1'],
      ['gateway:eth0', 'server:eth0'],
    ],
    traced: 'gateway',
    setup: [
      [
        'worker',
        'ip link set egress.vxlan address 66:a0:17:c2:05:02; ip route replace default via 172.31.0.1 src 10.244.1.5',
      ],
      [
        'gateway',
        'ip route add default via 172.31.0.2 dev egress.vxlan table 600; ip rule add pref 99 fwmark 0x27000002 lookup 600',
      ],
    ],
    fails: { from: 'worker', what: 'tcp', to: '198.51.100.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'worker', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule that is to mark the worker's connections knows its tunnel by an older link address. Without that mark the reply leaves by eth1, and the worker, which sent into the tunnel, drops what comes in by another interface.",
      causes: [
        { rule: '--mac-source 66:d9:3c:01:44:02', chain: 'mangle EGRESSGATEWAY-REPLY-ROUTING' },
        { code: 'mark-missing', words: ['0x27000002'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-by-other-uplink', 'wrong-way-out', 'vanished-rp-filter'],
    },
    mend: [
      [
        'gateway',
        'iptables -t mangle -R EGRESSGATEWAY-REPLY-ROUTING 1 -i egress.vxlan -m mac --mac-source 66:a0:17:c2:05:02 -m conntrack --ctdir ORIGINAL -j CONNMARK --set-xmark 0x27000002/0xffffffff',
      ],
    ],
  },
  {
    name: 'nixos-rpfilter-looks-up-the-way-back-without-the-mark',
    thread: {
      title: 'firewall service: respect marks in rpfilter',
      address: 'https://github.com/NixOS/nixpkgs/pull/39054',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
      router: {
        addresses: { lan: ['2001:db8:1::1/64'], wan: ['2001:db8:f::1/64'], wg0: ['2001:db8:9::2/64'] },
        routes: ['default via 2001:db8:f::fe'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          ipset:
            'create blocked6 hash:net family inet6\nadd blocked6 2001:db8:80::/48\nadd blocked6 2001:db8:90::/48\n',
          v6: `${saved(
            'raw',
            RAW,
            'nixos-fw-rpfilter',
            `-A PREROUTING -m set --match-set blocked6 src -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -m set --match-set blocked6 dst -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -j nixos-fw-rpfilter
-A OUTPUT -m set --match-set blocked6 dst -j MARK --set-xmark 0x2/0xffffffff
-A nixos-fw-rpfilter -m rpfilter -j RETURN
-A nixos-fw-rpfilter -j DROP
`,
          )}${saved(
            'nat',
            NAT,
            'nixos-nat-out nixos-nat-post nixos-nat-pre',
            `-A PREROUTING -j nixos-nat-pre
-A OUTPUT -j nixos-nat-out
-A POSTROUTING -j nixos-nat-post
-A nixos-nat-post -s 2001:db8:1::/64 -o wg0 -j MASQUERADE
`,
          )}${saved(
            'filter',
            FILTER,
            'nixos-fw nixos-fw-accept nixos-fw-log-refuse nixos-fw-refuse nixos-drop',
            `-A INPUT -j nixos-fw
-A nixos-drop -j DROP
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
-A nixos-fw -p ipv6-icmp -m icmp6 --icmpv6-type 137 -j DROP
-A nixos-fw -p ipv6-icmp -m icmp6 --icmpv6-type 139 -j DROP
-A nixos-fw -p ipv6-icmp -j nixos-fw-accept
-A nixos-fw -d fe80::/64 -p udp -m udp --dport 546 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j nixos-fw-refuse
-A nixos-fw-log-refuse -j nixos-fw-refuse
-A nixos-fw-refuse -j DROP
`,
          )}`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:f::fe/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
      peer: {
        addresses: { eth0: ['2001:db8:9::1/64'], lo: ['2001:db8:80::7/128'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:wg0', 'peer:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 route add default via 2001:db8:9::1 dev wg0 table 1; ip -6 rule add pref 900 lookup main suppress_prefixlength 0; ip -6 rule add pref 1000 fwmark 0x2 lookup 1',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:80::7', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::fe', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '2001:db8:9::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Request and reply are both marked, in front of the reverse path filter; but its rule looks up the way back without the mark, finds the uplink, and drops the reply that came in by the tunnel.',
      causes: [
        { rule: '-m rpfilter', chain: 'raw nixos-fw-rpfilter' },
        { rule: '-j DROP', chain: 'raw nixos-fw-rpfilter' },
      ],
      status: ['reply-lost'],
    },
    mend: [['router', 'ip6tables -t raw -R nixos-fw-rpfilter 1 -m rpfilter --validmark -j RETURN']],
  },
]
