/** docs/formats: the pages name every format, every warning that its reader gives, and show lines that are read. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CaptureExplainer, emptyWorld, type Journey, kernelLog, recognise } from '../../src/index.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { blocksOf, tableRows } from './markdown.ts'
import { ROOT, sourcesIn } from './sources.ts'

const page = (name: string) => readFileSync(join(ROOT, `docs/formats/${name}.md`), 'utf8')
const word = (cell: string | undefined) => /^`([^`]+)`$/.exec(cell ?? '')?.[1]

describe('warnings', () => {
  const captures = sourcesIn('src/read/captures/')
  const monitors = captures.filter(({ path }) => path.endsWith('/traced-reader.ts'))
  const rulesets = sourcesIn('src/read/rulesets/')
  test.each([
    ['kernel-log', sourcesIn('src/read/captures/kernel-log/'), []],
    ['nft-trace', [...sourcesIn('src/read/captures/nft-trace/'), ...monitors], []],
    ['xtables-monitor', [...sourcesIn('src/read/captures/xtables-monitor/'), ...monitors], []],
    // two files of one kind are joined in src/read/world.ts
    ['iptables-save', rulesets.filter(({ path }) => !path.includes('/nft-')), ['table-twice']],
    ['nft', [...rulesets.filter(({ path }) => path.includes('/nft-')), ...sourcesIn('src/rules/nft/')], []],
    ['host-state', sourcesIn('src/read/host/'), ['set-twice']],
  ])('of %s', (name, sources, joined) => {
    const codes = sources.flatMap(({ text }) => [
      ...text.matchAll(/(?:\b(?:report|tell|skip)\(\s*|\bproblem\([\w.]+, |\bcode: )'([a-z]+(?:-[a-z]+)+)'/g),
    ])
    const told = tableRows(page(name), 'Warnings').map(([code]) => word(code))
    expect(told.sort()).toEqual([...new Set([...joined, ...codes.map((match) => match[1]!)])].sort())
  })
})

test('host state: a row for each format', () => {
  const rows = tableRows(page('host-state'), 'What is read, and what for')
  expect(rows.map(([id]) => word(id))).toEqual(HOST_FORMATS.map((format) => format.id))
})

describe('kernel log: around the line', () => {
  const lines = blocksOf(page('kernel-log'))
    .find((block) => block.language === 'log')!
    .text.trim()
    .split('\n')

  test.each(lines.map((line) => [line.slice(0, line.indexOf('raw:')), line]))('%s', (_, line) => {
    expect(recognise(line)?.format.id).toBe('kernel-log')
    const told: string[] = []
    const journeys: Journey[] = []
    const explainer = new CaptureExplainer(
      kernelLog,
      emptyWorld(),
      (code) => told.push(code),
      (closed) => journeys.push(closed.explain()),
    )
    explainer.push(new TextEncoder().encode(`${line}\n`))
    explainer.end()
    expect(told).toEqual([])
    const [journey] = journeys
    expect(journey?.packet).toMatchObject({ src: '192.0.2.1', dst: '192.0.2.2', sport: 40000, dport: 80 })
    expect(journey?.steps[0]).toMatchObject({ table: 'raw', chain: 'PREROUTING', ruleNumber: 3 })
    expect(journey?.host).toBe(line.includes('router') ? 'router' : undefined)
    expect(journey?.uptime?.first).toBe(/417[.]?477400/.test(line) ? 417.4774 : undefined)
    expect(journey?.time?.first).toEqual(
      /2026|Jan/.test(line) || line.startsWith('{') ? expect.stringMatching(/-01-05T2[01]:23:16/) : undefined,
    )
  })
})
