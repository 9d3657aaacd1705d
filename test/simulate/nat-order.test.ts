/** NAT has a priority of its own, and beside chains with that priority the order hangs on who came first. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { NAT_ORDERS } from './nat-orders.ts'
import { makeWorld, ROUTER } from './world.ts'

const OWN: Packet = { protocol: 'tcp', src: '10.0.2.1', sport: 40_000, dst: '10.0.2.9', dport: 81, tcpFlags: ['syn'] }

const play = (texts: readonly string[], assume?: ReadonlyMap<string, boolean>, packet = OWN) => {
  const { ended, evidence } = new Simulator(makeWorld(texts.join(''), ROUTER), assume ? { assume } : {}).send(packet)
  return { ended, read: evidence.journey.steps.some(({ chain, kind }) => chain === 'reads' && kind === 'rule') }
}

describe('NAT beside a chain of its priority', () => {
  it.each(NAT_ORDERS.filter(({ known }) => known))(
    'has the order in which chains were made: $what',
    ({ texts, marked }) => {
      expect(play(texts).read).toBe(marked)
    },
  )

  it.each(NAT_ORDERS.filter(({ known }) => !known))(
    'is undetermined where nothing tells it: $what',
    ({ texts, marked }) => {
      const { outcome, open } = play(texts).ended
      expect(outcome).toBe('undetermined')
      expect(open?.condition).toMatch(/^order of chains: ip a marks before (ip b reads|inet b other|ip a reads)$/)
      expect(play(texts, new Map([[open!.condition, marked]])).read).toBe(marked)
    },
  )

  it('makes no difference to packets that neither of them is for', () => {
    const { texts } = NAT_ORDERS.find(({ known }) => !known)!
    expect(play(texts, undefined, { ...OWN, dport: 443 }).ended.outcome).toBe('sent')
  })

  it('takes the order of two tables with chains of nat as it is assumed', () => {
    const nat = (name: string, port: number) =>
      `table ip ${name} {\nchain reads {\ntype nat hook output priority -100;\ntcp dport 81 redirect to :${port}\n}\n}\n`
    const texts = [nat('a', 82), nat('b', 83)]
    const { open } = play(texts).ended
    expect(open?.condition).toBe('order of chains: ip b reads before ip a reads')
    const port = (first: boolean) => {
      const assume = new Map([
        ['order of chains: ip a reads before ip b reads', first],
        ['order of chains: ip b reads before ip a reads', !first],
      ])
      const machine = new Simulator(makeWorld(texts.join(''), ROUTER), { assume })
      return machine.send(OWN).packet.dport
    }
    expect([port(true), port(false)]).toEqual([82, 83])
  })
})

describe('chains of two tables with one priority that both stop the packet', () => {
  const filter = (name: string) =>
    `table inet ${name} {\nchain out {\ntype filter hook output priority 0;\ntcp dport 81 drop\n}\n}\n`
  const world = makeWorld(filter('a') + filter('b'), ROUTER)
  const send = (assume: [string, boolean][]) => {
    const { evidence, notes } = new Simulator(world, { assume: new Map(assume) }).send(OWN)
    return { by: evidence.journey.steps.at(-1)?.table, notes }
  }

  it('says that nobody knows which it meets first', () => {
    expect(send([]).notes).toEqual([expect.stringMatching(/^which it meets first: inet b out, inet a out all/)])
  })

  it.each([
    ['order of chains: inet b out before inet a out', true, 'b'],
    ['order of chains: inet b out before inet a out', false, 'a'],
  ])('takes the order that is known: %s %s', (order, holds, by) => {
    expect(send([[order, holds]])).toEqual({ by, notes: [] })
  })
})
