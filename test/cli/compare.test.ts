import { describe, expect, test } from 'vitest'
import { begin, EXAMPLE, folder, nfwhy, shell } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

describe('compare', () => {
  test('by number and by filter', async () => {
    const [numbers, marks, filters] = await Promise.all([
      nfwhy(['compare', EXAMPLE, '1', '2']),
      nfwhy(['compare', EXAMPLE, '#1', '#2']),
      nfwhy(['compare', EXAMPLE, 'dst port 52000', 'dst port 80']),
    ])
    expect(numbers).toMatchObject({ code: 0, stderr: '' })
    expect(numbers.stdout).toContain('172.28.129.2:55694')
    expect(numbers.stdout).toContain('172.28.129.2:42182')
    expect(marks).toEqual(numbers)
    expect(filters).toEqual(numbers)
  })

  test('of standard input, as JSON', async () => {
    const run = await shell('cat log | nfwhy compare - rules 1 2 --json', { cwd: folder({ log: LOG, rules: RULES }) })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(run.stdout)).toMatchObject({ stats: { journeys: 2 } })
  })

  test('what is wrong with an input is told', async () => {
    const cwd = folder({ log: LOG, rules: RULES.replace('COMMIT\n', '') })
    const run = await nfwhy(['compare', 'log', 'rules', '1', '2'], { cwd })
    expect(run.code).toBe(0)
    expect(run.stderr).toBe('  warn   rules:2: table filter lacks its COMMIT at the end of the file\n')
  })

  test.each([
    [['log'], 'compare needs inputs and two journeys, or two rulesets.'],
    [['log', '1'], 'compare needs inputs and two journeys, or two rulesets.'],
    [['rules', '1', '2'], 'There is no capture among the inputs.'],
    [['log', '1', '3'], 'No journey in the capture matches #3.'],
    [
      ['log', 'dst port 23', 'dst port 23'],
      "Only one journey in the capture matches 'dst port 23'; a comparison needs two.",
    ],
    [['log', '1', 'dst prot 80'], undefined],
    [['nofile', '1', '2'], 'nofile: there is no such file.'],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await nfwhy(['compare', ...args], { cwd: folder({ log: LOG, rules: RULES }) })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')[0]).toMatch(sentence ? `nfwhy: ${sentence}` : /^nfwhy: the filter cannot be read: /)
  })

  test('a wrong filter is refused before anything is read', async () => {
    const live = begin(['compare', '-', '1', 'tcpp'])
    expect(await new Promise((resolve) => live.child.on('close', resolve))).toBe(2)
  })
})
