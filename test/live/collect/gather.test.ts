/** What is gathered of a machine that lies, one test a lie: the end comes, what was good is kept, and what was left out is told. */
import { describe, expect, test } from 'vitest'
import { type Gathered, gather } from '../../../src/live/collect/gather.ts'
import { COLLECT, type Limits } from '../../../src/live/limits.ts'
import { SECTIONS } from '../../../src/live/script/index.ts'
import { farSide } from '../lab/far-side.ts'

/** So small that each is met soon. */
const SMALL: Limits = { section: 200_000, bytes: 3e6, sections: 60, silence: 20, seconds: 30, ending: 0.3 }
const UNAME = 'Linux honest 6.1.0\n'
const NFT = 'table ip honest {\n}\n'

const textOf = ({ answers }: Gathered, id: string): string | undefined => {
  const answer = answers.find(({ section }) => section.id === id)
  return answer && new TextDecoder().decode(answer.bytes)
}
const wordOf = ({ answers }: Gathered, id: string) => answers.find(({ section }) => section.id === id)?.word

interface Lie {
  limits?: Partial<Limits>
  /** Why it did not come to its end; absent: it did. */
  broken?: RegExp
  unasked?: number
  /** Of `nft`. */
  ruleset?: string | undefined
  host?: string
}

const LIES: Record<string, Lie> = {
  honest: { ruleset: NFT },
  'endless-section': { broken: /^stopped after 3 MB in the middle of ruleset\.nft \(\d+ bytes received\)$/ },
  'endless-mark': { broken: /^stopped after 3 MB between two files$/ },
  'endless-complaint': { broken: /^stopped after 3 MB in the middle of ruleset\.nft/ },
  twice: { ruleset: NFT, unasked: SECTIONS.length + 1 },
  reversed: { ruleset: NFT },
  'ten-thousand': { ruleset: NFT, broken: /^stopped after 60 sections/ },
  // of twenty, one begins with a line that is too long to be a mark
  names: { ruleset: NFT, unasked: 19, host: '../../evil', limits: { sections: 100 } },
  'million-lines': { ruleset: '#\n'.repeat(1e6), limits: { section: 3e6 } },
  'end-in-midst': { ruleset: 'table ip a {\n}\ntable ip b {\n}\n' },
  'done-at-once': { broken: /^the host sent no data for iptables-legacy, .*nft.*uptime$/ },
  rubbish: { broken: /^the connection broke between two files|^stopped after/ },
  greeting: { ruleset: NFT, limits: { bytes: 1e7 } },
  crlf: { ruleset: 'table ip honest {\r\n}\r\n\r' },
  'hang-in-section': {
    broken: /^no data came for 3 s in the middle of ruleset\.nft \(0 bytes/,
    limits: { silence: 3 },
  },
  trickle: {
    broken: /^the time limit of 4 s was reached in the middle of ruleset\.nft \(\d+ bytes/,
    limits: { seconds: 4 },
  },
  'closes-and-stays': { ruleset: NFT },
  'never-exits': { ruleset: NFT },
  'speaks-on-behind-the-end': { ruleset: NFT },
  'lies-of-failure': { ruleset: NFT },
  'lies-of-success': { broken: /^the connection broke in the middle of ruleset\.nft \(15 bytes received\)$/ },
  'long-host': { ruleset: NFT, unasked: 0 },
}

describe('of a machine that lies', () => {
  test.for(Object.entries(LIES))(
    '%s',
    async ([mode, { limits, broken, unasked = 0, ruleset, host }], { onTestFinished }) => {
      const far = farSide(mode, onTestFinished)
      const gathered = await gather(far.place, SECTIONS, { ...SMALL, ...limits })
      if (broken) expect(gathered.broken).toMatch(broken)
      else expect(gathered.broken).toBeUndefined()
      // a piece of the pipe may hold more than were still allowed
      if (mode !== 'ten-thousand') expect(gathered.unasked).toBe(unasked)
      if (ruleset !== undefined) expect(textOf(gathered, 'nft')).toBe(ruleset)
      if (!['done-at-once', 'rubbish', 'lies-of-success', 'crlf'].includes(mode))
        expect(textOf(gathered, 'uname')).toBe(UNAME)
      if (mode !== 'long-host') expect(gathered.host).toBe(host ?? 'honest')
      // only what was asked, each once, under names of ours
      const ids = gathered.answers.map(({ section }) => section.id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const { section } of gathered.answers) expect(SECTIONS).toContain(section)
      expect(far.processes()).toEqual([])
    },
  )

  test.for([
    ['endless', 'stopped after 3 MB', {}],
    ['endless-line', 'stopped after 3 MB', {}],
    ['endless-greeting-of-marks', 'stopped after 3 MB', {}],
    ['hang', 'no data came for 1 s', { silence: 1 }],
    ['deaf', 'no data came for 1 s', { silence: 1 }],
    ['closes-at-once', 'no shell answered there', {}],
    ['complains-for-ever', 'the time limit of 3 s was reached', { seconds: 3 }],
  ] as const)('%s: nothing was good', async ([mode, words, limits], { onTestFinished }) => {
    const far = farSide(mode, onTestFinished)
    await expect(gather(far.place, SECTIONS, { ...SMALL, ...limits })).rejects.toThrow(`${mode}: ${words}`)
    expect(far.processes()).toEqual([])
  })

  test('of a section without end the first lines are kept, and how much was dropped is told', async ({
    onTestFinished,
  }) => {
    const gathered = await gather(farSide('endless-section', onTestFinished).place, SECTIONS, SMALL)
    expect(wordOf(gathered, 'nft')).toBe('cut')
    expect(textOf(gathered, 'nft')).toMatch(/^(?:# comment\n)+$/)
    expect(textOf(gathered, 'nft')!.length).toBeGreaterThan(199_000)
    expect(gathered.answers.at(-1)!.remark).toMatch(/^cut: stopped after 200 kB; \d{7} more bytes were left out$/)
  })

  test('of many large sections those that were whole are kept', async ({ onTestFinished }) => {
    const limits = { ...SMALL, section: 40e6, bytes: 130e6 }
    const gathered = await gather(farSide('all-large', onTestFinished).place, SECTIONS, limits)
    const cut = gathered.answers.map(({ word, bytes }) => [word, bytes.length])
    expect(cut).toEqual([
      ['cut', 39_999_998],
      ['cut', 39_999_998],
    ])
    expect(gathered.broken).toMatch(/^stopped after 130 MB/)
  })

  test('statuses that are none are failures', async ({ onTestFinished }) => {
    const gathered = await gather(farSide('statuses', onTestFinished).place, SECTIONS, SMALL)
    for (const { status, word } of gathered.answers) {
      expect(Number.isInteger(status) && status >= -1 && status < 1000).toBe(true)
      expect(word).not.toBe('collected')
    }
  })

  test('of a flood of complaints a few lines are told, and the rest is counted', async ({ onTestFinished }) => {
    const { broken } = await gather(farSide('complains', onTestFinished).place, SECTIONS, SMALL)
    expect(broken!.length).toBeLessThan(1000)
    expect(broken).toMatch(/^the connection broke between two files: .* no such thing … and \d{7} more lines$/)
    expect(broken).not.toContain('\n')
  })

  test.for(['hang', 'hang-in-section', 'trickle', 'endless', 'deaf'])(
    '%s: asked for an end, it is ended',
    async (mode, { onTestFinished }) => {
      const far = farSide(mode, onTestFinished)
      const ending = new AbortController()
      const gathering = gather(far.place, SECTIONS, { ...COLLECT, bytes: 1e12 }, ending.signal)
      setTimeout(() => ending.abort(), 1000)
      await expect(gathering).rejects.toThrow('interrupted')
      expect(far.processes()).toEqual([])
    },
  )
})
