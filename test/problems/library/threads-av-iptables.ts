/** By iptables-nft, from threads: Docker's policy for what libvirt forwards; and an error about the size of a datagram that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const HTTP = { protocol: 'tcp', port: 80 } as const

const DNS = { protocol: 'udp', port: 53 } as const

export const THREADS_AV_IPTABLES: Problem[] = [
  {
    name: 'docker-on-fedora-drops-what-libvirt-forwards-by-nft',
    thread: {
      title: 'Installing Docker Engine on Fedora 44 breaks libvirt default network',
      address: 'https://github.com/moby/moby/issues/52612',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS, DNS] },
      fedora: {
        addresses: { wlp2s0: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'], virbr0: ['192.168.122.1/24'] },
        bridges: { docker0: ['veth1'], virbr0: ['vnet0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS, SSH],
        rules: {
          nft: `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
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
table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_POLICIES {
    iifname "docker0" accept
    oifname "docker0" accept
    iifname "virbr0" oifname "wlp2s0" accept
    iifname "virbr0" reject with icmpx admin-prohibited
  }
}
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`,
        },
      },
      container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTP] },
      vm: { addresses: { eth0: ['192.168.122.50/24'] }, routes: ['default via 192.168.122.1'] },
    },
    links: [
      ['remote:eth0', 'fedora:wlp2s0'],
      ['fedora:veth1', 'container:eth0'],
      ['fedora:vnet0', 'vm:eth0'],
    ],
    traced: 'fedora',
    fails: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'udp', to: '192.168.122.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "libvirt accepts what its guests send in its own table of nft. Docker has set the policy of iptables' FORWARD to DROP, and none of its rules accepts what comes from virbr0.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['dropped'],
    },
    mend: [
      ['fedora', 'iptables -I DOCKER-USER -i virbr0 ! -o docker0 -j ACCEPT'],
      ['fedora', 'iptables -I DOCKER-USER -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'healthy-error-about-the-size-belongs-to-a-connection',
    thread: {
      title: 'Firewall example breaks IPv4 PMTUD',
      address: 'https://github.com/mastodon/documentation/issues/999',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [{ protocol: 'udp', port: 443 }],
        mtu: { eth0: 1300 },
      },
      gateway: {
        addresses: { wan: ['198.51.100.1/24'], lan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        mtu: { wan: 1300 },
      },
      mastodon: {
        addresses: { ens3: ['203.0.113.10/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [SSH, HTTP, HTTPS, { protocol: 'tcp', port: 6379 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -d 127.0.0.0/8 ! -i lo -j REJECT --reject-with icmp-port-unreachable
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -m limit --limit 5/min -j LOG --log-prefix "iptables denied: " --log-level 7
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['peer:eth0', 'gateway:wan'],
      ['gateway:lan', 'mastodon:ens3'],
    ],
    traced: 'mastodon',
    fails: { from: 'mastodon', what: 'udp', to: '198.51.100.9', port: 443, bytes: 1400, tries: 3 },
    seen: 'answered',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.10', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '203.0.113.10' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.10', port: 6379 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Nothing is wrong: no rule names the error about the size of the first datagram, and that for related packets accepts it. The next one is sent in fragments and answered.',
      causes: [],
      status: ['answered'],
    },
    mend: [['mastodon', 'true']],
  },
]
