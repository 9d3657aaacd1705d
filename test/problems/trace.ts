/** Tracing as the README tells a person to do it, and the machine's state as `nfwhy collect` asks for it. */

import type { Lab } from '../../src/demo/lab.ts'
import type { Input } from '../../src/index.ts'
import { gather } from '../../src/live/collect/gather.ts'
import { NOTES, SECTIONS } from '../../src/live/script/index.ts'
import { LATEST } from '../latest.ts'
import { withoutIdle } from '../live/lab/snapshot.ts'
import type { Backend, Problem } from './problem.ts'

interface Tracing {
  /** Switches nothing off: rules are saved with the ones that trace. */
  stop(): Promise<Input[]>
}

/** The same packets as other commands print them, by their words: nft's events have any number of readers. */
export interface BesideTrace {
  stop(): Promise<Record<string, string>>
}

const OTHER_READERS = ['nft monitor trace', 'nft -n -a monitor trace', 'xtables-monitor --trace']

/** A table of its own in front of all others. */
const NFTRACE = `table inet tracing {
  chain prerouting { type filter hook prerouting priority -350; policy accept; meta nftrace set 1; }
  chain output { type filter hook output priority -350; policy accept; meta nftrace set 1; }
}
`
const QUIET = 100
/** Waits until this namespace's dmesg is at the log's end and sleeps there; a second is enough where the kernel tells no such thing. */
const LISTENING = `own=$(readlink /proc/self/ns/net)
for i in $(seq 50); do
  for pid in $(pgrep -x dmesg); do
    [ "$(readlink /proc/$pid/ns/net)" != "$own" ] || ! grep -qs devkmsg_read /proc/$pid/wchan || exit 0
  done
  sleep 0.02
done`

/** Is the kernel's log read, which is one for all namespaces, or does a rule write there? */
export const isLogged = (problem: Pick<Problem, 'backend'>): boolean =>
  tracesIn(problem.backend, 'log') || /-j LOG|\blog (prefix|level|flags)/.test(JSON.stringify(problem))

const tracesIn = (backend: Backend, kind: 'log' | 'nft') =>
  backend === 'mixed' || (backend === 'iptables-legacy') === (kind === 'log')

/** `nflog`: what iptables-legacy traces goes to tcpdump instead of the kernel's log; it is known to its own namespace alone. */
export async function startTrace(
  lab: Lab,
  { traced, backend }: Pick<Problem, 'traced' | 'backend'>,
  nflog = false,
): Promise<Tracing> {
  const tracings: Tracing[] = []
  if (tracesIn(backend, 'log')) tracings.push(await (nflog ? traceToNflog : traceToLog)(lab, traced))
  if (tracesIn(backend, 'nft')) tracings.push(await traceByNft(lab, traced, backend))
  return { stop: async () => (await Promise.all(tracings.map((one) => one.stop()))).flat() }
}

/** Of nft's traces alone. */
export async function traceBeside(
  lab: Lab,
  { traced, backend }: Pick<Problem, 'traced' | 'backend'>,
): Promise<BesideTrace> {
  const readers = OTHER_READERS.filter(
    (words) => tracesIn(backend, 'nft') && (backend !== 'nft' || words.startsWith('nft')),
  )
  for (const words of readers)
    await lab.ask(traced, { do: 'watch', name: words, argv: ['stdbuf', '-oL', ...words.split(' ')] })
  // each has a socket of its own in /proc/net/netlink, beside the one that is waited for (traceByNft)
  if (readers.length > 0) await new Promise((resolve) => setTimeout(resolve, 500))
  return {
    stop: async () => {
      const outputs: Record<string, string> = {}
      for (const words of readers) {
        const { out } = await lab.ask(traced, { do: 'stop', name: words, quiet: QUIET })
        outputs[words] = Buffer.from(out as string, 'base64').toString('latin1')
      }
      return outputs
    },
  }
}

async function traceByNft(lab: Lab, host: string, backend: Backend): Promise<Tracing> {
  if (backend === 'iptables-nft')
    for (const tool of ['iptables-nft', 'ip6tables-nft'])
      for (const chain of ['PREROUTING', 'OUTPUT'])
        await lab.must(host, [tool, '-t', 'raw', '-I', chain, '1', '-j', 'TRACE'])
  else await lab.must(host, ['nft', '-f', '-'], NFTRACE)
  await lab.ask(host, { do: 'watch', name: 'trace', argv: ['stdbuf', '-oL', 'nft', '-a', 'monitor', 'trace'] })
  // it listens once a program's netlink socket of netfilter's (12) has joined a group
  await lab.ask(host, {
    do: 'await',
    path: '/proc/net/netlink',
    pattern: '^\\S+ +12 +[1-9]\\d* +0*[1-9a-f]',
    timeout: LATEST,
  })
  return {
    stop: async () => {
      const { out } = await lab.ask(host, { do: 'stop', name: 'trace', quiet: QUIET })
      return [{ name: 'trace.txt', bytes: Buffer.from(out as string, 'base64') }]
    },
  }
}

