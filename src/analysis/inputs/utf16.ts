/** Text of two bytes a letter, as PowerShell's `>` writes it → the same in UTF-8, without its mark. What is no letter becomes U+FFFD. */
import { changedSource, type Source } from './source.ts'

export const inUtf8 = (source: Source, encoding: 'utf-16le' | 'utf-16be'): Source =>
  changedSource(source, async function* (blocks) {
    const decoder = new TextDecoder(encoding)
    const encoder = new TextEncoder()
    for await (const block of blocks) yield encoder.encode(decoder.decode(block, { stream: true }))
    yield encoder.encode(decoder.decode())
  })
