/** Which files a report hands on, so that packets can be simulated in it. */
import type { UsedFile } from '../../analysis/inputs/open.ts'
import type { Source } from '../../analysis/inputs/source.ts'
import { concat } from '../../model/concat.ts'
import { latin1 } from '../../model/latin1.ts'

/** As the worker opens it; what is no text is in base64. */
export type HeldFile = { name: string; folders: readonly string[]; as: string; mtime?: number; isCapture?: true } & (
  | { text: string }
  | { base64: string }
)

/** Characters of rulesets and host state: beyond them a report is too large for a ticket. */
const MOST_STATE = 20_000_000
/** Bytes. */
const MOST_CAPTURED = 1_000_000

/**
 * All rulesets and all host state, or nothing: on a part of them the model would say something else. Captures tell the model
 * what it cannot know; all or none of them, since journeys are counted through all.
 */
export async function heldFiles(used: readonly UsedFile[], options: { captures: boolean }): Promise<HeldFile[]> {
  let state = 0
  for (const { content } of used) if (typeof content === 'string') state += content.length
  if (state > MOST_STATE) return []
  const captured = options.captures ? await bytesOf(used) : undefined
  return used.flatMap(({ content, format, name, folders, mtime }): HeldFile[] => {
    const file = { name, folders, as: format, ...(mtime === undefined ? {} : { mtime }) }
    if (typeof content === 'string') return [{ ...file, text: content }]
    return captured ? [{ ...file, isCapture: true, ...packed(captured.get(content)!) }] : []
  })
}

/** Undefined where they are too large, or cannot be read again. */
async function bytesOf(used: readonly UsedFile[]): Promise<ReadonlyMap<Source, Uint8Array> | undefined> {
  const captured = new Map<Source, Uint8Array>()
  let size = 0
  for (const { content: source } of used) {
    if (typeof source === 'string') continue
    if (!source.again) return undefined
    const blocks: Uint8Array[] = []
    for await (const block of source.blocks()) {
      size += block.length
      if (size > MOST_CAPTURED) return undefined
      blocks.push(Uint8Array.from(block))
    }
    captured.set(source, concat(blocks))
  }
  return captured
}

/** Text packs better than base64 does. */
function packed(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { base64: btoa(latin1(bytes)) }
  }
}
