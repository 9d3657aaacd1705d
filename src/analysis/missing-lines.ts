/**
 * Does a capture lack lines, though it does not say so? Where one packet's journey shows that some between its steps are
 * missing, those behind another packet's last step may be, too: its silence proves nothing.
 */

import { gaps } from '../journey/gaps.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { CaptureExplainer, type CaptureOptions } from './capture.ts'
import type { JourneyClass } from './closed-journey.ts'
import type { CaptureInput } from './inputs/open.ts'
import { ReadError } from './inputs/source.ts'

/** Bytes of a capture that are read for it: the rest is believed to be as these are. */
const MOST_READ = 2e6

/** What can be read only once is believed to be whole. `options`: as it is explained. */
export async function lacksLines(
  { format, source }: CaptureInput,
  world: World,
  options: CaptureOptions,
): Promise<boolean> {
  if (!source.again) return false
  const seen = new Set<JourneyClass>()
  let lacks = false
  const explainer = new CaptureExplainer(
    format,
    world,
    () => undefined,
    (closed) => {
      const known = closed.class
      if (lacks || (known?.fine && seen.has(known))) return
      if (known?.fine) seen.add(known)
      const evidence = closed.evidence()
      const isHeadless = format.traceIds === true && closed.id > 1 && isBare(closed.packet())
      lacks = isHeadless || evidence.lossy === true || gaps(evidence).length > 0
    },
    options,
  )
  let read = 0
  try {
    for await (const block of source.blocks()) {
      explainer.push(block)
      read += block.length
      if (lacks || read > MOST_READ) return lacks
    }
  } catch (error) {
    // what is wrong with it is told when it is explained
    if (!(error instanceof ReadError)) throw error
  }
  explainer.end()
  return lacks
}

/** nft prints a packet's headers in front of the first rule that it meets in a base chain; only those of the first packet may be cut. */
const isBare = ({ in: came, out, src, srcMac }: Packet): boolean =>
  came === undefined && out === undefined && src === undefined && srcMac === undefined
