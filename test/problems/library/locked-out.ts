/** Hosts that keep out whom they should let in: lists that fill themselves, ranges, hours, the order of rules, policies of the way out. */
import { clientAndServer, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const knock = (port: number) => ({ from: 'client', what: 'tcp', to: '192.0.2.1', port }) as const

export const LOCKED_OUT: Problem[] = [
  {
    name: 'portscan-list-takes-ftp-client',
    thread: {
      title: 'Iptables rules of script lock me out when using WinSCP',
      address: 'https://github.com/Feriman22/portscan-protection/issues/3',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 21 }],
      rules: {
        ipset:
          'create port_scanners hash:ip family inet hashsize 32768 maxelem 65536 timeout 600\ncreate scanned_ports hash:ip,port family inet hashsize 32768 maxelem 65536 timeout 60\n',
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate NEW -m set ! --match-set scanned_ports src,dst -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name portscan --hashlimit-htable-expire 10000 -j SET --add-set port_scanners src --exist
-A INPUT -m conntrack --ctstate NEW -m set --match-set port_scanners src -j DROP
-A INPUT -m conntrack --ctstate NEW -j SET --add-set scanned_ports src,dst
COMMIT
`,
      },
    }),
    // a transfer, each file on a port of its own
    earlier: { sendings: [30001, 30002, 30003, 30004, 30005, 30006].map(knock), change: [] },
    fails: knock(22),
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'answered' }],
    truth: {
      words:
        'Each transfer had a port of its own, so the rule against scans took the client for a scanner and put it on the list that the next rule drops. Taken off, it comes back with its next new port.',
      causes: [
        { rule: '--add-set port_scanners src', chain: 'filter INPUT' },
        { rule: '--match-set port_scanners src -j DROP', chain: 'filter INPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT 1 -s 192.0.2.2 -j ACCEPT']],
  },
  {
    name: 'crowdsec-range-of-a-neighbour',
    thread: {
      title: 'Improvement/Automatically extend ipv6 IP to range when taking decision (ie. /56 /64 etc.)',
      address: 'https://github.com/crowdsecurity/crowdsec/issues/402',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '2001:db8:1::1', port: 443 },
        { protocol: 'tcp', port: 443 },
      ],
      rules: {
        nft: `table ip6 crowdsec6 {
  set crowdsec6-blacklists {
    type ipv6_addr
    flags interval,timeout
    elements = { 2001:db8:1::/64 timeout 4h, 2001:db8:66::/48 timeout 4h }
  }
  chain crowdsec6-chain-input {
    type filter hook input priority filter - 10; policy accept;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept
    ip6 saddr @crowdsec6-blacklists drop
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words: 'The ban of a neighbour was made one of its whole /64, and this client is in that range.',
      causes: [{ rule: '@crowdsec6-blacklists drop', chain: 'ip6 crowdsec6 crowdsec6-chain-input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete element ip6 crowdsec6 crowdsec6-blacklists { 2001:db8:1::/64 }']],
  },
  {
    name: 'fw4-hours-past-midnight',
    thread: {
      title: "fw4: Doesn't take into account time restrictions",
      address: 'https://github.com/openwrt/openwrt/issues/9923',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname "lan" jump forward_lan
  }
  chain forward_lan {
    ip saddr 192.168.1.10 meta hour >= "21:00:00" meta hour <= "20:00:00" counter jump accept_to_wan comment "!fw4: Allow-Kids"
    ip saddr 192.168.1.64/26 counter jump accept_to_wan comment "!fw4: Allow-Parents"
    counter jump reject_to_wan
  }
  chain accept_to_wan {
    oifname "wan" counter accept
  }
  chain reject_to_wan {
    oifname "wan" counter reject
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { remote: { listeners: [{ protocol: 'tcp', port: 443 }] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The hours allowed go past midnight, and were written as two comparisons, of which one or the other is never true: the rule matches at no time of the day.',
      causes: [{ rule: 'meta hour', chain: 'inet fw4 forward_lan' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_lan ip saddr 192.168.1.10 counter jump accept_to_wan']],
  },
  {
    name: 'replies-of-resolver-behind-the-drop',
    thread: {
      title: 'how to open port for OUTPUT dns ?',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/7',
    },
    backend: 'iptables-legacy',
    ...(() => {
      const net = clientAndServer({
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmpv6 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m limit --limit 15/min -j LOG --log-prefix "Dropped by firewall: "
-A INPUT -j DROP
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 53 -j ACCEPT
COMMIT
`,
        },
        listeners: [{ ...SSH, address: '2001:db8:1::1' }],
      })
      const resolver = {
        ...net.hosts.client,
        listeners: [{ protocol: 'udp', address: '2001:db8:1::2', port: 53 }],
      } as const
      return { ...net, hosts: { ...net.hosts, client: resolver } }
    })(),
    fails: { from: 'server', what: 'udp', to: '2001:db8:1::2', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 123 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What the host asks leaves, and the answers are dropped: connections that exist are accepted for TCP alone, and the rules for source port 53 were appended behind the DROP.',
      causes: [
        { rule: '-p udp -m udp --sport 53 -j ACCEPT', chain: 'filter INPUT' },
        { rule: '-p tcp -m conntrack --ctstate RELATED,ESTABLISHED', chain: 'filter INPUT' },
        { rule: '-j DROP', chain: 'filter INPUT' },
      ],
      status: ['reply-lost'],
    },
    mend: [['server', 'ip6tables -I INPUT 1 -p udp -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'firewalld-host-policy-rejects-replies',
    thread: {
      title: 'Policy HOST -> "SOME ZONE" is wrong',
      address: 'https://github.com/firewalld/firewalld/issues/705',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    jump filter_IN_external
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_IN_external {
    tcp dport 22 ct state { new, untracked } accept
    icmp type echo-request accept
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    oifname "lo" accept
    jump filter_OUTPUT_POLICIES_pre
  }
  chain filter_OUTPUT_POLICIES_pre {
    oifname "eth0" jump filter_OUT_policy_out
  }
  chain filter_OUT_policy_out {
    jump filter_OUT_policy_out_post
    reject with icmpx admin-prohibited
  }
  chain filter_OUT_policy_out_post {
    ip daddr 195.177.240.0/23 udp dport 123 accept
    ip daddr 195.177.240.0/23 udp dport 53 accept
    tcp dport 80 accept
    tcp dport 443 accept
    icmp type { echo-reply, echo-request } accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 25 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The policy for what the host sends rejects all but a few ports, and no rule in front of it accepts what belongs to connections that exist: the host's replies are rejected.",
      causes: [{ rule: 'reject with icmpx', chain: 'inet firewalld filter_OUT_policy_out' }],
      status: ['reply-lost'],
      alsoTrue: ['rejected-by-rule'],
    },
    mend: [['server', 'nft insert rule inet firewalld filter_OUTPUT ct state established,related accept']],
  },
]
