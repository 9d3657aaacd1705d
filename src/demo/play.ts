/** An incident from beginning to end: built, its packet sent and traced, explained, mended, sent and traced again. */
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { build, type Done, listen } from './build.ts'
import { startCapture } from './capture.ts'
import { explainFiles } from './explained.ts'
import type { Incident } from './incident.ts'
import { type Host, Lab } from './lab.ts'
import { Sender, type Sent, sendingCommand } from './send.ts'
import { type Files, hostState, savedRules } from './state.ts'
import { toolsFor } from './tools.ts'

/** What was sent and traced at once, and what nfwhy makes of it. */
export interface Round {
  sent: Sent[]
  capture: { name: string; bytes: Uint8Array }
  /** Of the traced machine. */
  files: Files
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

/** Throws LabError. `incident`: as `playable` gives it. The lab is gone when this is done, or has failed; `signal` ends it early. */
export async function play(incident: Incident, watching: Watching = {}, signal?: AbortSignal): Promise<Played> {
  const lab = await Lab.open(Object.keys(incident.hosts))
  const stop = () => void lab.close()
  signal?.addEventListener('abort', stop)
  try {
    const sender = new Sender(lab)
    const built = [...(await build(lab, incident)), ...(await beforehand(lab, incident, sender))]
    watching.built?.(built, lab.hosts)
    const before = await round(lab, incident, sender, true)
    await watching.before?.(before)
    const fix = await mend(lab, incident)
    watching.fixed?.(fix)
    const after = await round(lab, incident, sender, false)
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

/** The second time only the packet in question is sent, and rules that trace are there already. */
async function round(lab: Lab, incident: Incident, sender: Sender, first: boolean): Promise<Round> {
  const { traced, packet, alike = [], expected } = incident
  const capture = await startCapture(lab, incident, first)
  const sent: Sent[] = []
  if (first) for (const sending of alike) sent.push(await sender.send(sending, 'answered'))
  sent.push(await sender.send(packet, first ? expected.sender : expected.after.sender))
  const files = { ...(await savedRules(lab, incident)), ...(await hostState(lab, traced)) }
  const captured = await capture.stop()
  const { journeys, told } = explainFiles(captured, files)
  return { sent, capture: captured, files, journeys: sent.map((one) => journeyOf(one, journeys, incident)), told }
}

/** The last that this sending made, where it was sent again; NAT has not rewritten it yet where it is first seen. */
function journeyOf(sent: Sent, journeys: readonly Journey[], { asks }: Incident): Journey | undefined {
  const { sending, sport } = sent
  return journeys.findLast(({ packet, steps }) => {
    const { protocol, ...there } = packet
    const { dst, dport, sport: from } = asks === 'answer' ? turned(there) : there
    // what a rule logs is a journey of its own
    if (dst !== sending.to || steps[0]?.kind === 'log') return false
    if (sending.what === 'ping') return protocol?.startsWith('icmp')
    return protocol === sending.what && dport === sending.port && from === sport
  })
}

const turned = ({ src, sport, dport }: Packet): Packet => ({
  ...(src === undefined ? {} : { dst: src }),
  ...(sport === undefined ? {} : { dport: sport }),
  ...(dport === undefined ? {} : { sport: dport }),
})

async function mend(lab: Lab, incident: Incident): Promise<Done> {
  const { fix } = incident.expected
  const host = fix.on ?? incident.traced
  if (fix.listen) return await listen(lab, host, fix.listen)
  const command = fix.command!
  await shell(lab, incident, host, command)
  return { host, command }
}

/** A line as a person types it: `iptables` is the one of this backend. */
async function shell(lab: Lab, { backend }: Incident, host: string, line: string): Promise<void> {
  const { v4, v6 } = toolsFor(backend)
  await lab.must(host, ['sh', '-ec', `iptables() { ${v4} "$@"; }\nip6tables() { ${v6} "$@"; }\n${line}`])
}

/** Of what is listed packet by packet: the one in question is sent last. */
export const inQuestion = <T>(list: readonly T[]): T => list.at(-1) as T
