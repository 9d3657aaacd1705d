/**
 * Exchanges as traces of OpenTelemetry (OTLP/HTTP JSON): each line is one ExportTraceServiceRequest, as a collector takes it at /v1/traces
 * and its otlpjsonfile receiver from a file.
 */
import { Exchanges } from '../../analysis/exchanges/exchanges.ts'
import { seenBy, tellExchange } from '../../analysis/exchanges/told.ts'
import { isProblem } from '../../analysis/is-problem.ts'
import { printedExchange, printedJourney } from '../../edits/fix.ts'
import { isFailed } from '../../model/exchange.ts'
import type { Journey } from '../../model/journey.ts'
import { allPrintable } from '../../model/printable.ts'
import type { JourneyReport, ReportOptions, Sink } from '../journeys.ts'
import { since1970 } from '../since-1970.ts'
import { traceId } from './ids.ts'
import { attributes, exchangeSpan, exchangeSpanId, journeySpans, type Span, type Times } from './spans.ts'

/** Spans of a request, roughly: collectors refuse those of many megabytes. */
const MOST_SPANS = 500

interface Known extends Times {
  trace: string
}

export function openOtlp({ out, selection, correlator }: Omit<ReportOptions, 'form' | 'live'>): JourneyReport {
  const exchanges = new Exchanges({ keepsOwn: true })
  const requests = new Requests(out)
  /** Of exchanges by number: their journeys are told as they complete, before what came of them is known. */
  const known = new Map<number, Known>()
  let problem = false
  return {
    held: 0,
    take(closed) {
      const wanted = selection.packet(closed)
      if (correlator && !correlator.full) correlator.note(closed.explain())
      const number = exchanges.note(closed)
      if (!wanted) return undefined
      const journey = closed.explain()
      if (!selection.journey(journey)) return undefined
      problem ||= isProblem(journey)
      const times = timesOf(journey)
      if (number !== undefined) exchanges.list.show(number)
      const of = number === undefined ? undefined : grown(known, number, journey, times)
      const trace = of?.trace ?? traceId(keyOf(journey, 'journey'))
      const parent = of && exchangeSpanId(trace)
      requests.add(journey.host, journeySpans(allPrintable(printedJourney(journey)), trace, parent, times))
      return { journey }
    },
    leaveOut() {},
    pause: () => requests.flush(),
    end() {
      const { list } = exchanges
      const seen = seenBy(exchanges)
      for (const [number, { trace, ...times }] of known) {
        const exchange = tellExchange(list.at(number), seen)
        problem ||= isFailed(exchange.status)
        requests.add(exchange.host, [exchangeSpan(allPrintable(printedExchange(exchange)), trace, times)])
      }
      requests.flush()
      return problem
    },
  }
}

function grown(known: Map<number, Known>, number: number, journey: Journey, { first, last }: Times): Known {
  const of = known.get(number) ?? { trace: traceId(keyOf(journey, `exchange ${number}`)), first, last }
  known.set(number, of)
  if (first < of.first) of.first = first
  if (last > of.last) of.last = last
  return of
}

/** What no other packet has: the times of one capture's packets may be those of another's. */
const keyOf = ({ host, id, time, uptime, packet }: Journey, what: string): string =>
  [host, what, id, time?.first, uptime?.first, packet.src, packet.sport, packet.dst, packet.dport].join(' ')

const timesOf = ({ time, uptime }: Journey): Times => ({
  first: since1970(time?.first, uptime?.first),
  last: since1970(time?.last, uptime?.last),
})

/** Spans of one machine after the other. */
class Requests {
  private readonly out: Sink
  private host: string | undefined
  private spans: Span[] = []

  constructor(out: Sink) {
    this.out = out
  }

  add(host: string | undefined, spans: readonly Span[]): void {
    if (host !== this.host || this.spans.length >= MOST_SPANS) this.write()
    this.host = host
    this.spans.push(...spans)
  }

  flush(): void {
    this.write()
    this.out.flush()
  }

  private write(): void {
    if (this.spans.length === 0) return
    const resource = attributes({ 'service.name': 'netfilter', 'host.name': this.host })
    const scopeSpans = [{ scope: { name: 'nfwhy' }, spans: this.spans }]
    this.out.write(`${JSON.stringify({ resourceSpans: [{ resource: { attributes: resource }, scopeSpans }] })}\n`)
    this.spans = []
  }
}
