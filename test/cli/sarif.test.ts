/** `explain -o x.sarif`: what failed, at the line of the rule that decided it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { folder, nfwhy } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const EXAMPLES = join(ROOT, 'examples')
/** Of these, rules that decide have a line. */
const WITH_LINE = ['nodeport-clash', 'firewalld-port-forward', 'nft-allow-set', 'openstack-snat', 'stale-conntrack']

const text = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1 } },
  additionalProperties: false,
}
const location = {
  type: 'object',
  additionalProperties: false,
  properties: {
    physicalLocation: {
      type: 'object',
      required: ['artifactLocation'],
      additionalProperties: false,
      properties: {
        artifactLocation: {
          type: 'object',
          required: ['uri'],
          properties: { uri: { type: 'string', pattern: "^[\\w.~:/?#@!$&'()*+,;=%[\\]-]*$" } },
          additionalProperties: false,
        },
        region: {
          type: 'object',
          required: ['startLine'],
          properties: { startLine: { type: 'integer', minimum: 1 } },
          additionalProperties: false,
        },
      },
    },
    logicalLocations: {
      type: 'array',
      items: {
        type: 'object',
        required: ['fullyQualifiedName', 'kind'],
        additionalProperties: false,
        properties: { fullyQualifiedName: { type: 'string' }, kind: { type: 'string' } },
      },
    },
  },
}
const level = { enum: ['none', 'note', 'warning', 'error'] }

/** As much of SARIF 2.1.0 as nfwhy writes: no other properties than the standard's, of the standard's types. */
const isSarif = new Ajv({ allErrors: true }).compile({
  type: 'object',
  required: ['$schema', 'version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results', 'invocations', 'columnKind'],
        additionalProperties: false,
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            additionalProperties: false,
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'version', 'rules'],
                additionalProperties: false,
                properties: {
                  name: { const: 'nfwhy' },
                  version: { type: 'string' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id'],
                      properties: { id: { type: 'string' } },
                      additionalProperties: false,
                    },
                  },
                },
              },
            },
          },
          columnKind: { const: 'utf16CodeUnits' },
          invocations: {
            type: 'array',
            items: {
              type: 'object',
              required: ['executionSuccessful'],
              additionalProperties: false,
              properties: {
                executionSuccessful: { type: 'boolean' },
                toolExecutionNotifications: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['message'],
                    additionalProperties: false,
                    properties: {
                      level,
                      message: text,
                      descriptor: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
                      locations: { type: 'array', items: location },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['ruleId', 'ruleIndex', 'level', 'message', 'locations'],
              additionalProperties: false,
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: 0 },
                level,
                message: text,
                locations: { type: 'array', items: location },
                relatedLocations: { type: 'array', uniqueItems: true, items: location },
                occurrenceCount: { type: 'integer', minimum: 1 },
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
                properties: { type: 'object' },
              },
            },
          },
        },
      },
    },
  },
})

interface Result {
  ruleId: string
  ruleIndex: number
  message: { text: string }
  locations: { physicalLocation?: { artifactLocation: { uri: string }; region?: { startLine: number } } }[]
  occurrenceCount: number
  properties: { fixes: { command: string }[] }
}

interface Found {
  code: string
  severity: string
  message: string
  rules: { rule?: string }[]
}

async function written(inputs: readonly string[], files: Record<string, string> = {}, args: readonly string[] = []) {
  const cwd = folder(files)
  const { code } = await nfwhy(['explain', ...inputs, ...args, '-o', 'x.sarif'], { cwd })
  const document = JSON.parse(readFileSync(join(cwd, 'x.sarif'), 'utf8'))
  isSarif(document)
  expect(isSarif.errors ?? []).toEqual([])
  const [run] = document.runs
  const results: Result[] = run.results
  for (const { ruleId, ruleIndex } of results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId)
  return { code, results, notifications: run.invocations[0].toolExecutionNotifications }
}

