/** Firewalls that programs write, from threads: an order of their own, a table left over, both directions of what is not tracked. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_W: Problem[] = [
  {
    name: 'incus-acl-puts-what-drops-before-what-accepts',
    thread: { title: 'network acls order', address: 'https://github.com/lxc/lxc/issues/4505' },
    backend: 'nft',
    hosts: {
      vm2: { addresses: { eth0: ['10.30.208.2/24'] }, routes: ['default via 10.30.208.1'] },
      host: {
        bridges: { qqq: ['tap2'], hjbvhjj: ['tap1', 'tap3'] },
        addresses: { eth0: ['203.0.113.1/24'], qqq: ['10.30.208.1/24'], hjbvhjj: ['10.194.74.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet incus {
  chain pstrt.qqq {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.30.208.0/24 ip daddr != 10.30.208.0/24 masquerade
  }
  chain aclin.qqq {
    type filter hook input priority filter; policy accept;
    iifname "qqq" udp dport { 53, 67 } accept
    iifname "qqq" jump acl.qqq
  }
  chain aclfwd.qqq {
    type filter hook forward priority filter; policy accept;
    iifname "qqq" jump acl.qqq
    oifname "qqq" jump acl.qqq
  }
  chain acl.qqq {
    ct state established,related accept
    iifname "qqq" ip daddr 10.194.74.0/24 drop
    iifname "qqq" ip daddr 10.194.74.44 accept
    iifname "qqq" accept
    oifname "qqq" reject
  }
}
`,
        },
      },
      vm1: {
        addresses: { eth0: ['10.194.74.44/24'] },
        routes: ['default via 10.194.74.1'],
        listeners: [{ protocol: 'tcp', port: 636 }],
      },
      vm3: {
        addresses: { eth0: ['10.194.74.45/24'] },
        routes: ['default via 10.194.74.1'],
        listeners: [{ protocol: 'tcp', port: 636 }],
      },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.30.208.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['vm2:eth0', 'host:tap2'],
      ['vm1:eth0', 'host:tap1'],
      ['vm3:eth0', 'host:tap3'],
      ['host:eth0', 'remote:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm2', what: 'tcp', to: '10.194.74.44', port: 636 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm2', what: 'tcp', to: '10.194.74.45', port: 636 }, seen: 'nothing' },
      { sending: { from: 'vm2', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.30.208.2', port: 636 }, seen: 'refused' },
    ],
    truth: {
      words:
        "Rules of all lists are ordered by what they do, those that drop first: the network's drop stands before the accept of the one host in it.",
      causes: [{ rule: 'ip daddr 10.194.74.0/24 drop', chain: 'inet incus acl.qqq' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet incus acl.qqq iifname qqq ip daddr 10.194.74.44 accept']],
  },
  {
    name: 'firewalld-reload-leaves-the-table-that-drops',
    thread: {
      title: "Error: COMMAND_FAILED: 'python-nftables' failed: still happens in 0.8.3-1 Fedora 32",
      address: 'https://github.com/firewalld/firewalld/issues/673',
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
    goto filter_IN_public
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
  }
}
table inet firewalld_policy_drop {
  chain filter_input {
    type filter hook input priority 9; policy drop;
    ct state { established, related } accept
  }
  chain filter_forward {
    type filter hook forward priority 9; policy drop;
    ct state { established, related } accept
  }
  chain filter_output {
    type filter hook output priority 9; policy drop;
    ct state { established, related } accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing', either: true },
      { sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'firewalld drops all that is new while it reloads, by a table of its own; the reload failed, and the table is still there, in front of the zone that accepts.',
      causes: [{ policy: 'inet firewalld_policy_drop filter_input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete table inet firewalld_policy_drop']],
  },
  {
    name: 'calico-untracked-policy-drops-replies-to-a-failsafe-port',
    thread: {
      title: 'Whitelist failsafe port response traffic in the raw table only',
      address: 'https://github.com/projectcalico/felix/pull/1718',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { eth0: ['10.0.0.5/24'] },
        listeners: [{ protocol: 'tcp', port: 11211 }],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-failsafe-in - [0:0]
:cali-failsafe-out - [0:0]
:cali-fh-eth0 - [0:0]
:cali-th-eth0 - [0:0]
:cali-pi-default.memcached - [0:0]
:cali-po-default.memcached - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A cali-PREROUTING -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -m mark --mark 0x0/0x40000 -i eth0 -g cali-fh-eth0
-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-OUTPUT -o eth0 -g cali-th-eth0
-A cali-failsafe-in -p tcp -m multiport --dports 22 -j ACCEPT
-A cali-failsafe-in -p tcp -m multiport --dports 2379 -j ACCEPT
-A cali-failsafe-out -p tcp -m multiport --dports 2379 -j ACCEPT
-A cali-failsafe-out -p udp -m multiport --dports 53 -j ACCEPT
-A cali-fh-eth0 -j cali-failsafe-in
-A cali-fh-eth0 -j MARK --set-xmark 0x0/0x10000
-A cali-fh-eth0 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-fh-eth0 -m mark --mark 0x0/0x20000 -j cali-pi-default.memcached
-A cali-fh-eth0 -m mark --mark 0x10000/0x10000 -j NOTRACK
-A cali-fh-eth0 -m mark --mark 0x10000/0x10000 -m comment --comment "Return if policy accepted" -j ACCEPT
-A cali-fh-eth0 -m mark --mark 0x0/0x20000 -m comment --comment "Drop if no policies passed packet" -j DROP
-A cali-th-eth0 -j cali-failsafe-out
-A cali-th-eth0 -j MARK --set-xmark 0x0/0x10000
-A cali-th-eth0 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-th-eth0 -m mark --mark 0x0/0x20000 -j cali-po-default.memcached
-A cali-th-eth0 -m mark --mark 0x10000/0x10000 -j NOTRACK
-A cali-th-eth0 -m mark --mark 0x10000/0x10000 -m comment --comment "Return if policy accepted" -j ACCEPT
-A cali-th-eth0 -m mark --mark 0x0/0x20000 -m comment --comment "Drop if no policies passed packet" -j DROP
-A cali-pi-default.memcached -p tcp -m multiport --dports 11211 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-default.memcached -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-po-default.memcached -p tcp -m multiport --sports 11211 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-default.memcached -m mark --mark 0x10000/0x10000 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-INPUT - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      etcd: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: [{ protocol: 'tcp', port: 2379 }] },
    },
    links: [['node:eth0', 'etcd:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '10.0.0.9', port: 2379 },
    seen: 'nothing',
    others: [
      { sending: { from: 'etcd', what: 'tcp', to: '10.0.0.5', port: 11211 }, seen: 'answered' },
      { sending: { from: 'etcd', what: 'ping', to: '10.0.0.5' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The way to the failsafe port is accepted in raw, its reply is not: it meets the untracked policy, which is for the cache's port alone, and is dropped before it is tracked.",
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'raw cali-fh-eth0' },
        { chain: 'raw cali-failsafe-in' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['node', 'iptables -t raw -A cali-failsafe-in -p tcp -m multiport --sports 2379 -j ACCEPT']],
  },
  {
    name: 'nethserver-opens-sip-tls-to-the-outside-alone',
    thread: {
      title: "nethserver-freepbx: SIP TLS access isn't open from trusted networks",
      address: 'https://github.com/NethServer/dev/issues/5492',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['192.168.1.40/24'] } },
      pbx: {
        addresses: { br0: ['192.168.1.1/24'], eth1: ['203.0.113.1/24'] },
        bridges: { br0: ['eth0'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [
          { protocol: 'tcp', port: 5060 },
          { protocol: 'tcp', port: 5061 },
        ],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:dynamic - [0:0]
:loc2fw - [0:0]
:net2fw - [0:0]
:reject - [0:0]
:Reject - [0:0]
-A INPUT -m conntrack --ctstate INVALID,NEW,UNTRACKED -j dynamic
-A INPUT -i br0 -j loc2fw
-A INPUT -i eth1 -j net2fw
-A INPUT -i lo -j ACCEPT
-A INPUT -j Reject
-A INPUT -g reject
-A Reject -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A Reject -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A Reject -m addrtype --dst-type BROADCAST -j DROP
-A loc2fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc2fw -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A loc2fw -p tcp -m multiport --dports 5060,5038,8088,8089 -m comment --comment asterisk -j ACCEPT
-A loc2fw -p udp -m multiport --dports 5060,10000:20000 -m comment --comment asterisk -j ACCEPT
-A loc2fw -j Reject
-A loc2fw -g reject
-A net2fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net2fw -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A net2fw -p tcp -m multiport --dports 5061 -m comment --comment asterisk -j ACCEPT
-A net2fw -p udp -m multiport --dports 10000:20000 -m comment --comment asterisk -j ACCEPT
-A net2fw -j DROP
-A reject -m addrtype --src-type BROADCAST -j DROP
-A reject -s 224.0.0.0/4 -j DROP
-A reject -p igmp -j DROP
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -p udp -j REJECT --reject-with icmp-port-unreachable
-A reject -p icmp -j REJECT --reject-with icmp-host-unreachable
-A reject -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        },
      },
      trunk: { addresses: { eth0: ['203.0.113.9/24'] } },
    },
    links: [
      ['phone:eth0', 'pbx:eth0'],
      ['pbx:eth1', 'trunk:eth0'],
    ],
    traced: 'pbx',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.1', port: 5061 },
    seen: 'refused',
    others: [
      { sending: { from: 'trunk', what: 'tcp', to: '203.0.113.1', port: 5061 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.1', port: 5060 }, seen: 'answered' },
      { sending: { from: 'trunk', what: 'tcp', to: '203.0.113.1', port: 5060 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.1', port: 9000 }, seen: 'refused' },
    ],
    truth: {
      words:
        "SIP over TLS is in the list of what is open from outside, and not in that of the local network, where the zone's last rule rejects it.",
      causes: [
        { rule: '--dports 5060,5038,8088,8089', chain: 'filter loc2fw' },
        { rule: '-g reject', chain: 'filter loc2fw' },
        { rule: '--reject-with tcp-reset', chain: 'filter reject' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'pbx',
        'iptables -R loc2fw 3 -p tcp -m multiport --dports 5060,5038,8088,8089,5061 -m comment --comment asterisk -j ACCEPT',
      ],
    ],
  },
]
