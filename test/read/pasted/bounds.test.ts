/** However a text is made, the work of cutting it grows with its length alone. */
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { otherOutput } from '../../../src/analysis/inputs/other-output.ts'
import { cutPasted, MOST_OUTPUTS } from '../../../src/read/pasted/cut.ts'
import { FORMATS } from '../../../src/read/recognise.ts'

/** The first format is asked of everything that is recognised. */
const looked = vi.spyOn(FORMATS[0]!.format, 'sniff')
const charactersLookedAt = () => looked.mock.calls.reduce((sum, [head]) => sum + head.length, 0)
beforeEach(() => {
  looked.mockClear()
})
afterAll(() => {
  looked.mockRestore()
})

/** What is counted is not time: a square would be hundreds of times the bound at this length as well. */
const LENGTH = 200_000
const many = (text: string) => text.repeat(Math.ceil(LENGTH / text.length))

it.each([
  ['backticks in a fence', `\`\`\`\na${many('`')}x`],
  ['blanks behind a fence', `\`\`\`${many(' ')}x`],
  ['blanks behind a backtick', `\`${many(' ')}\`x`],
  ['empty lines', `a${many('\n')}b`],
  ['short lines', many('_\n')],
  ['paragraphs', many('ab\n\n')],
  ['prose', many(`${'lorem ipsum dolor sit amet\n'.repeat(20)}\n`)],
  ['commands', many('$ ip rule\nx\n')],
  ['outputs behind commands', many('$ ip rule\n0:\tfrom all lookup local\n')],
  ['outputs in fences', many('```\n0:\tfrom all lookup local\n```\n')],
  ['two kinds by turns', many('0:\tfrom all lookup local\n\ndefault via 192.0.2.1 dev eth0\n\n')],
  ['two kinds by turns, with nothing between', many('0:\tfrom all lookup local\ndefault via 192.0.2.1 dev eth0\n')],
  ['braces that nothing closes', many('table ip x {\n')],
  ['numbered lines', many('1 a\n2 a\n')],
  ['blanks and tabs in front', `${many(' ')}x\n${' '.repeat(LENGTH / 2)}${'\t'.repeat(LENGTH / 2)}x`],
  ['a command that does not end', many(`# ip netns exec ${'a '.repeat(35)}iptables -a -b -c -d\n`)],
])('%s', (_, text) => {
  const cut = cutPasted(text)
  otherOutput(text)
  expect(charactersLookedAt()).toBeLessThan(30 * text.length)
  expect(cut?.blocks.length ?? 0).toBeLessThanOrEqual(MOST_OUTPUTS)
})

it('counts what is looked at', () => {
  expect(cutPasted('Rules:\n\n0:\tfrom all lookup local\n')!.blocks).toHaveLength(1)
  expect(charactersLookedAt()).toBeGreaterThan(20)
})
