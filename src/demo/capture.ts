/**
 * What the kernel tells of the packets while they pass: nft's trace as `nft -a monitor trace` or, in iptables' words,
 * xtables-monitor prints it; TRACE of iptables-legacy as NFLOG.
 */
import type { Backend, Incident } from './incident.ts'
import type { Lab } from './lab.ts'
import { iptablesMatches, nftMatches } from './marked.ts'
import { sendingsOf } from './send.ts'
import { toolsFor } from './tools.ts'

export interface Capture {
  /** Waits until nothing comes any more. Rules are to be saved before: the ones that trace are still there. */
  stop(): Promise<{ name: string; bytes: Uint8Array }>
}

/** Milliseconds without a new event after which nothing is on its way. */
const QUIET = 150
const READY = 5000

/** `first`: rules that trace are not there yet. */
export async function startCapture(lab: Lab, incident: Incident, first: boolean): Promise<Capture> {
  const { traced: host } = incident
  const { mark, listen, file } = wayOf(incident)
  if (first) await mark(lab, incident)
  await listen(lab, host)
  return {
    stop: async () => {
      const { out } = await lab.ask(host, { do: 'stop', name: 'trace', quiet: QUIET })
      const bytes = Uint8Array.from(Buffer.from(out as string, 'base64'))
      return { name: file, bytes }
    },
  }
}

/** Does nft tell it in its own words? xtables-monitor 1.8.9 ends at the first rule of IPv6 that names a protocol. */
export const inNftWords = (incident: Incident): boolean =>
  incident.backend === 'nft' ||
  (incident.backend === 'xtables-nft' && sendingsOf(incident).some(({ to }) => to.includes(':')))

const wayOf = (incident: Incident): Way => WAYS[inNftWords(incident) ? 'nft' : incident.backend]

interface Way {
  /** Adds the rules that trace. */
  mark(lab: Lab, incident: Incident): Promise<void>
  listen(lab: Lab, host: string): Promise<void>
  file: string
}

const WAYS: Readonly<Record<Backend, Way>> = {
  nft: {
    mark: markNft,
    listen: (lab, host) => listenToNft(lab, host, ['nft', '-a', 'monitor', 'trace']),
    file: 'trace.txt',
  },
  'xtables-nft': {
    mark: markXtables,
    listen: (lab, host) => listenToNft(lab, host, ['xtables-monitor', '--trace']),
    file: 'trace.txt',
  },
  legacy: { mark: markXtables, listen: listenToNflog, file: 'nflog.pcap' },
}

async function markNft(lab: Lab, incident: Incident): Promise<void> {
  const { traced: host } = incident
  const chains = ['prerouting', 'output'].map((hook) => {
    const rules = nftMatches(incident).map((match) => `    ${match} meta nftrace set 1\n`)
    return `  chain ${hook} {\n    type filter hook ${hook} priority -350;\n${rules.join('')}  }\n`
  })
  await lab.must(host, ['nft', '-f', '-'], `table inet nfwhy {\n${chains.join('')}}\n`)
}

async function listenToNft(lab: Lab, host: string, argv: readonly string[]): Promise<void> {
  await lab.ask(host, { do: 'watch', name: 'trace', argv })
  // /proc/net/netlink: protocol 12 is netfilter's, and the ninth group that of traces
  await lab.ask(host, { do: 'await', path: '/proc/net/netlink', pattern: NFT_LISTENS, timeout: READY })
}

const NFT_LISTENS = '^\\S+ +12 +\\d+ +[0-9a-f]{5}[13579bdf][0-9a-f]{2} '

async function markXtables(lab: Lab, incident: Incident): Promise<void> {
  const { traced: host } = incident
  const tools = toolsFor(incident.backend)
  for (const { six, words } of iptablesMatches(incident))
    for (const chain of ['PREROUTING', 'OUTPUT'])
      await lab.must(host, [six ? tools.v6 : tools.v4, '-t', 'raw', '-A', chain, ...words, '-j', 'TRACE'])
}

async function listenToNflog(lab: Lab, host: string): Promise<void> {
  const argv = ['tcpdump', '-i', 'nflog:0', '-B', '8192', '-U', '--immediate-mode', '-Z', 'root', '-w', '-']
  await lab.ask(host, { do: 'watch', name: 'trace', argv })
  await lab.ask(host, { do: 'await', path: '/proc/net/netfilter/nfnetlink_log', pattern: '^ *0 ', timeout: READY })
  const loggers = ['2', '10'].map((family) => [`/proc/sys/net/netfilter/nf_log/${family}`, 'nfnetlink_log'] as const)
  await lab.ask(host, { do: 'write', files: loggers })
}
