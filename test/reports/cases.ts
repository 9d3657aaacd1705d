/** Folders of captures, rulesets and host state, read and explained as the command does. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'vitest'
import type { Ending } from '../../src/analysis/ending.ts'
import { single } from '../../src/analysis/groups.ts'
import { worstFirst } from '../../src/analysis/worst-first.ts'
import { CaptureExplainer, type Diagnostic, JourneyIds, recognise, type World, WorldBuilder } from '../../src/index.ts'
import type { CaptureFormat } from '../../src/read/captures/format.ts'
import type { Form, FormOptions, Group } from '../../src/reports/index.ts'

const ROOT = new URL('../../', import.meta.url)
const CASES = new URL('fixtures/reports/cases/', ROOT)

export const INCIDENTS: Readonly<Record<string, string>> = {
  'nodeport-clash': 'examples/nodeport-clash/',
  'firewalld-port-forward': 'examples/firewalld-port-forward/',
  'openstack-snat': 'examples/openstack-snat/',
}

export const FOLDERS: Readonly<Record<string, string>> = {
  ...INCIDENTS,
  ...Object.fromEntries(readdirSync(CASES).map((name) => [name, `fixtures/reports/cases/${name}/`])),
}

export interface Explained {
  groups: Group[]
  tail: Ending
  world: World
}

/** Paths are told from the folder on, so that golden files do not depend on where the project lies. */
export function explainFolder(folder: string): Explained {
  const base = new URL(folder, ROOT)
  const builder = new WorldBuilder()
  const warnings: Diagnostic[] = builder.warnings
  const captures: { name: string; bytes: Uint8Array; format: CaptureFormat }[] = []
  const inputs: { name: string; format: string; bytes: number }[] = []
  const files = readdirSync(base, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { parentPath, name } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const bytes = readFileSync(`${parentPath}/${name}`)
    // of a pcap each byte is a letter
    const text = bytes.toString(bytes.includes(0) ? 'latin1' : 'utf8')
    const recognised = recognise(text)
    if (!recognised) continue
    inputs.push({ name, format: recognised.format.id, bytes: bytes.length })
    if (recognised.kind === 'capture') captures.push({ name, bytes, format: recognised.format })
    else builder.add(name, text, recognised)
  }
  const groups: Group[] = []
  const stats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0, evicted: 0 }
  const ids = new JourneyIds()
  for (const { name, bytes, format } of captures) {
    const report = (code: string, message: string, line?: number) =>
      warnings.push({ input: name, code, message, ...(line === undefined ? {} : { line }) })
    const explainer = new CaptureExplainer(
      format,
      builder.world,
      report,
      (closed) => groups.push(single(closed.explain())),
      {
        ids,
      },
    )
    explainer.push(bytes)
    explainer.end()
    for (const key of ['bytes', 'events', 'journeys', 'skipped', 'evicted'] as const) stats[key] += explainer.stats[key]
  }
  return { groups: worstFirst(groups), tail: { inputs, warnings, stats }, world: builder.world }
}

/** All pieces of a report. */
export function write(
  form: Form,
  groups: readonly Group[],
  tail: Ending,
  options: Partial<FormOptions> & { streamed?: boolean } = {},
): string {
  const writer = form.open(options)
  const pieces = [options.streamed ? writer.begin() : writer.begin(groups)]
  for (const group of groups) pieces.push(writer.journey(group))
  return [...pieces, writer.end(tail)].join('')
}

/** Compares with fixtures/reports/PATH; `UPDATE_GOLDEN=1` writes it. */
export function expectGolden(path: string, text: string): void {
  const file = new URL(`fixtures/reports/${path}`, ROOT)
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file.pathname), { recursive: true })
    writeFileSync(file, text)
  }
  expect(existsSync(file), `${path} is there; UPDATE_GOLDEN=1 writes it`).toBe(true)
  expect(text).toBe(readFileSync(file, 'utf8'))
}