async function traceToNflog(lab: Lab, host: string): Promise<Tracing> {
  // tcpdump sets IPv4's logger alone
  await lab.ask(host, { do: 'write', files: [['/proc/sys/net/netfilter/nf_log/10', 'nfnetlink_log']] })
  const argv = ['tcpdump', '-i', 'nflog:0', '-B', '65536', '-s', '0', '-U', '-w', '-']
  await lab.ask(host, { do: 'watch', name: 'nflog', argv })
  await lab.ask(host, { do: 'await', path: '/proc/net/netfilter/nfnetlink_log', pattern: '^\\s*0 ', timeout: LATEST })
  await traceByLegacy(lab, host)
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, QUIET))
      const { out } = await lab.ask(host, { do: 'stop', name: 'nflog', quiet: QUIET })
      return [{ name: 'nflog.pcap', bytes: Buffer.from(out as string, 'base64') }]
    },
  }
}

async function traceByLegacy(lab: Lab, host: string): Promise<void> {
  for (const tool of ['iptables-legacy', 'ip6tables-legacy'])
    for (const chain of ['PREROUTING', 'OUTPUT'])
      await lab.must(host, [tool, '-t', 'raw', '-I', chain, '1', '-j', 'TRACE'])
}

async function traceToLog(lab: Lab, host: string): Promise<Tracing> {
  const files = [2, 10].map((family) => [
    `/proc/sys/net/netfilter/nf_log/${family}`,
    `nf_log_ipv${family === 2 ? 4 : 6}`,
  ])
  await lab.ask(host, { do: 'write', files: files as [string, string][] })
  await traceByLegacy(lab, host)
  const names = new Set(['', ...(await linksOf(lab, host)).map(({ ifname }) => ifname)])
  const all = (await Promise.all([...lab.hosts.keys()].map((name) => linksOf(lab, name)))).flat()
  const macs = all.map(({ address }) => address)
  await lab.ask(host, { do: 'watch', name: 'log', argv: ['stdbuf', '-oL', 'dmesg', '--follow-new'] })
  await lab.must(host, ['sh', '-c', LISTENING])
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, QUIET))
      const { out } = await lab.ask(host, { do: 'stop', name: 'log', quiet: QUIET })
      const lines = Buffer.from(out as string, 'base64')
        .toString('latin1')
        .split('\n')
      // all namespaces write to one log; this lab's lines name its own interfaces and link addresses
      const own = lines.filter((line) => {
        const [, input, output] = / IN=(\S*) OUT=(\S*) /.exec(line) ?? []
        const mac = / MAC=([\da-f:]+) /.exec(line)?.[1]
        const isOurs = mac === undefined || macs.some((one) => mac.includes(one))
        return input !== undefined && names.has(input) && names.has(output!) && isOurs
      })
      return [{ name: 'dmesg.log', text: own.map((line) => `${line}\n`).join('') }]
    },
  }
}

const linksOf = async (lab: Lab, host: string) =>
  JSON.parse(await lab.must(host, ['ip', '-j', 'link'])) as { ifname: string; address: string }[]

export async function stateOf(lab: Lab, host: string): Promise<Input[]> {
  const { answers, broken } = await gather({ name: host, prefix: lab.entry(host) }, SECTIONS)
  if (broken !== undefined) throw new Error(`the state of ${host}: ${broken}`)
  return answers
    .filter(({ word, section }) => word === 'collected' && section.file !== NOTES)
    .map(({ section, bytes }) => ({ name: section.file, bytes }))
}

/** Prints what lies between `*TABLE` and COMMIT where that does anything: iptables-legacy keeps a table it has once opened. */
const DOING =
  'awk \'/^\\*/ { text = ""; does = 0 } { text = text $0 "\\n" } /^-A|^:\\S+ (-|DROP)/ { does = 1 } /^COMMIT/ && does { printf "%s", text }\''

/** Everything that a fix may change, and its undo has to restore; of sets not whose connections are counted, of routes not those that follow from addresses and forwarding. */
export async function settingsOf(lab: Lab, host: string): Promise<string> {
  const script = `for t in iptables ip6tables; do for v in legacy nft; do echo "== $t-$v"; $t-$v-save 2>/dev/null | grep -v '^#' | sed 's/ \\[[0-9:]*\\]$//' | ${DOING}; done; done
echo "== nft"; nft -s list ruleset | sed -z 's/\\n[[:space:]]*elements = {[^}]*ct count over[^}]*}//g'; echo "== ipset"; ipset save | sed '/^add/s/ timeout [0-9]*/ timeout N/'; echo "== rules"; ip rule; ip -6 rule
echo "== routes"; for f in -4 -6; do ip $f route show table all; done | grep -v -e '^broadcast' -e '^anycast' | sed 's/ expires.*//'
echo "== sysctls"; grep -rHs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/forwarding \
  /proc/sys/net/ipv4/conf/*/route_localnet /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/netfilter/nf_conntrack_max /proc/sys/net/bridge/`
  return withoutIdle(await lab.must(host, ['sh', '-c', script]))
}
