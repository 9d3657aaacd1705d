/** What the receiving thread and its reader share: how much may be under way, and when all is to stop. */
import { Worker } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import { Control } from '../../src/kernel/control.ts'

/** In another thread, after so many milliseconds: chunks of so many bytes are taken, or all is to stop. */
function later(memory: SharedArrayBuffer, milliseconds: number, taken: number | 'stop'): Worker {
  const change =
    taken === 'stop'
      ? 'Atomics.store(flags, 0, 1)'
      : `Atomics.add(new BigInt64Array(memory), 1, ${taken}n); Atomics.add(flags, 1, 1)`
  const script = `const { memory } = require('node:worker_threads').workerData
    const flags = new Int32Array(memory, 0, 2)
    setTimeout(() => { ${change}; Atomics.notify(flags, 1) }, ${milliseconds})`
  return new Worker(script, { eval: true, workerData: { memory } })
}

const waited = (work: () => void): number => {
  const started = performance.now()
  work()
  return performance.now() - started
}

/** Whoever waits here would do so for ever: nobody takes anything. */
function waits(work: () => void): boolean {
  const wait = vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    throw new Error('it waits')
  })
  try {
    work()
    return false
  } catch {
    return true
  } finally {
    wait.mockRestore()
  }
}

describe('a chunk that is sent', () => {
  it('waits for none while there is room', () => {
    const control = new Control(undefined, 10_000)
    expect(waits(() => control.send(5000))).toBe(false)
    control.take(5000)
    expect(waits(() => control.send(8000))).toBe(false)
    expect(waits(() => control.send(8000))).toBe(true)
  })

  it.each([[9000 + 2048], ['stop']] as const)('waits while there is none, until %s', async (taken) => {
    const control = new Control(undefined, 10_000)
    control.send(4000)
    const worker = later(control.memory, 200, taken)
    expect(waited(() => control.send(8000))).toBeGreaterThan(100)
    expect(control.stopping).toBe(taken === 'stop')
    await worker.terminate()
  })

  it('counts more than its bytes, so that many small ones are bounded too', () => {
    const control = new Control(undefined, 10_000)
    for (let i = 0; i < 9; i++) control.send(1)
    control.stop()
    expect(waits(() => control.send(1))).toBe(false)
    control.lost = 2 ** 40
    expect(new Control(control.memory).lost).toBe(2 ** 40)
  })
})
