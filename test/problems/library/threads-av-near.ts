/** By nft, from a thread: a tunnel's rules that share the lan, and are healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Forwards, and what is bridged is no business of its rules, as where br_netfilter is not loaded. */
const ROUTES = {
  ...FORWARDS,
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
}

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const IPP = { protocol: 'tcp', port: 631 } as const

export const THREADS_AV_NEAR: Problem[] = [
  {
    name: 'healthy-mullvad-shares-the-lan-and-rejects-the-rest',
    thread: {
      title: 'Unable to connect to chromecast on Ubuntu 18.04',
      address: 'https://github.com/mullvad/mullvadvpn-app/issues/780',
    },
    backend: 'nft',
    hosts: {
      router: {
        addresses: { 'br-lan': ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: ROUTES,
        listeners: [DNS],
      },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      laptop: {
        addresses: { wlp2s0: ['192.168.1.20/24'], 'wg0-mullvad': ['10.66.1.2/32'] },
        routes: ['default via 192.168.1.1', '10.64.0.1/32 dev wg0-mullvad'],
        listeners: [SSH],
        rules: {
          nft: `table inet mullvad {
  chain prerouting {
    type filter hook prerouting priority -199; policy accept;
    iif != "wg0-mullvad" ct mark 0x00000f41 meta mark set 0x6d6f6c65
    ip saddr 198.51.100.7 udp sport 51820 meta mark set 0x6d6f6c65
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    ct mark 0x00000f41 accept
    udp sport 68 ip daddr 255.255.255.255 udp dport 67 accept
    ip6 saddr fe80::/10 udp sport 546 ip6 daddr { ff02::1:2, ff05::1:3 } udp dport 547 accept
    ip6 daddr ff02::2 icmpv6 type nd-router-solicit icmpv6 code no-route accept
    ip6 daddr ff02::1:ff00:0/104 icmpv6 type nd-neighbor-solicit icmpv6 code no-route accept
    ip6 daddr fe80::/10 icmpv6 type nd-neighbor-solicit icmpv6 code no-route accept
    ip6 daddr fe80::/10 icmpv6 type nd-neighbor-advert icmpv6 code no-route accept
    ip daddr 198.51.100.7 udp dport 51820 meta mark 0x6d6f6c65 accept
    oif "wg0-mullvad" udp dport 53 ip daddr 10.64.0.1 accept
    oif "wg0-mullvad" tcp dport 53 ip daddr 10.64.0.1 accept
    udp dport 53 reject
    tcp dport 53 reject with tcp reset
    ip daddr 10.0.0.0/8 accept
    ip daddr 172.16.0.0/12 accept
    ip daddr 192.168.0.0/16 accept
    ip daddr 169.254.0.0/16 accept
    ip daddr 224.0.0.0/24 accept
    ip daddr 239.0.0.0/8 accept
    ip daddr 255.255.255.255 accept
    ip6 daddr fe80::/10 accept
    ip6 daddr fc00::/7 accept
    oif "wg0-mullvad" accept
    reject
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct mark 0x00000f41 accept
    udp sport 67 udp dport 68 accept
    ip6 saddr fe80::/10 udp sport 547 ip6 daddr fe80::/10 udp dport 546 accept
    ip6 saddr fe80::/10 icmpv6 type { nd-router-advert, nd-redirect, nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr 198.51.100.7 udp sport 51820 ct state established accept
    ip saddr 10.0.0.0/8 accept
    ip saddr 172.16.0.0/12 accept
    ip saddr 192.168.0.0/16 accept
    ip saddr 169.254.0.0/16 accept
    ip6 saddr fe80::/10 accept
    ip6 saddr fc00::/7 accept
    iif "wg0-mullvad" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    udp dport 53 reject
    tcp dport 53 reject with tcp reset
    ct state established,related accept
    reject
  }
  chain mangle {
    type route hook output priority mangle; policy accept;
    oif "wg0-mullvad" udp dport 53 ip daddr 10.64.0.1 accept
    meta cgroup 5087041 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    oif "wg0-mullvad" ct mark 0x00000f41 drop
    oif != "lo" ct mark 0x00000f41 masquerade
  }
}
`,
        },
      },
      relay: { addresses: { tun0: ['10.64.0.1/32'] }, routes: ['10.66.1.2/32 dev tun0'], listeners: [DNS] },
      printer: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'], listeners: [IPP] },
    },
    links: [
      ['laptop:wlp2s0', 'router:lan1'],
      ['printer:eth0', 'router:lan2'],
      ['router:wan', 'remote:eth0'],
      ['laptop:wg0-mullvad', 'relay:tun0'],
    ],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.30', port: 631 },
    seen: 'answered',
    others: [
      { sending: { from: 'laptop', what: 'udp', to: '10.64.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'refused' },
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'refused' },
      { sending: { from: 'printer', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'Nothing is wrong: what goes to a private network is accepted before the last rule rejects the rest.',
      causes: [],
      status: ['answered'],
    },
    mend: [['laptop', 'true']],
  },
]
