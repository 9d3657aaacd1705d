/** Captures that are read once more, for another question. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/analysis/analysis.ts'
import { comparisonText } from '../../src/reports/index.ts'

const example = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../examples/nodeport-clash/${name}`, import.meta.url)), 'utf8')
/** With a line that cannot be used. */
const INPUTS = [
  { name: 'dmesg.log', text: `${example('dmesg.log')}TRACE: filter:INPUT:rule:1 IN=eth0 OUT= garbage\n` },
  { name: 'rules.v4', text: example('rules.v4') },
]

describe('reading captures again', () => {
  it('warns of nothing twice', async () => {
    const analysis = await open(INPUTS)
    await analysis.listing()
    const { length } = analysis.warnings
    expect(length).toBeGreaterThan(0)
    await analysis.listing({ filter: 'tcp dst port 80' })
    await analysis.compare('1', '2')
    await analysis.replayOf('1')
    expect(analysis.warnings).toHaveLength(length)
  })

  it('compares the same two, whether all was read before or not', async () => {
    const analysis = await open(INPUTS)
    const first = comparisonText(await analysis.compare('2', '1'))
    await analysis.listing()
    expect(comparisonText(await analysis.compare('2', '1'))).toBe(first)
    expect(first).toContain('which matches only B.')
    await expect(analysis.compare('1', '7')).rejects.toThrow('No journey in the capture matches #7.')
  })
})
