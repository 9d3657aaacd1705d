/** The packets of an incident, traced live on the machine in question by the same session that `nfwhy trace` has. */
import { alternatives } from '../filter/alternatives.ts'
import { parseFilter } from '../filter/parse.ts'
import { JourneyIds } from '../journey/assembling.ts'
import { LiveProblem } from '../live/problem.ts'
import { prepare, Session } from '../live/session.ts'
import type { Condition } from '../model/condition.ts'
import type { Journey } from '../model/journey.ts'
import type { Incident, Sending } from './incident.ts'
import { type Lab, LabError } from './lab.ts'
import { sendingsOf } from './send.ts'

export interface Captured {
  /** Captures, rules and the machine's state, by their names in a bundle; rules and state are from before the packets. */
  files: Map<string, Uint8Array>
  /** In the order of first events. */
  journeys: Journey[]
  /** Warnings. */
  told: string[]
}

/** Without root, programs read the events; and on a busy machine the session may take its own setting up for a change. */
const EXPECTED = new Set(['program-reads', 'rules-changed'])

/** Seconds after which tracing has ended by itself. */
const DEADLINE = 60

/**
 * Tracing is on when this resolves; `stop` switches it off, and gives what came. `programs`: they read the events, in place
 * of our own thread. Throws LabError.
 */
export async function startCapture(
  lab: Lab,
  incident: Incident,
  programs: boolean,
): Promise<{ stop(): Promise<Captured> }> {
  const { traced, backend } = incident
  const captured: Captured = { files: new Map(), journeys: [], told: [] }
  const wish = {
    backend,
    alternatives: alternatives(conditionOf(incident)).list,
    // the lab has no other packets
    rate: undefined,
    deadline: DEADLINE,
    log: false,
    programs,
    takeOver: false,
  }
  try {
    const place = { name: traced, prefix: lab.entry(traced) }
    const session = await Session.start(await prepare(place, wish, `nfwhy-${process.pid}${Date.now() % 100_000}`), {
      ids: new JourneyIds(),
      onClosed: (closed) => captured.journeys.push(closed.explain()),
      onLeftOut: () => {},
      onPause: () => {},
      tellsEach: true,
      isFull: () => false,
      places: 1,
      // an incident is to explain itself from what any machine has
      drops: false,
      onDrops: () => {},
      onFiles: (files) => {
        for (const [name, bytes] of files) captured.files.set(name, bytes)
      },
      onChunk: (stream, { id }, chunk) => {
        const name = `trace-${stream + 1}.${id === 'nft-trace' || id === 'xtables-monitor' ? 'txt' : 'pcap'}`
        captured.files.set(name, Buffer.concat([captured.files.get(name) ?? Buffer.alloc(0), chunk]))
      },
      warn: ({ code, message }) => {
        if (!EXPECTED.has(code)) captured.told.push(message)
      },
    })
    return {
      stop: async () => {
        await foreseen(session.stop())
        captured.journeys.sort((a, b) => Number(a.id) - Number(b.id))
        return captured
      },
    }
  } catch (error) {
    throw asLabError(error)
  }
}

const foreseen = async <T>(work: Promise<T>): Promise<T> =>
  await work.catch((error) => {
    throw asLabError(error)
  })

const asLabError = (error: unknown): unknown =>
  error instanceof LiveProblem ? new LabError(error.message, error.hint) : error

/** Every packet that is sent; or, where these are in question, the answers. */
function conditionOf(incident: Incident): Condition {
  const words = sendingsOf(incident).map((one) => `(${filterWords(one, incident.asks === 'answer')})`)
  const result = parseFilter([...new Set(words)].join(' or '))
  if ('condition' in result) return result.condition
  throw new Error(result.error.message)
}

function filterWords(sending: Sending, answer: boolean): string {
  const end = answer ? 'src' : 'dst'
  if (sending.what === 'ping') return `${end} host ${sending.to} and ${sending.to.includes(':') ? 'icmp6' : 'icmp'}`
  const port = `${end} host ${sending.to} and ${sending.what} ${end} port ${sending.port}`
  // the first packet is the one that rules decide about
  return sending.what === 'tcp' && !answer ? `${port} and syn` : port
}
