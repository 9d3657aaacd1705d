/** One program with the library, in Node and in Chromium's worker: the same answers. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { fixturesByFormat } from '../hostile/fixtures.ts'
import { CHROMIUM, inWorker } from './library/browser.ts'
import { explainIncident } from './library/incident.mjs'

const DIST = join(ROOT, 'dist')
const FOLDER = join(ROOT, 'examples/nodeport-clash')
const NAMES = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1))

const inNode = async () =>
  explainIncident(
    await import(join(DIST, 'index.js')),
    NAMES.map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(FOLDER, name))) })),
  )

test('explains an incident, filters, applies a fix and prints Markdown', async () => {
  const { all, fix, after, markdown } = await inNode()
  expect(all).toEqual(['#1 52000 dropped', '#2 80 delivered'])
  expect(fix).toBe('iptables -t nat -D KUBE-NODEPORTS 16')
  expect(after).toEqual(['delivered'])
  expect(markdown).toContain('KUBE-NODEPORTS 16')
  expect(markdown).toContain('1 packet of 2 in the capture: dropped')
})

test('waits for the reader of whatever it recognises', async () => {
  const { FORMATS, open, UserError }: typeof import('../../src/index.ts') = await import(join(DIST, 'index.js'))
  const fixtures = fixturesByFormat(ROOT)
  const later = FORMATS.filter(({ format }) => format.load).map(({ format }) => format.id)
  expect(later).toContain('nft-trace')
  for (const id of later) {
    const { name, text } = fixtures.get(id)![0]!
    const analysis = await open([{ name, bytes: Uint8Array.from(Buffer.from(text, 'latin1')) }])
    expect(analysis.files.map(({ format }) => format)).toEqual([id])
    // nothing may be in it that a journey could be made of, and that is told
    await analysis.groups().catch((error) => expect(error).toBeInstanceOf(UserError))
  }
})

test('prints fixes that another program has found', async () => {
  const program = `
    const { fixCommands, loadLanguages, printCommand } = await import(${JSON.stringify(join(DIST, 'index.js'))})
    await loadLanguages()
    const edit = { kind: 'chain', op: 'policy', family: 'ip', table: 'filter', chain: 'INPUT', policy: 'ACCEPT' }
    console.log(printCommand(fixCommands({ description: '', edits: [edit] }).command))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  expect(stdout).toBe('iptables -P INPUT ACCEPT\n')
})

describe.skipIf(!CHROMIUM)("in Chromium's worker", () => {
  const WORKER = `
    import * as nfwhy from '/dist/index.js'
    import { explainIncident } from '/test/incident.mjs'
    const files = await Promise.all(${JSON.stringify(NAMES)}.map(async (name) => {
      const bytes = new Uint8Array(await (await fetch('/incident/' + name)).arrayBuffer())
      return { name, bytes }
    }))
    postMessage(await explainIncident(nfwhy, files))`

  test('gives the same answers', async () => {
    const told = await inWorker(WORKER, { dist: DIST, test: join(ROOT, 'test/cli/library'), incident: FOLDER })
    expect(told).toEqual(await inNode())
  })

  test('unpacks what gzip packed in two members', async () => {
    const log = readFileSync(join(FOLDER, 'dmesg.log'))
    const packed = [log.subarray(0, 2000), log.subarray(2000)].map((part) => gzipSync(part).toString('base64'))
    const told = await inWorker(
      `import { open } from '/dist/index.js'
      const bytes = Uint8Array.from(${JSON.stringify(packed)}.map(atob).join(''), (char) => char.charCodeAt(0))
      const analysis = await open([{ name: 'dmesg.log.gz', bytes }])
      const { groups } = await analysis.groups()
      postMessage(groups.map(({ journey }) => journey.packet.dport))`,
      { dist: DIST },
    )
    expect(told).toEqual([52000, 80])
  })
})
