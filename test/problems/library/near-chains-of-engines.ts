/** The same signs as of chains that nothing calls and of rules that stop both ways, and other causes. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { ENGINES_IN_THE_WRONG_ORDER } from './engines-in-the-wrong-order.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const named = (start: string): Problem => ENGINES_IN_THE_WRONG_ORDER.find(({ name }) => name.startsWith(start))!
const synology = named('synology-')
const scanner = named('scanner-')

/** The drop of private networks stands first: it stops replies, too, which the next rule was to accept. */
const DROP_FIRST = `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ip daddr 10.0.0.0/8 drop
    ct state established,related accept
    ip daddr 10.1.0.5 tcp dport 443 accept
    ip daddr 203.0.113.0/24 accept
  }
}
`

export const NEAR_CHAINS_OF_ENGINES: Problem[] = [
  {
    ...synology,
    name: 'near-forward-that-calls-no-chain-of-docker-for-a-nas-beside-it',
    fails: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 },
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.7.5', port: 80 }, seen: 'nothing' },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: "The policy of FORWARD drops it. Docker's chains, which nothing calls, would not accept it either.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      ['host', 'iptables -A FORWARD -i eth1 -o eth0 -s 192.168.7.5 -p tcp --dport 443 -j ACCEPT'],
      ['host', 'iptables -A FORWARD -i eth0 -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    ...scanner,
    name: 'near-forward-to-loopback-where-that-is-routed-and-nothing-listens',
    hosts: {
      ...scanner.hosts,
      vm: { ...scanner.hosts.vm, sysctls: { ...FORWARDS, 'net.ipv4.conf.all.route_localnet': '1' } },
    },
    seen: 'refused',
    truth: {
      words: 'A DNAT to loopback comes before the mapping of the container, and nothing listens there.',
      causes: [
        { rule: '127.0.0.1:8080', chain: 'nat PREROUTING' },
        { code: 'closed-port', words: ['127.0.0.1:8080'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
  },
  {
    name: 'near-drop-of-networks-before-what-accepts-one-of-them-and-its-replies',
    thread: {
      title: 'all nodelocaldns are failing in OCI deployment',
      address: 'https://github.com/kubernetes-sigs/kubespray/issues/9089',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['10.2.0.9/24'] }, routes: ['default via 10.2.0.1'] },
      gateway: {
        addresses: { lan: ['10.2.0.1/24'], dmz: ['10.1.0.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: { nft: DROP_FIRST },
      },
      server: {
        addresses: { eth0: ['10.1.0.5/24'] },
        routes: ['default via 10.1.0.1'],
        listeners: [HTTPS, { protocol: 'tcp', port: 22 }],
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'gateway:lan'],
      ['gateway:dmz', 'server:eth0'],
      ['gateway:wan', 'remote:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'client', what: 'tcp', to: '10.1.0.5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.1.0.5', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.0.5', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.0.5', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The drop of all private networks comes before the rules that accept one server and replies: in front it stops the request and what is replied.',
      causes: [
        { rule: '10.0.0.0/8 drop', chain: 'inet filter forward' },
        { rule: '10.1.0.5 tcp dport 443', chain: 'inet filter forward' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'gateway',
        'nft insert rule inet filter forward ip daddr 10.1.0.5 tcp dport 443 accept; nft insert rule inet filter forward ct state established,related accept',
      ],
    ],
  },
]