const placesOf = ({ locations }: Result) =>
  locations.map(({ physicalLocation: at }) => `${at?.artifactLocation.uri}:${at?.region?.startLine}`)

const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((one) => one.isDirectory() && one.name !== 'trace-shows-nothing')
  .map(({ name }) => name)

test.each(folders)('%s: what failed is there, with the line that has the rule', async (name) => {
  const inputs = [join(EXAMPLES, name)]
  const { results, code } = await written(inputs)
  const told = await nfwhy(['explain', ...inputs, '--json'])
  expect(code).toBe(told.code)
  const { journeys, exchanges } = JSON.parse(told.stdout) as Record<'journeys' | 'exchanges', { findings: Found[] }[]>
  const found = [...journeys, ...exchanges].flatMap(({ findings }) => findings)
  for (const { ruleId, message } of results)
    expect(
      found.some((one) => one.code === ruleId && message.text.includes(one.message)),
      message.text,
    ).toBe(true)
  const errors = found.filter(({ severity }) => severity === 'error').map((one) => one.code)
  expect(results.map(({ ruleId }) => ruleId)).toEqual(expect.arrayContaining(errors))
  // the rule's own words stand in that line
  const words = (one: string) =>
    one
      .replace(/^\s*\[[\d:]+\] /, '')
      .replace(/ # handle \d+$/, '')
      .replace(/!(?=-\w )/g, '! ')
      .trim()
  for (const { ruleId, message, locations } of results) {
    const at = locations[0]?.physicalLocation
    if (at?.region === undefined) continue
    const of = found.find((one) => one.code === ruleId && message.text.includes(one.message))!
    const file = readFileSync(decodeURIComponent(at.artifactLocation.uri.replace('file://', '')), 'utf8')
    expect(words(file.split('\n')[at.region.startLine - 1]!)).toBe(words(of.rules[0]!.rule!))
  }
  if (WITH_LINE.includes(name))
    expect(results.some(({ locations }) => locations[0]?.physicalLocation?.region)).toBe(true)
})

describe('a small ruleset', () => {
  test('the dropping rule by its line, each kind of packet once, with its fix', async () => {
    const { code, results, notifications } = await written(['a log', 'rules.v4', 'notes.txt'], {
      'a log': LOG,
      'rules.v4': RULES,
      'notes.txt': 'lunch\n',
    })
    expect(code).toBe(1)
    expect(results.map(placesOf)).toEqual(results.map(() => [`rules.v4:${lineOf('-A INPUT')}`]))
    expect(results.length).toBe(1)
    expect(results[0]!.properties.fixes[0]!.command).toMatch(/^iptables /)
    expect(results[0]!.message.text).toContain(`: ${results[0]!.properties.fixes[0]!.command}`)
    expect(JSON.stringify(notifications)).toContain('notes.txt')
  })

  test('what passed has no result', async () => {
    const open = RULES.replace(/-A INPUT.*\n/, '')
    const { results, code } = await written(['log', 'rules.v4'], {
      log: LOG.replace(/filter:INPUT:rule:1/g, 'filter:INPUT:policy:1'),
      'rules.v4': open,
    })
    expect({ results, code }).toEqual({ results: [], code: 0 })
  })

  test('a policy has a file and no line', async () => {
    const dropping = RULES.replace(/-A INPUT.*\n/, '').replace(':INPUT ACCEPT', ':INPUT DROP')
    const log = LOG.replace(/filter:INPUT:rule:1/g, 'filter:INPUT:policy:1')
    expect((await written(['log', 'rules.v4'], { log, 'rules.v4': dropping })).results.map(placesOf)).toEqual([
      ['rules.v4:undefined'],
    ])
  })

  test('--filter narrows it', async () => {
    const files = { log: LOG, 'rules.v4': RULES }
    expect((await written(['log', 'rules.v4'], files, ['--filter', 'udp'])).results).toEqual([])
  })
})

const lineOf = (words: string): number => RULES.split('\n').findIndex((one) => one.startsWith(words)) + 1
