/** Host state of strangers: read whole, and told apart from events. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { readPlain } from '../read/host/fixtures.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const noCorpus = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
if (noCorpus) console.warn(`the corpus of host state is skipped: ${noCorpus}`)

/** Of another kind: what conntrack -E prints, and nft's words. */
const OTHERS = /\/(events-\d+\.txt|.*\.nft)$/

const files = noCorpus
  ? []
  : ['conntrack', 'ipset'].flatMap((folder) =>
      readdirSync(new URL(`${folder}/`, CORPUS)).map((name) => `${folder}/${name}`),
    )

describe.skipIf(noCorpus)('host state of strangers', () => {
  it.each(files)('%s', (path) => {
    const text = readFileSync(new URL(path, CORPUS), 'utf8')
    const formats = HOST_FORMATS.filter((format) => format.sniff(text.slice(0, 4096)))
    expect(formats.map((format) => format.id.split('-')[0])).toEqual(OTHERS.test(path) ? [] : [path.split('/')[0]])
    for (const format of formats) {
      const { told, host, sets } = readPlain(format, text)
      expect(told).toEqual([])
      // every line that looks like one is there
      const lines = text.match(/^(add |.*\bsrc=.*\bsrc=)|^(?=\d+\.\d+\.\d+\.\d+,)/gm) ?? []
      const things = host?.conntrack ?? sets?.flatMap((set) => set.elements) ?? []
      expect(things).toHaveLength(lines.length)
    }
  })
})
