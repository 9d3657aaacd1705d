/**
 * Does a capture lack lines, though it does not say so? Where one packet's journey shows that some between its steps are
 * missing, those behind another packet's last step may be, too: its silence proves nothing.
 */

import { gaps } from '../journey/gaps.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { CaptureExplainer, type CaptureOptions } from './capture.ts'
import type { JourneyClass } from './closed-journey.ts'
import type { Closed } from './explain-closed.ts'
import type { CaptureInput } from './inputs/open.ts'

/** Bytes of a capture that are looked at for it: the rest is believed to be as these are. */
const FIRST = 5e5

/** Nothing is read twice: `blocks` gives what was looked at, and then the rest. `options`: as it is explained. */
export async function lookForGaps(
  { format, source }: CaptureInput,
  world: World,
  options: CaptureOptions,
): Promise<{ lossy: boolean; blocks(): AsyncIterable<Uint8Array> }> {
  // what comes now is shown as it comes
  if (source.live) return { lossy: false, blocks: () => source.blocks() }
  const rest = source.blocks()[Symbol.asyncIterator]()
  const seen = new Set<JourneyClass>()
  let lossy = false
  // what the capture says that it lost, it lost there alone
  const take = (closed: Closed) => {
    const known = closed.class
    if (lossy || (known?.fine && seen.has(known))) return
    if (known?.fine) seen.add(known)
    const evidence = closed.evidence()
    const isHeadless = format.traceIds === true && closed.id > 1 && isBare(closed.packet())
    lossy = isHeadless || evidence.lacksRule === true || gaps(evidence).length > 0
  }
  const explainer = new CaptureExplainer(format, world, () => undefined, take, options)
  const { first, failure, isWhole } = await readFirst(rest)
  for (const block of first) if (!lossy) explainer.push(block)
  if (isWhole && !lossy) explainer.end()
  return {
    lossy,
    async *blocks() {
      for (let block = first.shift(); block; block = first.shift()) yield block
      if (failure) throw failure
      if (!isWhole) yield* { [Symbol.asyncIterator]: () => rest }
    },
  }
}

/** Copies, as a block is valid until the next one is asked for. `failure`: behind them it could not be read on. */
async function readFirst(blocks: AsyncIterator<Uint8Array>) {
  const first: Uint8Array[] = []
  let bytes = 0
  try {
    while (bytes < FIRST) {
      const { done, value } = await blocks.next()
      if (done) return { first, isWhole: true }
      first.push(value.slice())
      bytes += value.length
    }
  } catch (failure) {
    return { first, failure, isWhole: false }
  }
  return { first, isWhole: false }
}

/** nft prints a packet's headers in front of the first rule that it meets in a base chain; only those of the first packet may be cut. */
const isBare = ({ in: came, out, src, srcMac }: Packet): boolean =>
  came === undefined && out === undefined && src === undefined && srcMac === undefined
