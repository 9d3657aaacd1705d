/** Packets for Wireshark: what a trace tells of each, and as its comment the way that it took, in the words of the text report. */

import { single } from '../../analysis/groups.ts'
import { InOrder } from '../../analysis/order.ts'
import type { Journey } from '../../model/journey.ts'
import { answerOf } from '../answer.ts'
import { FORMS } from '../index.ts'
import { type JourneyReport, openReport, type ReportOptions, type Sink } from '../journeys.ts'
import { printedGroup } from '../printed-group.ts'
import { since1970 } from '../since-1970.ts'
import { causeLabel } from '../text/block.ts'
import { writeHead } from '../text/head.ts'
import { wrap } from '../text/layout.ts'
import { Page } from '../text/page.ts'
import { writeSteps } from '../text/steps.ts'
import { beginning, packetBlock } from './blocks.ts'
import { packetBytes } from './packet-bytes.ts'

/** Columns of comments. */
const WIDTH = 100
const ABOUT =
  'Written by nfwhy from a netfilter trace: the headers that the trace tells. What it does not tell is 0, and so are checksums of what it does not tell. ' +
  'The comment of each packet is the way that it took. Packets that are no IP packets are left out.'

/** Takes journeys as other reports do; packets stand in the order in which they came. */
export function openPcapng(options: Omit<ReportOptions, 'form' | 'live'>): JourneyReport {
  const { out, mostHeld } = options
  // which are shown, and whether something is wrong, it knows
  const report = openReport({ ...options, form: FORMS.text, live: false, out: NOWHERE })
  const ordered = new InOrder<Uint8Array>(
    (bytes) => out.write(bytes),
    ({ length }) => length,
    mostHeld,
  )
  out.write(beginning(ABOUT))
  return {
    held: 0,
    take(closed) {
      const taken = report.take(closed)
      ordered.add(closed.id, taken && blockOf(closed.explain()))
      return taken
    },
    leaveOut: (id) => ordered.add(id, undefined),
    pause() {},
    end(tail) {
      ordered.end()
      return report.end(tail)
    },
  }
}

const NOWHERE: Sink = { write() {}, flush() {} }

/** Undefined for what is no IP packet, or has no addresses: it is left out. */
function blockOf(journey: Journey): Uint8Array | undefined {
  // addresses of ARP are no IP header's
  const known = journey.family === 'arp' ? undefined : packetBytes(journey.packet)
  if (!known) return undefined
  const { bytes, length, unknown } = known
  const lines = [commentOf(journey), ...(unknown.length > 0 ? [`Not known, and 0 here: ${unknown.join(', ')}.`] : [])]
  return packetBlock({ time: timeOf(journey), bytes, length, comment: lines.join('\n') })
}

function commentOf(journey: Journey): string {
  const page = new Page({ width: WIDTH, full: true })
  const group = page.clean(printedGroup(single(journey)))
  writeHead(page, group)
  const { cause } = answerOf(group)
  if (cause.length > 0) page.rows(causeLabel(group), wrap(cause.join(' '), page.room))
  writeSteps(page, group.journey)
  return page.take().trimEnd()
}

/** Microseconds since 1970. */
const timeOf = ({ time, uptime }: Journey): bigint => since1970(time?.first, uptime?.first) / 1000n
