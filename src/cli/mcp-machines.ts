/** What `nfwhy mcp` asks machines: why they show no trace, and what they do to packets. */
import { namedInput } from '../analysis/analysis.ts'
import type { NamedInput } from '../analysis/inputs/named.ts'
import { readFilter } from '../analysis/select.ts'
import { diagnose } from '../live/doctor/diagnose.ts'
import { type DoctorDocument, diagnosisJson } from '../live/doctor/json.ts'
import { ANY_PACKET, wishOf as doctorWishOf } from '../live/doctor/wish.ts'
import { killedLines } from '../live/notes/tell.ts'
import { beginningText, nothingSeenText } from '../live/plan-text.ts'
import { LiveProblem } from '../live/problem.ts'
import { HERE, parseVia, type TraceHost } from '../live/trace-host.ts'
import type { Traced, TraceWanted } from '../mcp/machines.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { BundleInMemory } from './bundle-in-memory.ts'
import { EndSignals } from './end-signals.ts'
import { LiveRun, prepareAll, type Told } from './live-run.ts'
import { terminalOptions } from './terminal.ts'
import { lines } from './trace-face.ts'
import { wishOf } from './trace-wish.ts'

/** Bytes of one trace. */
const MOST = 16 << 20
/** Seconds that setting up and the end may take, until all that was set up is inert. */
const MARGIN = 30
/** As `nfwhy trace` without options. */
const RATE = { packets: 10, per: 'second' } as const

/** The bundle is read when it is whole; here each packet is only held against the rules, which may have been changed. */
const TO_BUNDLE: Told = {
  take: (closed) => ({
    get journey() {
      return closed.explain()
    },
  }),
  leaveOut() {},
  pause() {},
}

/** Looks, and changes nothing. Throws UserError. */
export const doctorOf = (
  via: readonly string[] | undefined,
  where: string | undefined,
  filter: string | undefined,
  ending: AbortSignal,
): Promise<DoctorDocument> =>
  asked(ending, async (signals) => {
    const wish = filter === undefined ? ANY_PACKET : doctorWishOf(filter, readFilter(filter))
    return diagnosisJson(await diagnose(placeOf(via, where), wish, aborting(signals)))
  })

/** Everything that was set up is removed when it resolves or rejects. Throws UserError. */
export const traceOf = (
  via: readonly string[] | undefined,
  { where, filter, seconds, packets }: TraceWanted,
  ending: AbortSignal,
): Promise<Traced> =>
  asked(ending, async (signals) => {
    const place = placeOf(via, where)
    const limits = { count: packets, for: seconds, deadline: seconds + MARGIN, drops: true }
    const wish = wishOf(filter, { ...limits, backend: 'auto', rate: RATE })
    const prepared = await prepareAll([place], wish, aborting(signals))
    // a person who looks at the log finds there how to clean up by hand
    for (const { facts } of prepared)
      for (const line of killedLines(place, facts.killed)) lines.say(`nfwhy: ${printable(line)}\n`)
    for (const one of prepared) lines.say(beginningText(one, filter, wish))
    const bundle = new BundleInMemory(MOST)
    const run = new LiveRun({
      ...{ filter, prepared, limits, signals, bundle, face: lines },
      terminal: terminalOptions({}, false),
      telling: { each: false, isFull: false, room: async () => {} },
    })
    bundle.onFull = () => {
      run.warn({ input: place.name, code: 'trace-full', message: `the trace has ${MOST >> 20} MB, and ends` })
      run.end()
    }
    const stats = await run.until(TO_BUNDLE, undefined)
    const warnings = run.warnings.map(({ message }) => message)
    if (stats.journeys === 0) warnings.push(nothingSeenText(prepared, filter).trim())
    return { where: place.name, warnings, inputs: (folder) => inputsOf(bundle, folder) }
  })

const inputsOf = (bundle: BundleInMemory, folder: string): Promise<NamedInput[]> =>
  Promise.all(
    bundle.inputs.map(async (input) => {
      const [, ...within] = input.folders
      const bytes = new Uint8Array(await new Response(input.read(0, await input.size())).arrayBuffer())
      return namedInput({
        name: [folder, ...input.name.split('/').slice(1)].join('/'),
        folders: [folder, ...within],
        bytes,
      })
    }),
  )

/** Of those that were named at the start alone. Throws UserError, and LiveProblem for a --via that is none. */
function placeOf(via: readonly string[] | undefined, where: string | undefined): TraceHost {
  const text = where ?? via?.[0]
  if (text !== undefined && via?.includes(text)) return parseVia(text)
  if (via === undefined && (text === undefined || text === HERE.name)) {
    if (process.platform === 'linux') return HERE
    throw new UserError(
      'Netfilter exists only on Linux, and this machine does not run Linux.',
      "Start nfwhy mcp with --via 'ssh root@host'.",
    )
  }
  throw new UserError(
    `${printable(text ?? '')}: nfwhy mcp was not started with this --via.`,
    `It may ask: ${(via ?? [HERE.name]).map(printable).join(', ')}`,
  )
}

/** Ends where the call is given up, where the client has gone, and at a signal, which then ends the program. */
async function asked<T>(ending: AbortSignal, work: (signals: EndSignals) => Promise<T>): Promise<T> {
  const signals = new EndSignals(() => {})
  ending.addEventListener('abort', signals.ask, { once: true })
  for (const event of GONE) process.stdin.once(event, signals.ask)
  if (ending.aborted || process.stdin.readableEnded || process.stdin.destroyed) signals.ask()
  try {
    return await work(signals)
  } catch (error) {
    if (error instanceof LiveProblem) throw new UserError(error.message, error.hint)
    throw error
  } finally {
    ending.removeEventListener('abort', signals.ask)
    for (const event of GONE) process.stdin.off(event, signals.ask)
    signals.close()
    if (signals.first !== undefined) process.kill(process.pid, signals.first)
  }
}

const GONE = ['end', 'close'] as const

function aborting(signals: EndSignals): AbortSignal {
  const controller = new AbortController()
  signals.whenWanted(() => controller.abort())
  return controller.signal
}
