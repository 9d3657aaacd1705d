/** A watch from the first look to the last word. */
import { loadDrops } from '../explain/kernel-drops/later.ts'
import { Unavailable } from '../kernel/unavailable.ts'
import { sameKernel } from '../live/same-kernel.ts'
import { survey } from '../live/survey/facts.ts'
import { HERE, parseVia, type TraceHost } from '../live/trace-host.ts'
import { DropWatch, type DropWatchOptions } from '../live/watch/drop-watch.ts'
import { UserError } from '../model/user-error.ts'
import { type FormOptions, warningsText } from '../reports/index.ts'
import { METRICS_TYPE, metricsText } from '../reports/watch/metrics.ts'
import type { WatchSnapshot } from '../reports/watch/snapshot.ts'
import { type MetricsServer, readMetricsAddress, serveMetrics } from '../server/metrics.ts'
import type { Watched } from '../store/drop-history.ts'
import { EndSignals } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { canShowLiveView } from './live-view/view.ts'
import { Output } from './stdout.ts'
import { type DropStoring, openDropStoring } from './storing.ts'
import { terminalOptions } from './terminal.ts'
import { jsonAtEnd, jsonLines, screen, textLines, type WatchFace } from './watch-face.ts'
import type { WatchOptions } from './watch-options.ts'
import type { WatchedPage } from './watch-page.ts'

/** The exit code; throws UserError, LiveProblem and ClosedPipe, and then nothing is left, either. */
export async function runWatch(options: WatchOptions): Promise<number> {
  const terminal = terminalOptions(options, true)
  const address = options.metrics === undefined ? undefined : readMetricsAddress(options.metrics)
  const place = options.via === undefined ? HERE : parseVia(options.via)
  let face: WatchFace | undefined
  let watch: DropWatch | undefined
  let server: MetricsServer | undefined
  let storing: DropStoring | undefined
  let page: WatchedPage | undefined
  let timer: NodeJS.Timeout | undefined
  const signals = new EndSignals(() => face?.close())
  const ending = new AbortController()
  signals.whenWanted(() => {
    ending.abort()
    watch?.stop()
  })
  try {
    if (address) {
      server = await serveMetrics(address, METRICS_TYPE, () => (watch ? metricsText(snapshotOf(watch)) : ''))
      process.stderr.write(`Metrics are served on port ${server.port}, at /metrics.\n`)
    }
    storing = await openDropStoring(
      options,
      (message) => warn(message, terminal),
      (message) => process.stderr.write(`nfwhy: ${message}\n`),
    )
    if (options.page) {
      const { watchPage } = await import('./watch-page.ts')
      page = await watchPage(options, () => watch && snapshotOf(watch))
      process.stderr.write(`Open ${page.link} in a browser on this machine.\n`)
    }
    const namespaceInode = await namespaceOf(place, ending.signal)
    await loadDrops()
    watch = startWatch({
      ...{ place, namespaceInode, ending: ending.signal },
      onKind({ kind, played, rulesRead }) {
        const one = { kind, ...(played ? { journey: played.explain() } : {}), ...(rulesRead ? { rulesRead } : {}) }
        page?.add(one)
        face?.add(one)
      },
      onLook(looking) {
        face?.look(snapshotOf(looking))
        storing?.look(watchedBy(looking))
        if (options.count !== undefined && looking.tally.count >= options.count) looking.stop()
      },
    })
    face = openFace(options, terminal, signals.ask, page?.link)
    if (signals.wanted) watch.stop()
    if (options.for !== undefined) timer = setTimeout(() => watch?.stop(), options.for * 1000)
    await watch.run()
    face.end(snapshotOf(watch))
    await storing?.end(watchedBy(watch))
    return EXIT.done
  } finally {
    clearTimeout(timer)
    await storing?.end().catch(() => {})
    server?.end()
    page?.end()
    face?.close()
    signals.close()
  }
}

function openFace(options: WatchOptions, terminal: FormOptions, stop: () => void, link?: string): WatchFace {
  const out = new Output()
  if (options.json) return jsonAtEnd(out)
  if (options.ndjson) return jsonLines(out)
  if (!options.plain && canShowLiveView(process.stdin, process.stdout)) return screen(out, terminal, stop, link)
  process.stderr.write('Watching the drops of this network namespace. Ctrl-C ends.\n')
  return textLines(out, terminal)
}

const snapshotOf = ({ tally, began, missed, state }: DropWatch): WatchSnapshot => ({
  ...{ tally, began, missed },
  now: Date.now(),
  ...(state.rulesRead > 0 ? { rulesRead: state.rulesRead } : {}),
  ...(state.problem === undefined ? {} : { rulesProblem: state.problem }),
})

const watchedBy = ({ tally, began, state }: DropWatch): Watched => ({
  tally,
  began,
  now: Date.now(),
  world: state.world,
})

/** Counting goes on without a store. */
const warn = (message: string, terminal: FormOptions) =>
  process.stderr.write(warningsText([{ input: '--store', code: 'not-stored', message }], terminal))

/** The inode of the network namespace that commands run in there. Throws UserError where it is not on our own kernel. */
async function namespaceOf(place: TraceHost, ending: AbortSignal): Promise<number> {
  const facts = await survey(place, undefined, ending)
  if (place.prefix.length > 0 && !sameKernel(facts))
    throw new UserError(
      `--via ${place.name}: that is another machine. watch counts drops in the kernel that nfwhy itself runs on.`,
      `Run nfwhy there:\n  ${place.name} nfwhy watch`,
    )
  const inode = Number(/\[(\d+)\]/.exec(facts.namespace ?? '')?.[1])
  if (inode > 0) return inode
  throw new UserError('The network namespace is unknown: /proc/self/ns/net cannot be read.')
}

function startWatch(options: DropWatchOptions): DropWatch {
  try {
    return new DropWatch(options)
  } catch (error) {
    if (error instanceof Unavailable) throw new UserError(`Drops cannot be watched here: ${error.message}.`)
    throw error
  }
}
