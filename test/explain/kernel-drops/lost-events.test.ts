/** What the kernel says of its drops, next to a packet that lost some of its own events. */
import { describe, expect, it } from 'vitest'
import { CaptureExplainer } from '../../../src/analysis/capture.ts'
import type { Drop } from '../../../src/model/host.ts'
import type { Journey } from '../../../src/model/journey.ts'
import type { World } from '../../../src/model/world.ts'
import { nftNetlink } from '../../../src/read/captures/netlink/format.ts'
import { worldOf } from '../../journey/journeys.ts'
import { head, packets, RULES } from '../../live/trace-flood.ts'

const NOON = Date.UTC(2026, 0, 5, 12)

/** The first of two chains accepts the packet, and the event of the second is lost. */
function lossy(drops: Drop[] = []): Journey {
  const read = worldOf(RULES)
  const world: World = { ...read, host: { ...read.host, drops } }
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    nftNetlink,
    world,
    () => {},
    (closed) => journeys.push(closed.explain()),
  )
  explainer.push(head())
  explainer.push(packets([{ id: 1, kind: 0 }], NOON, 'first'))
  explainer.leftUnread()
  explainer.end()
  expect(journeys).toHaveLength(1)
  return journeys[0]!
}

const { packet } = lossy()
const drop = (reason: string, more: Partial<Drop['packet']> = {}): Drop => ({
  time: new Date(NOON).toISOString(),
  reason,
  location: 'some_function+0x1',
  packet: { ...packet, ...more },
})

describe('a packet that lost some of its events', () => {
  it('is undetermined', () => {
    expect(lossy().outcome).toBe('undetermined')
  })

  it('has not vanished where netfilter dropped it: a rule may have done so', () => {
    const { outcome, findings } = lossy([drop('NETFILTER_DROP')])
    expect(outcome).toBe('undetermined')
    expect(findings.map(({ code }) => code)).toEqual(['kernel-drop', 'lost-events'])
    expect(findings[0]!.message).toBe(
      'The kernel dropped it (NETFILTER_DROP in some_function): netfilter dropped it, in conntrack or by a rule that the capture does not show.',
    )
  })

  it('has vanished where the kernel gives a reason of its own', () => {
    expect(lossy([drop('IP_INNOROUTES')])).toMatchObject({ outcome: 'vanished', basis: 'observed' })
  })
})

it('and that looks like others is not given the drop of one of them', () => {
  const { tcpSeq: _, ...packet } = drop('IP_INNOROUTES').packet
  expect(lossy([{ ...drop('IP_INNOROUTES'), packet }]).outcome).toBe('undetermined')
})
