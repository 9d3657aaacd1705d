import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Progress } from '../../src/cli/progress.ts'

const MB = 1e6
const lines: string[] = []
const terminal = { isTTY: true, columns: 40, write: (text: string) => void lines.push(text) }

beforeEach(() => {
  lines.length = 0
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())

function read(progress: Progress, seconds: number, name = 'log', size = 300 * MB): void {
  for (let block = 0; block < 80 * seconds; block++) {
    vi.advanceTimersByTime(12.5)
    progress.update(name, block * MB, size)
  }
}

describe('progress', () => {
  test('is told after a while, now and then, and taken away', () => {
    const progress = new Progress(terminal)
    read(progress, 0.9)
    expect(lines).toEqual([])
    read(progress, 1)
    expect(lines.length).toBeGreaterThan(2)
    expect(lines.length).toBeLessThan(8)
    expect(lines.at(-1)).toMatch(/^\r\x1b\[Kreading log: \d+ % of 300 MB$/)
    const told = lines.length
    progress.done()
    progress.done()
    expect(lines.slice(told)).toEqual(['\r\x1b[K'])
  })

  test('of a pipe tells no part', () => {
    const progress = new Progress(terminal)
    read(progress, 2, 'standard input', 0)
    expect(lines.at(-1)).toMatch(/^\r\x1b\[Kreading standard input: \d+ MB$/)
  })

  test('stays in its line, whatever the name is', () => {
    const progress = new Progress(terminal)
    read(progress, 2, `${'x'.repeat(100)}\x1b[2J\n`)
    const [line = ''] = lines
    expect(line.replace('\r\x1b[K', '')).toMatch(/^[\x20-\x7e]{1,39}$/)
  })

  test('is for terminals', () => {
    const progress = new Progress({ ...terminal, isTTY: false })
    read(progress, 3)
    progress.done()
    expect(lines).toEqual([])
  })
})
