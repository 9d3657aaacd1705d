/** By iptables-nft, from threads: chains behind a REJECT, a translator's tunnel, a flow that is older than MASQUERADE. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const SIP = { protocol: 'udp', port: 5060 } as const

export const THREADS_AY_IPTABLES: Problem[] = [
  {
    name: 'tailscale-forward-is-behind-the-rejects-of-a-shared-connection',
    thread: {
      title: 'Subnet Routing broken after NetworkManager restart',
      address: 'https://github.com/tailscale/tailscale/issues/10169',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'], tailscale0: ['100.64.0.1/10'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A POSTROUTING -s 192.168.1.0/24 ! -d 192.168.1.0/24 -j MASQUERADE
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -d 192.168.1.0/24 -o eth1 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.1.0/24 -i eth1 -j ACCEPT
-A FORWARD -i eth1 -o eth1 -j ACCEPT
-A FORWARD -o eth1 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -i eth1 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -j DOCKER-USER
-A FORWARD -j ts-forward
-A DOCKER-USER -j RETURN
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.64.0.1/32 -i lo -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
`,
        },
      },
      nas: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS],
      },
      laptop: { addresses: { tailscale0: ['100.64.0.7/10'] }, routes: ['192.168.1.0/24 via 100.64.0.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'nas:eth0'],
      ['router:tailscale0', 'laptop:tailscale0'],
    ],
    traced: 'router',
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.50', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.50', port: 443 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.1.50' }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'NetworkManager put its rules for the shared eth1 before the jump to ts-forward: the REJECT of whatever leaves by eth1 is first.',
      causes: [
        { rule: '-o eth1 -j REJECT', chain: 'filter FORWARD' },
        { rule: '-j ts-forward', chain: 'filter FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'iptables -D FORWARD -j ts-forward; iptables -I FORWARD 1 -j ts-forward']],
  },
  {
    name: 'ufw-forwards-nothing-of-the-interface-of-clatd',
    thread: {
      title:
        'clatd/Tayga fails to receive/route packets when other firewall rules are present (e.g. UFW, Docker networking)',
      address: 'https://github.com/toreanderson/clatd/issues/42',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:1::9/64'], lo: ['64:ff9b::c633:6409/128'] },
        routes: ['2001:db8:1:c1a7::/64 via 2001:db8:1::10'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      laptop: {
        addresses: { wlan0: ['2001:db8:1::10/64'], clat: ['2001:db8:1:c1a7::1/64'] },
        routes: ['default via 2001:db8:1::9'],
        sysctls: FORWARDS,
        listeners: [
          { ...SSH, address: '::' },
          { protocol: 'tcp', port: 8080, address: '::' },
        ],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw6-after-forward - [0:0]
:ufw6-after-logging-forward - [0:0]
:ufw6-after-logging-input - [0:0]
:ufw6-before-forward - [0:0]
:ufw6-before-input - [0:0]
:ufw6-before-output - [0:0]
:ufw6-reject-forward - [0:0]
:ufw6-user-forward - [0:0]
:ufw6-user-input - [0:0]
-A INPUT -j ufw6-before-input
-A INPUT -j ufw6-after-logging-input
-A FORWARD -j ufw6-before-forward
-A FORWARD -j ufw6-after-forward
-A FORWARD -j ufw6-after-logging-forward
-A FORWARD -j ufw6-reject-forward
-A OUTPUT -j ufw6-before-output
-A ufw6-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw6-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw6-before-forward -m rt --rt-type 0 -j DROP
-A ufw6-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 3 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-forward -j ufw6-user-forward
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m rt --rt-type 0 -j DROP
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw6-before-input -j ufw6-user-input
-A ufw6-before-output -j ACCEPT
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
      tayga: {
        addresses: { eth0: ['2001:db8:1:c1a7::46/64'] },
        routes: ['default via 2001:db8:1:c1a7::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
    },
    links: [
      ['remote:eth0', 'laptop:wlan0'],
      ['laptop:clat', 'tayga:eth0'],
    ],
    traced: 'laptop',
    fails: { from: 'tayga', what: 'tcp', to: '64:ff9b::c633:6409', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tayga', what: 'ping', to: '64:ff9b::c633:6409' }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '64:ff9b::c633:6409', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1:c1a7::46', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: "No rule of ufw forwards what comes from the translator's interface: FORWARD's policy drops it.",
      causes: [
        { policy: 'filter FORWARD' },
        { chain: 'filter FORWARD' },
        { chain: 'filter ufw6-user-forward' },
        { chain: 'filter ufw6-before-forward' },
      ],
      status: ['dropped'],
    },
    mend: [['laptop', 'ip6tables -I FORWARD 1 -i clat -o wlan0 -j ACCEPT']],
  },
  {
    name: 'aif-sip-adapter-spoke-before-the-masquerade-was-there',
    thread: {
      title: 'Rare: Invalid conntrack state when AIF first starts',
      address: 'https://github.com/arno-iptables-firewall/aif/issues/19',
    },
    backend: 'iptables-nft',
    hosts: {
      sip: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [SIP, HTTPS] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.10.22.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NAT_POSTROUTING - [0:0]
-A POSTROUTING -j NAT_POSTROUTING
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:BASE_FORWARD_CHAIN - [0:0]
:BASE_INPUT_CHAIN - [0:0]
-A INPUT -j BASE_INPUT_CHAIN
-A INPUT -i eth1 -j ACCEPT
-A FORWARD -j BASE_FORWARD_CHAIN
-A FORWARD -i eth1 -o eth0 -j ACCEPT
-A BASE_FORWARD_CHAIN -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A BASE_FORWARD_CHAIN -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A BASE_INPUT_CHAIN -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A BASE_INPUT_CHAIN -i lo -j ACCEPT
COMMIT
`,
        },
      },
      ata: { addresses: { eth0: ['10.10.22.40/24'] }, routes: ['default via 10.10.22.1'], listeners: [HTTPS] },
    },
    links: [
      ['sip:eth0', 'router:eth0'],
      ['router:eth1', 'ata:eth0'],
    ],
    traced: 'router',
    earlier: {
      sendings: [{ from: 'ata', what: 'udp', to: '203.0.113.9', port: 5060, sport: 5060 }],
      change: [['router', 'iptables -t nat -A NAT_POSTROUTING -o eth0 -s 10.10.22.0/24 -j MASQUERADE']],
    },
    fails: { from: 'ata', what: 'udp', to: '203.0.113.9', port: 5060, sport: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'ata', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'ata', what: 'udp', to: '203.0.113.9', port: 5060, sport: 5061 }, seen: 'answered' },
      { sending: { from: 'ata', what: 'tcp', to: '10.10.22.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'sip', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The adapter spoke before the rule MASQUERADE was there. Its port is always the same, so the entry without NAT stays, and nat is not evaluated for it again.',
      causes: [{ code: 'stale-conntrack' }, { code: 'snat-skipped' }, { code: 'entry-older-than-rules' }],
      status: ['unanswered'],
    },
    mend: [['router', 'conntrack -D -p udp -s 10.10.22.40 --dport 5060']],
  },
  {
    name: 'healthy-hotspot-masquerades-three-times-beside-docker',
    thread: { title: 'add docker-compose file', address: 'https://github.com/RaspAP/raspap-docker/pull/24' },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      pi: {
        addresses: { eth0: ['203.0.113.1/24'], wlan0: ['192.168.50.1/24'], docker0: ['172.17.0.1/16'] },
        bridges: { docker0: ['veth0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
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
-A POSTROUTING -j MASQUERADE
-A POSTROUTING -s 192.168.50.0/24 ! -d 192.168.50.0/24 -j MASQUERADE
-A POSTROUTING -o eth0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [59:5664]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -i eth0 -o wlan0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wlan0 -o eth0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      phone: { addresses: { wlan0: ['192.168.50.20/24'] }, routes: ['default via 192.168.50.1'], listeners: [HTTPS] },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'pi:eth0'],
      ['pi:wlan0', 'phone:wlan0'],
      ['pi:veth0', 'c1:eth0'],
    ],
    traced: 'pi',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.50.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '172.17.0.2', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: the last rule of FORWARD accepts it, and the first MASQUERADE that matches is enough.',
      causes: [],
      status: ['answered'],
    },
    mend: [['pi', 'true']],
  },
]
