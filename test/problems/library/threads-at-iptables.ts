/** By iptables-nft, from threads: a lease asked for without an address, a port that a kill switch does not know, a list that is asked in raw; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksForLease, offersLeases } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

export const THREADS_AT_IPTABLES: Problem[] = [
  {
    name: 'ufw-accepts-dhcp-from-the-addresses-that-it-is-yet-to-give',
    thread: {
      title: 'FYI - ufw can block DHCP requests',
      address: 'https://github.com/FlipperPA/at-t-pihole/issues/1',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: { addresses: { eth0: [] } },
      pc: { addresses: { eth0: ['192.168.1.20/24'] } },
      switch: {
        bridges: { sw0: ['p1', 'p2', 'p3'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      },
      pihole: {
        addresses: { eth0: ['192.168.1.2/24'] },
        listeners: [SSH, HTTP, { protocol: 'tcp', port: 8080 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-logging-deny - [0:0]
:ufw-not-local - [0:0]
:ufw-skip-to-policy-input - [0:0]
:ufw-user-input - [0:0]
:ufw-track-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-track-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -p tcp -m tcp --dport 445 -j ufw-skip-to-policy-input
-A ufw-after-input -p udp -m udp --dport 67 -j ufw-skip-to-policy-input
-A ufw-after-input -p udp -m udp --dport 68 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-user-input -s 192.168.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 192.168.0.0/16 -p tcp -m tcp --dport 80 -j ACCEPT
-A ufw-user-input -s 192.168.0.0/16 -p udp -m udp --dport 53 -j ACCEPT
-A ufw-user-input -s 192.168.0.0/16 -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['laptop:eth0', 'switch:p1'],
      ['pc:eth0', 'switch:p2'],
      ['switch:p3', 'pihole:eth0'],
    ],
    traced: 'pihole',
    setup: [
      ['pihole', offersLeases('eth0')],
      ['laptop', asksForLease('eth0')],
    ],
    fails: { ...POKED, from: 'laptop' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '255.255.255.255', dport: 67 },
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.2', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule accepts DHCP from 192.168.0.0/16. Who asks for a lease has no address yet and asks from 0.0.0.0, so the rule does not match.',
      causes: [
        { rule: '--dport 67', chain: 'filter ufw-user-input' },
        { rule: '-j DROP', chain: 'filter ufw-skip-to-policy-input' },
        { rule: '--dport 67', chain: 'filter ufw-after-input' },
      ],
      status: ['dropped'],
    },
    mend: [['pihole', 'iptables -A ufw-user-input -p udp -m udp --dport 67 -j ACCEPT']],
  },
  {
    name: 'pia-kill-switch-accepts-the-port-of-another-configuration',
    thread: {
      title: 'Feature Request: Kill Switch?',
      address: 'https://github.com/pia-foss/manual-connections/issues/169',
    },
    backend: 'iptables-nft',
    hosts: {
      vpn: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [{ protocol: 'udp', port: 1197 }, { protocol: 'udp', port: 1198 }, HTTPS],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['10.0.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [HTTP],
      },
      pc: {
        addresses: { eth0: ['10.0.0.2/24'] },
        routes: ['default via 10.0.0.1'],
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/24 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i tun+ -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -d 10.0.0.0/24 -j ACCEPT
-A OUTPUT -o tun+ -j ACCEPT
-A OUTPUT -d 209.222.18.222/32 -j ACCEPT
-A OUTPUT -d 209.222.18.218/32 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 1197 -j ACCEPT
-A OUTPUT -j REJECT --reject-with icmp-net-unreachable
COMMIT
`,
        },
      },
    },
    links: [
      ['vpn:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'pc',
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 1198 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 1197 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'unreachable' },
      { sending: { from: 'pc', what: 'tcp', to: '10.0.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '10.0.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.0.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The kill switch accepts port 1197 towards the VPN's server. This configuration uses port 1198, which the last rule rejects.",
      causes: [
        { rule: '--dport 1197', chain: 'filter OUTPUT' },
        { rule: '-j REJECT', chain: 'filter OUTPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['pc', 'iptables -I OUTPUT 1 -d 203.0.113.9/32 -p udp -m udp --dport 1198 -j ACCEPT']],
  },
  {
    name: 'ipset-blacklist-is-asked-in-raw-before-the-whitelist-of-filter',
    thread: { title: 'Whitelist', address: 'https://github.com/Olipro/ipset/issues/3' },
    backend: 'iptables-nft',
    hosts: {
      admin: { addresses: { eth0: ['198.51.100.7/25'] } },
      scanner: { addresses: { eth0: ['198.51.100.166/25'] } },
      visitor: { addresses: { eth0: ['203.0.113.9/24'] } },
      server: {
        addresses: { eth0: ['198.51.100.1/25'], eth1: ['198.51.100.129/25'], eth2: ['203.0.113.1/24'] },
        listeners: [SSH, HTTPS],
        rules: {
          ipset: `create blacklist hash:net family inet hashsize 1024 maxelem 65536
create whitelist hash:ip family inet hashsize 1024 maxelem 65536
add blacklist 198.51.100.0/24
add blacklist 192.0.2.0/24
add whitelist 198.51.100.7
`,
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m set --match-set blacklist src -m comment --comment "ipset-blacklist" -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set whitelist src -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['admin:eth0', 'server:eth0'],
      ['scanner:eth0', 'server:eth1'],
      ['visitor:eth0', 'server:eth2'],
    ],
    traced: 'server',
    fails: { from: 'admin', what: 'tcp', to: '198.51.100.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'scanner', what: 'tcp', to: '198.51.100.129', port: 443 }, seen: 'nothing' },
      { sending: { from: 'scanner', what: 'tcp', to: '198.51.100.129', port: 22 }, seen: 'nothing' },
      { sending: { from: 'visitor', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'visitor', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The whitelist's rule is the first of INPUT. The blacklist is asked in raw, before that, and holds the network of the address: its drop is final.",
      causes: [{ rule: '--match-set blacklist src', chain: 'raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -t raw -I PREROUTING 1 -m set --match-set whitelist src -j ACCEPT']],
  },
  {
    name: 'healthy-ban-by-a-header-that-no-handshake-has',
    thread: {
      title: 'fail2ban with docker(host mode networking) is making iptables entry but not stopping connections',
      address: 'https://github.com/fail2ban/fail2ban/issues/2292',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [HTTPS, SSH, { protocol: 'tcp', port: 9000 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-xyz_failure - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -p tcp -m multiport --dports 0:65535 -j f2b-xyz_failure
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A f2b-xyz_failure -s 192.0.2.20/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-xyz_failure -m string --string "X-Forwarded-For: 192.0.2.2" --algo bm --to 65535 -j DROP
-A f2b-xyz_failure -j RETURN
-A f2b-sshd -s 192.0.2.2/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9000 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: the ban looks for a header, and the handshake of the connection has none.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]
