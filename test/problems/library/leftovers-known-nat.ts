/** Leftovers: what is stopped in front of nat, which would have rewritten it. */
import type { Problem } from '../problem.ts'
import { KUBE_HOSTS } from './kube-hosts.ts'

const lacking = KUBE_HOSTS.find(({ name }) => name === 'kube-nft-rejects-a-port-the-service-lacks')!
const rules = lacking.hosts.node!.rules!.nft!

export const LEFTOVERS_KNOWN_NAT: Problem[] = [
  {
    ...lacking,
    name: 'kube-nft-rejects-services-before-nat',
    hosts: {
      ...lacking.hosts,
      node: {
        ...lacking.hosts.node!,
        rules: {
          nft: rules.replace(
            '  chain filter-forward {',
            `  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new jump cluster-ips-check
  }
  chain filter-forward {`,
          ),
        },
      },
    },
    fails: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 80 },
    seen: 'refused',
    others: [{ sending: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 81 }, seen: 'refused' }],
    truth: {
      words: 'A jump in front of nat leads to the check that is for what nat has left as it is.',
      causes: [
        { rule: 'jump cluster-ips-check', chain: 'ip kube-proxy filter-prerouting' },
        { rule: 'ip daddr @cluster-ips reject', chain: 'ip kube-proxy cluster-ips-check' },
      ],
      status: ['rejected'],
    },
    mend: [['node', 'nft flush chain ip kube-proxy filter-prerouting']],
  },
  {
    ...lacking,
    name: 'services-are-rejected-by-a-table-before-nat',
    hosts: {
      ...lacking.hosts,
      node: {
        ...lacking.hosts.node!,
        rules: {
          nft: `${rules}table inet closed {
  set services {
    type ipv4_addr
    elements = { 10.96.104.46 }
  }
  chain early {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr @services reject
  }
}
`,
        },
      },
    },
    fails: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 80 },
    seen: 'refused',
    others: [{ sending: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 81 }, seen: 'refused' }],
    truth: {
      words: 'Another table rejects what is for services before kube-proxy rewrites it.',
      causes: [{ rule: 'ip daddr @services reject', chain: 'inet closed early' }],
      status: ['rejected'],
    },
    mend: [['node', 'nft flush chain inet closed early']],
  },
]
