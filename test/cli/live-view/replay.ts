/** Journeys as a live trace hands them over: folded by fate, one after the other. */
import { readdirSync, readFileSync } from 'node:fs'
import { Groups } from '../../../src/analysis/groups.ts'
import type { Came } from '../../../src/cli/live-view/add.ts'
import { CaptureExplainer, recognise, WorldBuilder } from '../../../src/index.ts'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'

const ROOT = new URL('../../../', import.meta.url)

/** Of a folder with a capture, rules and host state; `capture`: other bytes in place of the folder's. */
export function replay(folder: string, capture?: string): Came[] {
  const base = new URL(folder, ROOT)
  const builder = new WorldBuilder()
  let captured: { bytes: Uint8Array; format: CaptureFormat } | undefined
  for (const entry of readdirSync(base, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = readFileSync(`${entry.parentPath}/${entry.name}`)
    const recognised = recognise(bytes.toString())
    if (recognised?.kind === 'capture') captured = { bytes, format: recognised.format }
    else if (recognised) builder.add(entry.name, bytes.toString(), recognised)
  }
  const came: Came[] = []
  const groups = new Groups(() => true)
  const explainer = new CaptureExplainer(
    captured!.format,
    builder.world,
    () => {},
    (closed) => {
      const { group } = groups.add(closed)!
      came.push({ journey: group.journey, group: { ...group, same: { ...group.same } }, packet: closed.packet() })
    },
  )
  explainer.push(capture === undefined ? captured!.bytes : new TextEncoder().encode(capture))
  explainer.end()
  return came
}
