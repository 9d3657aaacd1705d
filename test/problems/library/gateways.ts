/** VPN gateways with iptables: rules that installers wrote, and what they leave out. A wire stands for the tunnel. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { gateway, nat } from './masquerades.ts'

export const GATEWAYS: Problem[] = [
  {
    name: 'wireguard-ufw-between-peers',
    thread: {
      title: "pivpn installer doesn't properly configure ufw to allow connections to local network",
      address: 'https://github.com/pivpn/pivpn/issues/1710',
    },
    backend: 'iptables-nft',
    hosts: {
      internet: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      server: {
        // ends of two tunnels at one interface: peers reach each other through the server alone
        bridges: { wg0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], wg0: ['10.170.159.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `${nat('-A POSTROUTING -s 10.170.159.0/24 -o eth0 -j MASQUERADE\n')}*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-forward - [0:0]
:ufw-after-logging-forward - [0:0]
:ufw-user-forward - [0:0]
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-logging-forward
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-user-forward -s 10.170.159.0/24 -i wg0 -o eth0 -j ACCEPT
-A ufw-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
COMMIT
`,
        },
      },
      peer: roaming('10.170.159.2'),
      other: { ...roaming('10.170.159.3'), listeners: [{ protocol: 'tcp', port: 8080 }] },
    },
    links: [
      ['internet:eth0', 'server:eth0'],
      ['server:veth1', 'peer:eth0'],
      ['server:veth2', 'other:eth0'],
    ],
    traced: 'server',
    fails: { from: 'peer', what: 'tcp', to: '10.170.159.3', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '10.170.159.3' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '10.170.159.3', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: "ufw's rule lets peers out to eth0, and nothing lets one peer speak to another: the policy drops it.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter ufw-user-forward' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I FORWARD -i wg0 -o wg0 -p tcp --dport 8080 -j ACCEPT']],
  },
  {
    name: 'tunnel-forward-peer-replies-elsewhere',
    thread: {
      title: 'Port forwarding from external clients fails — missing FORWARD ACCEPT and POSTROUTING MASQUERADE rules',
      address: 'https://github.com/Start9Labs/start-technologies/issues/3234',
    },
    backend: 'iptables-nft',
    ...elsewhere(),
    fails: { from: 'internet', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '10.59.0.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'The server forwards it into the tunnel; the peer sends its reply out of its own uplink.',
      causes: [
        { code: 'not-netfilter', words: ['10.59.0.2'] },
        { code: 'not-netfilter', words: ['wg0'] },
        // the peer serves this host itself by the tunnel
        { code: 'not-masqueraded', words: ['10.59.0.2 replied from tcp port 443'] },
      ],
      status: ['unanswered'],
    },
    mend: [['peer', 'ip route replace default via 10.59.0.1']],
  },
  {
    name: 'nixos-rpfilter-exit-node',
    thread: {
      title: "NixOS machines with firewall management enabled can't use exit nodes",
      address: 'https://github.com/tailscale/tailscale/issues/4432',
    },
    backend: 'iptables-legacy',
    hosts: {
      machine: {
        addresses: { eth0: ['192.0.2.1/24'], tailscale0: ['100.64.0.1/24'] },
        routes: ['default via 192.0.2.254'],
        rules: {
          // the daemon marks its own packets; here a rule does
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nixos-fw-rpfilter - [0:0]
-A PREROUTING -j nixos-fw-rpfilter
-A OUTPUT -p udp -m udp --dport 41641 -j MARK --set-xmark 0x80000/0xff0000
-A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
-A nixos-fw-rpfilter -p udp -m udp --sport 67 --dport 68 -j RETURN
-A nixos-fw-rpfilter -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -j RETURN
-A nixos-fw-rpfilter -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p icmp -m icmp --icmp-type 8 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -j DROP
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['203.0.113.9/32'] },
        listeners: [{ protocol: 'udp', address: '203.0.113.9', port: 41641 }],
      },
      exit: { addresses: { eth0: ['100.64.0.2/24'] }, listeners: WEB },
    },
    links: [
      ['machine:eth0', 'isp:eth0'],
      ['machine:tailscale0', 'exit:eth0'],
    ],
    traced: 'machine',
    setup: [
      [
        'machine',
        'ip route add 100.64.0.0/24 dev tailscale0 src 100.64.0.1 table 52; ip route add default dev tailscale0 src 192.0.2.1 table 52; ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 5270 lookup 52',
      ],
    ],
    fails: { from: 'machine', what: 'udp', to: '203.0.113.9', port: 41641 },
    seen: 'nothing',
    others: [
      { sending: { from: 'machine', what: 'tcp', to: '100.64.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'exit', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The request is marked and leaves by eth0; the reply has no mark, and without one the way back leads into the tunnel: the strict rpfilter drops it.',
      causes: [
        { rule: 'rpfilter --validmark', chain: 'mangle nixos-fw-rpfilter' },
        { rule: '-j DROP', chain: 'mangle nixos-fw-rpfilter' },
      ],
      status: ['reply-lost'],
    },
    mend: [['machine', 'iptables -t mangle -R nixos-fw-rpfilter 1 -m rpfilter --loose --validmark -j RETURN']],
  },
  {
    name: 'openvpn-rule-for-other-protocol',
    thread: {
      title: 'Question about add-openvpn-rules.sh',
      address: 'https://github.com/angristan/openvpn-install/issues/1298',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'udp', port: 1194 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 1194 -i eth0 -j ACCEPT
-A INPUT -i tun0 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -i tun0 -o eth0 -j ACCEPT
-A FORWARD -i eth0 -o tun0 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 1194 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The port is open for TCP, and the server speaks UDP.',
      causes: [{ rule: '-p tcp -m tcp --dport 1194', chain: 'filter INPUT' }, { policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT -i eth0 -p udp --dport 1194 -j ACCEPT']],
  },
]

/** Of a peer that has its address alone, and everything else behind the gateway. */
function roaming(address: string): HostSpec {
  return { addresses: { eth0: [`${address}/32`] }, routes: ['10.170.159.1 dev eth0', 'default via 10.170.159.1'] }
}

/** The peer at home has a default route of its own. */
function elsewhere(): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, links, traced } = gateway(
    'wg0',
    '10.59.0',
    `${nat('-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.59.0.2:443\n-A POSTROUTING -s 10.59.0.0/24 -o eth0 -j MASQUERADE\n')}*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -d 10.59.0.2/32 -o wg0 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    {
      addresses: { eth0: ['10.59.0.2/24'], lan: ['192.168.1.10/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [{ protocol: 'tcp', port: 443 }],
    },
  )
  return {
    hosts: { ...hosts, home: { addresses: { lan: ['192.168.1.1/24'] } } },
    links: [...links, ['peer:lan', 'home:lan']],
    traced,
  }
}
