/** Events are missing somewhere in a stretch of a capture, and where is not known. */
import { expect, it } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { nftTrace } from '../../src/read/captures/nft-trace/format.ts'
import { head, packets, RULES } from '../live/trace-flood.ts'
import * as N from '../read/captures/netlink/files.ts'
import { pcap } from '../read/captures/nflog/files.ts'
import { worldOf } from './journeys.ts'

const NOON = Date.UTC(2026, 0, 5, 12)
const HEAD = 24

const overrun = (count: number) => pcap([N.cooked(N.netlink(4, [count, 0, 0, 0]))], { linkType: 253 }).slice(HEAD)

/** Each packet goes without its end; behind it, much later, comes a whole one. */
function outcomes(...parts: ('packet' | number)[]): string[] {
  const told: string[] = []
  const explainer = new CaptureExplainer(
    nftNetlink,
    worldOf(RULES),
    () => {},
    (closed) => {
      const { outcome, findings } = closed.explain()
      if (outcome !== 'dropped') told.push(`${outcome} ${findings.some(({ code }) => code === 'lost-events')}`)
    },
  )
  explainer.push(head())
  let time = NOON
  let id = 0
  for (const part of parts) {
    if (part !== 'packet') explainer.push(overrun(part))
    else {
      explainer.push(packets([{ id: ++id, kind: 0 }], time, 'first'))
      time += 60_000
      explainer.push(packets([{ id: ++id, kind: 0 }], time))
    }
  }
  explainer.end()
  return told
}

const VANISHED = 'vanished false'
const LOST = 'undetermined true'

it('no packet of it is said to have vanished, though it is closed before that ends', () => {
  expect(outcomes('packet', 0, 'packet', 'packet', 500, 'packet')).toEqual([VANISHED, LOST, LOST, VANISHED])
})

it('it ends where the number of what is missing is 0, and at the end of the capture', () => {
  expect(outcomes(0, 'packet', 0, 'packet', 0, 'packet')).toEqual([LOST, VANISHED, LOST])
})

it('a monitor that prints text says when losses begin, and not when they end', () => {
  const packet = (id: string) =>
    `trace id ${id} inet t p packet: iif "eth0" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip ttl 64 ip id 7 ip protocol tcp ip length 40 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 1\ntrace id ${id} inet t p policy accept\n`
  const whole = 'trace id 0000000a inet t c rule tcp dport 80 drop # handle 11 (verdict drop)\n'
  /** Of the packets behind so many, which nobody asks about. */
  const outcomesOf = (text: string, behind = 0) => {
    const told: string[] = []
    let closed = 0
    const explainer = new CaptureExplainer(
      nftTrace,
      worldOf(RULES),
      () => {},
      (journey) => {
        if (closed++ >= behind) told.push(journey.explain().outcome)
      },
    )
    explainer.push(new TextEncoder().encode(text))
    explainer.end()
    return told
  }
  // another packet has the id of the first, which is closed by that; the last may go on behind the capture
  const some = `${packet('0000000b')}${packet('0000000a')}${whole}${packet('0000000b')}`
  expect(outcomesOf(some)).toEqual(['dropped', 'vanished', 'undetermined'])
  const ERROR = '# ERROR: We lost some netlink events!\n'
  expect(outcomesOf(`${ERROR}${some}`)).toEqual(['dropped', 'undetermined', 'undetermined'])
  const many = `${packet('0000000a')}${whole}`.repeat(17_000)
  expect(outcomesOf(`${ERROR}${many}${some}`, 17_000)).toEqual(['dropped', 'vanished', 'undetermined'])
})
