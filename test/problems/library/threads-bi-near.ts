/** What lies near the problems of threads-bi: a server that is reached by this host's address alone for another reason, and a forward of nearly all ports by nft. */
import type { Problem } from '../problem.ts'
import { THREADS_BI } from './threads-bi.ts'
import { THREADS_BI_IPTABLES } from './threads-bi-iptables.ts'

const of = (list: readonly Problem[], name: string): Problem => list.find((one) => one.name === name)!

const FORWARDED = of(THREADS_BI, 'server-of-a-forwarded-port-replies-by-its-other-gateway')
const ALL_PORTS = of(THREADS_BI_IPTABLES, 'shorewall-forwards-all-ports-with-one-of-the-vps-itself')

const { router, grafana } = FORWARDED.hosts

/** The server itself accepts its own network alone, as a desktop's firewall does. */
const SERVER_WITH_FIREWALL: Problem = {
  ...FORWARDED,
  name: 'near-server-of-a-forwarded-port-accepts-its-own-network-alone',
  hosts: {
    ...FORWARDED.hosts,
    grafana: {
      ...grafana,
      routes: ['default via 192.168.16.2'],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ip saddr 192.168.16.0/24 accept
  }
}
`,
      },
    },
  },
  truth: {
    ...FORWARDED.truth,
    words: "The server's own firewall accepts the server's network alone, and drops what was forwarded from elsewhere.",
  },
  mend: [['grafana', 'nft add rule inet filter input tcp dport 3000 accept']],
}

/** The reply comes back, and a rule of the router drops it before connection tracking sees it. */
const REPLY_DROPPED: Problem = {
  ...FORWARDED,
  name: 'near-reply-of-a-forwarded-port-is-dropped-before-conntrack',
  hosts: {
    ...FORWARDED.hosts,
    grafana: { ...grafana, routes: ['default via 192.168.16.2'] },
    router: {
      ...router,
      rules: {
        nft: `${router!.rules!.nft}
table inet early {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "br-lan" ip daddr != 192.168.16.0/24 drop
  }
}
`,
      },
    },
  },
  truth: {
    words: 'The reply comes back to the router, which drops it before conntrack sees it.',
    causes: [{ rule: 'iifname "br-lan" ip daddr != 192.168.16.0/24 drop', chain: 'inet early prerouting' }],
    status: ['reply-lost'],
  },
  mend: [['router', 'nft flush chain inet early prerouting']],
}

const ALL_PORTS_NFT: Problem = {
  ...ALL_PORTS,
  name: 'near-nft-forwards-all-ports-but-ssh-with-one-of-the-vps-itself',
  backend: 'nft',
  hosts: {
    ...ALL_PORTS.hosts,
    vps: {
      ...ALL_PORTS.hosts.vps,
      rules: {
        nft: `table inet nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" tcp dport { 1-21, 23-64999 } dnat ip to 10.255.255.2
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport { 22, 10050, 65222 } accept
  }
}
`,
      },
    },
    home: {
      ...ALL_PORTS.hosts.home,
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport 443 accept
  }
}
`,
      },
    },
  },
  truth: {
    ...ALL_PORTS.truth,
    words: 'The rule forwards all ports but two, with one on which the VPS itself listens.',
    causes: [{ rule: 'dnat ip to 10.255.255.2', chain: 'inet nat prerouting' }, { code: 'dnat-of-others' }],
  },
  mend: [['vps', 'nft insert rule inet nat prerouting tcp dport 10050 accept']],
}

export const THREADS_BI_NEAR: Problem[] = [SERVER_WITH_FIREWALL, REPLY_DROPPED, ALL_PORTS_NFT]
