/** From threads: old rules of iptables-legacy beside those of Docker after an upgrade, a kill switch in front of a container's own rules, and a router whose replies come in by the tunnel. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const WEB_UI = { protocol: 'tcp', port: 8080 } as const

/** As Docker names the bridge of a network that was made later. */
const BRIDGE = 'br-5d0c2a1bac3e'

interface Network {
  bridge: string
  subnet: string
}
const DEFAULT_NETWORK = { bridge: 'docker0', subnet: '172.17.0.0/16' }
const USER_NETWORK = { bridge: BRIDGE, subnet: '172.18.0.0/16' }

/** Docker's rules without a published port: a network that was made later stands in front. */
const docker = (networks: readonly Network[]): string => {
  const each = (rules: (network: Network) => string) => networks.map(rules).join('')
  return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
${each(({ bridge, subnet }) => `-A POSTROUTING -s ${subnet} ! -o ${bridge} -j MASQUERADE\n`)}${each(({ bridge }) => `-A DOCKER -i ${bridge} -j RETURN\n`)}COMMIT
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
${each(
  ({ bridge }) => `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o ${bridge} -j DOCKER
-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT
-A FORWARD -i ${bridge} -o ${bridge} -j ACCEPT
`,
)}${each(({ bridge }) => `-A DOCKER-ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2\n`)}-A DOCKER-ISOLATION-STAGE-1 -j RETURN
${each(({ bridge }) => `-A DOCKER-ISOLATION-STAGE-2 -o ${bridge} -j DROP\n`)}-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`
}

/** What wg-quick writes without nft, the kill switch of Mullvad's file, and then the container's own rules. */
const QBITTORRENT = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 10.64.0.5/32 ! -i wg0 -m addrtype ! --src-type LOCAL -m comment --comment "wg-quick(8) rule for wg0" -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A POSTROUTING -p udp -m mark --mark 0xca6c -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i wg0 -j ACCEPT
-A INPUT -s 172.17.0.0/16 -d 172.17.0.0/16 -j ACCEPT
-A INPUT -i eth0 -p udp -m udp --sport 51820 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 8080 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --sport 8080 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 0 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A OUTPUT ! -o wg0 -m mark ! --mark 0xca6c -m addrtype ! --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT -o wg0 -j ACCEPT
-A OUTPUT -s 172.17.0.0/16 -d 172.17.0.0/16 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 51820 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --dport 8080 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 8080 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`

export const TWO_BACKENDS_AND_KEPT_TUNNELS: Problem[] = [
  {
    name: 'docker-network-made-after-an-upgrade-is-unknown-to-the-old-rules-of-legacy',
    thread: {
      title: 'New docker networks cannot communicate to externally - Debian Buster',
      address: 'https://github.com/moby/moby/issues/38974',
    },
    backend: 'mixed',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: [...WEB, SSH] },
      host: {
        bridges: { docker0: ['veth0'], [BRIDGE]: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'], [BRIDGE]: ['172.18.0.1/16'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: docker([DEFAULT_NETWORK]) },
      },
      c0: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [...WEB, SSH] },
      c1: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'], listeners: [...WEB, SSH] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'c0:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [['host', `iptables-nft-restore <<'EOF'\n${docker([USER_NETWORK, DEFAULT_NETWORK])}EOF`]],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c0', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'c1', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '172.18.0.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker's rules for the new network are in nf_tables and accept the request; what Docker had written with iptables-legacy before the upgrade is still in force, knows docker0 alone, and its policy of FORWARD drops the rest.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [
      [
        'host',
        `iptables-legacy -I FORWARD -i ${BRIDGE} ! -o ${BRIDGE} -j ACCEPT; iptables-legacy -I FORWARD -o ${BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      ],
    ],
  },
  {
    name: 'kill-switch-of-a-tunnels-file-rejects-what-a-containers-web-page-replies',
    thread: {
      title: 'Unable to reach WebUI from LAN',
      address: 'https://github.com/DyonR/docker-qbittorrentvpn/issues/30',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.2.89/24'] }, listeners: [WEB_UI] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.168.2.10/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:8080
-A PREROUTING -i eth0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 172.17.0.2:22
COMMIT
`,
        },
      },
      qbittorrent: {
        addresses: { eth0: ['172.17.0.2/16'], wg0: ['10.64.0.5/24'] },
        routes: [
          'default via 172.17.0.1',
          '192.168.2.0/24 via 172.17.0.1',
          'default via 10.64.0.1 dev wg0 table 51820',
        ],
        sysctls: { 'net.ipv4.conf.all.src_valid_mark': '1' },
        listeners: [WEB_UI, SSH],
        rules: { v4: QBITTORRENT },
      },
      vpn: { addresses: { wg0: ['10.64.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['pc:eth0', 'host:eth0'],
      ['host:veth1', 'qbittorrent:eth0'],
      ['qbittorrent:wg0', 'vpn:wg0'],
    ],
    traced: 'qbittorrent',
    setup: [
      [
        'qbittorrent',
        'ip rule add pref 32764 lookup main suppress_prefixlength 0; ip rule add pref 32765 not fwmark 0xca6c lookup 51820',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '192.168.2.10', port: 8080 },
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: '172.17.0.2', dport: 8080 },
    others: [
      { sending: { from: 'qbittorrent', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.2.10', port: 2222 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 8080 }, seen: 'nothing', either: true },
      // past the tunnel: what the kill switch is for; the container's own rules would accept both
      { sending: { from: 'qbittorrent', what: 'tcp', to: '192.168.2.89', port: 8080 }, seen: 'refused' },
      { sending: { from: 'qbittorrent', what: 'ping', to: '192.168.2.89' }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The request is accepted; the reply leaves by eth0 without WireGuard's mark, and the kill switch that the tunnel's file puts in front of the container's own rules rejects it.",
      causes: [{ rule: '! -o wg0', chain: 'filter OUTPUT' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'qbittorrent',
        'iptables -I OUTPUT -o eth0 -p tcp -m tcp --sport 8080 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'healthy-replies-from-the-tunnel-pass-a-strict-filter-by-the-interface-they-leave-by',
    // the rule asks for the interface, as the program's next change writes it
    thread: {
      title: 'feat(vpnrouter): standalone run mode + LAN-through-tunnel policy routing',
      address: 'https://github.com/skycoin/skywire/pull/3542',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['192.168.42.10/24'] }, routes: ['default via 192.168.42.1'] },
      router: {
        addresses: { wlan0: ['192.168.42.1/24'], eth0: ['192.0.2.1/24'], tun0: ['10.9.0.2/24'] },
        routes: ['default via 192.0.2.254', 'default via 10.9.0.1 dev tun0 table 142'],
        sysctls: {
          ...FORWARDS,
          'net.ipv4.conf.all.rp_filter': '1',
          'net.ipv4.conf.default.rp_filter': '1',
        },
        listeners: [SSH, { protocol: 'udp', port: 53, address: '192.168.42.1' }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.42.0/24 -o tun0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wlan0 -o tun0 -j ACCEPT
-A FORWARD -i tun0 -o wlan0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      exit: {
        addresses: { tun0: ['10.9.0.1/24'], lo: ['198.51.100.9/32'] },
        routes: ['10.9.0.2/32 dev tun0 src 198.51.100.9'],
        // asks for the router with an address of the tunnel: the filter takes ARP's questions as well
        sysctls: { 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: [HTTPS],
      },
      isp: { addresses: { eth0: ['192.0.2.254/24'], lo: ['203.0.113.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['phone:eth0', 'router:wlan0'],
      ['router:tun0', 'exit:tun0'],
      ['router:eth0', 'isp:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add pref 1000 iif wlan0 lookup 142']],
    fails: { from: 'phone', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '192.168.42.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      // the way back for the router's own traffic is the uplink
      { sending: { from: 'exit', what: 'tcp', to: '10.9.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the main table sends the server by eth0, but the filter asks for the way back of what is forwarded as if it came in on wlan0, and the rule for wlan0 leads into the tunnel.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
