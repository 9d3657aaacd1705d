/** From threads: rules that were flushed, and a policy that was not. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const CHAINS = ['before-input', 'before-logging-input', 'after-input', 'user-input', 'not-local', 'logging-deny']
const declared = CHAINS.map((chain) => `:ufw-${chain} - [0:0]\n`).join('')

/** What ufw's chains hold where INPUT alone was flushed. */
const RULES = `-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 192.0.2.0/24 -p tcp -m tcp --dport 5432 -j ACCEPT
`

const filter = (rules: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${declared}${rules}COMMIT
`

const OTHERS: Problem['others'] = [
  { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing', either: true },
  { sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'nothing', either: true },
  { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'nothing' },
]

export const FLUSHED_BESIDE_A_POLICY: Problem[] = [
  {
    name: 'role-flushes-the-rules-of-ufw-and-its-policy-drops',
    thread: {
      title: 'Host loses connectivity after flushing iptables',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/2',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({ listeners: [SSH, { protocol: 'tcp', port: 3306 }], rules: { v4: filter('') } }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: OTHERS,
    truth: {
      words: 'All rules are gone and the policies are not: INPUT drops whatever comes.',
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT']],
  },
  {
    name: 'flushed-input-calls-no-chain-of-ufw',
    thread: {
      title: 'Instructions p37 cause me to be locked out of my Vagrant Box',
      address: 'https://github.com/Servers-for-Hackers/the-book/issues/72',
    },
    backend: 'iptables-nft',
    ...clientAndServer({ listeners: [SSH, { protocol: 'tcp', port: 3306 }], rules: { v4: filter(RULES) } }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: OTHERS,
    truth: {
      words: "INPUT was flushed: it calls none of ufw's chains, which would accept the port, and its policy drops.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }, { chain: 'filter ufw-before-input' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -j ufw-before-input']],
  },
  {
    name: 'flushed-input-drops-what-the-server-is-replied',
    thread: {
      title: 'Flushing iptables on first run is causing ssh lockdown',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/88',
    },
    backend: 'iptables-nft',
    ...clientAndServer({ listeners: [SSH, { protocol: 'tcp', port: 3306 }], rules: { v4: filter(RULES) } }),
    fails: { from: 'server', what: 'ping', to: '192.0.2.2' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'nothing' },
    ],
    truth: {
      words: "INPUT was flushed: it calls none of ufw's chains, one of which accepts replies, and its policy drops.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }, { chain: 'filter ufw-before-input' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -A INPUT -j ufw-before-input']],
  },
]
