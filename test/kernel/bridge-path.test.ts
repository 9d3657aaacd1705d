/**
 * The kernel judges the model's way over a bridge: real packets between two ports, into the host and out of it, with the
 * chains of IP called in between and not. Each chain that nft traced is one that the model traverses, in that order.
 */
import { describe, expect, it } from 'vitest'
import { open, type Packet } from '../../src/index.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('nft', 'ip', 'ping', 'nsenter', 'sysctl')
if (reason) console.warn(`bridges are not compared with the kernel: ${reason}`)

const RULES = `
table bridge b {
  chain pre { type filter hook prerouting priority -300; meta nftrace set 1
  }
  chain late { type filter hook prerouting priority 10; ip daddr 192.0.2.66 drop
  }
  chain inp { type filter hook input priority -200; icmp type echo-request ip length 104 drop
  }
  chain fo { type filter hook forward priority -200; icmp type echo-request ip length 105 drop
  }
  chain late_fo { type filter hook forward priority 10; icmp type echo-request ip length 106 drop
  }
  chain marks { type filter hook output priority -300; meta nftrace set 1
  }
  chain out { type filter hook output priority -200; icmp type echo-request ip length 107 drop
  }
  chain post { type filter hook postrouting priority 300; icmp type echo-request ip length 108 drop
  }
}
table ip f {
  chain marks { type filter hook output priority -300; meta nftrace set 1
  }
  chain pre { type filter hook prerouting priority -150; icmp type echo-request ip length 109 drop
  }
  chain inp { type filter hook input priority 0; icmp type echo-request ip length 110 drop
  }
  chain fo { type filter hook forward priority 0; icmp type echo-request ip length 111 drop
  }
  chain post { type filter hook postrouting priority 0; icmp type echo-request ip length 112 drop
  }
}
`

const LAB = (calls: number) => `
ip link set lo up
ip link add br0 type bridge; ip link set br0 up; ip addr add 192.0.2.1/24 dev br0
for port in pa:10 pb:20; do
  name=\${port%:*}
  unshare --net sleep 60 >/dev/null 2>&1 &
  eval "$name=$!"
  sleep 0.3
  ip link add $name type veth peer name eth0 netns $!
  ip link set $name master br0 up
  nsenter --net=/proc/$!/ns/net sh -c "ip link set lo up; ip link set eth0 up; ip addr add 192.0.2.\${port#*:}/24 dev eth0"
done
sysctl -qw net.bridge.bridge-nf-call-iptables=${calls} 2>/dev/null || echo NO BR_NETFILTER
for host in 192.0.2.10 192.0.2.20; do ping -qc1 -W2 $host >/dev/null; done
nsenter --net=/proc/$pa/ns/net ping -qc1 -W2 192.0.2.20 >/dev/null
cat > rules.nft <<'END'
${RULES}
END
nft -f rules.nft
echo '=== rules.nft'; nft -a list ruleset
echo '=== addr.json'; ip -j -d addr
echo '=== routes.json'; ip -j route show table all
echo '=== neigh.json'; ip -j neigh
echo '=== sysctl.txt'; sysctl -a 2>/dev/null | grep -E '^net\\.(bridge\\.|core\\.somaxconn|ipv4\\.ip_forward =|ipv4\\.icmp_echo_ignore_all|ipv4\\.conf\\.[a-z0-9]+\\.rp_filter)'
echo '=== trace.txt'
nft -a monitor trace & monitor=$!
sleep 0.7
for size in 76 77 78 79 80 81 82 83 84 85; do
  nsenter --net=/proc/$pa/ns/net sh -c "ping -qc1 -W0.2 -s $size 192.0.2.1; ping -qc1 -W0.2 -s $size 192.0.2.20" >/dev/null
  ping -qc1 -W0.2 -s $size 192.0.2.20 >/dev/null
done
sleep 0.7
kill $monitor $pa $pb
`

function filesOf(printed: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const part of printed.split(/^=== /m).slice(1)) {
    const end = part.indexOf('\n')
    files[part.slice(0, end)] = part.slice(end + 1)
  }
  return files
}

describe.skipIf(reason)('a bridge, as the kernel traced it', () => {
  it.each([0, 1])('bridge-nf-call-iptables=%i', { timeout: 120_000 }, async (calls) => {
    const printed = runInNamespace(`cd $(mktemp -d)\n${LAB(calls)}`)
    if (calls === 1 && printed.includes('NO BR_NETFILTER')) return
    const files = filesOf(printed)
    const texts = Object.entries(files).map(([name, text]) => ({ name, text }))
    const captured = await open(texts)
    const host = await open(texts.filter(({ name }) => name !== 'trace.txt'))
    let compared = 0
    for await (const journey of captured.journeys()) {
      const { packet, steps, outcome } = journey
      if (packet.icmpType !== 8) continue
      const asked: Packet = { ...packet }
      delete asked.out
      const left = steps.find(({ family, out }) => family === 'bridge' && out !== undefined)?.out
      if (left !== undefined) Object.assign(asked, packet.in === undefined ? { physOut: left } : { out: left })
      const played = host.simulate([asked]).journeys[0]!
      const way = (of: typeof steps) =>
        of
          // what marks is first seen in its own line
          .filter(({ chain, kind }) => chain !== 'marks' && !(chain === 'pre' && kind === 'rule'))
          .map(({ family, hook, chain, verdict }) => `${family} ${hook} ${chain} ${verdict}`)
      expect(way(played.steps), JSON.stringify(packet)).toEqual(way(steps))
      expect(played.outcome, JSON.stringify(packet)).toBe(outcome)
      compared++
    }
    expect(compared).toBe(30)
  })
})
