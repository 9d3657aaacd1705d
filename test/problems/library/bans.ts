/** Hosts that ban by themselves: fail2ban, ufw's limit. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const login = { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 } as const

export const BANS: Problem[] = [
  {
    name: 'fail2ban-restores-recidive',
    thread: { title: 'Hestia bans my IP daily', address: 'https://github.com/fail2ban/fail2ban/issues/2940' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', port: 22 },
        { protocol: 'tcp', port: 8083 },
      ],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:fail2ban-HESTIA - [0:0]
:fail2ban-RECIDIVE - [0:0]
:fail2ban-SSH - [0:0]
-A INPUT -p tcp -m multiport --dports 1:65535 -j fail2ban-RECIDIVE
-A INPUT -p tcp -m tcp --dport 8083 -j fail2ban-HESTIA
-A INPUT -p tcp -m tcp --dport 22 -j fail2ban-SSH
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8083 -j ACCEPT
-A fail2ban-HESTIA -j RETURN
-A fail2ban-RECIDIVE -s 198.51.100.7/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-RECIDIVE -s 192.0.2.2/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-RECIDIVE -j RETURN
-A fail2ban-SSH -s 198.51.100.7/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-SSH -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8083 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'refused', either: true },
    ],
    truth: {
      words:
        'The address is no longer in the chain of the service, and is still in the one for those that were banned often.',
      causes: [{ rule: '-s 192.0.2.2/32 -j REJECT', chain: 'filter fail2ban-RECIDIVE' }],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -D fail2ban-RECIDIVE -s 192.0.2.2 -j REJECT --reject-with icmp-port-unreachable']],
  },
  {
    name: 'ufw-limit-takes-operator',
    thread: { title: "Whitelist operator's IP in UFW", address: 'https://github.com/savchenko/debian/issues/18' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 443 },
      ],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw6-before-input - [0:0]
:ufw6-user-input - [0:0]
:ufw6-user-limit - [0:0]
:ufw6-user-limit-accept - [0:0]
-A INPUT -j ufw6-before-input
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p icmpv6 -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-input -p icmpv6 -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p icmpv6 -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -j ufw6-user-input
-A ufw6-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource
-A ufw6-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource -j ufw6-user-limit
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ufw6-user-limit-accept
-A ufw6-user-input -p tcp -m tcp --dport 443 -j ACCEPT
-A ufw6-user-limit -m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "
-A ufw6-user-limit -j REJECT --reject-with icmp6-port-unreachable
-A ufw6-user-limit-accept -j ACCEPT
COMMIT
`,
      },
    }),
    earlier: { sendings: [login, login, login, login, login, login], change: [] },
    fails: login,
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'It is the sixth new connection from this address within half a minute.',
      causes: [
        { rule: '--hitcount 6', chain: 'filter ufw6-user-input' },
        { rule: '-j REJECT', chain: 'filter ufw6-user-limit' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'ip6tables -I ufw6-user-input -s 2001:db8:1::2 -p tcp --dport 22 -j ACCEPT']],
  },
]
