/** What the real nft makes of its language: loaded in a namespace of its own, and listed again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNamespace } from './namespaces.ts'

export interface Listing {
  /** `nft list ruleset` */
  plain: string
  /** `nft -a list ruleset` */
  handles: string
}

/** One answer for each text, in order: what is listed after loading it, or why nft refused. */
export function loadNft(texts: readonly string[]): (Listing | string)[] {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-nft-'))
  try {
    const script = texts.map((text, i) => {
      writeFileSync(join(folder, `${i}.nft`), text)
      return `unshare --net sh -c 'nft -f ${i}.nft 2>${i}.refused && nft list ruleset >${i}.plain && nft -a list ruleset >${i}.handles'`
    })
    runInNamespace(`ulimit -c 0\ncd ${folder}\n${script.join('\n')}`)
    const file = (name: string) => {
      try {
        return readFileSync(join(folder, name), 'utf8')
      } catch {
        return undefined
      }
    }
    return texts.map((_, i) => {
      const [plain, handles] = [file(`${i}.plain`), file(`${i}.handles`)]
      if (plain !== undefined && handles !== undefined) return { plain, handles }
      return (file(`${i}.refused`) || 'nft ended without a word').trim()
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Times that run while one looks. */
export const still = (listing: string): string => listing.replaceAll(/ expires \w+/g, '')

/** The first line in which two texts differ, or undefined. */
export function difference(expected: string, actual: string): string | undefined {
  const [a, b] = [expected.split('\n'), actual.split('\n')]
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if (a[i] !== b[i]) return `line ${i + 1}: ${a[i] ?? '(none)'} ≠ ${b[i] ?? '(none)'}`
  return undefined
}

/**
 * The rules that nft takes, each added to `chain` behind what is in `around`: many at a time, in turns without those that
 * it names in its complaints. Where it dies of one (nft 1.0.6 does), halves are tried.
 */
export function takenRules(around: string, chain: string, rules: readonly string[]): Set<string> {
  let left = [...rules]
  const first = around.split('\n').length
  while (left.length > 0) {
    const [answer] = loadNft([`${around}\n${left.map((rule) => `add rule ${chain} ${rule}`).join('\n')}\n`])
    if (typeof answer === 'object') return new Set(left)
    const bad = new Set([...answer!.matchAll(/^\S+?\.nft:(\d+):/gm)].map(([, line]) => Number(line) - first - 1))
    const others = left.filter((_, i) => !bad.has(i))
    if (others.length < left.length) left = others
    else if (bad.size > 0) throw new Error(answer)
    else if (left.length === 1) return new Set()
    else {
      const half = left.length >> 1
      return new Set([left.slice(0, half), left.slice(half)].flatMap((some) => [...takenRules(around, chain, some)]))
    }
  }
  return new Set()
}
