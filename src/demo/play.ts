/** An incident from beginning to end: built, its packet sent and traced, explained, mended, sent and traced again. */
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { build, type Done, listen } from './build.ts'
import { type Captured, startCapture } from './capture.ts'
import type { Incident } from './incident.ts'
import { type Host, Lab } from './lab.ts'
import { proposal } from './proposal.ts'
import { inQuestion, Sender, type Sent, sendingCommand } from './send.ts'
import { toolsFor } from './tools.ts'

/** What was sent and traced at once, and what nfwhy makes of it. */
export interface Round {
  sent: Sent[]
  /** A bundle. */
  files: ReadonlyMap<string, Uint8Array>
  /** Of the packet in question, and of those to compare with, in the order sent; undefined: no trace of it. */
  journeys: (Journey | undefined)[]
  told: string[]
}

export interface Played {
  hosts: ReadonlyMap<string, Host>
  built: Done[]
  before: Round
  /** The shell line that mended it. */
  fix: Done
  after: Round
}

/** Each is called as it happens. */
export interface Watching {
  built?(done: readonly Done[], hosts: ReadonlyMap<string, Host>): void
  /** What it returns is waited for; the lab stands open. */
  before?(round: Round): Promise<void> | void
  fixed?(fix: Done): void
  after?(round: Round): void
}

export interface PlayOptions {
  /** Ends it early. */
  signal?: AbortSignal
  /** Programs read the events (nft monitor trace, tcpdump), in place of our own thread. */
  programs?: boolean
}

/** Throws LabError. `incident`: as `playable` gives it. The lab is gone when this is done, or has failed. */
export async function play(
  incident: Incident,
  watching: Watching = {},
  { signal, programs = false }: PlayOptions = {},
): Promise<Played> {
  const lab = await Lab.open(Object.keys(incident.hosts))
  const stop = () => void lab.close()
  signal?.addEventListener('abort', stop)
  try {
    const sender = new Sender(lab)
    const built = [...(await build(lab, incident)), ...(await beforehand(lab, incident, sender))]
    watching.built?.(built, lab.hosts)
    const before = await round(lab, incident, sender, { first: true, programs })
    await watching.before?.(before)
    const fix = await mend(lab, incident, before)
    watching.fixed?.(fix)
    const after = await round(lab, incident, sender, { first: false, programs })
    watching.after?.(after)
    return { hosts: lab.hosts, built, before, fix, after }
  } finally {
    signal?.removeEventListener('abort', stop)
    await lab.close()
  }
}

async function beforehand(lab: Lab, incident: Incident, sender: Sender): Promise<Done[]> {
  const { earlier = { sendings: [], change: [] }, traced } = incident
  const done: Done[] = []
  for (const sending of earlier.sendings) {
    done.push({ host: sending.from, command: sendingCommand(sending) })
    await sender.send(sending, 'nothing')
  }
  for (const command of earlier.change) {
    done.push({ host: traced, command })
    await shell(lab, incident, traced, command)
  }
  return done
}

/** Not the first time, only the packet in question is sent. */
async function round(
  lab: Lab,
  incident: Incident,
  sender: Sender,
  { first, programs }: { first: boolean; programs: boolean },
): Promise<Round> {
  const { packet, alike = [], expected } = incident
  const capture = await startCapture(lab, incident, programs)
  const sent: Sent[] = []
  let captured: Captured | undefined
  try {
    if (first) for (const sending of alike) sent.push(await sender.send(sending, 'answered'))
    sent.push(await sender.send(packet, first ? expected.sender : expected.after.sender))
  } finally {
    captured = await capture.stop()
  }
  const { files, journeys, told } = captured
  return { sent, files, journeys: sent.map((one) => journeyOf(one, journeys, incident)), told }
}

/**
 * The last that this sending made, where it was sent again; where a machine has rules of both backends, each shows it, and
 * the one counts that stopped it, or knows its end. NAT has not rewritten it yet where it is first seen.
 */
export function journeyOf(sent: Sent, journeys: readonly Journey[], { asks }: Incident): Journey | undefined {
  const { sending, sport } = sent
  const made = journeys.filter(({ packet, steps }) => {
    const { protocol, ...there } = packet
    const { dst, dport, sport: from } = asks === 'answer' ? turned(there) : there
    // what a rule logs is a journey of its own
    if (dst !== sending.to || steps[0]?.kind === 'log') return false
    if (sending.what === 'ping') return protocol?.startsWith('icmp')
    return protocol === sending.what && dport === sending.port && from === sport
  })
  const stopped = made.findLast(({ outcome }) => outcome === 'dropped' || outcome === 'rejected')
  return stopped ?? made.findLast(({ outcome }) => outcome !== 'undetermined') ?? made.at(-1)
}

const turned = ({ src, sport, dport }: Packet): Packet => ({
  ...(src === undefined ? {} : { dst: src }),
  ...(sport === undefined ? {} : { dport: sport }),
  ...(dport === undefined ? {} : { sport: dport }),
})

async function mend(lab: Lab, incident: Incident, { journeys }: Round): Promise<Done> {
  const { fix } = incident.expected
  const host = fix.on ?? incident.traced
  if (fix.listen) return await listen(lab, host, fix.listen)
  // where nfwhy proposes it, as it does
  const command = proposal(fix, inQuestion(journeys)) ?? fix.command!
  await shell(lab, incident, host, command)
  return { host, command }
}

/** A line as a person types it: `iptables` is the one of this backend. */
async function shell(lab: Lab, { backend }: Incident, host: string, line: string): Promise<void> {
  const { v4, v6 } = toolsFor(backend)
  await lab.must(host, ['sh', '-ec', `iptables() { ${v4} "$@"; }\nip6tables() { ${v6} "$@"; }\n${line}`])
}
