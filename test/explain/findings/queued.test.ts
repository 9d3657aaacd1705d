/** Handed to a program that may not be there. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { type Case, captured, findingsOf, LISTENS_ON, played, type Rules, TO_ROUTER } from './played.ts'

const QUEUE = '-j NFQUEUE --queue-num 3'
const both = (rules: Rules) => {
  const { findings } = played({ rules, packet: TO_ROUTER })
  return findings.filter(({ code }) => code.startsWith('queue')).map(({ code, severity }) => `${code} ${severity}`)
}

describe('queue-without-listener', () => {
  it('names the queue, and leaves open whether a program reads it', () => {
    const journey = played({ rules: { filter: [`-A INPUT -p tcp ${QUEUE}`] }, packet: TO_ROUTER })
    const [found] = findingsOf(journey, 'queue-without-listener')
    expect(found?.severity).toBe('note')
    expect(found?.message).toMatch(
      'filter INPUT rule 1 handed it to queue 3, and the capture does not show its verdict: if no program reads the queue, the kernel drops it; otherwise the program decides.',
    )
  })

  it('warns where it had to come out again', () => {
    const seen = (chain: string, out: object) => {
      const line = { in: 'eth0', ...out, src: '10.0.1.2', dst: '10.0.2.2' }
      const lines = [trace(`mangle:${chain}:rule:1`, line), trace('mangle:PREROUTING:policy:1', { ...line, id: 2 })]
      const journey = captured({ mangle: [`-A ${chain} -p tcp ${QUEUE}`], filter: [] }, lines)
      return findingsOf(journey, 'queue-without-listener').map(({ severity }) => severity)
    }
    expect(seen('FORWARD', { out: 'eth1' })).toEqual(['warning'])
    expect(seen('POSTROUTING', { out: 'eth1' })).toEqual(['note'])
  })

  it('tells several queues', () => {
    const rules = { filter: ['-A INPUT -p tcp -j NFQUEUE --queue-balance 1:4'] }
    const [found] = findingsOf(played({ rules, packet: TO_ROUTER }), 'queue-without-listener')
    expect(found?.message).toContain('one of the queues 1 to 4')
  })
})

describe('who reads the queue, by host state', () => {
  const queues = (...numbers: number[]) => ({
    queues: numbers.map((number) => ({ number, portId: 7, waiting: 0, dropped: 3, userDropped: 0 })),
  })
  const found = (rule: string, ...read: number[]) => {
    const { findings } = played({
      rules: { filter: [`-A INPUT -p tcp ${rule}`] },
      packet: TO_ROUTER,
      host: queues(...read),
    })
    return findings.flatMap(({ code, severity, message }) =>
      code.startsWith('queue') ? [[code, severity, message]] : [],
    )
  }

  it('nobody: it is dropped', () => {
    expect(found(QUEUE)).toEqual([
      [
        'queue-without-listener',
        'error',
        'filter INPUT rule 1 handed it to queue 3, and no program reads that queue: the kernel drops it.',
      ],
    ])
    expect(found(QUEUE, 2)[0]?.[1]).toBe('error')
    expect(found(`${QUEUE} --queue-bypass`)[0]?.slice(0, 2)).toEqual(['queued', 'note'])
  })

  it('a program: it decides', () => {
    expect(found(QUEUE, 3)).toEqual([
      [
        'queued',
        'note',
        'filter INPUT rule 1 handed it to queue 3, which a program reads; the program decides; 3 packets were dropped because the queue was full.',
      ],
    ])
  })

  it('of several queues, some: it cannot be told', () => {
    const several = '-j NFQUEUE --queue-balance 1:2'
    expect(found(several, 1)[0]?.slice(0, 2)).toEqual(['queue-without-listener', 'note'])
    expect(found(several, 1, 2)[0]?.[0]).toBe('queued')
    expect(found(several, 5)[0]?.[1]).toBe('error')
  })
})

describe('queued', () => {
  it('is told of what goes on without a program', () => {
    expect(both({ filter: [`-A INPUT -p tcp ${QUEUE} --queue-bypass`] })).toEqual(['queued note'])
    expect(both({ filter: [`-A INPUT -p tcp ${QUEUE}`] })).toEqual(['queue-without-listener note'])
  })

  it('is not told of what no queue took', () => {
    expect(both({ filter: [`-A INPUT -p udp ${QUEUE} --queue-bypass`, `-A INPUT -p udp ${QUEUE}`] })).toEqual([])
  })
})

it('lets a queue that no program reads be bypassed', () => {
  const one = {
    rules: { filter: [`-A INPUT -p tcp ${QUEUE}`] },
    packet: TO_ROUTER,
    host: { queues: [], ...LISTENS_ON(80) },
  }
  const fixes = findingsOf(played(one), 'queue-without-listener')[0]!.fix.filter(({ edits }) => edits)
  expect(fixes.map((fix) => [String(fixCommands(fix).command), fix.after])).toEqual([
    ['iptables -R INPUT 1 -p tcp -j NFQUEUE --queue-num 3 --queue-bypass', 'delivered'],
  ])
})

describe('the fixes for a queue that no program reads', () => {
  const commands = (...filter: string[]) => {
    const host = { queues: [], ...LISTENS_ON(80) }
    const [found] = findingsOf(played({ rules: { filter }, packet: TO_ROUTER, host }), 'queue-without-listener')
    return found!.fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : []))
  }

  it('let the later rules decide about all other packets, where there are any', () => {
    const narrow = 'iptables -I INPUT 1 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 -j ACCEPT'
    const remove = 'iptables -t filter -D INPUT 1'
    const bypassed = `iptables -R INPUT 1 -p tcp ${QUEUE} --queue-bypass`
    const queue = `-A INPUT -p tcp ${QUEUE}`
    expect(commands(queue, '-A INPUT -p tcp -m tcp --dport 22 -j DROP')).toEqual([narrow, remove, bypassed])
    expect(commands('-P INPUT DROP', queue)).toEqual([narrow, bypassed, remove])
  })

  it('keep the rule, where no later one stops anything', () => {
    expect(commands(`-A INPUT -p tcp ${QUEUE}`, '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT')).toEqual([
      `iptables -R INPUT 1 -p tcp ${QUEUE} --queue-bypass`,
    ])
  })
})

describe('a queue that nobody reads, passed by before the mark is asked for', () => {
  const rules = (then: string): Rules => ({
    mangle: [`-A INPUT -m mark --mark 0x0 ${QUEUE} --queue-bypass`],
    filter: [`-A INPUT ${then} -j DROP`],
  })
  const read = { queues: [{ number: 3, portId: 7, waiting: 0, dropped: 0, userDropped: 0 }] }
  const of = (then: string, host: Case['host']) => {
    const line = { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1' }
    const lines = [trace('mangle:INPUT:rule:1', line), trace('filter:INPUT:rule:1', line)]
    return findingsOf(captured(rules(then), lines, host), 'queued').map(({ message }) => message)
  }

  it('is told with the rule that goes by the mark', () => {
    expect(of('-m mark --mark 0x0', { queues: [] })).toEqual([
      'mangle INPUT rule 1 handed it to queue 3, and no program reads that queue: the packet was accepted there, without the mark that the program may set. filter INPUT rule 1 matches by the mark.',
    ])
  })

  it('is not told where the rule goes by something else, where a program reads the queue, or where that is not known', () => {
    expect(of('-p tcp', { queues: [] })).toEqual([])
    expect(of('-m mark --mark 0x0', read)).toEqual([])
    expect(of('-m mark --mark 0x0', {})).toEqual([])
  })
})
